package main

import (
	"bufio"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"msigate/gateway"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// textPrinter is for people: what happened, then why, then the evidence. Every
// text of an event goes through finding.Printable.
type textPrinter struct {
	w     *bufio.Writer
	say   *speaker
	flush bool
}

func (p *textPrinter) decision(e gateway.Evaluated) error {
	if e.Decision == nil {
		return nil // a finding that settled
	}
	d := e.Decision.Decision()
	a := &d.Answer
	fmt.Fprintf(p.w, "%s %s\n", p.say.disposition(a.Disposition), p.place(e))
	fmt.Fprintf(p.w, "%s%s\n", indent, finding.WhatHappened(e.Decision))
	p.again(e)
	if a.Disposition != policy.Expected {
		p.reasons(e)
	} else {
		p.ranOut(a.NearMisses)
	}
	if p.flush {
		return p.w.Flush()
	}
	return nil
}

func (p *textPrinter) end() error { return p.w.Flush() }

// place is host, time and the line of the file.
func (p *textPrinter) place(e gateway.Evaluated) string {
	event := e.Decision.Decision().Context.Event
	host, when := "a host unknown", ""
	if event.Host != "" {
		host = finding.Printable(event.Host)
	}
	if !event.Time.IsZero() {
		when = event.Time.UTC().Format("2006-01-02 15:04:05.000Z") + "  "
	}
	return p.say.paint(bold, host) + "  " + p.say.paint(dim, fmt.Sprintf("%s%s:%d", when, finding.Printable(e.Source), e.Line))
}

// again says why an event is decided another time, and what that replaces.
func (p *textPrinter) again(e gateway.Evaluated) {
	if e.Replaces == "" {
		return
	}
	cause := e.Decision.Decision().Trigger.Cause
	why := finding.Printable(string(cause))
	if line, record, late := cause.Late(); late {
		why = fmt.Sprintf("%s:%d", finding.Printable(e.LateIn), line)
		if record > 0 {
			why += fmt.Sprintf(" record %d", record)
		}
		why += ", which came later, changes what is known"
	} else if fact, due := cause.Due(); due {
		why = finding.Printable(fact) + " did not come in time"
	}
	p.row("again", "was "+string(e.Replaces)+"; "+why)
}

// reasons are labelled lines: why, what explains it or nearly does, the
// evidence, and what could not be seen.
func (p *textPrinter) reasons(e gateway.Evaluated) {
	d := e.Decision.Decision()
	a := &d.Answer
	evidence := map[string]string{}
	for _, s := range bySeverity(a.Signals) {
		p.row("signal", fmt.Sprintf("%s, %s: %s", finding.Printable(s.ID), s.Severity, finding.Printable(s.Title)))
		maps.Copy(evidence, s.Evidence)
	}
	switch {
	case d.Fault != "":
		p.row("why", finding.Why(e.Decision))
	case a.Approval != nil:
		p.row("approved", approvedBy(a.Approval))
	case len(a.Signals) == 0:
		p.row("why", "not explained by any approval")
	}
	for _, n := range a.NearMisses {
		p.row("near miss", nearMiss(n))
	}
	label := "evidence"
	for _, fact := range slices.Sorted(maps.Keys(evidence)) {
		p.row(label, finding.Printable(fact)+" = "+finding.Printable(evidence[fact]))
		label = ""
	}
	for _, pending := range a.Pending {
		p.row("pending", finding.Printable(pending.Fact)+" until "+pending.Due.UTC().Format(time.RFC3339))
	}
	if len(a.Missing) > 0 && a.Disposition != policy.Approved {
		p.row("not seen", words(a.Missing))
	}
	if len(e.Decision.Facts) > 0 {
		p.row("masked", words(e.Decision.Facts))
	}
}

// ranOut names an approval that would count, were it not for its dates: nothing
// stands against the install, and its owner will want to know.
func (p *textPrinter) ranOut(misses []policy.NearMiss) {
	for _, n := range misses {
		if slices.Equal(n.Failed, []string{"expired"}) || slices.Equal(n.Failed, []string{"not_yet_valid"}) {
			p.row("near miss", nearMiss(n))
		}
	}
}

func (p *textPrinter) row(label, text string) {
	fmt.Fprintf(p.w, "%s%s %s\n", indent, p.say.paint(dim, pad(label, len("near miss"))), text)
}

// bySeverity orders signals, the gravest first.
func bySeverity(signals []policy.Signal) []policy.Signal {
	order := []policy.Severity{policy.Critical, policy.High, policy.Medium, policy.Low, policy.Informational}
	return slices.SortedStableFunc(slices.Values(signals), func(a, b policy.Signal) int {
		return cmp.Or(slices.Index(order, a.Severity)-slices.Index(order, b.Severity), cmp.Compare(a.ID, b.ID))
	})
}

func approvedBy(a *policy.Approval) string {
	out := fmt.Sprintf("by %s, owner %s", finding.Printable(a.Entry), finding.Printable(a.Owner))
	if a.Ticket != "" {
		out += ", ticket " + finding.Printable(a.Ticket)
	}
	return out + ": " + words(a.Matched) + " fit"
}

// nearMiss is an entry, what kept it from approving, and which of its facts fit.
func nearMiss(n policy.NearMiss) string {
	var parts, failed []string
	for _, fact := range n.Failed {
		switch fact {
		case "expired":
			parts = append(parts, "expired")
		case "not_yet_valid":
			parts = append(parts, "not valid yet")
		default:
			if words, ok := finding.InWords(fact); ok {
				parts = append(parts, words)
			} else {
				failed = append(failed, fact)
			}
		}
	}
	if len(failed) > 0 {
		parts = append(parts, "does not fit: "+words(failed))
	}
	if len(n.Matched) > 0 {
		parts = append(parts, "fits: "+words(n.Matched))
	}
	return finding.Printable(n.Entry) + ": " + strings.Join(parts, "; ")
}

func words(list []string) string {
	printable := make([]string, len(list))
	for i, word := range list {
		printable[i] = finding.Printable(word)
	}
	return strings.Join(printable, ", ")
}
