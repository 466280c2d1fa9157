package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// MaxStateValue is the largest value that the bucket msigate-state is to hold,
// in bytes. A server whose max_payload is smaller holds less: see
// StateStore.MaxValue.
const MaxStateValue = 512 << 10

// stateOverhead is what a message of the bucket takes beside its value: the
// header, and the subject that a shared inbox puts before it.
const stateOverhead = 1 << 10

// Bounds of what waits in a StateStore.
const (
	maxStatePending = 4096
	maxStateBytes   = 64 << 20
)

// StateEntry is one entry of the bucket.
type StateEntry struct {
	Key      string
	Value    []byte
	Revision uint64 // what the next Put of the key is to expect
}

// StateStore is the bucket msigate-state: what the gateway has to remember
// across its own end. Every write is a compare-and-set on the revision that the
// writer knows, so that of two gateways on one partition the second finds out.
//
// It has nothing to close. It is safe for use by several goroutines.
type StateStore struct {
	conn    *Conn
	name    string
	stream  string
	prefix  string // of the subject that a key is written to
	filter  string // of the subject that it is stored under
	maxSize int    // of a message, by the bucket's own limit; 0: none
	atomic  bool   // the bucket takes batches

	mu      sync.Mutex
	queue   []*statePut
	pending int // puts not done yet
	bytes   int // of their values
	running bool
	freed   chan struct{} // closed and replaced when pending falls
	singly  time.Time     // until then the server takes no batch
}

// OpenState opens the bucket, which must exist.
func OpenState(ctx context.Context, conn *Conn) (*StateStore, error) {
	return openStore(ctx, conn, BucketState)
}

func openStore(ctx context.Context, conn *Conn, name string) (*StateStore, error) {
	b := bucket{name: name}
	config, err := conn.streamConfig(ctx, b.stream())
	switch {
	case err != nil:
		return nil, fmt.Errorf("opening the key-value bucket %s: %w", b.name, err)
	case config == nil:
		return nil, fmt.Errorf("opening the key-value bucket %s: it is absent — %s", b.name, mendBySetup)
	}
	s := &StateStore{
		conn: conn, name: name, stream: b.stream(), filter: b.subjects(), maxSize: int(max(config.MaxMsgSize, 0)),
		atomic: config.AllowAtomicPublish, freed: make(chan struct{}),
	}
	s.prefix = s.filter
	if api := conn.api(""); api != jetstream.DefaultAPIPrefix {
		s.prefix = api + s.filter // in another domain a bucket is reached through its API
	}
	return s, nil
}

// MaxValue is the most bytes that a value may have now: MaxStateValue, or less
// where the server or the bucket takes less.
func (s *StateStore) MaxValue() int {
	limit := MaxStateValue
	if s.maxSize > 0 {
		limit = min(limit, s.maxSize-stateOverhead)
	}
	return max(0, min(limit, s.conn.MaxPayload()-stateOverhead))
}

// Load gives every entry to each, in the order of their revisions, until each
// returns an error, which Load then gives. Deleted keys are left out. A key
// that is written while Load runs may be given twice: the later one counts.
// A server that goes away in the middle is waited for, within ctx.
func (s *StateStore) Load(ctx context.Context, each func(StateEntry) error) error {
	return s.LoadPrefix(ctx, "", each)
}

// LoadPrefix is Load of the keys that begin with prefix, which ends in a dot.
func (s *StateStore) LoadPrefix(ctx context.Context, prefix string, each func(StateEntry) error) error {
	p := &puller{conn: s.conn, stream: s.stream, config: jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, FilterSubject: s.filter + prefix + ">",
	}}
	var stop error
	err := p.run(ctx, func(m *Message) bool {
		if e, ok := s.entry(m); ok {
			stop = each(e)
		}
		return stop == nil
	})
	if err != nil {
		err = fmt.Errorf("loading the key-value bucket %s: %w", s.name, err)
	}
	return errors.Join(err, stop)
}

// Get gives the entry of a key; false: there is none.
func (s *StateStore) Get(ctx context.Context, key string) (StateEntry, bool, error) {
	e, ok, err := s.get(ctx, key)
	if err != nil {
		return e, false, fmt.Errorf("reading state %q: %w", printable(key, maxKey), err)
	}
	return e, ok, nil
}

// get gives also the revision of a deletion, with false.
func (s *StateStore) get(ctx context.Context, key string) (StateEntry, bool, error) {
	m, err := s.conn.lookup(ctx, s.stream, messageQuery{Last: s.filter + key})
	switch {
	case errors.Is(err, ErrGone):
		return StateEntry{Key: key}, false, nil
	case err != nil:
		return StateEntry{Key: key}, false, err
	}
	e, ok := s.entry(m)
	return e, ok, nil
}

// entry reads a message of the bucket; false: it says that the key was deleted.
func (s *StateStore) entry(m *Message) (StateEntry, bool) {
	e := StateEntry{Key: m.Subject[min(len(s.filter), len(m.Subject)):], Revision: m.Sequence}
	if m.Header.Get(headerKVOperation) != "" || m.Header.Get("Nats-Marker-Reason") != "" {
		return e, false
	}
	e.Value = m.Data
	return e, true
}

// headerKVOperation tells a deletion from a value.
const headerKVOperation = "KV-Operation"

// ConflictError says that an entry is not what its writer knew: another gateway
// writes the same partition.
type ConflictError struct {
	Key      string
	Expected uint64 // revision; 0: no entry
	Found    uint64 // revision; 0: no entry
}

func (e *ConflictError) Error() string {
	tell := func(revision uint64) string {
		if revision == 0 {
			return "no entry"
		}
		return fmt.Sprintf("revision %d", revision)
	}
	return fmt.Sprintf("state %q was written by somebody else: expected %s, found %s — is another msigate running on the same partition?",
		e.Key, tell(e.Expected), tell(e.Found))
}

// StateSizeError says that a value does not fit the bucket.
type StateSizeError struct {
	Key   string
	Size  int // bytes
	Limit int // bytes
}

func (e *StateSizeError) Error() string {
	hint := ""
	if e.Limit < MaxStateValue {
		hint = fmt.Sprintf(" — raise the server's max_payload, or the bucket's max_value_size, to %d", MaxStateValue+stateOverhead)
	}
	return fmt.Sprintf("state %q takes %d bytes, more than the %d that can be stored%s", e.Key, e.Size, e.Limit, hint)
}

// Flush waits until every put taken so far is done.
func (s *StateStore) Flush(ctx context.Context) error {
	for {
		s.mu.Lock()
		n, freed := s.pending, s.freed
		s.mu.Unlock()
		if n == 0 {
			return nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d entries of state to be stored: %w", n, ctx.Err())
		}
	}
}
