package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ConsumeOptions say how to read. The zero value reads EVENTS by the durable
// msigate.
type ConsumeOptions struct {
	Stream   string // "": EVENTS
	Consumer string // durable; "": msigate

	// PullMaxMessages is how many messages are asked for ahead; 0: 1000. How
	// many may be in flight is the durable's max_ack_pending.
	PullMaxMessages int

	// PullMaxBytes bounds the bytes of one pull; 0: 16 MiB. It is raised to
	// twice the server's max_payload, below which a pull could stall.
	PullMaxBytes int

	// MaxInFlightBytes is how much content may be in flight before no more is
	// taken in; 0: 256 MiB.
	MaxInFlightBytes int

	// Log takes what goes wrong, at most one line every few seconds; nil: nowhere.
	Log *slog.Logger
}

func (o ConsumeOptions) withDefaults(maxPayload int) ConsumeOptions {
	if o.Stream == "" {
		o.Stream = StreamEvents
	}
	if o.Consumer == "" {
		o.Consumer = ConsumerName
	}
	if o.PullMaxMessages <= 0 {
		o.PullMaxMessages = 1000
	}
	if o.PullMaxBytes <= 0 {
		o.PullMaxBytes = 16 << 20
	}
	o.PullMaxBytes = max(o.PullMaxBytes, 2*maxPayload)
	if o.MaxInFlightBytes <= 0 {
		o.MaxInFlightBytes = 256 << 20
	}
	return o
}

// Consumption is a running read of a durable consumer.
type Consumption struct {
	conn    *Conn
	opts    ConsumeOptions
	handler func(*Message)
	held    *held
	trouble *trouble

	mu       sync.Mutex
	queue    []*Message // in flight, not yet handed over
	consumer jetstream.Consumer
	ackWait  time.Duration

	arrived chan struct{} // capacity 1: the queue is not empty
	stop    chan struct{} // closed: no more is taken in
	ended   chan struct{} // closed: nothing is kept alive any more
	halting sync.Once
	ending  sync.Once
	running sync.WaitGroup // pull and handOver

	delivered, redelivered, dropped atomic.Uint64
}

// Consume reads from the durable and calls handler with one message after the
// other, in the order they come. The handler may keep a message and settle it
// later from any goroutine; while it blocks, no other is handed over, and when
// as many are in flight as the durable allows, the server sends no more.
//
// The durable must exist. When ctx ends nothing more is taken in, as by Drain,
// which is to be called in any case. A server that goes away, or a durable that
// is removed, is waited for.
func Consume(ctx context.Context, conn *Conn, o ConsumeOptions, handler func(*Message)) (*Consumption, error) {
	c := &Consumption{
		conn: conn, opts: o.withDefaults(conn.MaxPayload()), handler: handler, held: newHeld(),
		arrived: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	c.trouble = newTrouble(o.Log, "reading "+c.opts.Stream)
	if err := c.find(ctx); err != nil {
		return nil, fmt.Errorf("reading %s by consumer %s: %w", c.opts.Stream, c.opts.Consumer, err)
	}
	c.running.Go(c.pull)
	go c.keepAlive()
	c.running.Go(c.handOver)
	context.AfterFunc(ctx, c.halt)
	return c, nil
}

// find looks the durable up.
func (c *Consumption) find(ctx context.Context) error {
	start := time.Now()
	ctx, cancel := c.conn.request(ctx)
	defer cancel()
	consumer, err := c.conn.js.Consumer(ctx, c.opts.Stream, c.opts.Consumer)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound), errors.Is(err, jetstream.ErrStreamNotFound):
		return fmt.Errorf("%w — %s", err, mendBySetup)
	case err != nil:
		return c.conn.explain(err, start)
	}
	c.mu.Lock()
	c.consumer = consumer
	c.mu.Unlock()
	c.learn(consumer.CachedInfo())
	return nil
}

