package gateway

import (
	"fmt"
	"sync"

	"msigate/gateway/bus"
)

// take gives a message that was delivered to the lane of its host, in the order
// of the stream. One that was taken before is only acknowledged: the gateway
// before was given it, and it was read again at the start; or it was missed
// here, and read then.
func (g *Gateway) take(m *bus.Message) {
	g.order.Lock()
	defer g.order.Unlock()
	before := max(g.taken, g.recovered)
	switch {
	case m.Sequence <= before && !g.lastStamp.IsZero() && m.Stamp.After(g.lastStamp):
		g.fail(fmt.Errorf("message %d of %s is newer than message %d that was taken before it: the stream was made anew — start msigate again, it then begins afresh",
			m.Sequence, bus.StreamEvents, before))
		return
	case m.Sequence <= before:
		if !g.missed.holds(m) {
			_ = m.Ack() // where the server cannot be told, it comes again and is acknowledged then
		}
		return
	case m.Sequence > before+1 && m.Ordinal != g.delivery+1:
		if !g.takeMissed(before+1, m.Sequence-1) {
			return // the gateway is given up: it comes again
		}
	}
	g.takeIn(m, "", nil)
	g.taken, g.lastStamp, g.delivery = m.Sequence, m.Stamp, m.Ordinal
}

// takeMissed takes messages that were delivered and got lost on the way, with a
// connection that broke. They will be delivered again, but behind others, and a
// host's records are to be taken in their order.
func (g *Gateway) takeMissed(from, to uint64) bool {
	err := bus.Read(g.given, g.options.Conn, bus.ReadOptions{Stream: bus.StreamEvents, From: from, To: to}, func(m *bus.Message) bool {
		g.takeIn(m, "", g.missed.add(m.Sequence))
		g.taken, g.lastStamp = m.Sequence, m.Stamp
		return g.given.Err() == nil
	})
	switch {
	case g.given.Err() != nil:
		return false
	case err != nil:
		g.fail(fmt.Errorf("reading what was lost on the way: %w", err))
	}
	return err == nil
}

// missed are messages that got lost on the way and were read, until all that
// they cause is stored.
type missed struct {
	mu  sync.Mutex
	all map[uint64]*bus.Message // by sequence: the delivery to acknowledge then; nil until it has come
}

// add notes one and gives what is to be called when all that it causes is stored.
func (w *missed) add(sequence uint64) (stored func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[uint64]*bus.Message{}
	}
	w.all[sequence] = nil
	return func() {
		w.mu.Lock()
		again := w.all[sequence]
		delete(w.all, sequence)
		w.mu.Unlock()
		if again != nil {
			_ = again.Ack() // where the server cannot be told, it comes again and is acknowledged then
		}
	}
}

// holds keeps the delivery of one that is not stored yet.
func (w *missed) holds(m *bus.Message) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, waits := w.all[m.Sequence]; !waits {
		return false
	}
	w.all[m.Sequence] = m
	return true
}
