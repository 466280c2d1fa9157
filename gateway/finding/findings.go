package finding

import (
	"strings"
	"time"

	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// Default bounds of Findings.
const (
	DefaultMaxFindings          = 4096
	DefaultMaxPerHost           = 256
	DefaultMaxTombstones        = 65536
	DefaultMaxTombstonesPerHost = 1024
)

// Limits bounds how many findings are remembered. One that must make room is
// not closed: it leaves a tombstone, and when it is decided again, it is told
// under the same uid, never milder than it was, with what is known from then on.
type Limits struct {
	MaxFindings          int // over all hosts; 0: DefaultMaxFindings
	MaxPerHost           int // so that one host cannot push out the others; 0: DefaultMaxPerHost
	MaxTombstones        int // over all hosts; 0: DefaultMaxTombstones
	MaxTombstonesPerHost int // 0: DefaultMaxTombstonesPerHost
}

// Findings folds Decisions into findings, one for each install session or
// lineage root. It belongs to one worker and is not safe for concurrent use;
// all Decisions of a host go to the same one, in order.
type Findings struct {
	version  string
	degraded []string // told in each finding
	live     *pool[*finding]
	buried   *pool[*Tombstone]
	index    map[string]map[install.Position]*finding // by host: which finding an event stands in
}

// NewFindings remembers nothing yet. The version is msigate's own, for
// metadata.product; it may be empty.
func NewFindings(limits Limits, version string) *Findings {
	or := func(n, fallback int) int {
		if n <= 0 {
			return fallback
		}
		return n
	}
	return &Findings{
		version: version,
		live:    newPool[*finding](or(limits.MaxFindings, DefaultMaxFindings), or(limits.MaxPerHost, DefaultMaxPerHost)),
		buried:  newPool[*Tombstone](or(limits.MaxTombstones, DefaultMaxTombstones), or(limits.MaxTombstonesPerHost, DefaultMaxTombstonesPerHost)),
		index:   map[string]map[install.Position]*finding{},
	}
}

// Degraded sets what each finding says, from now on, of a gateway that is not as
// its owners mean it to be; nil: nothing.
func (f *Findings) Degraded(lines []string) { f.degraded = lines }

// UID is the uid of the finding that a Decision belongs to, whether it opens
// one or not.
func UID(d *Masked) string {
	return findingUID(d.decision.Context.Event.Host, rootKey(&d.decision))
}

// Apply folds one Decision and gives what to publish, in this order.
//
// It takes the place of what was decided about the same event before. A finding
// that it leaves where it is gives one document; one that it moves to another
// queue two, closed on the old and created on the new one; one of which nothing
// stands any more is closed. An event that was in another finding, because its
// session was not known then, leaves that one: the documents of the finding it
// leaves come first.
//
// An expected Decision about an event that stands in no finding gives nothing,
// and so does a Decision that was folded before.
func (f *Findings) Apply(d *Masked, trace TraceRef) []Update {
	x := &d.decision
	host, uid, at := x.Context.Event.Host, UID(d), eventAt(x.Trigger)
	holder := f.index[host][at]
	target, _ := f.live.get(uid)
	if f.knows(holder, x.ID) || f.knows(target, x.ID) {
		return nil
	}
	if target == nil {
		if t, ok := f.buried.get(uid); ok && t.Decision == x.ID {
			return nil
		}
	}
	stands := Grade{Disposition: x.Answer.Disposition}.stands()
	if !stands && holder == nil && (target == nil || target.Adopted == nil) {
		return nil
	}

	s := newStanding(d)
	var updates []Update
	if holder != nil && !(stands && holder.UID == uid) {
		if stands {
			holder.release(at, uid)
		} else {
			holder.explain(s)
		}
		holder.note(d, s, trace)
		updates = f.tell(holder, updates)
	}
	switch {
	case stands:
		target = f.open(uid, host, sessionID(&x.Context))
		target.take(s)
		target.note(d, s, trace)
		return f.tell(target, updates)
	case target != nil && target.Adopted != nil:
		if target.lead() == nil {
			target.Last = s
		}
		target.refer(s, false)
		target.note(d, s, trace)
		return f.tell(target, updates)
	}
	return updates
}

func (f *Findings) knows(one *finding, id string) bool { return one != nil && one.knows(id) }

// note keeps what the last Decision was.
func (f *finding) note(d *Masked, s *Standing, trace TraceRef) {
	now := d.decision.Now
	if now.IsZero() {
		now = d.decision.Context.Event.Time
	}
	f.Modified, f.LastDecision = max(f.Modified, millis(now)), later(f.LastDecision, writable(now))
	if f.Created == 0 {
		f.Created = f.Modified
	}
	f.Decision, f.At, f.Cause = s.Decision, s.At, s.Cause
	f.Trace = TraceRef{TraceID: text(trace.TraceID, maxName), SpanID: text(trace.SpanID, maxName)}
	if f.Bundles == nil {
		f.Bundles = s.Bundles
	}
}

// later is the later of two times: an event that was found to belong to an
// install only afterwards is decided as of when it came.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Len is how many findings are remembered, tombstones not counted.
func (f *Findings) Len() int { return f.live.len() }

// Evicted is how many findings had to make room and left a tombstone.
func (f *Findings) Evicted() uint64 { return f.live.evicted }

// Tombstones is how many are kept.
func (f *Findings) Tombstones() int { return f.buried.len() }

// EvictedTombstones is how many had to make room. Of those nothing is known any
// more: a Decision that comes later opens a finding anew, under the same uid.
func (f *Findings) EvictedTombstones() uint64 { return f.buried.evicted }

// open finds, digs up or makes a finding, as the last one told.
func (f *Findings) open(uid, host, session string) *finding {
	one, ok := f.live.get(uid)
	if ok {
		f.live.touch(uid)
	} else {
		one = f.bring(uid, host)
		if t, ok := f.buried.get(uid); ok {
			f.buried.remove(uid)
			one.rise(t)
		}
		f.keep(one)
	}
	if one.Session == "" {
		one.Session = text(session, maxName)
	}
	return one
}

// bring makes a finding of a host that knows nothing yet.
func (f *Findings) bring(uid, host string) *finding {
	host = strings.Clone(host)
	index := f.index[host]
	if index == nil {
		index = map[install.Position]*finding{}
		f.index[host] = index
	}
	return newFinding(uid, host, index)
}

// keep takes a finding into the pool; what has to make room is buried.
func (f *Findings) keep(one *finding) {
	for _, gone := range f.live.put(one.UID, one.host, one) {
		f.bury(gone, false)
	}
}

// bury leaves a tombstone of a finding that is in the pool no more.
func (f *Findings) bury(one *finding, settled bool) {
	for _, s := range one.Events {
		delete(one.index, s.At)
	}
	for i := range one.refs {
		if at := one.refs[i].at(); one.index[at] == one {
			delete(one.index, at)
		}
	}
	if _, alive := f.live.hosts[one.host]; !alive && len(one.index) == 0 {
		delete(f.index, one.host)
	}
	f.buried.put(one.UID, one.host, one.tombstone(settled))
}

// eventAt says which event a Decision answers.
func eventAt(t policy.Trigger) install.Position {
	return install.Position{Stream: text(t.Stream, maxText), Sequence: t.Sequence, Record: t.Record}
}

// rise makes a finding go on from its tombstone.
func (f *finding) rise(t *Tombstone) {
	f.Session, f.Queue, f.Floor = t.Session, t.Queue, t.Grade
	f.Revision, f.Group, f.Created = t.Revision, t.Group, t.Created
	f.LastDecision, f.Decision = t.LastDecision, t.Decision
}

func (f *finding) tombstone(settled bool) *Tombstone {
	return &Tombstone{
		UID: f.UID, Session: f.Session, Queue: f.Queue, Grade: f.grade(), Revision: f.Revision, Group: f.Group,
		Created: f.Created, LastDecision: f.LastDecision, Decision: f.Decision, Settled: settled,
	}
}

// Open is a finding that can still be told of, or its tombstone.
type Open struct {
	UID          string
	Session      string             // the install session's id; "" where it is about a lineage root
	Disposition  policy.Disposition // the queue it stands on; "" where none
	LastDecision time.Time          // now of it
	Settled      bool               // told for the last time
}
