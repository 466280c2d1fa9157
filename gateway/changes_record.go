package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/event"
	"msigate/gateway/governance"
	"msigate/gateway/policy"
)

// forgetChange is how long after its end a window is still known: longer than
// EVENTS keeps an event that could be decided again.
const forgetChange = 30 * day

var errReopened = errors.New("this opening was closed before, and stays closed: open the change anew")

// changeFold is what the revisions of the bucket say together. It belongs to one
// goroutine.
type changeFold struct {
	keys     governance.Keys
	approved map[string]time.Time               // by opening: the server's first stamp of its approval
	closed   map[string]governance.ChangeRecord // by opening: as it was closed
}

func newChangeFold(keys governance.Keys) *changeFold {
	return &changeFold{keys: keys, approved: map[string]time.Time{}, closed: map[string]governance.ChangeRecord{}}
}

// changeState is a revision that was verified.
type changeState struct {
	window *governance.Window
	spans  []policy.Change // none: it waits for its approval, or was closed before it began
	id     string          // of its audit event: the same for the same content
}

// take verifies a revision. nil and no error: it is long past.
func (f *changeFold) take(e bus.BucketEntry, now time.Time) (*changeState, error) {
	record, err := governance.ReadChange(e.Value)
	if err != nil {
		return nil, err
	}
	if ends := record.Ends(); !ends.IsZero() && now.Sub(ends) > forgetChange {
		return nil, nil
	}
	w, err := record.Verify(f.keys, now)
	if err != nil {
		return nil, err
	}
	if bus.BucketKey(w.Ticket) != e.Key {
		return nil, fmt.Errorf("%w: it is of %s, and stands under %s", governance.ErrOtherTicket, w.Ticket, e.Key)
	}
	if before, is := f.closed[w.ID]; is && record.Close == "" {
		return nil, fmt.Errorf("%w (%s, opening %.12s)", errReopened, w.Ticket, before.ID())
	}
	if w.ClosedBy != "" {
		f.closed[w.ID] = record
	}
	state := &changeState{window: w}
	sum := sha256.Sum256(e.Value)
	state.id = "change:" + hex.EncodeToString(sum[:])
	if w.Approver == "" {
		return state, nil
	}
	stamp, known := f.approved[w.ID]
	if !known || e.Stamp.Before(stamp) {
		stamp = e.Stamp
		f.approved[w.ID] = stamp
	}
	for _, s := range w.Spans {
		state.spans = append(state.spans, policy.Change{
			Ticket: event.LowerASCII(w.Ticket), Opener: w.Opener, Approver: w.Approver, HostGroup: w.HostGroup,
			Packages: w.Packages, Begin: s.Begin, End: s.End,
			Opened: stamp, // by the server: nobody can write a window back in time
		})
	}
	return state, nil
}

// changeAudit is what the audit trail says of a change record.
type changeAudit struct {
	Time     time.Time          `json:"time"`
	Event    string             `json:"event"` // change_opened, change_approved, change_closed: who signed it; change_counts, change_refused: what a gateway made of it
	Ticket   string             `json:"ticket,omitempty"`
	Opening  string             `json:"opening,omitempty"` // SHA-256 of the signed opening
	Change   *governance.Change `json:"change,omitempty"`
	Opener   string             `json:"opened_by,omitempty"` // key ids
	Approver string             `json:"approved_by,omitempty"`
	ClosedBy string             `json:"closed_by,omitempty"`
	Revision uint64             `json:"revision,omitempty"` // of the bucket
	Detail   string             `json:"detail"`
}

func auditOf(what string, w *governance.Window, now time.Time, detail string) changeAudit {
	return changeAudit{
		Time: now.UTC(), Event: what, Ticket: w.Ticket, Opening: w.ID, Change: &w.Change,
		Opener: w.Opener, Approver: w.Approver, ClosedBy: w.ClosedBy, Detail: detail,
	}
}

func (a changeAudit) output(msgID string) (bus.Output, error) {
	data, err := json.Marshal(a)
	return bus.Output{Subject: a.subject(), MsgID: msgID, Data: data, Header: bus.Header{}}, err
}

func (a changeAudit) subject() string {
	if a.Ticket == "" {
		return bus.AuditSubject(a.Event)
	}
	return bus.AuditSubjectAbout(a.Event, a.Ticket)
}
