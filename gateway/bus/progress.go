package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Delivered gives the stream sequence up to which the durable of EVENTS has
// delivered, 0 where it has delivered nothing. What lies above it has never
// been handed over; what lies below may still be unacknowledged.
func Delivered(ctx context.Context, conn *Conn) (uint64, error) {
	start := time.Now()
	ctx, cancel := conn.request(ctx)
	defer cancel()
	consumer, err := conn.js.Consumer(ctx, StreamEvents, ConsumerName)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound), errors.Is(err, jetstream.ErrStreamNotFound),
		errors.Is(err, jetstream.ErrConsumerDoesNotExist):
		return 0, fmt.Errorf("asking what %s has delivered: %w — %s", consumerObject, err, mendBySetup)
	case err != nil:
		return 0, fmt.Errorf("asking what %s has delivered: %w", consumerObject, conn.explain(err, start))
	}
	d := consumer.CachedInfo().Delivered
	if d.Consumer == 0 {
		return 0, nil // the server gives the sequence before the first there is
	}
	return d.Stream, nil
}

// Progress is how far a Consumption is, and when that was so.
type Progress struct {
	Delivered  uint64 // stream sequence of the last message delivered; 0: none yet
	Pending    uint64 // messages not delivered yet
	AckPending int    // delivered, not acknowledged

	// Time is the server's clock, and Last a stream sequence: every message
	// that the server stamped before Time has a sequence of at most Last. So
	// who has taken in all up to Last has seen whatever was stored before Time.
	// (Pending 0 alone does not say so: the server counts a message there a
	// moment after it stored it.) Where stream and consumer have leaders of
	// their own, it is the clock of the stream's, which stamps.
	Time time.Time
	Last uint64
}

// Progress asks the server.
func (c *Consumption) Progress(ctx context.Context) (Progress, error) {
	c.mu.Lock()
	consumer := c.consumer
	c.mu.Unlock()
	start := time.Now()
	ctx, cancel := c.conn.request(ctx)
	defer cancel()
	fail := func(err error) (Progress, error) {
		return Progress{}, fmt.Errorf("asking how far %s is: %w", c.opts.Consumer, c.conn.explain(err, start))
	}
	stream, err := c.conn.js.Stream(ctx, c.opts.Stream)
	if err != nil {
		return fail(err)
	}
	at := stream.CachedInfo().TimeStamp
	info, err := consumer.Info(ctx)
	if err != nil {
		return fail(err)
	}
	c.learn(info)
	// Asked for again after the clock was read: within one answer the server
	// reads its state first.
	after, err := stream.Info(ctx)
	if err != nil {
		return fail(err)
	}
	p := Progress{Pending: info.NumPending, AckPending: info.NumAckPending, Time: at, Last: after.State.LastSeq}
	if info.Delivered.Consumer > 0 {
		p.Delivered = info.Delivered.Stream
	}
	return p, nil
}

// FirstSequence is the sequence of the first message that a stream holds; where
// it holds none, that of the next it will store.
func FirstSequence(ctx context.Context, c *Conn, stream string) (uint64, error) {
	s, err := c.streamState(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("asking for the first message of %s: %w", stream, err)
	}
	if s.Msgs == 0 {
		return s.LastSeq + 1, nil
	}
	return s.FirstSeq, nil
}

// LastSequence is the sequence of the last message that a stream stored, 0
// where it is new.
func LastSequence(ctx context.Context, c *Conn, stream string) (uint64, error) {
	s, err := c.streamState(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("asking for the last message of %s: %w", stream, err)
	}
	return s.LastSeq, nil
}

func (c *Conn) streamState(ctx context.Context, stream string) (jetstream.StreamState, error) {
	start := time.Now()
	ctx, cancel := c.request(ctx)
	defer cancel()
	s, err := c.js.Stream(ctx, stream)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return jetstream.StreamState{}, fmt.Errorf("%w — %s", err, mendBySetup)
	case err != nil:
		return jetstream.StreamState{}, c.explain(err, start)
	}
	return s.CachedInfo().State, nil
}

// Oldest is the stream sequence of the oldest message that is in flight: handed
// over or about to be, and not settled; 0 where there is none.
func (c *Consumption) Oldest() uint64 { return c.held.oldest() }
