package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// PublisherOptions bound a Publisher. The zero value is the defaults.
type PublisherOptions struct {
	// MaxPending is how many outputs may wait for their PubAck, theirs or that
	// of one before them, until Publish blocks; 0: 4096.
	MaxPending int

	// MaxPendingBytes bounds their content likewise; 0: 64 MiB.
	MaxPendingBytes int

	// AckTimeout is how long a PubAck is waited for before the output is sent
	// again; 0: 5 s.
	AckTimeout time.Duration

	// LookAfter is how long after the first attempt the stream is asked whether
	// it holds an output already, before it is sent again; 0: half the
	// deduplication window. It must be below that window.
	LookAfter time.Duration

	// OnRetry, where set, is called each time an output is to be sent again. It
	// must not block.
	OnRetry func()

	// Log takes what goes wrong, at most one line every few seconds; nil: nowhere.
	Log *slog.Logger
}

func (o PublisherOptions) withDefaults() (PublisherOptions, error) {
	if o.MaxPending <= 0 {
		o.MaxPending = 4096
	}
	if o.MaxPendingBytes <= 0 {
		o.MaxPendingBytes = 64 << 20
	}
	if o.AckTimeout <= 0 {
		o.AckTimeout = 5 * time.Second
	}
	if o.LookAfter <= 0 {
		o.LookAfter = DedupWindow / 2
	}
	if o.LookAfter+2*o.AckTimeout > DedupWindow {
		return o, fmt.Errorf("looking for an output after %s with acknowledgements within %s does not fit a deduplication window of %s",
			o.LookAfter, o.AckTimeout, DedupWindow)
	}
	return o, nil
}

// Publisher stores outputs, in order for each host and side by side for
// different ones. It is safe for use by several goroutines.
type Publisher struct {
	conn    *Conn
	js      jetstream.JetStream
	opts    PublisherOptions
	trouble *trouble
	absence absence

	ctx    context.Context // ends when Drain gives up
	cancel context.CancelFunc

	mu       sync.Mutex
	lanes    map[string]*lane // hosts with outputs waiting
	pending  int              // outputs not stored yet
	bytes    int              // their content
	retrying int              // outputs that failed at least once
	closed   bool
	gaveUp   bool          // something was not stored: nothing may follow it
	freed    chan struct{} // closed and replaced when pending falls
	running  sync.WaitGroup
}

// lane is the queue of one host.
type lane struct {
	queue []Outputs
}

// NewPublisher makes a Publisher. Drain ends it.
func NewPublisher(conn *Conn, o PublisherOptions) (*Publisher, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("making a publisher: %w", err)
	}
	// Every host has at most one output on the way, so the client's own limit
	// is never what blocks.
	js, err := conn.jetStream(jetstream.WithPublishAsyncMaxPending(o.MaxPending+1), jetstream.WithPublishAsyncTimeout(o.AckTimeout))
	if err != nil {
		return nil, fmt.Errorf("making a publisher: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Publisher{
		conn: conn, js: js, opts: o, trouble: newTrouble(o.Log, "publishing"), absence: absence{asked: map[string]answer{}},
		ctx: ctx, cancel: cancel, lanes: map[string]*lane{}, freed: make(chan struct{}),
	}, nil
}

// Publish takes outputs to be stored, and returns at once unless too many are
// waiting: then it blocks until there is room or ctx ends. An error means that
// they were not taken and Settled is not called. Outputs of one host are to be
// given by one goroutine at a time: their order is that of the calls. Outputs
// with neither a message nor Then are settled at once; with Then alone they
// keep their place behind the host's others.
func (p *Publisher) Publish(ctx context.Context, o Outputs) error {
	if err := o.check(); err != nil {
		return fmt.Errorf("publishing for host %q: %w", printable(o.Host, 256), err)
	}
	n, size := o.count()
	if n == 0 {
		o.Settled(nil)
		return nil
	}
	p.mu.Lock()
	for !p.closed && p.pending > 0 && (p.pending+n > p.opts.MaxPending || p.bytes+size > p.opts.MaxPendingBytes) {
		freed := p.freed
		p.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return fmt.Errorf("publishing for host %q: waiting for room: %w", printable(o.Host, 256), ctx.Err())
		}
		p.mu.Lock()
	}
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("publishing for host %q: the publisher is %w", printable(o.Host, 256), ErrClosed)
	}
	p.pending += n
	p.bytes += size
	l := p.lanes[o.Host]
	if l == nil {
		l = &lane{}
		p.lanes[o.Host] = l
		p.running.Go(func() { p.run(o.Host, l) })
	}
	l.queue = append(l.queue, o)
	return nil
}

// run stores what waits in a lane, and ends with it.
func (p *Publisher) run(host string, l *lane) {
	for {
		p.mu.Lock()
		if len(l.queue) == 0 {
			delete(p.lanes, host)
			p.mu.Unlock()
			return
		}
		next := l.queue[0]
		l.queue[0] = Outputs{} // its content is not to be kept by the queue
		l.queue = l.queue[1:]
		p.mu.Unlock()

		err := p.complete(next)
		n, size := next.count()
		p.mu.Lock()
		p.pending -= n
		p.bytes -= size
		close(p.freed)
		p.freed = make(chan struct{})
		p.mu.Unlock()
		next.Settled(err)
	}
}

// complete stores outputs and then does what is to follow them.
func (p *Publisher) complete(o Outputs) error {
	refusals, err := p.store(o)
	if err != nil {
		p.mu.Lock()
		p.gaveUp = true
		p.mu.Unlock()
		return err // not joined: a RefusedError says that all is stored
	}
	if o.Then == nil {
		return refusals
	}
	p.mu.Lock()
	gaveUp := p.gaveUp
	p.mu.Unlock()
	switch {
	case p.ctx.Err() != nil:
		return p.stopped(p.ctx.Err())
	case gaveUp:
		return p.stopped(ErrClosed)
	}
	if err := o.Then(p.ctx); err != nil {
		err = &ThenError{Host: o.Host, Err: err}
		p.trouble.report(err)
		return errors.Join(refusals, err)
	}
	return refusals
}

// Drain takes no more outputs and waits until those taken are stored, or ctx
// ends: then the rest are given up, each Settled with an error. It is the end
// of the Publisher.
func (p *Publisher) Drain(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	close(p.freed) // who waits for room is to learn of it
	p.freed = make(chan struct{})
	p.mu.Unlock()
	stopped := make(chan struct{})
	go func() {
		p.running.Wait()
		close(stopped)
	}()
	var err error
	select {
	case <-stopped:
	case <-ctx.Done():
		s := p.State()
		if s.Pending == 0 {
			break // all is stored, however late it is asked
		}
		err = fmt.Errorf("draining the publisher: %w with %d outputs not stored", context.Cause(ctx), s.Pending)
		if s.LastError != "" {
			err = fmt.Errorf("%w: %s", err, s.LastError)
		}
	}
	p.cancel()
	<-stopped
	p.js.CleanupPublisher()
	return err
}

// PublisherState is what a Publisher is doing, for health.
type PublisherState struct {
	Pending      int       // outputs not stored yet
	PendingBytes int       // of their content
	Retrying     int       // outputs that failed and are being tried again
	LastError    string    // "" for none
	LastErrorAt  time.Time // zero for none
}

// State gives the state now.
func (p *Publisher) State() PublisherState {
	text, at := p.trouble.last()
	p.mu.Lock()
	defer p.mu.Unlock()
	return PublisherState{Pending: p.pending, PendingBytes: p.bytes, Retrying: p.retrying, LastError: text, LastErrorAt: at}
}
