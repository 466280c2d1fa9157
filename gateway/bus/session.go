package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Times of a pull that waits for messages.
const (
	pullExpiry    = 30 * time.Second
	pullHeartbeat = 5 * time.Second // the server's sign of life; after two that fail, it is asked anew
)

// session pulls from a durable over one connection. It keeps as much asked for
// as ConsumeOptions say, in requests that the server answers side by side, and
// so only counts their sum.
//
// It is not the client's own Consume, which takes every message without content
// that has a header Status for a word of the server: a shipper could end the
// reading with one, and with as many as may be in flight stop it for good. Here
// a word of the server is what comes without JetStream's reply subject, which
// only the server can set.
type session struct {
	c       *Consumption
	conn    *Conn
	subject string // of requests
	inbox   string
	sub     *nats.Subscription
	arrived chan *nats.Msg

	requests int
	messages int // asked for and not come
	bytes    int
}

// errReconnected ends a session whose requests went with the connection.
var errReconnected = errors.New("the connection was lost")

// serve runs a session until halt (nil), or until what was asked for is lost.
func (c *Consumption) serve() error {
	c.mu.Lock()
	name := c.consumer.CachedInfo().Name
	c.mu.Unlock()
	s := &session{
		c: c, conn: c.conn, inbox: c.conn.nc.NewInbox(),
		subject: c.conn.api("CONSUMER.MSG.NEXT." + c.opts.Stream + "." + name),
		arrived: make(chan *nats.Msg, 2*c.opts.PullMaxMessages+256), // all that is asked for, and what is said of it
	}
	began := c.conn.State().Reconnect
	var err error
	if s.sub, err = c.conn.nc.ChanSubscribe(s.inbox+".*", s.arrived); err != nil {
		return err
	}
	defer func() { _ = s.sub.Unsubscribe() }() // fails on a closed connection only
	silence := time.NewTicker(2 * pullHeartbeat)
	defer silence.Stop()
	for heard := true; ; {
		if err := s.ask(); err != nil {
			return err
		}
		c.conn.mu.Lock()
		changed, state := c.conn.changed, c.conn.state
		c.conn.mu.Unlock()
		if !state.Connected || state.Reconnect != began {
			return errReconnected
		}
		select {
		case msg := <-s.arrived:
			if err := s.handleAll(msg); err != nil {
				return err
			}
			heard = true
		case <-changed:
		case <-silence.C:
			if !heard && len(s.arrived) == 0 { // else it was the handler that kept us
				if denied := c.conn.refusedSince(c.conn.api(""), time.Now().Add(-time.Minute)); denied != nil {
					return denied
				}
				return errors.New("the server has gone silent")
			}
			heard = false
		case <-c.stop:
			s.giveBack()
			return nil
		}
	}
}

// handleAll handles a message and those that are there behind it, until it is
// time to ask for more.
func (s *session) handleAll(msg *nats.Msg) error {
	for {
		if err := s.handle(msg); err != nil {
			return err
		}
		if s.due() {
			return nil
		}
		select {
		case msg = <-s.arrived:
		default:
			return nil
		}
	}
}

// giveBack has what came and was not taken in delivered again at once.
func (s *session) giveBack() {
	for {
		select {
		case msg := <-s.arrived:
			if !strings.HasPrefix(msg.Reply, ackPrefix) {
				continue
			}
			if err := s.conn.nc.Publish(msg.Reply, ackAgain); err != nil {
				return // without a connection it comes again after ack_wait
			}
		default:
			return
		}
	}
}

// due reports whether half of what was asked for has come.
func (s *session) due() bool {
	return s.messages <= s.c.opts.PullMaxMessages/2 || s.bytes <= s.c.opts.PullMaxBytes/2
}

// ask asks for more when it is due.
func (s *session) ask() error {
	if s.messages <= 0 { // nothing is outstanding; servers before 2.10 do not give back the bytes of a request that got all its messages
		s.messages, s.bytes = 0, 0
	}
	if !s.due() {
		return nil
	}
	batch, size := s.c.opts.PullMaxMessages-s.messages, s.c.opts.PullMaxBytes-s.bytes
	if batch <= 0 || size <= 0 {
		return nil // the server takes back what is too much of one or the other
	}
	body, err := json.Marshal(map[string]any{
		"batch": batch, "max_bytes": size, "expires": pullExpiry.Nanoseconds(), "idle_heartbeat": pullHeartbeat.Nanoseconds(),
	})
	if err != nil {
		return err
	}
	s.requests++
	s.messages, s.bytes = s.messages+batch, s.bytes+size
	return s.conn.nc.PublishRequest(s.subject, s.inbox+"."+strconv.Itoa(s.requests), body)
}

// handle takes a message in, or heeds a word of the server.
func (s *session) handle(msg *nats.Msg) error {
	if strings.HasPrefix(msg.Reply, ackPrefix) {
		s.messages, s.bytes = s.messages-1, s.bytes-msg.Size()
		s.c.take(msg)
		return nil
	}
	if !strings.HasPrefix(msg.Subject, s.inbox) {
		return nil // somebody's message that is none of JetStream's
	}
	status, description := msg.Header.Get("Status"), msg.Header.Get("Description")
	messages, err := strconv.Atoi(msg.Header.Get("Nats-Pending-Messages"))
	switch {
	case status == "100":
		return nil
	case status == "503":
		return fmt.Errorf("the consumer does not answer: %w", nats.ErrNoResponders)
	case err != nil: // not the end of one request, but of the consumer or its leader
		return fmt.Errorf("the server says: %s %s", status, description)
	}
	bytes, _ := strconv.Atoi(msg.Header.Get("Nats-Pending-Bytes")) // 0 where it does not say
	s.messages, s.bytes = s.messages-messages, max(0, s.bytes-bytes)
	return nil
}
