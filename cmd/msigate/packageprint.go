package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"msigate/gateway/finding"
	"msigate/gateway/msi"
)

// packagePrinter tells a package to a person: who, what it is, what it runs,
// and what to read first. Every text of a package goes through finding.Printable.
type packagePrinter struct {
	w    io.Writer
	say  *speaker
	some bool // a package was told before
}

func (p *packagePrinter) report(r *msi.Report) {
	if p.some {
		p.line("")
	}
	p.some = true
	p.line("%s", p.say.paint(bold, finding.Printable(r.File)))
	p.field("is", "%s, %d bytes", r.Kind, r.Size)
	p.field("SHA-256", "%s", r.SHA256)
	p.field("SHA-1", "%s", r.SHA1)
	p.signature(r.Signature)
	p.product(&r.Product, r.Summary)
	p.actions(r.Actions)
	p.binaries(r.Binaries)
	p.section(len(r.Files), "installed program that the install or a service runs", "installed programs that the install or a service runs")
	for _, f := range r.Files {
		p.item("%s", p.say.paint(bold, finding.Printable(f.Name)))
		p.hash(f.SHA256, f.SHA1)
		p.detail("run by", strings.Join(f.RunBy, ", "))
	}
	p.section(len(r.Services), "service", "services")
	for _, s := range r.Services {
		p.item("%s  %s", p.say.paint(bold, finding.Printable(s.Name)), finding.Printable(s.Start+", as "+s.Account))
		p.detail("file", s.File)
		p.detail("arguments", s.Arguments)
	}
	p.notes(r.Notes)
}

func (p *packagePrinter) line(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

func (p *packagePrinter) field(name, format string, args ...any) {
	p.line("  %s %s", p.say.paint(dim, pad(name, 14)), fmt.Sprintf(format, args...))
}

func (p *packagePrinter) section(n int, one, many string) {
	if n == 0 {
		return
	}
	if n == 1 {
		many = one
	}
	p.line("\n  %d %s", n, many)
}

func (p *packagePrinter) item(format string, args ...any) {
	p.line("    %s", fmt.Sprintf(format, args...))
}

// detail is cut where it is a script: --output json has the whole.
func (p *packagePrinter) detail(name, text string) {
	if text == "" {
		return
	}
	const most = 300
	short := strings.Join(strings.Fields(text), " ")
	if len(short) > most {
		short = strings.ToValidUTF8(short[:most], "") + "…"
	}
	p.line("      %s %s", p.say.paint(dim, pad(name, 10)), finding.Printable(short))
}

func (p *packagePrinter) hash(sha256, sha1 string) {
	if sha256 == "" {
		p.detail("SHA-256", "not here: it lies outside the package, or is packed in a way that is not read")
		return
	}
	p.detail("SHA-256", sha256)
	p.detail("SHA-1", sha1)
}

func (p *packagePrinter) signature(s *msi.Signature) {
	if s == nil {
		p.field("signature", "%s", p.say.paint(yellow, "none"))
		return
	}
	if s.Covers {
		p.field("signature", "%s this content; whether the certificate is trusted is decided where it is installed", p.say.paint(green, "covers"))
	} else {
		p.field("signature", "%s %s", p.say.paint(red, "does not cover this content:"), finding.Printable(s.Problem))
	}
	if s.Subject == "" {
		return
	}
	p.field("  signer", "%s", finding.Printable(s.Subject))
	p.field("  issuer", "%s", finding.Printable(s.Issuer))
	p.field("  serial", "%s", s.Serial)
	p.field("  thumbprint", "%s (SHA-1)", s.ThumbprintSHA1)
	p.field("", "%s (SHA-256)", s.ThumbprintSHA256)
	p.field("  valid", "%s to %s", s.NotBefore.Format(time.DateOnly), s.NotAfter.Format(time.DateOnly))
	switch {
	case !s.SignedAt.IsZero():
		p.field("  timestamp", "%s by %s", s.SignedAt.Format("2006-01-02 15:04:05Z"), finding.Printable(s.TimestampBy))
	case s.Timestamp != "":
		p.field("  timestamp", "does not verify: %s", finding.Printable(s.Timestamp))
	default:
		p.field("  timestamp", "none")
	}
	if s.Extended != "" {
		p.field("  names, sizes", "%s (MsiDigitalSignatureEx)", s.Extended)
	}
}

func (p *packagePrinter) product(product *msi.Product, summary *msi.Summary) {
	claimed := func(name, value string) {
		if value != "" {
			p.field(name, "%s", finding.Printable(value))
		}
	}
	claimed("product", strings.TrimSpace(product.Name+" "+product.Version))
	claimed("manufacturer", product.Manufacturer)
	claimed("ProductCode", product.Code)
	claimed("UpgradeCode", product.UpgradeCode)
	claimed("replaces", strings.Join(product.Replaces, ", "))
	if summary != nil {
		claimed("package code", summary.Revision)
		claimed("template", summary.Template)
		claimed("made with", summary.Application)
	}
}

func (p *packagePrinter) actions(actions []msi.Action) {
	p.section(len(actions), "custom action", "custom actions")
	for i := range actions {
		a := &actions[i]
		p.item("%s  type %d: %s; %s", p.say.paint(bold, finding.Printable(a.Name)), a.Basic, a.Kind, strings.Join(a.Options(), ", "))
		switch {
		case a.Script != "":
			p.detail("script", a.Script)
		case a.Runs != "":
			p.detail("runs", a.Runs)
		case a.Basic == 35 || a.Basic == 51:
			p.detail("sets", a.Source+" to "+a.Target)
		default:
			p.detail("source", a.Source)
			p.detail("target", a.Target)
		}
		var when []string
		for _, s := range a.Scheduled {
			place := s.Table
			if s.Sequence != 0 {
				place = fmt.Sprintf("%s %d", s.Table, s.Sequence)
			}
			if s.Condition != "" {
				place += " if " + s.Condition
			}
			when = append(when, place)
		}
		if len(when) == 0 {
			when = []string{"nothing in the package starts it"}
		}
		p.detail("when", strings.Join(when, "; "))
	}
}

func (p *packagePrinter) binaries(binaries []msi.Binary) {
	p.section(len(binaries), "binary stream", "binary streams")
	for _, b := range binaries {
		name := b.Name
		if b.Storage != "" {
			name = b.Storage + "/" + name
		}
		what := fmt.Sprintf("%s, %d bytes", b.Content, b.Size)
		if b.Extracted {
			what += ", extracted as MSIxxxx.tmp"
		}
		p.item("%s  %s", p.say.paint(bold, finding.Printable(name)), what)
		p.hash(b.SHA256, b.SHA1)
		p.detail("run by", strings.Join(b.RunBy, ", "))
	}
}

func (p *packagePrinter) notes(notes []msi.Note) {
	for _, serious := range []bool{true, false} {
		var told []msi.Note
		for _, n := range notes {
			if n.Serious == serious {
				told = append(told, n)
			}
		}
		if len(told) == 0 {
			continue
		}
		if serious {
			p.line("\n  %s", p.say.paint(red, "read before approving"))
		} else {
			p.line("\n  worth knowing")
		}
		for _, n := range told {
			p.line("%s", wrap(finding.Printable(n.About+": "+n.Says), "    - ", "      "))
		}
	}
}
