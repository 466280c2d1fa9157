package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
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
// three streams: what came off them is put in the order in which it was caused,
// so that a demonstration reads the same every time.
type demoPrinter struct {
	w       io.Writer
	say     *speaker
	seen    []seen
	decided map[string]finding.DecisionCustom // every Decision of the story, by its id
}

// seen is one output with its place. It is rendered when all of its story were
// seen: a verdict is told in the words of its Decision, which comes after it.
type seen struct {
	caused  uint64 // stream sequence of the event that caused it
	again   int    // 1: it tells of an event that was decided before
	about   uint64 // stream sequence of that event
	ordinal int    // among the outputs of one cause
	render  func() (heading string, below []string)
}

// afterVerdicts is the ordinal of a Decision: it completes its cause.
const afterVerdicts = 1 << 20

func newDemoPrinter(w io.Writer, say *speaker) *demoPrinter {
	return &demoPrinter{w: w, say: say, decided: map[string]finding.DecisionCustom{}}
}

func (p *demoPrinter) story(name, about string, events int) {
	p.tell()
	fmt.Fprintf(p.w, "\n%s  %s\n%s\n\n", p.say.paint(bold, name), p.say.paint(dim, counted(events, "event")), wrap(about, "  ", "  "))
}

// tell prints what was seen of a story.
func (p *demoPrinter) tell() {
	slices.SortStableFunc(p.seen, func(a, b seen) int {
		return cmp.Or(cmp.Compare(a.caused, b.caused), cmp.Compare(a.again, b.again), cmp.Compare(a.about, b.about), cmp.Compare(a.ordinal, b.ordinal))
	})
	for _, one := range p.seen {
		heading, below := one.render()
		fmt.Fprintln(p.w, heading)
		for _, text := range below {
			fmt.Fprintln(p.w, wrap(text, indent, indent+"  "))
		}
	}
	p.seen = p.seen[:0]
	clear(p.decided)
}

// see keeps an output about an event, told for a cause.
func (p *demoPrinter) see(about uint64, cause policy.Cause, ordinal int, render func() (string, []string)) {
	one := seen{caused: about, about: about, ordinal: ordinal, render: render}
	if sequence, _, late := cause.Late(); late {
		one.caused, one.again = sequence, 1
	} else if _, due := cause.Due(); due {
		one.caused, one.again = math.MaxUint64, 1 // after all that came
	}
	p.seen = append(p.seen, one)
}

// event names an event, and says where it is decided another time.
func event(sequence uint64, cause policy.Cause) string {
	name := fmt.Sprintf("event %d", sequence)
	if cause != policy.CauseEvent {
		name += " again"
	}
	return name
}

func (p *demoPrinter) verdict(_ string, f *finding.DetectionFinding, header bus.Header) {
	sequence, ordinal := numbers(header)
	cause := policy.Cause(header.Get(bus.HeaderCause))
	p.see(sequence, cause, ordinal, func() (string, []string) {
		beside, below := event(sequence, cause), p.newest(f)
		m := &f.Unmapped.Msigate
		switch activity := header.Get(gateway.HeaderActivity); {
		case m.Settled:
			beside, below = "settled", []string{"why: " + finding.Printable(f.StatusDetail)}
		case activity == finding.Close.String() && m.MovedTo != "":
			beside, below = beside+", closed: now "+string(m.MovedTo), nil
		case activity == finding.Close.String():
			beside, below = beside+", closed", []string{"why: " + finding.Printable(f.StatusDetail)}
		case activity == finding.Change.String():
			beside += ", same finding"
		case header.Get(gateway.HeaderPrevious) != "":
			beside += ", was " + header.Get(gateway.HeaderPrevious)
		}
		disposition := policy.Disposition(header.Get(gateway.HeaderDisposition))
		return p.heading(p.say.disposition(disposition), f.Device.Hostname, beside, traceOf(header)), below
	})
}

// newest is what the last Decision of a finding says. The finding itself is
// told in the words of its gravest event.
func (p *demoPrinter) newest(f *finding.DetectionFinding) []string {
	m := &f.Unmapped.Msigate
	what, why := m.What, m.Why
	if len(m.Decisions) > 0 {
		if d, ok := p.decided[m.Decisions[len(m.Decisions)-1].ID]; ok {
			what, why = d.What, d.Why
		}
	}
	return []string{finding.Printable(what), "why: " + finding.Printable(why)}
}

// decision keeps what a Decision says. One that is expected opens no finding:
// it is on DECISIONS only, and told from there.
func (p *demoPrinter) decision(d *finding.DecisionLog) {
	p.decided[d.DecisionID] = d.Custom
	if d.Result.Disposition != policy.Expected {
		return
	}
	p.see(d.Custom.Sequence, d.Custom.Cause, afterVerdicts, func() (string, []string) {
		return p.heading(p.say.disposition(policy.Expected), d.Custom.Host, event(d.Custom.Sequence, d.Custom.Cause), d.TraceID),
			[]string{finding.Printable(d.Custom.What), "why: " + finding.Printable(d.Custom.Why)}
	})
}

func (p *demoPrinter) quarantined(subject string, header bus.Header) {
	sequence, ordinal := numbers(header)
	p.see(sequence, policy.CauseEvent, ordinal, func() (string, []string) {
		return p.heading(p.say.head(cyan, "quarantine"), subject, event(sequence, policy.CauseEvent), ""), []string{
			"from " + finding.Printable(header.Get(bus.HeaderSubject)), "why: " + finding.Printable(header.Get(bus.HeaderDetail)),
		}
	})
}

// numbers are the sequence of the event that an output tells of, and the
// output's ordinal. Headers that are no numbers cannot be: msigate wrote them.
func numbers(header bus.Header) (sequence uint64, ordinal int) {
	sequence, _ = strconv.ParseUint(header.Get(bus.HeaderSequence), 10, 64)
	ordinal, _ = strconv.Atoi(header.Get(bus.HeaderOrdinal))
	return sequence, ordinal
}

func (p *demoPrinter) heading(word, host, beside, trace string) string {
	heading := word + " " + p.say.paint(bold, finding.Printable(host)) + "  " + beside
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
	fmt.Fprintf(p.w, "\n%d events published, %d decided (%d of them expected), %d decided again, %d quarantined, in %s\n",
		s.Published, s.Decided, s.Expected, s.Again, s.Quarantined, s.Took.Round(10*time.Millisecond))
	fmt.Fprintf(p.w, "verdicts: %d alert, %d review, %d approved; each came off NATS as an OCSF Detection Finding\n",
		s.Verdicts[string(policy.Alert)], s.Verdicts[string(policy.Review)], s.Verdicts[string(policy.Approved)])
	fmt.Fprintln(p.w, "next: msigate eval YOUR-EVENTS.jsonl decides your own, msigate run starts the gateway")
}
