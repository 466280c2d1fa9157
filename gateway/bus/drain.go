package bus

import (
	"context"
	"fmt"
	"time"
)

// Drain stops reading, gives back what was not handed over, and waits until
// all that was is settled, or ctx ends. What is not settled by then comes
// again to the next reader; the error says how much.
func (c *Consumption) Drain(ctx context.Context) error {
	c.halt()
	defer c.ending.Do(func() { close(c.ended) })
	stopped := make(chan struct{})
	go func() {
		c.running.Wait()
		c.mu.Lock()
		left := c.queue
		c.queue = nil
		c.mu.Unlock()
		c.giveBack(left)
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
		return c.unsettled(ctx)
	}
	for {
		n, _, freed := c.held.await()
		if n == 0 {
			return nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return c.unsettled(ctx)
		}
	}
}

func (c *Consumption) unsettled(ctx context.Context) error {
	n, _ := c.held.load()
	return fmt.Errorf("draining %s: %w with %d messages not settled; they will be delivered again", c.opts.Stream, context.Cause(ctx), n)
}

// ConsumptionState is what a Consumption is doing, for health.
type ConsumptionState struct {
	InFlight      int       // messages taken in and not settled
	InFlightBytes int       // of their content
	Delivered     uint64    // messages handed over or about to be, since the start
	Redelivered   uint64    // deliveries that were not the first of their message
	Dropped       uint64    // redeliveries not handed over, as the message was in flight or settled
	LastError     string    // "" for none
	LastErrorAt   time.Time // zero for none
}

// State gives the state now, without asking the server.
func (c *Consumption) State() ConsumptionState {
	n, bytes := c.held.load()
	text, at := c.trouble.last()
	return ConsumptionState{
		InFlight: n, InFlightBytes: bytes,
		Delivered: c.delivered.Load(), Redelivered: c.redelivered.Load(), Dropped: c.dropped.Load(),
		LastError: text, LastErrorAt: at,
	}
}

// Lag is how far a consumer is behind its stream.
type Lag struct {
	Pending     uint64 // messages not delivered yet
	AckPending  int    // delivered, not acknowledged
	Redelivered int    // of those, delivered more than once
	Delivered   uint64 // stream sequence of the last message delivered
	AckFloor    uint64 // stream sequence up to which all is acknowledged
}

// Lag asks the server.
func (c *Consumption) Lag(ctx context.Context) (Lag, error) {
	c.mu.Lock()
	consumer := c.consumer
	c.mu.Unlock()
	start := time.Now()
	ctx, cancel := c.conn.request(ctx)
	defer cancel()
	info, err := consumer.Info(ctx)
	if err != nil {
		return Lag{}, fmt.Errorf("asking how far %s is behind: %w", c.opts.Consumer, c.conn.explain(err, start))
	}
	c.learn(info)
	return Lag{
		Pending: info.NumPending, AckPending: info.NumAckPending, Redelivered: info.NumRedelivered,
		Delivered: info.Delivered.Stream, AckFloor: info.AckFloor.Stream,
	}, nil
}
