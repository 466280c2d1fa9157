package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// approvedNotes keep in the bucket msigate-approvals when each entry last approved
// something: one write an entry and day, so that who owns an entry can see that
// nobody needs it any more. It is no evidence: what is lost in a crash is written
// again by the next approval.
type approvedNotes struct {
	mu     sync.Mutex
	noted  map[string]int64 // by entry: the day, in days since 1970
	wanted chan string      // entries to write
}

// approvedAtOnce is how many entries wait to be written; what comes besides is
// written at its next approval.
const approvedAtOnce = 1024

// entryApproved is the value under an entry's key; when is the message's stamp.
type entryApproved struct {
	Entry string `json:"entry"`
}

func newApprovedNotes() *approvedNotes {
	return &approvedNotes{noted: map[string]int64{}, wanted: make(chan string, approvedAtOnce)}
}

// note takes a decision that was taken; nil, and one that no entry explains, are
// none. It never waits.
func (a *approvedNotes) note(told *finding.Masked) {
	if told == nil || told.Decision().Answer.Disposition != policy.Approved {
		return
	}
	entry := told.Decision().Answer.Approval.Entry
	today := time.Now().Unix() / (24 * 60 * 60)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.noted[entry] == today {
		return
	}
	select {
	case a.wanted <- entry:
		a.noted[entry] = today
	default:
	}
}

// failed has an entry noted again at its next approval.
func (a *approvedNotes) failed(entry string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.noted, entry)
}

// writeApproved stores what is noted, until ctx ends.
func (g *Gateway) writeApproved(ctx context.Context) {
	log := g.options.Telemetry.Log
	var bucket *bus.Bucket
	for {
		select {
		case <-ctx.Done():
			return
		case entry := <-g.approved.wanted:
			var err error
			if bucket == nil {
				bucket, err = bus.OpenBucket(ctx, g.options.Conn, bus.BucketApprovals)
			}
			if err == nil {
				err = putApproved(ctx, bucket, entry)
			}
			if err != nil && ctx.Err() == nil {
				g.approved.failed(entry)
				log.Warn("it is not noted that an entry approved something: msigate bundle inspect --stale may call it unused", "entry", entry, "error", err)
			}
		}
	}
}

func putApproved(ctx context.Context, bucket *bus.Bucket, entry string) error {
	value, err := json.Marshal(entryApproved{entry})
	if err != nil {
		return err
	}
	key := bus.BucketKey(entry)
	before, _, err := bucket.Get(ctx, key)
	if err != nil {
		return err
	}
	_, err = bucket.Put(ctx, key, value, before.Revision)
	return err
}

// Approved is when each entry last approved something.
type Approved struct {
	Since time.Time            // when it was begun to be noted
	Last  map[string]time.Time // by entry, to the day
}

// ReadApproved reads what gateways noted on the bus.
func ReadApproved(ctx context.Context, conn *bus.Conn) (Approved, error) {
	bucket, err := bus.OpenBucket(ctx, conn, bus.BucketApprovals)
	if err != nil {
		return Approved{}, err
	}
	approved := Approved{Last: map[string]time.Time{}}
	if approved.Since, err = bucket.Created(ctx); err != nil {
		return Approved{}, err
	}
	entries, err := bucket.All(ctx)
	if err != nil {
		return Approved{}, err
	}
	for _, e := range entries {
		var value entryApproved
		if err := json.Unmarshal(e.Value, &value); err != nil || bus.BucketKey(value.Entry) != e.Key {
			return Approved{}, fmt.Errorf("key %s of the bucket %s is not what msigate wrote (%.60q): look who did", e.Key, bus.BucketApprovals, e.Value)
		}
		approved.Last[value.Entry] = e.Stamp
	}
	return approved, nil
}

// UnusedAfter is how long an entry that approves nothing is left alone.
const UnusedAfter = 90 * 24 * time.Hour

// Unused tells whether an entry, created then, has approved nothing for UnusedAfter.
func (a Approved) Unused(entry string, created, now time.Time) bool {
	last := a.Last[entry]
	for _, from := range []time.Time{a.Since, created} {
		if last.Before(from) {
			last = from
		}
	}
	return now.Sub(last) > UnusedAfter
}
