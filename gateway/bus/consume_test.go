package bus

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// taker is a handler that keeps what it gets.
type taker struct {
	mu   sync.Mutex
	msgs []*Message
	then func(*Message) // nil: nothing
}

func (k *taker) handle(m *Message) {
	k.mu.Lock()
	k.msgs = append(k.msgs, m)
	k.mu.Unlock()
	if k.then != nil {
		k.then(m)
	}
}

func (k *taker) taken() []*Message {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]*Message(nil), k.msgs...)
}

func consume(t testing.TB, c *Conn, o ConsumeOptions, handler func(*Message)) *Consumption {
	t.Helper()
	r, err := Consume(context.Background(), c, o, handler)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = r.Drain(ctx) // most tests have drained it already
	})
	return r
}

func ack(t testing.TB) func(*Message) {
	return func(m *Message) {
		if err := m.Ack(); err != nil {
			t.Error(err)
		}
	}
}

func TestConsumeHandsOverInOrderAndAcknowledges(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	header := Header{"Traceparent": {"00-1-2-01"}}
	if _, err := c.Ship(patient(t), EventSubject("WS01"), "", []byte("first"), header); err != nil {
		t.Fatal(err)
	}
	ship(t, c, "ws02", 99)
	k := &taker{then: ack(t)}
	r := consume(t, c, ConsumeOptions{}, k.handle)
	eventually(t, "all taken", func() bool { return len(k.taken()) == 100 })
	for i, m := range k.taken() {
		if m.Sequence != uint64(i+1) || m.Delivered != 1 || m.Stream != StreamEvents || time.Since(m.Stamp) > time.Minute {
			t.Fatalf("message %d is %+v", i, m)
		}
	}
	if n, err := LastSequence(patient(t), c, StreamEvents); err != nil || n != 100 {
		t.Errorf("the last sequence is %d, %v", n, err)
	}
	first := k.taken()[0]
	if string(first.Data) != "first" || first.Subject != "events.host.ws01" || first.Header.Get("traceparent") != "00-1-2-01" {
		t.Errorf("the first message is %q on %s with %v", first.Data, first.Subject, first.Header)
	}
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
	eventually(t, "all acknowledged", func() bool {
		lag, err := r.Lag(patient(t))
		return err == nil && lag == Lag{Delivered: 100, AckFloor: 100}
	})
}

func TestConsumeWithoutADurableSaysHowToMakeIt(t *testing.T) {
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	_, err := Consume(patient(t), c, ConsumeOptions{}, func(*Message) {})
	if err == nil || !strings.Contains(err.Error(), "msigate setup") {
		t.Errorf("error %v", err)
	}
}

func TestWhatIsNotAcknowledgedComesAgainToTheNextReader(t *testing.T) {
	t.Parallel()
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	if _, err := Setup(patient(t), c, TopologyOptions{AckWait: time.Second}); err != nil {
		t.Fatal(err)
	}
	ship(t, c, "ws01", 3)
	k := &taker{then: func(m *Message) {
		if m.Sequence == 2 {
			ack(t)(m)
		}
	}}
	r := consume(t, c, ConsumeOptions{}, k.handle)
	eventually(t, "all taken", func() bool { return len(k.taken()) == 3 })
	short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err := r.Drain(short)
	if err == nil || !strings.Contains(err.Error(), "with 2 messages not settled") {
		t.Errorf("drain gave %v", err)
	}
	again := &taker{then: ack(t)}
	r = consume(t, c, ConsumeOptions{}, again.handle)
	eventually(t, "two taken again", func() bool { return len(again.taken()) == 2 })
	for i, m := range again.taken() {
		if want := []uint64{1, 3}[i]; m.Sequence != want || m.Delivered != 2 || !m.Stamp.Equal(k.taken()[want-1].Stamp) {
			t.Errorf("taken again: %+v", m)
		}
	}
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
}

func TestWhatIsInFlightIsKeptAliveAndNotHandedOverTwice(t *testing.T) {
	t.Parallel()
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	if _, err := Setup(patient(t), c, TopologyOptions{AckWait: time.Second}); err != nil {
		t.Fatal(err)
	}
	ship(t, c, "ws01", 5)
	k := &taker{}
	r := consume(t, c, ConsumeOptions{}, k.handle)
	eventually(t, "all taken", func() bool { return len(k.taken()) == 5 })
	time.Sleep(2500 * time.Millisecond) // more than two acknowledgement waits
	if s := r.State(); len(k.taken()) != 5 || s.Redelivered != 0 || s.InFlight != 5 {
		t.Errorf("taken %d, state %+v", len(k.taken()), s)
	}
	for _, m := range k.taken() {
		ack(t)(m)
		ack(t)(m) // the second does nothing
	}
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
}

func TestAnAcknowledgementThatWasLostIsGivenAgain(t *testing.T) {
	t.Parallel()
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	if _, err := Setup(patient(t), c, TopologyOptions{AckWait: time.Second}); err != nil {
		t.Fatal(err)
	}
	ship(t, c, "ws01", 3)
	k := &taker{then: func(m *Message) {
		if _, ok := m.finish(); ok {
			m.held.settle(m) // as Ack does, but the server never hears of it
		}
	}}
	r := consume(t, c, ConsumeOptions{}, k.handle)
	eventually(t, "all acknowledged", func() bool {
		lag, err := r.Lag(patient(t))
		return err == nil && lag.AckFloor == 3
	})
	if s := r.State(); len(k.taken()) != 3 || s.Dropped != 3 || s.Delivered != 3 {
		t.Errorf("%d handed over, state %+v", len(k.taken()), s)
	}
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
}

