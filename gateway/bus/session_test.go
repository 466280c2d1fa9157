package bus

import (
	"testing"
	"time"
)

func TestNoHeaderOfAShipperPassesForTheServersWord(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	words := []string{"100", "404", "408", "409", "423", "503", "x"}
	for _, status := range words {
		header := Header{"Status": {status}, "Description": {"Consumer Deleted"}, "Nats-Pending-Messages": {"999999"}, "Nats-Pending-Bytes": {"999999"}}
		if _, err := c.Ship(patient(t), EventSubject("ws01"), "", nil, header); err != nil {
			t.Fatal(err)
		}
	}
	ship(t, c, "ws02", 3)
	k := &taker{then: ack(t)}
	r := consume(t, c, ConsumeOptions{}, k.handle)
	eventually(t, "all taken", func() bool { return len(k.taken()) == len(words)+3 })
	for i, m := range k.taken() {
		if m.Sequence != uint64(i+1) || i < len(words) && m.Header.Get("Status") != words[i] {
			t.Errorf("message %d is %+v", i, m)
		}
	}
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
	if s := r.State(); s.LastError != "" || s.Redelivered > 0 {
		t.Errorf("state %+v", s)
	}
	eventually(t, "all acknowledged", func() bool {
		lag, err := r.Lag(patient(t))
		return err == nil && lag == Lag{Delivered: uint64(len(words) + 3), AckFloor: uint64(len(words) + 3)}
	})
}

func TestConsumeTakesMessagesOfAllSizesWithinItsPull(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	const n = 400
	for i := range n {
		size := 10
		if i%7 == 0 {
			size = 900 << 10 // a few fill a pull
		}
		if _, err := c.Ship(patient(t), EventSubject("ws01"), "", make([]byte, size), nil); err != nil {
			t.Fatal(err)
		}
	}
	k := &taker{then: ack(t)}
	start := time.Now()
	r := consume(t, c, ConsumeOptions{PullMaxMessages: 50, PullMaxBytes: 1}, k.handle) // raised to twice max_payload
	eventually(t, "all taken", func() bool { return len(k.taken()) == n })
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	for i, m := range k.taken() {
		if m.Sequence != uint64(i+1) {
			t.Fatalf("message %d has sequence %d", i, m.Sequence)
		}
	}
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
}
