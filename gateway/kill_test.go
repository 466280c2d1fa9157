package gateway

import (
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"msigate/gateway/bus"
)

func TestKilledGatewayLosesNothingAndDecidesOnce(t *testing.T) {
	t.Parallel()
	events, kills := 20_000, runsOf(t, 3)
	if os.Getenv("MSIGATE_RUNS") != "" {
		events = 50_000
	}
	if testing.Short() || underRace {
		events = 5_000
		t.Logf("-short or -race: %d events instead of 20,000", events)
	}
	seed := seedOf(t)
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

// Gateways that are killed as they decide stories, one after the other, tell
// the same of each host, in its order, as one that is never interrupted:
// nothing twice, and nothing else.
func TestKilledGatewayTellsWhatAnUninterruptedOneTells(t *testing.T) {
	t.Parallel()
	kills, seed := runsOf(t, 3), seedOf(t)
	random := rand.New(rand.NewPCG(seed, 1))
	s := newSite(t, func(c *Config) {
		c.Log.Level = "error"
		c.Consumer.AckWait = time.Second
		c.State.SaveInterval = 200 * time.Millisecond
	})
	folder := hastyFolder(t)
	s.config.Bundles = []BundleConfig{{Name: "policy", Path: folder, AllowUnsigned: true}}
	p := hastyOf(t, folder)
	// Some stories, and attacks of hosts of their own between them, that are told
	// all the while: every install spans a few deaths.
	var events []shipment
	for group := range 1 + kills/4 {
		for n, e := range interleaved(t, random, fmt.Sprintf("k%d", group)) {
			events = append(events, e)
			if n%4 == 0 {
				host := fmt.Sprintf("k%d-ws%02d", group, n%7)
				events = append(events, shipment{host: host, data: attack(host, n)})
			}
		}
	}
	var shipping sync.WaitGroup
	shipping.Go(func() {
		for _, e := range events {
			s.ship(e.host, e.data)
			time.Sleep(time.Duration(kills) * 300 * time.Millisecond / time.Duration(len(events)))
		}
	})
	gateway := startGateway(t, s.config)
	for range kills {
		time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
		gateway.kill()
		gateway = startGateway(t, s.config)
	}
	shipping.Wait()
	gateway.awaitFloor(s.shipped, time.Minute)
	gateway.kill()
	g := s.start(s.config, p, s.server.URL())
	s.idle(g)
	time.Sleep(2 * time.Second) // the last facts that do not come
	s.idle(g)
	g.end(t)
	want := uninterrupted(t, s.config, p, s.read(bus.StreamEvents))
	for _, stream := range outputStreams {
		got := s.read(stream)
		for _, m := range got {
			m.Data = withoutTraces(t, m.Data)
		}
		want[stream] = slices.DeleteFunc(want[stream], func(o stored) bool { return strings.Contains(o.id, ".settled.") }) // in a quarter of an hour
		for i := range want[stream] {
			want[stream][i].content = normal(t, withoutTraces(t, []byte(want[stream][i].content)))
		}
		compareOutputs(t, fmt.Sprintf("seed %d", seed), stream, got, want[stream])
	}
}

// withoutTraces is a document without the ids of traces, which a child has and
// this process has not.
func withoutTraces(t testing.TB, data []byte) []byte {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(data, &document); err != nil {
		return data // quarantined as it came
	}
	delete(document, "trace_id")
	delete(document, "span_id")
	if unmapped, ok := document["unmapped"].(map[string]any); ok {
		if own, ok := unmapped["msigate"].(map[string]any); ok {
			delete(own, "trace_id")
			delete(own, "span_id")
		}
	}
	raw, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
