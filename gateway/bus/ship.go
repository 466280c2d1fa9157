package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ErrTooLarge is the error for a message that is longer than the server takes.
var ErrTooLarge = errors.New("longer than the server takes (max_payload)")

// Shipper publishes many messages as a shipper does: in the order given, with
// several on their way. It is for one goroutine.
type Shipper struct {
	conn *Conn
	js   jetstream.JetStream
}

// NewShipper makes one that has at most pending messages on their way.
func NewShipper(conn *Conn, pending int) (*Shipper, error) {
	js, err := conn.jetStream(jetstream.WithPublishAsyncMaxPending(pending), jetstream.WithPublishAsyncTimeout(requestTimeout))
	if err != nil {
		return nil, fmt.Errorf("making a shipper: %w", err)
	}
	return &Shipper{conn: conn, js: js}, nil
}

// Shipped is a message on its way.
type Shipped struct {
	conn    *Conn
	subject string
	sent    time.Time
	ack     jetstream.PubAckFuture
	err     error
}

// Send sends a message; it waits while too many are on their way. msgID is its
// Nats-Msg-Id: what the stream has stored under it within [DedupWindow] is not
// stored again. What went wrong is told by Stored.
func (s *Shipper) Send(subject, msgID string, data []byte) *Shipped {
	msg := &nats.Msg{Subject: subject, Data: data, Header: nats.Header{}}
	msg.Header.Set(jetstream.MsgIDHeader, msgID)
	sent := &Shipped{conn: s.conn, subject: subject, sent: time.Now()}
	sent.ack, sent.err = s.js.PublishMsgAsync(msg, jetstream.WithRetryAttempts(0), jetstream.WithStallWait(2*requestTimeout))
	return sent
}

// Stored waits until the stream has stored the message, and gives its sequence
// there; duplicate says that it was there before. [ErrTooLarge] is about the
// message alone; any other error may well meet the next one too. Where it came
// after the message was sent, the message may be stored all the same.
func (s *Shipped) Stored(ctx context.Context) (sequence uint64, duplicate bool, err error) {
	if err = s.err; err == nil {
		look := time.NewTicker(50 * time.Millisecond)
		defer look.Stop()
		for err == nil {
			select {
			case ack := <-s.ack.Ok():
				return ack.Sequence, ack.Duplicate, nil
			case err = <-s.ack.Err():
			case <-ctx.Done():
				err = ctx.Err()
			case <-look.C: // a refusal comes aside, and no answer ever does
				err = s.conn.refusedSince(s.subject, s.sent)
			}
		}
	}
	switch {
	case tooLarge(err):
		return 0, false, fmt.Errorf("publishing to %s: %w", s.subject, ErrTooLarge)
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return 0, false, fmt.Errorf("publishing to %s: no stream takes this subject — %s", s.subject, mendBySetup)
	}
	return 0, false, fmt.Errorf("publishing to %s: %w", s.subject, s.conn.explain(err, s.sent))
}

// Close forgets what is still on its way.
func (s *Shipper) Close() { s.js.CleanupPublisher() }
