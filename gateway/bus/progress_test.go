package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func TestGetGivesOneMessageOrSaysThatItIsGone(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	data := []byte{0, 1, 2, 0xff, '"', '\n'}
	if _, err := c.Ship(patient(t), EventSubject("ws01"), "id-1", data, Header{"traceparent": {"00-a-b-01"}, "B": {"1", "2"}}); err != nil {
		t.Fatal(err)
	}
	ship(t, c, "ws02", 2)
	erase(t, c, StreamEvents, 2)
	m, err := Get(patient(t), c, StreamEvents, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(m.Data, data) || m.Subject != "events.host.ws01" || m.Stream != StreamEvents || m.Sequence != 1 || time.Since(m.Stamp) > time.Minute ||
		m.Header.Get("traceparent") != "00-a-b-01" || len(m.Header["B"]) != 2 || m.Header.Get("Nats-Msg-Id") != "id-1" || m.Ack() != nil {
		t.Errorf("message %+v", m)
	}
	if plain, err := Get(patient(t), c, StreamEvents, 3); err != nil || string(plain.Data) != "event 1" {
		t.Errorf("message 3: %+v, %v", plain, err)
	}
	for _, gone := range []uint64{0, 2, 4, 1 << 60} {
		if _, err := Get(patient(t), c, StreamEvents, gone); !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), fmt.Sprint("EVENTS/", gone)) {
			t.Errorf("message %d: %v", gone, err)
		}
	}
}

func TestProgressOfTheDurable(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	want := func(what string, seq uint64, err error, expected uint64) {
		t.Helper()
		if err != nil || seq != expected {
			t.Errorf("%s: %d, %v, want %d", what, seq, err, expected)
		}
	}
	d, err := Delivered(patient(t), c)
	want("delivered of a new durable", d, err, 0)
	first, err := FirstSequence(patient(t), c, StreamEvents)
	want("first of a new stream", first, err, 1)
	last, err := LastSequence(patient(t), c, StreamEvents)
	want("last of a new stream", last, err, 0)

	ship(t, c, "ws01", 5)
	erase(t, c, StreamEvents, 1, 2)
	d, err = Delivered(patient(t), c)
	want("delivered before anybody reads", d, err, 0)
	first, err = FirstSequence(patient(t), c, StreamEvents)
	want("first", first, err, 3)

	k := &taker{}
	r := consume(t, c, ConsumeOptions{}, k.handle)
	eventually(t, "all taken", func() bool { return len(k.taken()) == 3 })
	ack(t)(k.taken()[2])
	eventually(t, "one is acknowledged", func() bool {
		p, err := r.Progress(patient(t))
		return err == nil && p.AckPending == 2
	})
	before := time.Now()
	p, err := r.Progress(patient(t))
	if err != nil || p.Delivered != 5 || p.Pending != 0 || p.Last != 5 || p.Time.Before(before.Add(-time.Second)) || p.Time.After(time.Now().Add(time.Second)) {
		t.Errorf("progress %+v, %v", p, err)
	}
	d, err = Delivered(patient(t), c)
	want("delivered", d, err, 5)
	for _, m := range k.taken() {
		ack(t)(m)
	}
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
	ship(t, c, "ws02", 2)
	p, err = r.Progress(patient(t))
	if err != nil || p.Delivered != 5 || p.Last != 7 {
		t.Errorf("progress %+v, %v", p, err)
	}
	eventually(t, "both are pending", func() bool { // counted a moment after they are stored
		p, err := r.Progress(patient(t))
		return err == nil && p.Delivered == 5 && p.Pending == 2
	})
	erase(t, c, StreamEvents, 3, 4, 5, 6, 7)
	first, err = FirstSequence(patient(t), c, StreamEvents)
	want("first of an emptied stream", first, err, 8)
	if _, err := FirstSequence(patient(t), c, "NONE"); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("first of no stream: %v", err)
	}
}

func TestEveryMessageStampedBeforeAProgressIsWithinIt(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	r := consume(t, c, ConsumeOptions{}, ack(t))
	stop := make(chan struct{})
	shipped := make(chan struct{})
	go func() {
		defer close(shipped)
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := c.Ship(context.Background(), EventSubject("ws01"), "", []byte("x"), nil); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	var seen []Progress
	for range 100 {
		p, err := r.Progress(patient(t))
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, p)
	}
	close(stop)
	<-shipped
	err := Read(patient(t), c, ReadOptions{Stream: StreamEvents}, func(m *Message) bool {
		for _, p := range seen {
			if m.Stamp.Before(p.Time) && m.Sequence > p.Last {
				t.Errorf("message %d is stamped %s before %+v", m.Sequence, p.Time.Sub(m.Stamp), p)
			}
		}
		return true
	})
	if err != nil {
		t.Error(err)
	}
}
