package bus

import (
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Message is one message of a stream. Its methods are safe for use by several
// goroutines; its fields are not to be altered.
type Message struct {
	Data      []byte
	Subject   string
	Header    Header // may be nil
	Stream    string
	Sequence  uint64    // in the stream, from 1
	Stamp     time.Time // when the server stored it; the same on every delivery
	Delivered uint64    // how often it has been delivered, this time included; more than 1: a redelivery
	Pending   uint64    // how many messages the consumer had still to deliver behind it

	mu    sync.Mutex
	msg   jetstream.Msg // the latest delivery of it
	held  *held         // nil: nothing to acknowledge
	round int           // of keeping alive, when it was taken in
	done  bool
}

// Ack settles the message: its outputs are stored, it need not come again. The
// second call does nothing. An error means that the server was not told; the
// message is settled all the same, and acknowledged again should it come.
func (m *Message) Ack() error {
	msg, ok := m.finish()
	if !ok {
		return nil
	}
	m.held.settle(m)
	if err := msg.Ack(); err != nil {
		return fmt.Errorf("acknowledging %s/%d: %w", m.Stream, m.Sequence, err)
	}
	return nil
}

// Nak gives the message back; it comes again after delay.
func (m *Message) Nak(delay time.Duration) error {
	msg, ok := m.finish()
	if !ok {
		return nil
	}
	m.held.release(m)
	if err := msg.NakWithDelay(delay); err != nil {
		return fmt.Errorf("giving back %s/%d: %w", m.Stream, m.Sequence, err)
	}
	return nil
}

// InProgress tells the server that the message is still being worked on. A
// Consumption does so by itself for all that is in flight.
func (m *Message) InProgress() error {
	m.mu.Lock()
	msg, done := m.msg, m.done
	m.mu.Unlock()
	if done || m.held == nil {
		return nil
	}
	if err := msg.InProgress(); err != nil {
		return fmt.Errorf("keeping %s/%d alive: %w", m.Stream, m.Sequence, err)
	}
	return nil
}

// finish marks the message done and gives the delivery to answer to.
func (m *Message) finish() (jetstream.Msg, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done || m.held == nil {
		return nil, false
	}
	m.done = true
	return m.msg, true
}

// adopt makes a later delivery the one that is answered.
func (m *Message) adopt(msg jetstream.Msg) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.msg = msg
}

// newMessage reads a delivery.
func newMessage(msg jetstream.Msg) (*Message, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, fmt.Errorf("a message without the metadata of JetStream on %q: %w", msg.Subject(), err)
	}
	return &Message{
		Data:      msg.Data(),
		Subject:   msg.Subject(),
		Header:    Header(msg.Headers()),
		Stream:    meta.Stream,
		Sequence:  meta.Sequence.Stream,
		Stamp:     meta.Timestamp,
		Delivered: meta.NumDelivered,
		Pending:   meta.NumPending,
		msg:       msg,
	}, nil
}
