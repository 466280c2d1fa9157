package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"msigate/gateway"
	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// demoPrinter prints a story at a time. Verdicts, decisions and quarantine are
// three streams: what came off them is put in the order of the events, and of
// the outputs of each, so that a demonstration reads the same every time.
type demoPrinter struct {
	w    io.Writer
	say  *speaker
	seen []seen
}

// seen is one output, rendered, with its place.
type seen struct {
	sequence uint64 // of the event
	ordinal  int    // of the output
	text     string
}

// afterVerdicts is the ordinal of a Decision: it completes its event.
const afterVerdicts = 1 << 20

func (p *demoPrinter) story(name, about string, events int) {
	p.tell()
	fmt.Fprintf(p.w, "\n%s  %s\n%s\n\n", p.say.paint(bold, name), p.say.paint(dim, counted(events, "event")), wrap(about, "  ", "  "))
}

// tell prints what was seen of a story.
func (p *demoPrinter) tell() {
	slices.SortStableFunc(p.seen, func(a, b seen) int {
		return cmp.Or(cmp.Compare(a.sequence, b.sequence), cmp.Compare(a.ordinal, b.ordinal))
	})
	for _, one := range p.seen {
		fmt.Fprintln(p.w, one.text)
	}
	p.seen = p.seen[:0]
}

// see keeps an output: its heading and what is below it, one paragraph a line.
func (p *demoPrinter) see(header bus.Header, heading string, below ...string) {
	lines := []string{heading}
	for _, text := range below {
		lines = append(lines, wrap(text, indent, indent+"  "))
	}
	// Headers that are no numbers cannot be: msigate wrote them.
	sequence, _ := strconv.ParseUint(header.Get(bus.HeaderSequence), 10, 64)
	ordinal, _ := strconv.Atoi(header.Get(bus.HeaderOrdinal))
	p.seen = append(p.seen, seen{sequence, ordinal, strings.Join(lines, "\n")})
}

func (p *demoPrinter) verdict(_ string, f *finding.DetectionFinding, header bus.Header) {
	m := &f.Unmapped.Msigate
	beside := ""
	below := []string{finding.Printable(m.What), "why: " + finding.Printable(m.Why)}
	switch {
	case header.Get(gateway.HeaderActivity) == finding.Close.String():
		beside, below = "closed here, it goes on as "+string(m.MovedTo), nil
	case header.Get(gateway.HeaderActivity) == finding.Change.String():
		beside, below = fmt.Sprintf("the same finding, now %s", counted(f.Count, "decision")), added(f)
	case header.Get(gateway.HeaderPrevious) != "":
		beside = "was " + header.Get(gateway.HeaderPrevious)
	}
	disposition := policy.Disposition(header.Get(gateway.HeaderDisposition))
	p.see(header, p.heading(p.say.disposition(disposition), f.Device.Hostname, beside, traceOf(header)), below...)
}

// added is what the last Decision brought to a finding.
func added(f *finding.DetectionFinding) []string {
	if len(f.Evidences) == 0 {
		return nil
	}
	last := f.Evidences[len(f.Evidences)-1]
	var titles []string
	for _, s := range f.Unmapped.Msigate.Signals {
		if slices.Contains(last.Data.Signals, s.ID) {
			titles = append(titles, finding.Printable(s.Title))
		}
	}
	below := []string{"added: " + finding.Printable(last.Name)}
	if len(titles) > 0 {
		below = append(below, "why: "+strings.Join(titles, ", "))
	}
	return below
}

// expected is a decision that opens no finding; it is on DECISIONS only.
func (p *demoPrinter) expected(d *finding.DecisionLog) {
	header := bus.Header{}
	header.Set(bus.HeaderSequence, strconv.FormatUint(d.Custom.Sequence, 10))
	header.Set(bus.HeaderOrdinal, strconv.Itoa(afterVerdicts))
	p.see(header, p.heading(p.say.disposition(policy.Expected), d.Custom.Host, "", d.TraceID),
		finding.Printable(d.Custom.What), "why: "+finding.Printable(d.Custom.Why))
}

func (p *demoPrinter) quarantined(subject string, header bus.Header) {
	p.see(header, p.heading(p.say.head(cyan, "quarantine"), subject, "", ""),
		"from "+finding.Printable(header.Get(bus.HeaderSubject)), "why: "+finding.Printable(header.Get(bus.HeaderDetail)))
}

func (p *demoPrinter) heading(word, host, beside, trace string) string {
	heading := word + " " + p.say.paint(bold, finding.Printable(host))
	if beside != "" {
		heading += "  " + beside
	}
	if trace != "" {
		heading += "  " + p.say.paint(dim, "trace "+trace)
	}
	return heading
}

// traceOf is the trace id of a W3C traceparent: version-trace-span-flags.
func traceOf(header bus.Header) string {
	if parts := strings.Split(header.Get(bus.HeaderTraceparent), "-"); len(parts) == 4 {
		return parts[1]
	}
	return ""
}

func (p *demoPrinter) summary(s gateway.DemoSummary) {
	fmt.Fprintf(p.w, "\n%d events published, %d decided, %d of them expected, %d quarantined, in %s\n",
		s.Published, s.Decisions, s.Expected, s.Quarantined, s.Took.Round(10*time.Millisecond))
	fmt.Fprintf(p.w, "verdicts: %d alert, %d review, %d approved; each came off NATS as an OCSF Detection Finding\n",
		s.Verdicts[string(policy.Alert)], s.Verdicts[string(policy.Review)], s.Verdicts[string(policy.Approved)])
	fmt.Fprintln(p.w, "next: msigate eval YOUR-EVENTS.jsonl decides your own, msigate run starts the gateway")
}
