package bus

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func TestSetupSetsTheAckWaitConfiguredAndCheckTakesALongerOne(t *testing.T) {
	t.Parallel()
	_, c := ready(t, EmbeddedOptions{}) // 10 s
	ship(t, c, "ws01", 1)
	k := &taker{}
	r := consume(t, c, ConsumeOptions{}, k.handle)
	eventually(t, "one taken", func() bool { return len(k.taken()) == 1 })
	short := TopologyOptions{AckWait: time.Second}
	if ms, err := Check(patient(t), c, short); err != nil || len(ms) > 0 {
		t.Errorf("check of a longer ack_wait gave %v, %v", ms, err)
	}
	for _, want := range []string{"[changed ack_wait of consumer EVENTS/msigate from 10s to 1s]", "[]"} {
		changes, err := Setup(patient(t), c, short)
		if err != nil || fmt.Sprint(changes) != want {
			t.Errorf("setup gave %v, %v, want %s", changes, err, want)
		}
	}
	have, err := c.consumerConfig(patient(t))
	if err != nil || have.AckWait != time.Second {
		t.Errorf("ack_wait is %s, %v", have.AckWait, err)
	}
	if _, err := r.Lag(patient(t)); err != nil { // who reads already keeps alive accordingly
		t.Error(err)
	}
	if r.ackWait != time.Second {
		t.Errorf("what is in flight is kept alive for an ack_wait of %s", r.ackWait)
	}
	if changes, err := Setup(patient(t), c, TopologyOptions{AckWait: 4 * time.Second}); err != nil || len(changes) != 1 {
		t.Errorf("setup with a longer one gave %v, %v", changes, err)
	}
	if changes, err := Setup(patient(t), c, TopologyOptions{}); err != nil || len(changes) != 1 { // by default a floor
		t.Errorf("setup by default gave %v, %v", changes, err)
	}
	ack(t)(k.taken()[0])
	if err := r.Drain(patient(t)); err != nil {
		t.Error(err)
	}
}

func TestAShorterAckWaitHoldsForWhatIsInFlightAlready(t *testing.T) {
	t.Parallel()
	_, c := ready(t, EmbeddedOptions{}) // 10 s
	ship(t, c, "ws01", 1)
	consumer, err := c.js.Consumer(patient(t), StreamEvents, ConsumerName)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := consumer.Next(); err != nil { // a gateway that is killed now
		t.Fatal(err)
	}
	if _, err := Setup(patient(t), c, TopologyOptions{AckWait: time.Second}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, err := consumer.Next(jetstream.FetchMaxWait(5 * time.Second)); err != nil {
		t.Errorf("it did not come again within %s: %v", time.Since(start), err)
	}
}

func TestSetupLetsAnOlderBucketTakeBatches(t *testing.T) {
	e := serve(t, EmbeddedOptions{})
	c := connect(t, e.URL())
	plantState(func(*jetstream.StreamConfig) {})(t, c)
	changes, err := Setup(patient(t), c, TopologyOptions{})
	if err != nil || !slices.ContainsFunc(changes, func(c Change) bool { return c.Field == "allow_atomic" }) {
		t.Errorf("setup gave %v, %v", changes, err)
	}
	if s := openState(t, c); !s.atomic {
		t.Error("it takes none")
	}
}

func TestCheckAsksForTheReplicasConfigured(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	ms, err := Check(patient(t), c, TopologyOptions{Replicas: 3})
	if err != nil {
		t.Fatal(err)
	}
	if len(ms) != 11 { // each stream and bucket; a consumer has those of its stream
		t.Errorf("%d mismatches: %v", len(ms), ms)
	}
	for _, m := range ms {
		if m.Field != "replicas" || m.Have != "1" || m.Want != "3" {
			t.Errorf("besides: %s", m)
		}
	}
}
