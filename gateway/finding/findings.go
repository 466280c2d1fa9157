package finding

import (
	"container/list"
	"strings"

	"msigate/gateway/policy"
)

// Default bounds of Findings.
const (
	DefaultMaxFindings = 4096
	DefaultMaxPerHost  = 256
)

// Limits bounds how many findings are remembered. One that is forgotten is not
// closed: when its root is decided again, it is told under the same uid with
// what is known from then on.
type Limits struct {
	MaxFindings int // over all hosts; 0: DefaultMaxFindings
	MaxPerHost  int // so that one host cannot push out the others; 0: DefaultMaxPerHost
}

// Findings folds Decisions into findings, one for each lineage root. It
// belongs to one worker and is not safe for concurrent use; all Decisions of a
// host go to the same one, in order.
type Findings struct {
	limits  Limits
	version string
	byUID   map[string]*list.Element // of *finding
	recent  *list.List               // over all hosts, the last one told in front
	byHost  map[string]*list.List    // of *finding, likewise
	evicted uint64
}

// NewFindings remembers nothing yet. The version is msigate's own, for
// metadata.product; it may be empty.
func NewFindings(limits Limits, version string) *Findings {
	if limits.MaxFindings <= 0 {
		limits.MaxFindings = DefaultMaxFindings
	}
	if limits.MaxPerHost <= 0 {
		limits.MaxPerHost = DefaultMaxPerHost
	}
	return &Findings{
		limits:  limits,
		version: version,
		byUID:   map[string]*list.Element{},
		recent:  list.New(),
		byHost:  map[string]*list.List{},
	}
}

// Update is one document for a queue of verdicts.
type Update struct {
	UID         string             // of the finding
	Disposition policy.Disposition // the queue: verdicts.<disposition>.<host>
	Activity    Activity
	Document    []byte // OCSF Detection Finding as JSON, at most about MaxDocument bytes
	// MsgID is the same for a redelivered Decision. It is made of uid, Decision
	// and queue, and not of the revision: that starts anew with the process's
	// memory, and two documents that differ must never share an id.
	MsgID    string
	Previous policy.Disposition // the queue it comes from; only of a Create that is a move
	Severity policy.Severity
	Host     string // as the Event names it
	Revision int    // of the finding, from 1
}

// UID is the uid of the finding that a Decision belongs to, whether it opens
// one or not.
func UID(d *Masked) string {
	return findingUID(d.decision.Context.Event.Host, rootKey(&d.decision))
}

// Apply folds one Decision and gives what to publish, in this order: nothing
// for an expected one; one document for one that opens or goes on with a
// finding; two where it moves the finding to a worse disposition (closed on
// the old queue, created on the new one, under the same uid).
//
// A Decision that was folded last gives the same again: its message was
// redelivered, and what it gave may not have been stored. An older one gives
// nothing, for what came after it has told it too.
func (f *Findings) Apply(d *Masked, trace TraceRef) []Update {
	a := &d.decision.Answer
	if !a.Disposition.AtLeast(policy.Approved) {
		return nil
	}
	host := d.decision.Context.Event.Host
	uid := findingUID(host, rootKey(&d.decision))
	one := f.get(uid, host)
	if one.knows(d.decision.ID) {
		if one.lastDecision != d.decision.ID {
			return nil
		}
	} else {
		one.fold(d, trace)
	}
	updates := make([]Update, 0, 2)
	if one.movedFrom != "" {
		updates = append(updates, one.update(Close, f.version))
	}
	if one.revision == 1 || one.movedFrom != "" {
		return append(updates, one.update(Create, f.version))
	}
	return append(updates, one.update(Change, f.version))
}

// Len is how many findings are remembered.
func (f *Findings) Len() int { return len(f.byUID) }

// Evicted is how many findings were forgotten to keep the limits.
func (f *Findings) Evicted() uint64 { return f.evicted }

// get finds or makes a finding and marks it as the last one told.
func (f *Findings) get(uid, host string) *finding {
	if element, ok := f.byUID[uid]; ok {
		one := element.Value.(*finding)
		f.recent.MoveToFront(element)
		f.byHost[host].MoveToFront(one.ofHost)
		return one
	}
	ofHost, ok := f.byHost[host]
	if !ok {
		ofHost = list.New()
		f.byHost[host] = ofHost
	}
	if ofHost.Len() >= f.limits.MaxPerHost {
		f.forget(ofHost.Back().Value.(*finding))
	} else if len(f.byUID) >= f.limits.MaxFindings {
		f.forget(f.recent.Back().Value.(*finding))
	}
	if f.byHost[host] == nil { // forget dropped the list with the host's last one
		f.byHost[host] = ofHost
	}
	one := &finding{uid: uid, host: strings.Clone(host)}
	one.ofHost = ofHost.PushFront(one)
	f.byUID[uid] = f.recent.PushFront(one)
	return one
}

func (f *Findings) forget(one *finding) {
	f.recent.Remove(f.byUID[one.uid])
	delete(f.byUID, one.uid)
	ofHost := f.byHost[one.host]
	ofHost.Remove(one.ofHost)
	if ofHost.Len() == 0 {
		delete(f.byHost, one.host)
	}
	f.evicted++
}
