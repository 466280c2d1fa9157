package main

import (
	"fmt"
	"strings"
	"time"

	"msigate/gateway/coverage"
	"msigate/gateway/finding"
)

// How much of a report is told to a person who did not ask for all.
const (
	mostCoverageHosts = 20
	mostFacts         = 6 // of one kind of record
)

// coveragePrinter tells a report to a person. What a host says goes through
// finding.Printable.
type coveragePrinter struct {
	c   *command
	say *speaker
}

func (c *command) tellCoverage(r *coverage.Report, all bool) {
	p := coveragePrinter{c: c, say: &speaker{w: c.out, colour: c.out.colour}}
	p.fleet(r)
	for i := range r.Hosts {
		if i == mostCoverageHosts && !all {
			p.line("")
			p.line("and %s more, less blind; --all or --host tells of them", counted(len(r.Hosts)-i, "host"))
			break
		}
		p.host(&r.Hosts[i])
	}
	for i, one := range r.Retention {
		if i == 0 {
			p.head("retention")
		}
		if one.Short {
			p.item(yellow, "%s", one.Text)
			p.under("%s", one.Command)
		} else {
			p.item("", "%s", one.Text)
		}
	}
}

func (p *coveragePrinter) line(format string, args ...any) {
	fmt.Fprintf(p.c.out, format+"\n", args...)
}

func (p *coveragePrinter) head(text string) {
	p.line("")
	p.line("%s", p.say.paint(bold, text))
}

func (p *coveragePrinter) item(in colour, format string, args ...any) {
	text := wrap(finding.Printable(fmt.Sprintf(format, args...)), "  ", "    ")
	if in != "" {
		text = p.say.paint(in, text)
	}
	p.line("%s", text)
}

// row is an item in columns, which does not wrap.
func (p *coveragePrinter) row(in colour, format string, args ...any) {
	text := finding.Printable(fmt.Sprintf(format, args...))
	if in != "" {
		text = p.say.paint(in, text)
	}
	p.line("  %s", text)
}

func (p *coveragePrinter) under(format string, args ...any) {
	p.line("%s", wrap(finding.Printable(fmt.Sprintf(format, args...)), "      ", "      "))
}

func (p *coveragePrinter) fleet(r *coverage.Report) {
	f := &r.Fleet
	if r.Nothing {
		p.line("%s", p.say.paint(red, "NOTHING WAS HEARD OF ANY HOST: no event can be decided, and silence means nothing"))
	} else {
		p.line("%s: blind in some signal %d, half-blind %d, seeing all %d", p.say.paint(bold, counted(f.Hosts, "host")), f.Blind, f.HalfBlind, f.Hosts-f.Blind-f.HalfBlind)
	}
	if f.Silent > 0 {
		p.item(red, "%s sent nothing for a day", counted(f.Silent, "host"))
	}
	if f.Hosts == 0 {
		return
	}
	p.head("sources, on how many hosts they arrive")
	for _, s := range f.Sources {
		in := colour("")
		if s.Arrives == 0 {
			in = yellow
		}
		p.row(in, "%s %5d of %d  %s", pad(s.Name+whose(s.Official), 40), s.Arrives, f.Hosts, s.About)
	}
	if len(f.Signals) > 0 {
		p.head("signals that do not see all")
	}
	for _, s := range f.Signals {
		p.row("", "%s blind on %d, half-blind on %d", pad(s.Signal, 26), s.Blind, s.HalfBlind)
	}
	if len(f.SwitchOn) > 0 {
		p.head("what to switch on")
	}
	for _, s := range f.SwitchOn {
		p.item(cyan, "%s%s: %s, %s", s.Title, whose(s.Official), counted(s.Hosts, "host"), counted(s.Signals, "signal"))
		for _, how := range s.How {
			p.under("%s", how)
		}
		if s.Source != "" {
			p.under("%s", s.Source)
		}
	}
}

func whose(official bool) string {
	if official {
		return " (AN0940)"
	}
	return " (our addition)"
}

