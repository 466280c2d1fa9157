package gateway

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"msigate/gateway/bus"
)

func TestKilledGatewayLosesNothingAndDecidesOnce(t *testing.T) {
	events, kills := 50_000, 4
	if testing.Short() || underRace {
		events, kills = 5_000, 2
		t.Logf("-short or -race: %d events instead of 50,000", events)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	_, url := startNATS(t)
	conn, err := bus.Connect(patient(t), bus.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(patient(t)) }()
	config := DefaultConfig()
	config.NATS.URL, config.HTTP.Listen, config.Evaluation.Deadline = url, "off", 5*time.Second
	config.Log.Level = "error"
	config.Consumer.AckWait = time.Second                                    // what the killed one held comes again soon
	config.Consumer.MaxAckPending, config.Consumer.PullMessages = 2_000, 500 // it holds many, and leaves more
	if _, err := bus.Setup(patient(t), conn, config.TopologyOptions()); err != nil {
		t.Fatal(err)
	}

	// One in ten matches a trigger, on few hosts, so that a killed gateway has
	// outputs of every host on the way.
	next, stop := iter.Pull(func(yield func(shipment) bool) {
		for n := range events {
			host := fmt.Sprintf("ws%02d.corp.example", n%7)
			s := shipment{host: host, data: ordinary(host, n)}
			if n%10 == 3 {
				s = shipment{host: host, data: attack(host, n), attack: true}
			}
			if !yield(s) {
				return
			}
		}
	})
	defer stop()
	attacks := map[uint64]bool{}
	last := shipMany(t, conn, next, events, attacks)

	// Each life ends somewhere in what is left.
	gateway := startGateway(t, config)
	for life := range kills {
		floor := gateway.ask("floor")
		at := floor + random.Uint64N((last-min(floor, last))/uint64(kills-life)+1)
		floor = gateway.awaitFloor(at, time.Minute)
		gateway.kill()
		t.Logf("killed when %d of %d were acknowledged", floor, last)
		gateway = startGateway(t, config)
	}
	gateway.awaitFloor(last, time.Minute)
	gateway.stop()
	decidedOnce(t, conn, attacks)
}
