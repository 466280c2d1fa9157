package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TailOptions say what to read of a stream.
type TailOptions struct {
	Stream   string
	Subjects []string // filters; empty: all
	From     uint64   // first stream sequence; 0: the first there is
	New      bool     // only what is stored from now on; excludes From
}

// Tail reads a stream in order without a durable, and leaves no trace in it:
// each message goes to each, which returns whether to go on. It ends when each
// says so, or with ctx, in both cases without an error. Messages need no Ack.
func Tail(ctx context.Context, c *Conn, o TailOptions, each func(*Message) bool) error {
	cfg := jetstream.OrderedConsumerConfig{FilterSubjects: o.Subjects, DeliverPolicy: jetstream.DeliverAllPolicy}
	switch {
	case o.New:
		cfg.DeliverPolicy = jetstream.DeliverNewPolicy
	case o.From > 0:
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, o.From
	}
	start := time.Now()
	consumer, err := c.js.OrderedConsumer(ctx, o.Stream, cfg)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("reading %s: %w", o.Stream, c.explain(err, start))
	}
	it, err := consumer.Messages()
	if err != nil {
		return fmt.Errorf("reading %s: %w", o.Stream, c.explain(err, start))
	}
	defer it.Stop()
	for {
		msg, err := it.Next(jetstream.NextContext(ctx))
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, jetstream.ErrNoHeartbeat):
			continue // the ordered consumer makes itself anew
		case err != nil:
			return fmt.Errorf("reading %s: %w", o.Stream, err)
		}
		m, err := newMessage(msg)
		if err != nil {
			return fmt.Errorf("reading %s: %w", o.Stream, err)
		}
		if !each(m) {
			return nil
		}
	}
}

// Ship publishes one message as a shipper does, and gives its stream sequence
// once it is stored. msgID may be empty. It is for first tries, demonstrations
// and tests; it neither retries nor keeps an order.
func (c *Conn) Ship(ctx context.Context, subject, msgID string, data []byte, header Header) (uint64, error) {
	msg := &nats.Msg{Subject: subject, Data: data, Header: nats.Header{}}
	for name, values := range header {
		msg.Header[name] = values
	}
	if msgID != "" {
		msg.Header.Set(jetstream.MsgIDHeader, msgID)
	}
	start := time.Now()
	ack, err := c.js.PublishMsg(ctx, msg)
	switch {
	case errors.Is(err, jetstream.ErrNoStreamResponse):
		return 0, fmt.Errorf("publishing to %s: no stream takes this subject — %s", subject, mendBySetup)
	case err != nil:
		return 0, fmt.Errorf("publishing to %s: %w", subject, c.explain(err, start))
	}
	return ack.Sequence, nil
}