func (p *coveragePrinter) host(h *coverage.Host) {
	p.head("host " + finding.Printable(h.Host))
	switch {
	case h.Last == nil && h.Records == 0 && h.Refused == 0:
		p.item(red, "nothing was ever heard of it")
		return
	case h.Silent:
		p.item(red, "silent since %s", h.Last.Format(time.RFC3339))
	}
	about := ""
	if h.Sampled {
		about = ", by the event ids on the wire, facts by sample"
	}
	between := "of no time"
	if h.Last != nil {
		between = h.First.Format(time.RFC3339) + " to " + h.Last.Format(time.RFC3339)
	}
	p.item("", "%d records, %s%s", h.Records, between, about)
	if h.Refused > 0 {
		p.item(yellow, "%d quarantined", h.Refused)
	}
	for _, a := range h.Arrives {
		p.row("", "%s %8d  %s", pad(a.Name+whose(a.Official), 40), a.Count, a.Shape)
		if len(a.Missing) > 0 {
			p.under("%s", facts(a.Missing))
		}
	}
	if len(h.Foreign) > 0 {
		n := uint64(0)
		for _, one := range h.Foreign {
			n += one.Count
		}
		p.item("", "%d records of %s that msigate does not read", n, counted(len(h.Foreign), "other kind"))
	}
	for _, n := range h.Never {
		switch {
		case n.CoveredBy != "":
			p.item("", "%s%s does not come; %s tells the same", n.Name, whose(n.Official), n.CoveredBy)
		case n.Ended != nil:
			p.item(yellow, "%s%s comes no more: the last was of %s", n.Name, whose(n.Official), n.Ended.Format(time.RFC3339))
		default:
			p.item(yellow, "%s%s never came", n.Name, whose(n.Official))
		}
	}
	p.condition(h)
	for _, s := range h.Signals {
		in, is := yellow, "half-blind"
		if s.Sight == coverage.Blind {
			in, is = red, "blind"
		}
		lacks := make([]string, len(s.Lacking))
		for i, l := range s.Lacking {
			lacks[i] = l.String()
		}
		p.item(in, "%s: %s without %s", is, s.Signal, strings.Join(lacks, ", "))
	}
	for _, s := range h.SwitchOn {
		p.item(cyan, "switch on %s%s", s.Title, whose(s.Official))
	}
}

// moment puts words before a time; a record need not have one.
func moment(words string, at *time.Time) string {
	if at == nil {
		return ""
	}
	return words + at.Format(time.RFC3339)
}

// condition tells of silences, the clock, the sensor, and what got lost.
func (p *coveragePrinter) condition(h *coverage.Host) {
	for _, g := range h.Gaps {
		what := "nothing came"
		if g.Of != "all" {
			what = "no " + g.Of + " came, and other records did"
		}
		p.item(yellow, "%s for %d hours from %s", what, g.Hours, g.From.Format(time.RFC3339))
	}
	if h.Clock.Text != "" {
		p.item(yellow, "%s", h.Clock.Text)
	}
	if s := h.Sensor; s != nil {
		if s.State != "" {
			in := colour("")
			if !strings.EqualFold(s.State, "Started") {
				in = red
			}
			p.item(in, "Sysmon says %s%s", s.State, moment(" at ", s.StateAt))
		}
		if s.Changes > 0 {
			p.item("", "its configuration was changed %s%s", times(s.Changes), moment(", last at ", s.ConfiguredAt))
		}
		if s.Errors > 0 {
			p.item(yellow, "it told an error %s%s: %s", times(s.Errors), moment(", last at ", s.ErrorAt), s.Error)
		}
	}
	for _, n := range h.Numbers {
		if n.Lost >= 0.01 {
			p.item("", "%s: %d of %d numbered records arrived; the others are filtered, sampled or lost on the way", n.Channel, n.Arrived, n.Numbered)
		}
	}
}

func times(n uint64) string { return counted(int(n), "time") }

func facts(missing []coverage.Fact) string {
	parts := make([]string, 0, mostFacts+1)
	for i, f := range missing {
		if i == mostFacts {
			parts = append(parts, fmt.Sprintf("and %d more", len(missing)-i))
			break
		}
		parts = append(parts, f.Fact+" "+f.Percent())
	}
	return "without " + strings.Join(parts, ", ")
}
