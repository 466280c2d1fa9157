package bus

import (
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
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
	Ordinal   uint64    // which delivery of its durable it is: where one is left out, something was lost on the way; 0 where none is behind it

	mu    sync.Mutex
	conn  *nats.Conn
	reply string // where the latest delivery of it is answered
	held  *held  // nil: nothing to acknowledge
	round int    // of keeping alive, when it was taken in
	done  bool
}

// Ack settles the message: its outputs are stored, it need not come again. The
// second call does nothing. An error means that the server was not told; the
// message is settled all the same, and acknowledged again should it come.
func (m *Message) Ack() error {
	reply, ok := m.finish()
	if !ok {
		return nil
	}
	m.held.settle(m)
	if err := m.answer(reply, ackDone); err != nil {
		return fmt.Errorf("acknowledging %s/%d: %w", m.Stream, m.Sequence, err)
	}
	return nil
}

// Nak gives the message back; it comes again after delay.
func (m *Message) Nak(delay time.Duration) error {
	reply, ok := m.finish()
	if !ok {
		return nil
	}
	m.held.release(m)
	if err := m.answer(reply, fmt.Appendf(nil, `-NAK {"delay": %d}`, delay.Nanoseconds())); err != nil {
		return fmt.Errorf("giving back %s/%d: %w", m.Stream, m.Sequence, err)
	}
	return nil
}

// InProgress tells the server that the message is still being worked on. A
// Consumption does so by itself for all that is in flight.
func (m *Message) InProgress() error {
	m.mu.Lock()
	reply, done := m.reply, m.done
	m.mu.Unlock()
	if done || m.held == nil {
		return nil
	}
	if err := m.answer(reply, ackProgress); err != nil {
		return fmt.Errorf("keeping %s/%d alive: %w", m.Stream, m.Sequence, err)
	}
	return nil
}

// finish marks the message done and gives where to answer.
func (m *Message) finish() (reply string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done || m.held == nil {
		return "", false
	}
	m.done = true
	return m.reply, true
}

// ackPrefix begins the reply subject of every delivery of JetStream.
const ackPrefix = "$JS.ACK."

// What JetStream takes as an answer to a delivery.
var (
	ackDone     = []byte("+ACK")
	ackProgress = []byte("+WPI")
	ackAgain    = []byte("-NAK")
)

func (m *Message) answer(reply string, word []byte) error { return m.conn.Publish(reply, word) }

// adopt makes a later delivery the one that is answered.
func (m *Message) adopt(reply string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reply = reply
}

// newMessage reads a delivery that needs no answer.
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
	}, nil
}
