package msi

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Entry is what a person decides about an approval; the rest is the package's.
// What is left empty stays empty in the proposal, which the governance build
// then refuses, naming it.
type Entry struct {
	Owner, Reason, Ticket string
	Sources               []string // ids of sources.yaml
	DeploymentTools       []string // ids of deployment_tools.yaml
	Created, Expires      time.Time
}

// Propose writes an entry of installers.yaml, in YAML, that approves the package
// by its strong facts: the SHA-256 of the file, of every binary stream that
// Windows Installer extracts and runs, and of the installed programs that the
// install itself starts. Nothing that the author claims is in it: a hash says
// more than a product code, and an extracted file has no product code to fit.
//
// A file whose signature does not cover its content, a transform, and what is no
// Windows Installer file get an error instead.
func (r *Report) Propose(e Entry) (string, error) {
	switch {
	case r.Signature != nil && !r.Signature.Covers:
		return "", fmt.Errorf("its signature does not cover its content: %s", r.Signature.Problem)
	case r.Kind == Transform:
		return "", errors.New("a transform is approved by its path, as transforms of the package's entry, not by an entry of its own")
	case r.Kind == Other:
		return "", errors.New("by its class identifier it is no Windows Installer file")
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	name := filepath.Base(r.File)
	r.proposalHead(line, name)
	line("  - id: %s", r.slug(name))
	line("    title: %s", quoted(r.title(name)))
	line("    owner: %s%s", quoted(e.Owner), remark(e.Owner, "the team role that answers for it"))
	line("    reason: %s%s", quoted(e.Reason), remark(e.Reason, "why it is approved, in 20 to 2000 characters"))
	if e.Ticket != "" {
		line("    ticket: %s", quoted(e.Ticket))
	}
	line("    created: %s", e.Created.UTC().Format(time.DateOnly))
	line("    expires: %s", e.Expires.UTC().Format(time.DateOnly))
	line("    sha256:")
	seen := map[string]bool{}
	hash := func(sum, what string) {
		if sum != "" && !seen[sum] {
			seen[sum] = true
			line("      - %q # %s", sum, oneLine(what))
		}
	}
	hash(r.SHA256, string(r.Kind)+" "+name)
	for _, binary := range r.Binaries {
		if binary.Extracted {
			hash(binary.SHA256, binary.Name+" as MSIxxxx.tmp: "+strings.Join(binary.RunBy, ", "))
		}
	}
	for _, file := range r.Files {
		hash(file.SHA256, file.Name+" as installed: "+strings.Join(file.RunBy, ", "))
	}
	switch {
	case len(e.Sources)+len(e.DeploymentTools) == 0:
		line("    sources: [] # ids of sources.yaml, or deployment_tools: ids of deployment_tools.yaml; one of them is needed")
	default:
		list(line, "sources", e.Sources)
		list(line, "deployment_tools", e.DeploymentTools)
	}
	return b.String(), nil
}

// proposalHead says in comments what a reviewer should know, and who signed.
func (r *Report) proposalHead(line func(string, ...any), name string) {
	line("  # %s", oneLine(strings.TrimSpace(fmt.Sprintf("%s: %s %s %s", name, r.Product.Manufacturer, r.Product.Name, r.Product.Version))))
	for _, n := range r.Notes {
		if n.Serious {
			line("  # read before approving: %s: %s", oneLine(n.About), oneLine(n.Says))
		}
	}
	for i := range r.Actions {
		if a := &r.Actions[i]; len(a.Scheduled) > 0 && (a.Basic == 34 || a.Basic == 50) {
			line("  # custom action %s starts a program of the host, which no hash below covers: %s", oneLine(a.Name), oneLine(a.Runs))
		}
	}
	if s := r.Signature; s != nil {
		line("  # signed; an entry by publisher is one of signers.yaml with")
		line("  #   subjects: [%s]", quoted(s.Signer))
		line("  #   issuers: [%s]", quoted(s.IssuerName))
		line("  #   thumbprints: [%q]", s.ThumbprintSHA256)
	}
}

// title is in 3 to 120 characters what the package calls itself.
func (r *Report) title(name string) string {
	title := strings.Join(strings.Fields(r.Product.Name+" "+r.Product.Version), " ")
	if utf8.RuneCountInString(title) < 3 {
		title = "Package " + name
	}
	if r.Product.Manufacturer != "" {
		title += " of " + r.Product.Manufacturer
	}
	for utf8.RuneCountInString(title) > 120 {
		_, size := utf8.DecodeLastRuneInString(title)
		title = title[:len(title)-size]
	}
	return title
}

// slug is the entry's id: of the name and version, in what an id may have; the
// hash's first digits keep two packages of one name and version apart.
func (r *Report) slug(name string) string {
	text := strings.ToLower(r.Product.Name + " " + r.Product.Version)
	if strings.TrimSpace(text) == "" {
		text = strings.ToLower(strings.TrimSuffix(name, filepath.Ext(name)))
	}
	var words []string
	for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') }) {
		words = append(words, word)
	}
	slug := strings.Join(words, "-")
	slug = strings.Trim(slug[:min(len(slug), 55)], "-")
	return strings.Trim(slug+"-"+r.SHA256[:8], "-")
}

func list(line func(string, ...any), field string, ids []string) {
	if len(ids) == 0 {
		return
	}
	line("    %s:", field)
	for _, id := range ids {
		line("      - %s", quoted(id))
	}
}

// quoted is a YAML string in double quotes, whose escapes are Go's.
func quoted(text string) string { return strconv.Quote(strings.ToValidUTF8(text, "\uFFFD")) }

func remark(value, want string) string {
	if value != "" {
		return ""
	}
	return " # " + want
}

// oneLine keeps a comment one: what would end it, or a terminal obeys, is escaped.
func oneLine(text string) string {
	if escaped := quoted(text); len(escaped) != len(text)+2 {
		text = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(escaped[1 : len(escaped)-1])
	}
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}
