package finding

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"msigate/gateway/policy"
)

// maxWritten bounds one rendered value of a state, in bytes.
const maxWritten = 1 << 20

var errText = errors.New("a text in it is too long, or no UTF-8")

// check reports what no finding of ours can be. It takes note of the uid.
func (s *FindingState) check(uids map[string]bool) error {
	if err := checkHead(s.UID, s.Session, s.Revision, s.Group, s.Decision, s.LastDecision, uids); err != nil {
		return err
	}
	for _, queue := range []policy.Disposition{s.Queue, s.Previous} {
		if queue != "" && rank(queue) == 0 {
			return fmt.Errorf("%q is no queue", cut(string(queue), maxName))
		}
	}
	switch {
	case !texts(maxText, s.At.Stream), !texts(maxName, string(s.Cause), s.Trace.TraceID, s.Trace.SpanID), !stamps(s.Bundles):
		return errText
	case s.At.Record < 0:
		return errors.New("the index of a record is negative")
	case len(s.Events) > MaxEvidences:
		return fmt.Errorf("it has %d events, at most %d are kept", len(s.Events), MaxEvidences)
	case len(s.Decisions) > MaxDecisionRefs:
		return fmt.Errorf("it lists %d decisions, at most %d are listed", len(s.Decisions), MaxDecisionRefs)
	case s.Last != nil && len(s.Events) > 0:
		return errors.New("it has events, and one that was the last")
	case !s.Floor.known(true), s.Adopted != nil && !s.Adopted.known(true):
		return errors.New("what it is at least is no disposition and severity")
	}
	for i, d := range s.Dropped {
		if !d.known(false) || d.Count <= 0 || i > 0 && worseFirst(s.Dropped[i-1], d) >= 0 {
			return errors.New("the counts of what was dropped are not in order")
		}
	}
	for disposition, n := range s.Counts {
		if !disposition.Known() || n < 0 {
			return errors.New("the counts of decisions count what is none")
		}
	}
	for i := range s.Decisions {
		if err := s.Decisions[i].check(); err != nil {
			return fmt.Errorf("decision %d: %w", i, err)
		}
	}
	return nil
}

func (t *Tombstone) check(uids map[string]bool) error {
	if err := checkHead(t.UID, t.Session, t.Revision, t.Group, t.Decision, t.LastDecision, uids); err != nil {
		return err
	}
	if t.Queue != "" && rank(t.Queue) == 0 || !t.known(true) {
		return errors.New("it stands on no queue, or as nothing that a finding can be")
	}
	return nil
}

func checkHead(uid, session string, revision int, group, decision string, last time.Time, uids map[string]bool) error {
	switch {
	case uid == "" || !texts(maxName, uid, session, group, decision):
		return errText
	case uids[uid]:
		return fmt.Errorf("the uid %s is there twice", Printable(uid))
	case revision < 0:
		return errors.New("the revision is negative")
	case !last.Equal(writable(last)):
		return errors.New("the time of its last decision is out of range")
	}
	uids[uid] = true
	return nil
}

func (r *DecisionRef) check() error {
	switch {
	case r.ID == "" || !texts(maxName, r.ID, string(r.Cause), r.Finding) || !texts(maxText, r.Stream):
		return errText
	case r.Record < 0:
		return errors.New("the index of a record is negative")
	case !r.Disposition.Known() || r.Severity != "" && !r.Severity.Known():
		return errors.New("it has no disposition, or no severity")
	case r.Current && rank(r.Disposition) == 0:
		return errors.New("it is current, and its event does not stand")
	}
	return nil
}

// known reports a grade of something that stands; or, where it may be none, of nothing.
func (g Grade) known(none bool) bool {
	if g == (Grade{}) {
		return none
	}
	return g.stands() && (g.Severity == "" || g.Severity.Known())
}

