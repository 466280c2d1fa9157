package bus

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHeldNeverAdmitsWhatIsInFlightOrSettled(t *testing.T) {
	h := newHeld()
	stamp := time.Unix(1, 0)
	first := &Message{Sequence: 7, Delivered: 1, Stamp: stamp, Data: []byte("abc")}
	if got := h.admit(first); got != admitted {
		t.Fatalf("the first delivery: %v", got)
	}
	if got := h.admit(&Message{Sequence: 7, Delivered: 2, Stamp: stamp}); got != known {
		t.Errorf("a redelivery in flight: %v", got)
	}
	h.settle(first)
	if got := h.admit(&Message{Sequence: 7, Delivered: 3, Stamp: stamp}); got != again {
		t.Errorf("a redelivery after settling: %v", got)
	}
	if n, bytes := h.load(); n != 0 || bytes != 0 {
		t.Errorf("load %d, %d", n, bytes)
	}
	unseen := &Message{Sequence: 6, Delivered: 2, Stamp: stamp}
	if got := h.admit(unseen); got != admitted {
		t.Errorf("a redelivery of what never came here: %v", got)
	}
	h.release(unseen)
	if got := h.admit(&Message{Sequence: 6, Delivered: 3, Stamp: stamp}); got != admitted {
		t.Errorf("a redelivery of what was given back: %v", got)
	}
	if got := h.admit(&Message{Sequence: 7, Delivered: 1, Stamp: stamp.Add(time.Hour)}); got != admitted {
		t.Errorf("the same sequence of a stream made anew: %v", got)
	}
}

func TestSettledWindowRemembersExactlyItsSpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const span = 256
		w := newSettledWindow(span)
		model := map[uint64]bool{}
		high := uint64(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "reach") || high == 0 {
				next := high + rapid.Uint64Range(1, 2*span).Draw(t, "by")
				if next-high >= span {
					clear(model)
				}
				high = next
				w.reach(high)
			} else {
				seq := high - min(high, rapid.Uint64Range(0, 2*span).Draw(t, "back"))
				w.set(seq)
				if high-seq < span {
					model[seq] = true
				}
			}
			for back := range uint64(2 * span) {
				if back > high {
					break
				}
				want := back < span && model[high-back]
				if got := w.has(high - back); got != want {
					t.Fatalf("sequence %d below %d: %v, want %v", high-back, high, got, want)
				}
			}
		}
	})
}
