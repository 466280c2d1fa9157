package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/governance"
)

// ErrNoChange: nothing is stored under the ticket.
var ErrNoChange = errors.New("there is no change record of this ticket")

// ChangeStore is the bucket of change records as people write it. Each writing
// is told to the audit trail first: what widens is not written where that fails.
type ChangeStore struct {
	conn   *bus.Conn
	bucket *bus.Bucket
	keys   governance.Keys
}

// OpenChangeStore opens the bucket. keys are those bound to changes.
func OpenChangeStore(ctx context.Context, conn *bus.Conn, keys governance.Keys) (*ChangeStore, error) {
	bucket, err := bus.OpenBucket(ctx, conn, bus.BucketChanges)
	if err != nil {
		return nil, err
	}
	return &ChangeStore{conn: conn, bucket: bucket, keys: keys}, nil
}

// StoredChange is a record as it stands in the bucket.
type StoredChange struct {
	Window   *governance.Window // nil: it was refused
	Record   governance.ChangeRecord
	Key      string
	Revision uint64
	Stamp    time.Time // when the server stored it
	Refused  error     // why it counts for nothing; nil: it verifies
}

// State is one word for people and scripts: refused, waiting (for its approval),
// closed, over, upcoming or open.
func (c StoredChange) State(now time.Time) string {
	switch w := c.Window; {
	case c.Refused != nil:
		return "refused"
	case w.ClosedBy != "" && !now.Before(w.ClosedAt):
		return "closed"
	case !now.Before(w.Until):
		return "over"
	case w.Approver == "":
		return "waiting"
	default:
		for _, s := range w.Spans {
			if !now.Before(s.Begin) && now.Before(s.End) {
				return "open"
			}
		}
		return "upcoming"
	}
}

func (s *ChangeStore) read(e bus.BucketEntry) StoredChange {
	c := StoredChange{Key: e.Key, Revision: e.Revision, Stamp: e.Stamp}
	if c.Record, c.Refused = governance.ReadChange(e.Value); c.Refused != nil {
		return c
	}
	w, err := c.Record.Verify(s.keys, time.Now())
	if err == nil && bus.BucketKey(w.Ticket) != e.Key {
		err = fmt.Errorf("%w: it is of %s", governance.ErrOtherTicket, w.Ticket)
	}
	if c.Refused = err; err == nil {
		c.Window = w
	}
	return c
}

// Get gives the record of a ticket; ErrNoChange where there is none.
func (s *ChangeStore) Get(ctx context.Context, ticket string) (StoredChange, error) {
	e, err := s.bucket.Latest(ctx, bus.BucketKey(ticket))
	switch {
	case errors.Is(err, bus.ErrGone), err == nil && e.Value == nil:
		return StoredChange{}, fmt.Errorf("%s: %w", ticket, ErrNoChange)
	case err != nil:
		return StoredChange{}, err
	}
	return s.read(e), nil
}

// List gives every record, in the order in which they were stored.
func (s *ChangeStore) List(ctx context.Context) ([]StoredChange, error) {
	entries, err := s.bucket.All(ctx)
	all := make([]StoredChange, len(entries))
	for i, e := range entries {
		all[i] = s.read(e)
	}
	return all, err
}

// Open signs and stores a change. One of the same ticket must be over, closed or
// refused.
func (s *ChangeStore) Open(ctx context.Context, c governance.Change, key *governance.SigningKey) (*governance.Window, error) {
	record, err := governance.OpenChange(c, key)
	if err != nil {
		return nil, err
	}
	if _, bound := s.keys.Get(key.ID); !bound {
		return nil, notBound(key)
	}
	before, err := s.Get(ctx, c.Ticket)
	switch {
	case errors.Is(err, ErrNoChange):
	case err != nil:
		return nil, err
	default:
		if state := before.State(time.Now()); state == "waiting" || state == "open" || state == "upcoming" {
			return nil, fmt.Errorf("%s is there already and %s; hint: msigate change close %s ends it, then it can be opened anew", c.Ticket, state, c.Ticket)
		}
	}
	return s.store(ctx, "change_opened", record, before.Revision, key)
}

// Approve adds the approval of another than the opener.
func (s *ChangeStore) Approve(ctx context.Context, ticket string, key *governance.SigningKey) (*governance.Window, error) {
	stored, err := s.verified(ctx, ticket)
	if err != nil {
		return nil, err
	}
	if state := stored.State(time.Now()); state != "waiting" {
		return nil, fmt.Errorf("%s is %s: there is nothing to approve", ticket, state)
	}
	record, err := stored.Record.Approved(key, s.keys, time.Now())
	if err != nil {
		return nil, err
	}
	return s.store(ctx, "change_approved", record, stored.Revision, key)
}

// Close ends a window now. It goes ahead where the audit trail cannot be told:
// the error is then an *AuditError, and the window is closed.
func (s *ChangeStore) Close(ctx context.Context, ticket string, key *governance.SigningKey) (*governance.Window, error) {
	stored, err := s.verified(ctx, ticket)
	if err != nil {
		return nil, err
	}
	if state := stored.State(time.Now()); state == "closed" || state == "over" {
		return nil, fmt.Errorf("%s is %s: there is nothing to close", ticket, state)
	}
	record, err := stored.Record.Closed(key, s.keys, time.Now())
	if err != nil {
		return nil, err
	}
	return s.store(ctx, "change_closed", record, stored.Revision, key)
}

func (s *ChangeStore) verified(ctx context.Context, ticket string) (StoredChange, error) {
	stored, err := s.Get(ctx, ticket)
	if err == nil && stored.Refused != nil {
		err = fmt.Errorf("%s: the record that is stored is refused: %w", ticket, stored.Refused)
	}
	return stored, err
}

func notBound(key *governance.SigningKey) error {
	return fmt.Errorf("%w: key %s is none of changes.keys", governance.ErrKey, key.ID)
}

// AuditError: what was done is not in the audit trail.
type AuditError struct {
	Done bool // it was done all the same, since it only narrows
	Err  error
}

func (e *AuditError) Error() string {
	if e.Done {
		return fmt.Sprintf("it is done, and the audit trail could not be told: %v", e.Err)
	}
	return fmt.Sprintf("nothing was changed, since the audit trail could not be told: %v", e.Err)
}

func (e *AuditError) Unwrap() error { return e.Err }

// store tells the audit trail, then writes the record where nobody else has
// meanwhile.
func (s *ChangeStore) store(ctx context.Context, what string, record governance.ChangeRecord, revision uint64, key *governance.SigningKey) (*governance.Window, error) {
	now := time.Now()
	w, err := record.Verify(s.keys, now)
	if err != nil {
		return nil, err
	}
	data, err := record.Write()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	audit := auditOf(what, w, now, fmt.Sprintf("%s: %s by key %s", w.Ticket, what, key.ID))
	out, err := audit.output(what + ":" + hex.EncodeToString(sum[:]))
	if err != nil {
		return nil, err
	}
	_, untold := s.conn.Ship(ctx, out.Subject, out.MsgID, out.Data, nil)
	narrows := what == "change_closed"
	if untold != nil && !narrows {
		return nil, &AuditError{Err: untold}
	}
	if _, err := s.bucket.Put(ctx, bus.BucketKey(w.Ticket), data, revision); err != nil {
		var conflict *bus.ConflictError
		if errors.As(err, &conflict) {
			return nil, fmt.Errorf("%s was written by somebody else meanwhile: look at it again; hint: msigate change list", w.Ticket)
		}
		return nil, err
	}
	if untold != nil {
		return w, &AuditError{Done: true, Err: untold}
	}
	return w, nil
}