// readStanding makes an event of its state; one that stands is on some queue.
func readStanding(from *Standing, stands bool) (*Standing, error) {
	if from == nil {
		return nil, errors.New("there is nothing")
	}
	s := *from
	switch {
	case s.Decision == "", !texts(maxName, s.Decision, string(s.Cause), s.Group), !texts(maxText, s.At.Stream, s.Title, s.What, s.Subject,
		s.Package, s.Child, s.Root, s.Channel, s.Provider, s.Source, s.Fault), !texts(maxDesc, s.Why), !stamps(s.Bundles):
		return nil, errText
	case s.At.Record < 0:
		return nil, errors.New("the index of a record is negative")
	case stands && !s.known(false), !s.Disposition.Known() || s.Severity != "" && !s.Severity.Known():
		return nil, errors.New("it has no disposition that stands, or no severity")
	}
	for _, list := range [][]string{s.Missing, s.Mangled, s.Masked} {
		if !namesOf(list) || !slices.IsSorted(list) {
			return nil, errText
		}
	}
	if err := s.checkAnswer(); err != nil {
		return nil, err
	}
	var err error
	if s.Evidence, err = written[Evidence](s.Evidence); err != nil {
		return nil, fmt.Errorf("its evidence: %w", err)
	}
	if len(s.Actor) > 0 {
		if s.Actor, err = written[Actor](s.Actor); err != nil {
			return nil, fmt.Errorf("its actor: %w", err)
		}
	}
	return &s, nil
}

// checkAnswer looks at what the policy answered.
func (s *Standing) checkAnswer() error {
	if len(s.Signals) > maxEventSignals || len(s.NearMisses) > maxEventNearMiss || len(s.Pending) > maxEventPending {
		return errors.New("it has more signals, near misses or pending facts than are kept")
	}
	for i := range s.Signals {
		signal := &s.Signals[i]
		if !texts(maxName, signal.ID) || !texts(maxText, signal.Title) || len(signal.Evidence) > maxFactsOfSignal {
			return errText
		}
		for fact, value := range signal.Evidence {
			if !texts(maxName, fact) || !texts(maxText, value) {
				return errText
			}
		}
	}
	if a := s.Approval; a != nil && (!texts(maxText, a.Entry, a.Owner, a.Ticket) || !namesOf(a.Matched)) {
		return errText
	}
	if b := s.Baseline; b != nil && (!texts(maxText, b.Package) || !texts(maxName, b.Child) || !b.FirstSeen.Equal(writable(b.FirstSeen)) || !b.LastSeen.Equal(writable(b.LastSeen))) {
		return errText
	}
	for i := range s.NearMisses {
		n := &s.NearMisses[i]
		if !texts(maxText, n.Entry) || !namesOf(n.Matched) || !namesOf(n.Failed) {
			return errText
		}
	}
	for _, p := range s.Pending {
		if !texts(maxName, p.Fact) || !p.Due.Equal(writable(p.Due)) {
			return errText
		}
	}
	return nil
}

// written reads a rendered T and renders it again: nothing else gets into a
// document, and always in the same bytes.
func written[T any](raw jsontext.Value) (jsontext.Value, error) {
	if len(raw) > maxWritten {
		return nil, fmt.Errorf("it has %d bytes, at most %d are kept", len(raw), maxWritten)
	}
	var value T
	if err := json.Unmarshal(raw, &value, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	return encode(&value), nil
}

// texts reports whether each text is as text leaves it: cutting adds a few
// words, and a byte that is no UTF-8 becomes three.
func texts(limit int, all ...string) bool {
	for _, s := range all {
		if len(s) > 3*limit+64 || !utf8.ValidString(s) {
			return false
		}
	}
	return true
}

func namesOf(list []string) bool { return len(list) <= maxNames && texts(maxName, list...) }

func stamps(list []policy.BundleStamp) bool {
	for i := range list {
		if !texts(maxName, list[i].Name, list[i].Revision) {
			return false
		}
	}
	return len(list) <= maxNames
}
