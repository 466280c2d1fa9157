package finding

import (
	"slices"

	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// Bounds of what one finding keeps; all of it is counted.
const (
	MaxEvidences    = 32
	MaxDecisionRefs = 64
	maxSignals      = 64
	maxNames        = 64 // missing, mangled, masked, data sources: each
	maxPending      = 32
	maxFaults       = 8
	maxTickets      = 16
	maxDesc         = 16 << 10 // bytes of finding_info.desc
)

// finding is the state of one finding: a fold over its Decisions, in which a
// later Decision about an event takes the place of the earlier one.
type finding struct {
	FindingState
	host   string
	device Device
	refs   []ref                         // of Decisions, instead of FindingState.Decisions
	index  map[install.Position]*finding // the host's: which finding an event stands in

	desc   string    // explanation of descOf
	descOf *Standing // rendered last
}

// ref is a DecisionRef with its JSON up to the value of "current".
type ref struct {
	DecisionRef
	raw []byte
}

func newFinding(uid, host string, index map[install.Position]*finding) *finding {
	return &finding{FindingState: FindingState{UID: uid}, host: host, device: newDevice(host), index: index}
}

// knows reports whether a Decision was folded already. Of the older ones, only
// those that are current or among the last MaxDecisionRefs are known.
func (f *finding) knows(id string) bool {
	return f.Decision == id ||
		slices.ContainsFunc(f.refs, func(r ref) bool { return r.ID == id }) ||
		slices.ContainsFunc(f.Events, func(s *Standing) bool { return s.Decision == id })
}

// take takes in a Decision about an event that stands: it replaces what stood.
func (f *finding) take(s *Standing) {
	f.remove(s.At)
	f.refer(s, true)
	at, _ := slices.BinarySearchFunc(f.Events, s, (*Standing).order)
	f.Events = slices.Insert(f.Events, at, s)
	f.index[s.At] = f
	f.Last = nil
	if len(f.Events) > MaxEvidences {
		f.drop(dropNext(f.Events))
	}
}

// explain takes in a Decision by which an event is expected and stands no more.
func (f *finding) explain(s *Standing) {
	f.remove(s.At)
	f.refer(s, false)
	if len(f.Events) == 0 {
		f.Last = s
	}
}

// release gives up an event that belongs to another finding now.
func (f *finding) release(at install.Position, to string) {
	last := f.remove(at)
	for i := range f.refs {
		if f.refs[i].at() == at {
			f.refs[i].Finding = to
			f.refs[i].render()
		}
	}
	if len(f.Events) == 0 && last != nil {
		f.Last = last
	}
}

// remove takes out what stands of an event, and gives it where it was kept. Of
// an event that is counted only, the grade is known as long as its Decision is
// listed; after that, nothing is taken off.
func (f *finding) remove(at install.Position) *Standing {
	if f.index[at] != f {
		return nil
	}
	delete(f.index, at)
	var grade Grade
	for i := range f.refs {
		if f.refs[i].Current && f.refs[i].at() == at {
			f.refs[i].Current = false
			grade = Grade{f.refs[i].Disposition, f.refs[i].Severity}
		}
	}
	if i := slices.IndexFunc(f.Events, func(s *Standing) bool { return s.At == at }); i >= 0 {
		s := f.Events[i]
		f.Events = slices.Delete(f.Events, i, i+1)
		return s
	}
	f.count(grade, -1)
	return nil
}

// drop keeps the i-th event no more and only counts it.
func (f *finding) drop(i int) {
	s := f.Events[i]
	f.Events = slices.Delete(f.Events, i, i+1)
	if !slices.ContainsFunc(f.refs, func(r ref) bool { return r.Current && r.at() == s.At }) {
		delete(f.index, s.At) // its grade cannot be known later
	}
	f.countDropped(s)
}

// countDropped counts an event that is not kept any more.
func (f *FindingState) countDropped(s *Standing) {
	f.count(s.Grade, 1)
	if s.Time == 0 {
		return
	}
	if f.FirstSeen == 0 || s.Time < f.FirstSeen {
		f.FirstSeen = s.Time
	}
	f.LastSeen = max(f.LastSeen, s.Time)
}

// count adds n to the dropped events of a grade.
func (f *FindingState) count(g Grade, n int) {
	at, found := slices.BinarySearchFunc(f.Dropped, GradeCount{Grade: g}, worseFirst)
	if !found {
		if n > 0 {
			f.Dropped = slices.Insert(f.Dropped, at, GradeCount{g, n})
		}
		return
	}
	if f.Dropped[at].Count += n; f.Dropped[at].Count <= 0 {
		f.Dropped = slices.Delete(f.Dropped, at, at+1)
	}
}

// dropNext is which event to drop: the mildest, of equals the last.
func dropNext(events []*Standing) int {
	next := len(events) - 1
	for i := next - 1; i >= 0; i-- {
		if events[i].compare(events[next].Grade) < 0 {
			next = i
		}
	}
	return next
}

// refer lists a Decision.
func (f *finding) refer(s *Standing, current bool) {
	if len(f.refs) == MaxDecisionRefs {
		f.forgetRef()
	}
	r := ref{DecisionRef: DecisionRef{
		ID: s.Decision, Disposition: s.Disposition, Severity: s.Severity,
		Stream: s.At.Stream, Sequence: s.At.Sequence, Record: s.At.Record, Cause: s.Cause, Current: current,
	}}
	r.render()
	f.refs = append(f.refs, r)
	if f.Counts == nil {
		f.Counts = map[policy.Disposition]int{}
	}
	f.Counts[s.Disposition]++
	f.Bundles = s.Bundles
}

// forgetRef drops the oldest Decision of the list. An event that is counted
// only is not known any more without it.
func (f *finding) forgetRef() {
	r := f.refs[0]
	f.refs = slices.Delete(f.refs, 0, 1)
	if r.Current && !slices.ContainsFunc(f.Events, func(s *Standing) bool { return s.At == r.at() }) {
		delete(f.index, r.at())
	}
}

// lead is the worst event, the first of equals: the finding is told in its
// words. Where no event is kept, it is the last that was; nil where none ever was.
func (f *finding) lead() *Standing {
	lead := f.Last
	for i, s := range f.Events {
		if i == 0 || s.compare(lead.Grade) > 0 {
			lead = s
		}
	}
	return lead
}

// grade is how bad the finding is: as its worst event that stands, kept or not.
func (f *finding) grade() Grade {
	g := f.hidden()
	for _, s := range f.Events {
		g = worse(g, s.Grade)
	}
	return g
}

// hidden is the worst grade of what is not kept.
func (f *finding) hidden() Grade {
	g := f.Floor
	if len(f.Dropped) > 0 {
		g = worse(g, f.Dropped[0].Grade)
	}
	return g
}

func (r *ref) at() install.Position {
	return install.Position{Stream: r.Stream, Sequence: r.Sequence, Record: r.Record}
}