// learn takes from the durable's configuration how often what is in flight has
// to be kept alive; it can change while the durable is read.
func (c *Consumption) learn(info *jetstream.ConsumerInfo) {
	wait := info.Config.AckWait
	for _, b := range info.Config.BackOff {
		wait = min(wait, b)
	}
	c.mu.Lock()
	c.ackWait = wait
	c.mu.Unlock()
}

// pull keeps a session running until halt.
func (c *Consumption) pull() {
	for {
		err := c.serve()
		if err == nil {
			return
		}
		// What was asked for is lost: with the connection, or with the durable
		// or its stream. It is looked for until it is there again.
		for wait := time.Duration(0); err != nil; wait = time.Second {
			if !errors.Is(err, errReconnected) && !errors.Is(err, nats.ErrConnectionClosed) {
				c.trouble.report(err)
				wait = time.Second
			}
			select {
			case <-c.stop:
				return
			case <-time.After(wait):
			}
			if err = c.connected(); err != nil {
				return // halted, or closed for good
			}
			err = c.find(context.Background())
		}
	}
}

// connected waits for the connection, or halt.
func (c *Consumption) connected() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-c.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return c.conn.awaitConnected(ctx)
}

// take takes each delivery in, in order.
func (c *Consumption) take(msg *nats.Msg) {
	m, ordinal, err := readMessage(msg)
	if err != nil {
		c.trouble.report(err)
		return
	}
	m.conn, m.reply, m.Ordinal = c.conn.nc, msg.Reply, ordinal
	if !c.room() {
		return // stopped: it comes again
	}
	if m.Delivered > 1 {
		c.redelivered.Add(1)
	}
	switch c.held.admit(m) {
	case known:
		c.dropped.Add(1)
		return
	case again:
		c.dropped.Add(1)
		if err := m.answer(m.reply, ackDone); err != nil {
			c.trouble.report(fmt.Errorf("acknowledging %s/%d again: %w", m.Stream, m.Sequence, err))
		}
		return
	}
	c.delivered.Add(1)
	c.mu.Lock()
	c.queue = append(c.queue, m)
	c.mu.Unlock()
	select {
	case c.arrived <- struct{}{}:
	default: // handOver will see it
	}
}

// room waits until the content in flight is below its bound; false: stopped.
func (c *Consumption) room() bool {
	if _, bytes := c.held.load(); bytes < c.opts.MaxInFlightBytes {
		return true
	}
	for {
		_, bytes, freed := c.held.await()
		if bytes < c.opts.MaxInFlightBytes {
			return true
		}
		select {
		case <-freed:
		case <-c.stop:
			return false
		}
	}
}

// handOver calls the handler.
func (c *Consumption) handOver() {
	for {
		c.mu.Lock()
		batch := c.queue
		c.queue = nil
		c.mu.Unlock()
		for i, m := range batch {
			select {
			case <-c.stop:
				c.giveBack(batch[i:])
				return
			default:
				c.handler(m)
			}
		}
		if len(batch) > 0 {
			continue
		}
		select {
		case <-c.arrived:
		case <-c.stop:
			return
		}
	}
}

// giveBack has what was never handed over delivered again at once.
func (c *Consumption) giveBack(ms []*Message) {
	for _, m := range ms {
		if err := m.Nak(0); err != nil {
			c.trouble.report(err)
			return // without a connection it comes again after ack_wait
		}
	}
}

// keepAlive tells the server of what stays in flight that it is being worked
// on, four times in each AckWait, until Drain is through. A message is first
// kept alive in the second round after it came, at half of AckWait.
func (c *Consumption) keepAlive() {
	for {
		c.mu.Lock()
		every := max(c.ackWait/4, 50*time.Millisecond)
		c.mu.Unlock()
		select {
		case <-c.ended:
			return
		case <-time.After(every):
		}
		if !c.conn.State().Connected {
			continue // buffering them would only delay what matters
		}
		for _, m := range c.held.lasting() {
			if err := m.InProgress(); err != nil {
				c.trouble.report(err)
				break
			}
		}
	}
}

func (c *Consumption) halt() { c.halting.Do(func() { close(c.stop) }) }
