package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Bounds of one pull of a puller.
const (
	pullMessages = 1000
	pullBytes    = 8 << 20 // at least twice max_payload: a message that fits no pull would never come
)

// forgotten is after how long without a pull the server removes the consumer
// of a puller that could not do so itself.
const forgotten = 30 * time.Second

// stall is how long a puller hears nothing before it asks what is the matter.
const stall = 2 * time.Second

// puller reads what a stream holds, in order and once, by a consumer of its own
// that keeps no acknowledgements. Unlike the client's ordered consumer it ends
// where the stream does, and with its context.
//
// What got lost on the way shows as a gap in the consumer's sequence, or as
// silence; then the consumer is made anew behind the last message received.
type puller struct {
	conn   *Conn
	stream string
	config jetstream.ConsumerConfig // where to begin, and what to read

	consumer jetstream.Consumer
	inbox    string
	sub      *nats.Subscription
	arrived  chan *nats.Msg
	pulls    int    // so far
	request  []byte // of one pull
	received uint64 // sequence of the consumer's last message
	last     uint64 // sequence of the stream's last message; 0: none yet
	opened   time.Time
	timer    *time.Timer
}

// errLost says that the consumer, or something it sent, is gone.
var errLost = errors.New("the consumer is lost")

// run gives one message after the other to each, until each returns false, the
// server says that there are no more, or ctx ends; only the last is an error.
func (p *puller) run(ctx context.Context, each func(*Message) bool) error {
	var err error
	p.request, err = json.Marshal(map[string]any{
		"batch": pullMessages, "max_bytes": max(pullBytes, 2*p.conn.MaxPayload()), "no_wait": true,
	})
	if err != nil {
		return err
	}
	p.timer = time.NewTimer(stall)
	defer p.timer.Stop()
	if err := p.open(ctx); err != nil {
		return err
	}
	defer p.close()
	for more := p.consumer.CachedInfo().NumPending > 0; more; {
		more, err = p.pull(ctx, each)
		if errors.Is(err, errLost) {
			more, err = true, p.reopen(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// open makes the consumer.
func (p *puller) open(ctx context.Context) error {
	config := p.config
	config.AckPolicy, config.MemoryStorage, config.Replicas = jetstream.AckNonePolicy, true, 1
	config.InactiveThreshold = forgotten
	if p.last > 0 {
		config.DeliverPolicy, config.OptStartSeq, config.OptStartTime = jetstream.DeliverByStartSequencePolicy, p.last+1, nil
	}
	p.opened = time.Now()
	asked, cancel := p.conn.request(ctx)
	defer cancel()
	consumer, err := p.conn.js.CreateConsumer(asked, p.stream, config)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return fmt.Errorf("%w — %s", err, mendBySetup)
	case err != nil:
		return p.conn.explain(err, p.opened)
	}
	p.arrived = make(chan *nats.Msg, pullMessages+16) // one pull, and what is said of it: never full
	p.inbox = p.conn.nc.NewInbox()
	p.sub, err = p.conn.nc.ChanSubscribe(p.inbox+".*", p.arrived)
	if err != nil {
		return p.conn.explain(err, p.opened)
	}
	p.consumer, p.received = consumer, 0
	return nil
}

// reopen makes the consumer anew, for as long as the server may come back.
func (p *puller) reopen(ctx context.Context) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		p.close()
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := p.conn.awaitConnected(ctx); err != nil {
			return err
		}
		if err := p.open(ctx); err == nil || ctx.Err() != nil || !passing(err) {
			return err
		}
	}
}

// passing reports whether an error of JetStream may be gone in a moment: the
// server restarts, or looks for a leader.
func passing(err error) bool {
	var api *jetstream.APIError
	return timedOut(err) || errors.Is(err, nats.ErrConnectionReconnecting) || errors.Is(err, nats.ErrDisconnected) ||
		errors.As(err, &api) && api.Code == 503
}

// close removes the consumer, without waiting for it: a server that does not
// hear of it forgets it by itself.
func (p *puller) close() {
	if p.consumer == nil {
		return
	}
	_ = p.sub.Unsubscribe() // fails on a closed connection only
	_ = p.conn.nc.Publish(p.conn.api("CONSUMER.DELETE."+p.stream+"."+p.consumer.CachedInfo().Name), nil)
	p.consumer = nil
}

// pull asks for messages once and gives what comes to each. more is false when
// each has had enough, or the server has no more.
func (p *puller) pull(ctx context.Context, each func(*Message) bool) (more bool, err error) {
	next := p.conn.api("CONSUMER.MSG.NEXT." + p.stream + "." + p.consumer.CachedInfo().Name)
	p.pulls++
	reply := p.inbox + "." + strconv.Itoa(p.pulls)
	if err := p.conn.nc.PublishRequest(next, reply, p.request); err != nil {
		return false, errLost // reopen finds out why
	}
	for n := 0; n < pullMessages; {
		msg, err := p.await(ctx)
		if err != nil {
			return false, err
		}
		if !strings.HasPrefix(msg.Reply, ackPrefix) { // a shipper can write a Status header, but not this
			status, description := msg.Header.Get("Status"), msg.Header.Get("Description")
			switch {
			case msg.Subject != reply:
				continue // of a pull that had its messages already
			case status == "404":
				return false, nil // no more messages
			case status == "408", strings.Contains(description, "MaxBytes"), strings.Contains(description, "Batch Completed"):
				return true, nil // the end of this pull
			default:
				return false, errLost // 503: no such consumer; 409: removed, or the server stops
			}
		}
		n++
		m, ordinal, err := readMessage(msg)
		if err != nil {
			return false, err
		}
		if ordinal != p.received+1 {
			return false, errLost
		}
		p.received, p.last = ordinal, m.Sequence
		if !each(m) || m.Pending == 0 {
			return false, nil
		}
	}
	return true, nil
}

// await gives the next message of the subscription.
func (p *puller) await(ctx context.Context) (*nats.Msg, error) {
	select {
	case msg := <-p.arrived:
		return msg, ctx.Err()
	default:
	}
	p.timer.Reset(stall)
	for {
		select {
		case msg := <-p.arrived:
			return msg, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.timer.C:
		}
		if err := p.silence(ctx); err != nil {
			return nil, err
		}
		p.timer.Reset(stall)
	}
}

// silence finds out why nothing comes: nil where the server is still looking,
// as for one subject in a long stream.
func (p *puller) silence(ctx context.Context) error {
	if !p.conn.State().Connected {
		return errLost
	}
	for _, prefix := range []string{p.conn.api("CONSUMER.MSG.NEXT."), p.inbox} {
		if denied := p.conn.refusedSince(prefix, p.opened); denied != nil {
			return denied
		}
	}
	start := time.Now()
	asked, cancel := p.conn.attempt(ctx)
	defer cancel()
	info, err := p.consumer.Info(asked)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, jetstream.ErrConsumerNotFound), err != nil && passing(err), !p.conn.State().Connected:
		return errLost
	case err != nil:
		return p.conn.explain(err, start)
	case info.NumWaiting == 0 || info.Delivered.Consumer != p.received:
		if len(p.arrived) > 0 {
			return nil // it came meanwhile
		}
		return errLost
	}
	return nil
}

// readMessage reads a delivery of a puller's consumer, and its place there.
func readMessage(msg *nats.Msg) (m *Message, ordinal uint64, err error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, 0, fmt.Errorf("a message without the metadata of JetStream on %q: %w", msg.Subject, err)
	}
	return &Message{
		Data: msg.Data, Subject: msg.Subject, Header: Header(msg.Header),
		Stream: meta.Stream, Sequence: meta.Sequence.Stream, Stamp: meta.Timestamp,
		Delivered: meta.NumDelivered, Pending: meta.NumPending,
	}, meta.Sequence.Consumer, nil
}
