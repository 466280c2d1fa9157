package finding

import (
	"container/list"
	"maps"
	"slices"
	"time"

	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// Bounds of what one finding keeps; all of it is counted.
const (
	MaxEvidences    = 32
	MaxDecisionRefs = 64
	maxSignals      = 64
	maxNames        = 64 // missing, mangled, masked, data sources: each
	maxFaults       = 8
	maxTickets      = 16
	maxDesc         = 16 << 10 // bytes of finding_info.desc
)

// finding is the state of one finding: a fold over its Decisions.
type finding struct {
	uid    string
	host   string
	ofHost *list.Element

	revision     int
	created      time.Time // now of the first Decision
	modified     time.Time // now of the last one
	first, last  time.Time // of its events, by the host's clock
	disposition  policy.Disposition
	severity     policy.Severity
	movedFrom    policy.Disposition // the queue that the last Decision moved it from; "" when it did not
	previous     policy.Disposition // the queue it was moved from last, whenever that was
	lastDecision string
	lastTrigger  policy.Trigger
	trace        TraceRef

	lead          lead
	group         string
	root          string
	device        Device
	evidences     []Evidence
	evidenceCount int
	decisions     []DecisionRef
	counts        map[policy.Disposition]int
	signals       []SignalCount
	tickets       []string
	missing       []string
	mangled       []string
	masked        []string
	sources       []string
	faults        []string
	bundles       []policy.BundleStamp
}

// lead is what the worst Decision said, the first of equals: a finding is told
// in its words.
type lead struct {
	title, what, why, explanation string
	approval                      *policy.Approval
	nearMisses                    []policy.NearMiss
	pending                       []policy.Pending
	actor                         *Actor
	channel, provider             string
	target                        string
}

// knows reports whether a Decision was folded already. Beyond MaxDecisionRefs
// it can no longer tell: then the older one is told again, which the Msg-Id
// makes harmless within the dedup window.
func (f *finding) knows(id string) bool {
	return slices.ContainsFunc(f.decisions, func(r DecisionRef) bool { return r.ID == id })
}

// fold takes one Decision in.
func (f *finding) fold(d *Masked, trace TraceRef) {
	x := &d.decision
	e := x.Context.Event
	a := &x.Answer
	now := x.Now
	if now.IsZero() {
		now = e.Time
	}
	if f.revision == 0 {
		f.created = now
		f.counts = map[policy.Disposition]int{}
		f.device = newDevice(f.host)
	}
	f.revision++
	f.modified = now
	f.trace = trace
	f.lastDecision, f.lastTrigger = x.ID, x.Trigger
	if f.first.IsZero() || e.Time.Before(f.first) {
		f.first = e.Time
	}
	if e.Time.After(f.last) {
		f.last = e.Time
	}
	f.counts[a.Disposition]++
	f.bundles = slices.Clone(x.Bundles)
	if f.root == "" && processKey(&x.Context.Root) != "" {
		f.root = actor(&x.Context.Root)
	}

	f.movedFrom = ""
	worse := f.disposition == "" || !f.disposition.AtLeast(a.Disposition)
	graver := f.disposition == a.Disposition && severityID(a.Severity) > severityID(f.severity)
	if worse && f.disposition != "" {
		f.movedFrom, f.previous = f.disposition, f.disposition
	}
	if worse || graver {
		f.disposition, f.severity = a.Disposition, a.Severity
		f.group = groupID(x)
		f.lead = newLead(d)
	}
	f.addEvidence(newEvidence(d))
	f.addDecision(x)
	f.addSignals(a.Signals)
	if a.Approval != nil && a.Approval.Ticket != "" {
		f.tickets = addName(f.tickets, a.Approval.Ticket, maxTickets)
	}
	for _, name := range a.Missing {
		f.missing = addName(f.missing, name, maxNames)
	}
	for _, name := range e.Mangled {
		f.mangled = addName(f.mangled, name, maxNames)
	}
	for _, name := range d.Facts {
		f.masked = addName(f.masked, name, maxNames)
	}
	if x.Fault != "" {
		f.faults = addName(f.faults, clip(x.Fault, maxText), maxFaults)
	}
	if source := dataSource(&x.Context); source != "" {
		f.sources = addName(f.sources, source, maxNames)
	}
}

func newLead(d *Masked) lead {
	x := &d.decision
	a := &x.Answer
	c := &x.Context
	return lead{
		title: title(d), what: WhatHappened(d), why: Why(d), explanation: clip(Explanation(d), maxDesc),
		approval:   a.Approval,
		nearMisses: slices.Clone(a.NearMisses),
		pending:    slices.Clone(a.Pending),
		channel:    clip(c.Event.Channel, maxText),
		provider:   clip(c.Event.Provider, maxText),
		actor:      newActor(acting(c)),
		target:     subjectOf(c),
	}
}

// addEvidence keeps the first MaxEvidences, but never a milder one in the
// place of a worse: the last milder one makes room.
func (f *finding) addEvidence(v Evidence) {
	f.evidenceCount++
	if len(f.evidences) < MaxEvidences {
		f.evidences = append(f.evidences, v)
		return
	}
	for i, kept := range slices.Backward(f.evidences) {
		if !kept.Data.Disposition.AtLeast(v.Data.Disposition) {
			f.evidences = append(slices.Delete(f.evidences, i, i+1), v)
			return
		}
	}
}

func (f *finding) addDecision(x *policy.Decision) {
	if len(f.decisions) == MaxDecisionRefs {
		f.decisions = slices.Delete(f.decisions, 0, 1)
	}
	f.decisions = append(f.decisions, DecisionRef{
		ID: x.ID, Disposition: x.Answer.Disposition, Severity: x.Answer.Severity,
		Stream: x.Trigger.Stream, Sequence: x.Trigger.Sequence, Record: x.Trigger.Record, Cause: x.Trigger.Cause,
	})
}

// addSignals counts each signal; its evidence is that of where it held first.
func (f *finding) addSignals(signals []policy.Signal) {
	for i := range signals {
		s := &signals[i]
		at := slices.IndexFunc(f.signals, func(c SignalCount) bool { return c.ID == s.ID })
		if at < 0 {
			if len(f.signals) < maxSignals {
				f.signals = append(f.signals, SignalCount{
					ID: s.ID, Severity: s.Severity, Title: s.Title, Count: 1, Evidence: clipped(s.Evidence),
				})
			}
			continue
		}
		f.signals[at].Count++
		if severityID(s.Severity) > severityID(f.signals[at].Severity) {
			f.signals[at].Severity = s.Severity
		}
	}
}

func clipped(evidence map[string]string) map[string]string {
	out := maps.Clone(evidence)
	for fact, value := range out {
		out[fact] = clip(value, maxText)
	}
	return out
}

// addName keeps names sorted, once each, at most limit.
func addName(names []string, name string, limit int) []string {
	at, found := slices.BinarySearch(names, name)
	if found || len(names) >= limit {
		return names
	}
	return slices.Insert(names, at, name)
}

// subjectOf names what a Decision is about, for people.
func subjectOf(c *install.Context) string {
	if c.Event.Module.Path != "" {
		return Printable(base(c.Event.Module.Path))
	}
	if c.Event.File.Path != "" {
		return Printable(base(c.Event.File.Path))
	}
	if name := packageOf(c); c.Process.Image == "" && name != "" {
		return excerpt(base(name), excerptLength)
	}
	return imageName(&c.Process)
}

func dataSource(c *install.Context) string {
	e := c.Event
	name := e.Channel
	if name == "" {
		name = e.Provider
	}
	if name == "" {
		return ""
	}
	return clip(name, maxText) + ":" + itoa(e.EventID)
}
