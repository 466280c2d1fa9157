package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ReadOptions say which part of a stream to read.
type ReadOptions struct {
	Stream      string
	Subjects    []string  // filters, which must not overlap; empty: all
	From        uint64    // first stream sequence; 0: the first there is
	Since       time.Time // instead of From: the first message stamped then or later
	To          uint64    // last stream sequence, inclusive; 0: the last there is when the read begins
	HeadersOnly bool      // leave the content on the server; its size is then in the header Nats-Msg-Size
}

// Read gives to each, in order and once, every message of the range that the
// stream still holds and a filter takes, until each returns false. It ends by
// itself: at To, or where the server says that nothing follows, whatever was
// deleted or expired meanwhile, and whatever the filter takes. A server that
// goes away in the middle is waited for, and the read goes on where it was.
// When ctx ends first, that is an error. Messages need no Ack; nothing of the
// read remains in the stream.
//
// Memory is bounded by one pull: 1,000 messages or 8 MiB.
func Read(ctx context.Context, conn *Conn, o ReadOptions, each func(*Message) bool) error {
	to := o.To
	if to == 0 {
		var err error
		if to, err = LastSequence(ctx, conn, o.Stream); err != nil {
			return fmt.Errorf("reading %s: %w", o.Stream, err)
		}
	}
	if to == 0 || o.From > to {
		return nil
	}
	p := &puller{conn: conn, stream: o.Stream, config: jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverAllPolicy,
		HeadersOnly:   o.HeadersOnly,
	}}
	switch len(o.Subjects) {
	case 0:
	case 1:
		p.config.FilterSubject = o.Subjects[0]
	default:
		p.config.FilterSubjects = o.Subjects
	}
	switch {
	case !o.Since.IsZero():
		since := o.Since
		p.config.DeliverPolicy, p.config.OptStartTime = jetstream.DeliverByStartTimePolicy, &since
	case o.From > 1:
		p.config.DeliverPolicy, p.config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, o.From
	}
	err := p.run(ctx, func(m *Message) bool {
		return m.Sequence <= to && each(m) && m.Sequence < to
	})
	if err != nil {
		return fmt.Errorf("reading %s from %d to %d: %w", o.Stream, o.From, to, err)
	}
	return nil
}
