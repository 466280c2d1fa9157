package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// statePut is one entry on its way.
type statePut struct {
	ctx      context.Context
	key      string
	value    []byte
	revision uint64 // expected
	done     func(revision uint64, err error)
}

// Put stores a value where the key's revision is still the one given (0: where
// there is no entry), and gives the new revision. Where it is not, what is
// stored is read back: if that is this very value (an acknowledgement was
// lost), its revision is taken over, else the error is a *ConflictError. A
// value that is too large is a *StateSizeError.
//
// A server that does not answer is asked again until ctx ends; then the value
// may be stored or not. There is to be one Put of a key at a time.
func (s *StateStore) Put(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	type result struct {
		revision uint64
		err      error
	}
	done := make(chan result, 1)
	if err := s.PutAsync(ctx, key, value, revision, func(revision uint64, err error) { done <- result{revision, err} }); err != nil {
		return 0, err
	}
	r := <-done
	return r.revision, r.err
}

// PutAsync is Put that does not wait: done is called once with its result. It
// blocks while too many wait (4096, or 64 MiB of values); an error means that
// it was not taken. What waits together is stored together where the bucket
// allows it. The value is not to be altered before done, which must not block.
func (s *StateStore) PutAsync(ctx context.Context, key string, value []byte, revision uint64, done func(revision uint64, err error)) error {
	if !validKey(key) {
		return fmt.Errorf("%q is no key of the bucket %s: see StateKey", printable(key, maxKey), BucketState)
	}
	if limit := s.MaxValue(); len(value) > limit {
		return &StateSizeError{Key: key, Size: len(value), Limit: limit}
	}
	put := &statePut{ctx: ctx, key: key, value: value, revision: revision, done: done}
	s.mu.Lock()
	for s.pending > 0 && (s.pending >= maxStatePending || s.bytes+len(value) > maxStateBytes) {
		freed := s.freed
		s.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return fmt.Errorf("writing state %q: waiting for room: %w", key, ctx.Err())
		}
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	s.pending++
	s.bytes += len(value)
	s.queue = append(s.queue, put)
	if !s.running {
		s.running = true
		go s.commit()
	}
	return nil
}

// finish tells the result of a put.
func (s *StateStore) finish(p *statePut, revision uint64, err error) {
	if err != nil {
		revision, err = 0, fmt.Errorf("writing state: %w", err)
	}
	p.done(revision, err)
	s.mu.Lock()
	s.pending--
	s.bytes -= len(p.value)
	close(s.freed)
	s.freed = make(chan struct{})
	s.mu.Unlock()
}

// Delete removes the entry of a key where its revision is still the one given
// (0: whatever it is). Where there is none it does nothing; where it is another
// the error is a *ConflictError.
func (s *StateStore) Delete(ctx context.Context, key string, revision uint64) error {
	if !validKey(key) {
		return fmt.Errorf("%q is no key of the bucket %s: see StateKey", printable(key, maxKey), BucketState)
	}
	if revision == 0 {
		e, ok, err := s.Get(ctx, key)
		if err != nil || !ok {
			return err
		}
		revision = e.Revision
	}
	_, err := s.set(ctx, key, nil, revision, true)
	var conflict *ConflictError
	if errors.As(err, &conflict) && conflict.Found == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting state: %w", err)
	}
	return nil
}

// set stores a value, or a deletion, by compare-and-set, until that is certain
// or ctx ends.
func (s *StateStore) set(ctx context.Context, key string, value []byte, revision uint64, deletion bool) (uint64, error) {
	expected := revision
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := ctx.Err()
		if err == nil {
			err = s.conn.awaitConnected(ctx)
		}
		if err != nil {
			return 0, fmt.Errorf("state %q: %w", key, err)
		}
		stored, err := s.send(ctx, key, value, expected, deletion)
		if err == nil {
			return stored, nil
		}
		if definite(err) {
			return 0, fmt.Errorf("state %q: %w", key, err)
		}
		var found StateEntry
		var exists bool
		lookup := s.conn.awaitConnected(ctx)
		if lookup == nil {
			found, exists, lookup = s.get(ctx, key)
		}
		switch {
		case lookup == nil && exists && found.Revision != expected && !deletion && bytes.Equal(found.Value, value):
			return found.Revision, nil // its acknowledgement was lost
		case lookup == nil && exists && found.Revision != expected:
			return 0, &ConflictError{Key: key, Expected: revision, Found: found.Revision}
		case lookup == nil && !exists && revision > 0:
			return 0, &ConflictError{Key: key, Expected: revision}
		case lookup == nil && !exists && found.Revision != expected:
			expected = found.Revision // the key was deleted: that has a revision too
			continue
		}
		select { // nothing is stored, or nobody could say: again
		case <-time.After(wait):
		case <-ctx.Done():
			return 0, fmt.Errorf("state %q: %w: %w", key, ctx.Err(), err)
		}
	}
}

// send publishes once.
func (s *StateStore) send(ctx context.Context, key string, value []byte, expected uint64, deletion bool) (uint64, error) {
	start := time.Now()
	ctx, cancel := s.conn.attempt(ctx)
	defer cancel()
	msg := s.message(key, value, expected)
	if deletion {
		msg.Header.Set(headerKVOperation, "DEL")
	}
	ack, err := s.conn.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	switch {
	case err == nil:
		return ack.Sequence, nil
	case timedOut(err), errors.Is(err, context.Canceled):
		if denied := s.conn.refusedSince(msg.Subject, start); denied != nil {
			return 0, denied
		}
		return 0, fmt.Errorf("no acknowledgement: %w", err)
	default:
		return 0, err
	}
}

// definite reports whether an error says for certain that nothing was stored,
// nor will be if asked again.
func definite(err error) bool {
	var denied *PermissionError
	return errors.As(err, &denied) || errors.Is(err, nats.ErrMaxPayload) || !ambiguous(err) && !wrongLast(err)
}

// wrongLast reports whether a compare-and-set found another revision.
func wrongLast(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

func (s *StateStore) message(key string, value []byte, expected uint64) *nats.Msg {
	return &nats.Msg{Subject: s.prefix + key, Data: value, Header: nats.Header{
		jetstream.ExpectedLastSubjSeqHeader: {strconv.FormatUint(expected, 10)},
	}}
}