func TestNakBringsAMessageAgain(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	ship(t, c, "ws01", 1)
	k := &taker{then: func(m *Message) {
		if m.Delivered == 1 {
			if err := m.Nak(0); err != nil {
				t.Error(err)
			}
			return
		}
		ack(t)(m)
	}}
	r := consume(t, c, ConsumeOptions{}, k.handle)
	eventually(t, "taken twice", func() bool { return len(k.taken()) == 2 })
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
}

func TestABlockedHandlerStopsThePulling(t *testing.T) {
	t.Parallel()
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	if _, err := Setup(patient(t), c, TopologyOptions{MaxAckPending: 100}); err != nil {
		t.Fatal(err)
	}
	ship(t, c, "ws01", 500)
	open := make(chan struct{})
	k := &taker{then: func(m *Message) {
		<-open
		ack(t)(m)
	}}
	r := consume(t, c, ConsumeOptions{PullMaxMessages: 50}, k.handle)
	eventually(t, "as many in flight as may be", func() bool { return r.State().InFlight == 100 })
	time.Sleep(200 * time.Millisecond)
	eventually(t, "all others are pending", func() bool {
		lag, err := r.Lag(patient(t))
		return err == nil && lag.AckPending == 100 && lag.Pending == 400
	})
	if n := len(k.taken()); n != 1 {
		t.Errorf("%d handed over", n)
	}
	close(open)
	eventually(t, "all taken", func() bool { return len(k.taken()) == 500 })
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
}

func TestContentInFlightIsBounded(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	for i := range 50 {
		if _, err := c.Ship(patient(t), EventSubject("ws01"), "", make([]byte, 1000), nil); err != nil {
			t.Fatal(i, err)
		}
	}
	k := &taker{}
	r := consume(t, c, ConsumeOptions{MaxInFlightBytes: 10_000}, k.handle)
	eventually(t, "ten taken", func() bool { return len(k.taken()) == 10 })
	time.Sleep(100 * time.Millisecond)
	if s := r.State(); s.InFlight != 10 || s.InFlightBytes != 10_000 {
		t.Errorf("state %+v", s)
	}
	for settled := 0; settled < 50; {
		for _, m := range k.taken()[settled:] {
			ack(t)(m)
			settled++
		}
	}
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
}

func TestDrainGivesBackAtOnceWhatWasNotHandedOver(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{}) // an AckWait of 10 s, which the test does not wait for
	ship(t, c, "ws01", 20)
	open := make(chan struct{})
	k := &taker{then: func(m *Message) {
		<-open
		ack(t)(m)
	}}
	r := consume(t, c, ConsumeOptions{}, k.handle)
	eventually(t, "all in flight", func() bool { return r.State().InFlight == 20 })
	drained := make(chan error)
	go func() { drained <- r.Drain(patient(t)) }()
	time.Sleep(50 * time.Millisecond)
	close(open)
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if n := len(k.taken()); n != 1 {
		t.Errorf("%d handed over, want 1", n)
	}
	again := &taker{then: ack(t)}
	r = consume(t, c, ConsumeOptions{}, again.handle)
	eventually(t, "the rest taken", func() bool { return len(again.taken()) == 19 })
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
}

func TestConsumeEndsWithItsContext(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	ctx, cancel := context.WithCancel(context.Background())
	k := &taker{then: ack(t)}
	r, err := Consume(ctx, c, ConsumeOptions{}, k.handle)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
	ship(t, c, "ws01", 1)
	time.Sleep(50 * time.Millisecond)
	if len(k.taken()) != 0 {
		t.Error("a message was taken after the end")
	}
}

func TestConsumeSurvivesARestartOfTheServer(t *testing.T) {
	dir := t.TempDir()
	e := serve(t, EmbeddedOptions{StoreDir: dir})
	c := connect(t, e.URL())
	// An acknowledgement on its way when the server goes is lost; the message
	// then comes again after this.
	if _, err := Setup(patient(t), c, TopologyOptions{AckWait: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	ship(t, c, "ws01", 300)
	half := make(chan struct{})
	k := &taker{then: func(m *Message) {
		if m.Sequence == 150 {
			close(half)
		}
		_ = m.Ack() // the server may just be gone
	}}
	r := consume(t, c, ConsumeOptions{PullMaxMessages: 20}, k.handle)
	<-half
	port := e.Port()
	e.Shutdown()
	eventually(t, "the outage is noticed", func() bool { return !c.State().Connected })
	serve(t, EmbeddedOptions{StoreDir: dir, Port: port})
	eventually(t, "connected again", func() bool { return c.State().Connected })
	ship(t, c, "ws02", 100)
	eventually(t, "all acknowledged", func() bool {
		lag, err := r.Lag(patient(t))
		return err == nil && lag.AckFloor == 400 && lag.AckPending == 0
	})
	seen := map[uint64]int{}
	for _, m := range k.taken() {
		seen[m.Sequence]++
	}
	for s := uint64(1); s <= 400; s++ {
		if seen[s] != 1 {
			t.Errorf("sequence %d was handed over %d times", s, seen[s])
		}
	}
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
}

func TestConsumeGoesOnWhenADurableIsMadeAnew(t *testing.T) {
	t.Parallel()
	_, c := ready(t, EmbeddedOptions{})
	ship(t, c, "ws01", 1)
	k := &taker{then: ack(t)}
	r := consume(t, c, ConsumeOptions{}, k.handle)
	eventually(t, "the first taken", func() bool { return len(k.taken()) == 1 })
	if err := c.js.DeleteStream(patient(t), StreamEvents); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the loss is reported", func() bool { return r.State().LastError != "" })
	if _, err := Setup(patient(t), c, TopologyOptions{}); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if _, err := c.Ship(patient(t), EventSubject("ws01"), "", fmt.Appendf(nil, "new %d", i), nil); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the new ones taken, of the same sequences", func() bool { return len(k.taken()) == 3 })
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
}
