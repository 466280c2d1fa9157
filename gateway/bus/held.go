package bus

import "sync"

// held knows which messages are in flight (handed over or about to be, and not
// settled) and which were settled lately, so that no message is handed over
// twice in one run.
type held struct {
	mu       sync.Mutex
	inFlight map[uint64]*Message // by stream sequence
	bytes    int                 // of those
	settled  settledWindow
	round    int           // of keeping alive
	freed    chan struct{} // closed and replaced when something is settled or released
	awaited  bool          // somebody may wait for freed
}

func newHeld() *held {
	return &held{inFlight: map[uint64]*Message{}, freed: make(chan struct{}), settled: newSettledWindow(settledSpan)}
}

// admission is what becomes of a delivery.
type admission int

const (
	admitted admission = iota // to be handed over
	known                     // in flight already: the later delivery was adopted
	again                     // settled already: only to be acknowledged
)

// admit takes a delivery in. Only a redelivery can be one of a message that is
// known: a stream that was made anew starts at 1 and must not be mistaken.
func (h *held) admit(m *Message) admission {
	h.mu.Lock()
	defer h.mu.Unlock()
	if m.Delivered > 1 {
		if have, ok := h.inFlight[m.Sequence]; ok && have.Stamp.Equal(m.Stamp) {
			have.adopt(m.reply)
			return known
		}
		if h.settled.has(m.Sequence) {
			return again
		}
	} else {
		h.settled.reach(m.Sequence)
	}
	m.held, m.round = h, h.round
	h.inFlight[m.Sequence] = m
	h.bytes += len(m.Data)
	return admitted
}

// settle ends the flight of a message for good.
func (h *held) settle(m *Message) { h.remove(m, true) }

// release ends it so that it may come again.
func (h *held) release(m *Message) { h.remove(m, false) }

func (h *held) remove(m *Message, settled bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.inFlight[m.Sequence] != m {
		return // another message took the sequence: the stream was made anew
	}
	delete(h.inFlight, m.Sequence)
	h.bytes -= len(m.Data)
	if settled {
		h.settled.set(m.Sequence)
	}
	if h.awaited {
		close(h.freed)
		h.freed, h.awaited = make(chan struct{}), false
	}
}

// load gives how many messages and bytes are in flight.
func (h *held) load() (messages, bytes int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.inFlight), h.bytes
}

// await gives the same, and a channel that closes when it becomes less.
func (h *held) await() (messages, bytes int, freed <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.awaited = true
	return len(h.inFlight), h.bytes, h.freed
}

// lasting begins a round and gives, in no order, what was in flight before the
// last one began: the rest is young and mostly settled before it matters.
func (h *held) lasting() []*Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.round++
	var out []*Message
	for _, m := range h.inFlight {
		if m.round < h.round-1 {
			out = append(out, m)
		}
	}
	return out
}

// settledSpan is how many of the latest sequences are remembered: 2 MiB of
// bits, and at 100,000 messages a second more than five times the default
// AckWait, after which a lost acknowledgement shows.
const settledSpan = 1 << 24

// settledWindow remembers for the last span sequences of a stream whether they
// were settled.
type settledWindow struct {
	bits []uint64 // bit of sequence s: s modulo span
	high uint64   // the highest sequence reached
}

func newSettledWindow(span int) settledWindow { return settledWindow{bits: make([]uint64, span/64)} }

func (w *settledWindow) span() uint64 { return uint64(len(w.bits)) * 64 }

// reach moves the window up to a sequence delivered for the first time. One
// that lies below it comes from a stream or consumer made anew: what was
// remembered says nothing about it.
func (w *settledWindow) reach(seq uint64) {
	if seq <= w.high || seq-w.high >= w.span() {
		clear(w.bits)
		w.high = seq
		return
	}
	for s := w.high + 1; s <= seq; s++ {
		at := s % w.span()
		if at%64 == 0 && seq-s >= 64 {
			w.bits[at/64] = 0 // a whole word at once
			s += 63
			continue
		}
		w.bits[at/64] &^= 1 << (at % 64)
	}
	w.high = seq
}

func (w *settledWindow) set(seq uint64) {
	if w.within(seq) {
		at := seq % w.span()
		w.bits[at/64] |= 1 << (at % 64)
	}
}

func (w *settledWindow) has(seq uint64) bool {
	at := seq % w.span()
	return w.within(seq) && w.bits[at/64]&(1<<(at%64)) != 0
}

func (w *settledWindow) within(seq uint64) bool { return seq <= w.high && w.high-seq < w.span() }

// oldest is the lowest sequence in flight; 0 where nothing is.
func (h *held) oldest() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	var lowest uint64
	for sequence := range h.inFlight {
		if lowest == 0 || sequence < lowest {
			lowest = sequence
		}
	}
	return lowest
}
