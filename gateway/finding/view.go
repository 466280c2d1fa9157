package finding

import (
	"fmt"
	"slices"
	"strings"

	"msigate/gateway/policy"
)

// view is what a finding comes to by the current Decisions of its events.
type view struct {
	grade       Grade
	lead        *Standing // in whose words it is told; never nil
	why         string
	group, root string
	first, last int64 // ms
	signals     []SignalCount
	pending     []policy.Pending
	tickets     []string
	missing     []string
	mangled     []string
	masked      []string
	sources     []string
	faults      []string
	standing    map[policy.Disposition]int // events by their disposition, kept or not
	dropped     map[policy.Disposition]int
	events      int // that stand, kept or not
	quoted      int // bytes of the signals' evidence
}

// forgotten are the words of a finding of which no event is kept.
var forgotten = &Standing{
	Title:   "Activity around Windows Installer",
	What:    "events that are kept no more",
	Why:     "what was told of it before is not at hand",
	Subject: "an installer",
}

func (f *finding) view() *view {
	v := &view{grade: f.grade(), lead: f.lead(), first: f.FirstSeen, last: f.LastSeen, standing: map[policy.Disposition]int{}}
	if v.lead == nil {
		v.lead = forgotten
	}
	closed := !v.grade.stands()
	if closed { // as bad as what was told last of it
		v.grade = v.lead.Grade
	}
	for _, s := range f.Events {
		v.add(s)
	}
	if len(f.Events) == 0 {
		v.addNames(v.lead)
		v.seen(v.lead.Time)
	}
	slices.SortFunc(v.pending, byDue)
	v.pending = slices.CompactFunc(v.pending, func(a, b policy.Pending) bool { return byDue(a, b) == 0 })
	v.pending = v.pending[:min(len(v.pending), maxPending)]
	for _, d := range f.Dropped {
		if v.dropped == nil {
			v.dropped = map[policy.Disposition]int{}
		}
		v.dropped[d.Disposition] += d.Count
		v.standing[d.Disposition] += d.Count
		v.events += d.Count
	}
	v.group, v.root = v.lead.Group, v.lead.Root
	if v.group == "" || closed && f.Group != "" {
		v.group = f.Group // what it was told in
	}
	if v.root == "" {
		if i := slices.IndexFunc(f.Events, func(s *Standing) bool { return s.Root != "" }); i >= 0 {
			v.root = f.Events[i].Root
		}
	}
	v.why = v.lead.Why
	if hidden := f.hidden(); hidden.stands() && (len(f.Events) == 0 || hidden.compare(v.lead.Grade) > 0) {
		v.why += fmt.Sprintf("; it stays %s, severity %s: that is what is known of what is kept no more", hidden.Disposition, hidden.Severity)
	}
	return v
}

// add takes in an event that stands.
func (v *view) add(s *Standing) {
	v.events++
	v.standing[s.Disposition]++
	v.seen(s.Time)
	v.addSignals(s.Signals)
	v.pending = append(v.pending, s.Pending...)
	v.addNames(s)
}

func (v *view) seen(at int64) {
	if at == 0 {
		return
	}
	if v.first == 0 || at < v.first {
		v.first = at
	}
	v.last = max(v.last, at)
}

func (v *view) addNames(s *Standing) {
	if s.Approval != nil && s.Approval.Ticket != "" {
		v.tickets = addName(v.tickets, s.Approval.Ticket, maxTickets)
	}
	for _, name := range s.Missing {
		v.missing = addName(v.missing, name, maxNames)
	}
	for _, name := range s.Mangled {
		v.mangled = addName(v.mangled, name, maxNames)
	}
	for _, name := range s.Masked {
		v.masked = addName(v.masked, name, maxNames)
	}
	if s.Fault != "" {
		v.faults = addName(v.faults, s.Fault, maxFaults)
	}
	if s.Source != "" {
		v.sources = addName(v.sources, s.Source, maxNames)
	}
}

// addSignals counts each signal over the events that stand; its evidence is
// that of the first one where it holds.
func (v *view) addSignals(signals []policy.Signal) {
	for i := range signals {
		s := &signals[i]
		at := slices.IndexFunc(v.signals, func(c SignalCount) bool { return c.ID == s.ID })
		if at < 0 {
			if len(v.signals) < maxSignals {
				v.signals = append(v.signals, SignalCount{ID: s.ID, Severity: s.Severity, Title: s.Title, Count: 1, Evidence: v.quote(s.Evidence)})
			}
			continue
		}
		v.signals[at].Count++
		if severityID(s.Severity) > severityID(v.signals[at].Severity) {
			v.signals[at].Severity = s.Severity
		}
	}
}

// addName keeps names sorted, once each, at most limit.
func addName(names []string, name string, limit int) []string {
	at, found := slices.BinarySearchFunc(names, name, strings.Compare)
	if found || len(names) >= limit {
		return names
	}
	return slices.Insert(names, at, name)
}

// quote takes a signal's evidence, cut short once there is much of it.
func (v *view) quote(evidence map[string]string) map[string]string {
	short := v.quoted > maxSignalEvidence
	for _, value := range evidence {
		v.quoted += len(value)
	}
	if !short {
		return evidence
	}
	cut := make(map[string]string, len(evidence))
	for fact, value := range evidence {
		cut[fact] = clip(value, maxName)
	}
	return cut
}
