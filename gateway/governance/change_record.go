package governance

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"msigate/gateway/event"
)

// The types of what is signed, beside typeApproval.
const (
	typeChangeOpen    = "msigate-change-open"
	typeChangeApprove = "msigate-change-approve"
	typeChangeClose   = "msigate-change-close"
)

// ChangeRecord is a change as it is stored: what its opener, its approver and
// whoever closed it signed, each a compact JWS. The approval and the closing name
// the opening by its hash, so that neither can be put under another one.
type ChangeRecord struct {
	Open    string `json:"open"`
	Approve string `json:"approve,omitempty"`
	Close   string `json:"close,omitempty"`
}

// about is what an approval and a closing sign.
type about struct {
	Ticket string    `json:"ticket"`
	Open   string    `json:"open_sha256"` // of the opening's JWS, lower-case hex
	At     time.Time `json:"at"`          // by the signer's clock
}

// Window is a change record that was verified.
type Window struct {
	Change
	Opener     string    // key id
	Approver   string    // key id; "": it waits for its approval and counts for nothing
	ClosedBy   string    // key id; "": it is not closed
	ApprovedAt time.Time // by the approver's clock
	ClosedAt   time.Time // by the closer's clock
	ID         string    // SHA-256 of the opening: the same content opened twice has two
	Spans      []Span    // when it is open; what lies behind the closing is cut off
}

// OpenChange signs a change. It counts for nothing until another approves it.
func OpenChange(c Change, key Signer) (ChangeRecord, error) {
	c.Normalise()
	if err := c.Check(); err != nil {
		return ChangeRecord{}, err
	}
	payload, err := write(c)
	if err != nil {
		return ChangeRecord{}, err
	}
	signed, err := signStatement(typeChangeOpen, payload, key)
	return ChangeRecord{Open: signed}, err
}

// Approved adds the approval of another than the opener. keys are those bound to changes.
func (r ChangeRecord) Approved(key Signer, keys Keys, now time.Time) (ChangeRecord, error) {
	return r.add(typeChangeApprove, key, keys, now)
}

// Closed ends the window now; it takes back nothing that it explained before.
// One signature is enough, since it only narrows.
func (r ChangeRecord) Closed(key Signer, keys Keys, now time.Time) (ChangeRecord, error) {
	return r.add(typeChangeClose, key, keys, now)
}

func (r ChangeRecord) add(typ string, key Signer, keys Keys, now time.Time) (ChangeRecord, error) {
	window, err := r.Verify(keys, now)
	if err != nil {
		return r, err
	}
	payload, err := write(about{Ticket: window.Ticket, Open: window.ID, At: now.UTC().Truncate(time.Second)})
	if err != nil {
		return r, err
	}
	signed, err := signStatement(typ, payload, key)
	if err != nil {
		return r, err
	}
	if typ == typeChangeApprove {
		r.Approve = signed
	} else {
		r.Close = signed
	}
	_, err = r.Verify(keys, now) // who opened it, or a key that is not bound, is refused here as by a reader
	return r, err
}

// ReadChange reads a stored record. Nothing of it is verified yet.
func ReadChange(raw []byte) (ChangeRecord, error) {
	var r ChangeRecord
	if err := decodeStrict(raw, &r); err != nil {
		return r, err
	}
	if r.Open == "" {
		return r, fmt.Errorf("%w: the record has no opening", ErrUnsigned)
	}
	return r, nil
}

// Write is the record as it is stored.
func (r ChangeRecord) Write() ([]byte, error) { return write(r) }

// ID names the opening of a record.
func (r ChangeRecord) ID() string {
	sum := sha256.Sum256([]byte(r.Open))
	return hex.EncodeToString(sum[:])
}

// Verify holds every signature and every field to what a window must be. keys are
// those bound to changes; one that has expired at now is refused. A record that
// waits for its approval verifies, and its Approver is "".
func (r ChangeRecord) Verify(keys Keys, now time.Time) (*Window, error) {
	keys = keys.At(now)
	w := &Window{ID: r.ID()}
	payload, opener, err := verifyStatement(typeChangeOpen, r.Open, keys)
	if err != nil {
		return nil, err
	}
	if err := decodeStrict(payload, &w.Change); err != nil {
		return nil, err
	}
	if err := w.Check(); err != nil {
		return nil, err
	}
	w.Opener = opener
	if r.Approve != "" {
		if w.Approver, w.ApprovedAt, err = r.second(typeChangeApprove, r.Approve, w, keys); err != nil {
			return nil, err
		}
		if w.Approver == w.Opener {
			return nil, fmt.Errorf("%w: key %s opened and approved %s", ErrSelfSigned, w.Opener, w.Ticket)
		}
	}
	if r.Close != "" {
		if w.ClosedBy, w.ClosedAt, err = r.second(typeChangeClose, r.Close, w, keys); err != nil {
			return nil, err
		}
	}
	spans, err := w.Change.Spans()
	if err != nil {
		return nil, err
	}
	for _, s := range spans {
		if w.ClosedBy != "" && s.End.After(w.ClosedAt) {
			s.End = w.ClosedAt
		}
		if s.Begin.Before(s.End) {
			w.Spans = append(w.Spans, s)
		}
	}
	return w, nil
}

// second verifies what was signed about an opening.
func (r ChangeRecord) second(typ, signed string, w *Window, keys Keys) (by string, at time.Time, err error) {
	payload, by, err := verifyStatement(typ, signed, keys)
	if err != nil {
		return "", at, err
	}
	var a about
	if err := decodeStrict(payload, &a); err != nil {
		return "", at, err
	}
	switch {
	case a.Open != w.ID:
		return "", at, fmt.Errorf("%w: the %s of %s is about another opening than the record's", ErrAltered, typ, w.Ticket)
	case a.Ticket != w.Ticket:
		return "", at, fmt.Errorf("%w: the %s is about %s", ErrOtherTicket, typ, quote(a.Ticket))
	case a.At.IsZero():
		return "", at, fmt.Errorf("%w: the %s of %s has no time", ErrChangeForm, typ, w.Ticket)
	}
	return by, a.At, nil
}

// Of tells whether the record belongs under a ticket.
func (w *Window) Of(ticket string) bool {
	return event.LowerASCII(w.Ticket) == event.LowerASCII(ticket)
}

// Ends is when the window is open for the last time, by what a record says of
// itself and nobody has verified: to leave out what is long past.
func (r ChangeRecord) Ends() time.Time {
	var c struct {
		Until time.Time `json:"until"`
	}
	t, err := takeApart(r.Open)
	if err != nil || json.Unmarshal(t.payload, &c) != nil {
		return time.Time{}
	}
	return c.Until
}
