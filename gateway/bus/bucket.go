package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// BucketEntry is one revision of a key of a key-value bucket.
type BucketEntry struct {
	Key      string
	Value    []byte // nil: the key was deleted
	Revision uint64
	Stamp    time.Time // when the server stored it
}

// Bucket is a key-value bucket that people write, by commands, and a gateway
// follows: msigate-changes and msigate-hosts. Writing is by compare-and-set, as
// in a [StateStore].
//
// It has nothing to close. It is safe for use by several goroutines.
type Bucket struct{ *StateStore }

// OpenBucket opens a key-value bucket, which must exist.
func OpenBucket(ctx context.Context, conn *Conn, name string) (*Bucket, error) {
	s, err := openStore(ctx, conn, name)
	if err != nil {
		return nil, err
	}
	return &Bucket{s}, nil
}

// BucketKey is the key of a name (a ticket, a host) in a bucket: names that
// differ by more than ASCII case have different keys, and every name has one.
func BucketKey(name string) string { return keyToken(HostToken(name)) }

// BucketStream is the stream below a key-value bucket, for what names a revision.
func BucketStream(name string) string { return bucket{name: name}.stream() }

// Latest gives the last revision of a key; ErrGone where there is none.
func (b *Bucket) Latest(ctx context.Context, key string) (BucketEntry, error) {
	if !validKey(key) {
		return BucketEntry{}, fmt.Errorf("%q is no key of the bucket %s", printable(key, maxKey), b.name)
	}
	m, err := b.conn.lookup(ctx, b.stream, messageQuery{Last: b.filter + key})
	if err != nil {
		return BucketEntry{}, fmt.Errorf("reading %s of the bucket %s: %w", key, b.name, err)
	}
	return b.revision(m), nil
}

// All gives the last revision of every key, deleted ones left out, in the order
// of their revisions.
func (b *Bucket) All(ctx context.Context) ([]BucketEntry, error) {
	var all []BucketEntry
	p := &puller{conn: b.conn, stream: b.stream, config: jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, FilterSubject: b.filter + ">",
	}}
	err := p.run(ctx, func(m *Message) bool {
		if e := b.revision(m); e.Value != nil {
			all = append(all, e)
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("reading the bucket %s: %w", b.name, err)
	}
	return all, nil
}

// ErrRemade is the error of Follow when the bucket was deleted and made anew:
// what was read before is of another one.
var ErrRemade = errors.New("the bucket was made anew")

// followPause is how long Follow waits before it tries again what failed, and
// how often it looks whether the bucket is still the same. A variable for tests.
var followPause = 2 * time.Second

// Created is when the bucket was made.
func (b *Bucket) Created(ctx context.Context) (time.Time, error) {
	start := time.Now()
	s, err := b.conn.js.Stream(ctx, b.stream)
	if err != nil {
		return time.Time{}, fmt.Errorf("asking for the bucket %s: %w", b.name, b.conn.bucketError(err, start))
	}
	return s.CachedInfo().Created, nil
}

// Follow gives to each, in order and once, every revision that the bucket keeps
// and every one that is stored from then on, deletions included, until ctx ends.
// caughtUp is called once, when all that was there at the beginning is given. A
// server that goes away is waited for, and what was written meanwhile follows.
// It returns nil when ctx ends, ErrRemade, or why what is there at the beginning
// could not be read; trouble is told of what is tried again.
func (b *Bucket) Follow(ctx context.Context, caughtUp func(), each func(BucketEntry), trouble func(error)) error {
	last, err := LastSequence(ctx, b.conn, b.stream)
	if err != nil {
		return b.ended(ctx, err)
	}
	err = Read(ctx, b.conn, ReadOptions{Stream: b.stream, To: last}, func(m *Message) bool {
		each(b.revision(m))
		return true
	})
	if err != nil {
		return b.ended(ctx, err)
	}
	caughtUp()
	for {
		err := b.tail(ctx, &last, each)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrRemade):
			return err
		case err != nil:
			trouble(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followPause):
		}
	}
}

func (b *Bucket) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("reading the bucket %s: %w", b.name, err)
}

// tail follows from the revision after last, until something fails.
func (b *Bucket) tail(ctx context.Context, last *uint64, each func(BucketEntry)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	now, err := LastSequence(ctx, b.conn, b.stream)
	switch {
	case err != nil:
		return err
	case now < *last:
		return ErrRemade
	}
	go b.lookIfRemade(ctx, cancel)
	err = Tail(ctx, b.conn, TailOptions{Stream: b.stream, From: *last + 1}, func(m *Message) bool {
		if m.Sequence <= *last {
			cancel(ErrRemade)
			return false
		}
		each(b.revision(m))
		*last = m.Sequence
		return true
	})
	if cause := context.Cause(ctx); errors.Is(cause, ErrRemade) {
		return cause
	}
	return err
}

// lookIfRemade ends a tail whose bucket is another one now: its revisions begin
// at 1 again, so that nothing of it would ever come.
func (b *Bucket) lookIfRemade(ctx context.Context, cancel context.CancelCauseFunc) {
	created := time.Time{}
	for {
		if s, err := b.conn.js.Stream(ctx, b.stream); err == nil {
			switch at := s.CachedInfo().Created; {
			case created.IsZero():
				created = at
			case !at.Equal(created):
				cancel(ErrRemade)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(15 * followPause):
		}
	}
}

func (b *Bucket) revision(m *Message) BucketEntry {
	entry, there := b.entry(m)
	e := BucketEntry{Key: entry.Key, Revision: entry.Revision, Stamp: m.Stamp}
	if there {
		if e.Value = entry.Value; e.Value == nil {
			e.Value = []byte{} // stored, and empty
		}
	}
	return e
}
