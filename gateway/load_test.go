package gateway

import (
	"fmt"
	"iter"
	"sync"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
)

// loadSize is how much the load test sends.
type loadSize struct {
	background, installer int
}

// shipment is a message on its way, and whether it must be decided.
type shipment struct {
	host   string
	data   []byte
	attack bool
}

func TestLoadIsDecidedOnceAndForgotten(t *testing.T) {
	size := loadSize{background: 100_000, installer: 2_000}
	whole := true
	switch {
	case testing.Short() || underRace:
		size, whole = loadSize{background: 10_000, installer: 200}, false
		t.Logf("-short or -race: %d background events instead of 100,000; the heap is not compared", size.background)
	case !hasCorpus(t):
		size, whole = loadSize{background: 40_000, installer: 800}, false
		t.Logf("no corpus in %s: %d generated background events instead of its own repeated to 100,000; the heap is not compared, as their processes never end", corpusFolder, size.background)
	}

	// Three processes: what is measured is the gateway alone.
	_, url := startNATS(t)
	conn, err := bus.Connect(patient(t), bus.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(patient(t)) }()
	config := DefaultConfig()
	config.NATS.URL, config.HTTP.Listen, config.Evaluation.Deadline = url, "off", 5*time.Second
	// Every attack is a tree and a finding of its own, and stays open. Bounds that
	// are reached early make all that grows afterwards a leak: from when the corpus
	// has been through once, so that every host and kind of record has been heard.
	config.Limits.Findings, config.Limits.TreesPerHost, config.Limits.DecisionsPerHost = 128, 16, 16
	config.State.SaveInterval = 500 * time.Millisecond // what writing down takes is part of it
	if _, err := bus.Setup(patient(t), conn, config.TopologyOptions()); err != nil {
		t.Fatal(err)
	}
	gateway := startGateway(t, config)

	next, stop := iter.Pull(mixed(t, size))
	defer stop()
	total := size.background + size.installer
	attacks := map[uint64]bool{}
	began := time.Now()
	last := shipMany(t, conn, next, total/2, attacks)
	gateway.awaitFloor(last, time.Minute)
	early := gateway.ask("heap")
	last = shipMany(t, conn, next, total-total/2, attacks)
	gateway.awaitFloor(last, time.Minute)
	late := gateway.ask("heap")
	took := time.Since(began)
	gateway.stop()

	if last != uint64(total) || len(attacks) != size.installer {
		t.Fatalf("shipped %d with %d attacks, want %d with %d", last, len(attacks), total, size.installer)
	}
	decidedOnce(t, conn, attacks)
	t.Logf("%d messages in %s (%.0f/s, shipping included); live heap %.1f MB halfway, %.1f MB at the end",
		total, took.Round(time.Millisecond), float64(total)/took.Seconds(), float64(early)/1e6, float64(late)/1e6)
	if whole && float64(late) > 1.1*float64(early) {
		t.Errorf("the heap grew from %d to %d bytes: by more than a tenth", early, late)
	}
}

// mixed gives the background, repeated as often as needed, with the installer's
// events spread evenly over it.
func mixed(t testing.TB, size loadSize) iter.Seq[shipment] {
	fromCorpus := hasCorpus(t)
	return func(yield func(shipment) bool) {
		sent, attacks, more := 0, 0, true
		one := func(s shipment) {
			more = more && yield(s)
			sent++
			if more && sent%(size.background/size.installer) == 0 && attacks < size.installer {
				host := fmt.Sprintf("ws%02d.corp.example", attacks%20)
				more = yield(shipment{host: host, data: attack(host, attacks), attack: true})
				attacks++
			}
		}
		for more && sent < size.background {
			if !fromCorpus {
				host := fmt.Sprintf("srv%02d.corp.example", sent%50)
				one(shipment{host: host, data: ordinary(host, sent)})
				continue
			}
			background(t, func(line backgroundLine) {
				if more && sent < size.background {
					one(shipment{host: line.host, data: line.data})
				}
			})
		}
	}
}

// shipMany ships the next n, several at once, and gives the last sequence.
func shipMany(t testing.TB, conn *bus.Conn, next func() (shipment, bool), n int, attacks map[uint64]bool) (last uint64) {
	t.Helper()
	var (
		mu       sync.Mutex
		shipping sync.WaitGroup
	)
	ctx := patient(t)
	waiting := make(chan shipment)
	for range 32 {
		shipping.Go(func() {
			for s := range waiting {
				seq, err := conn.Ship(ctx, bus.EventSubject(s.host), "", s.data, nil)
				mu.Lock()
				if err != nil {
					t.Error(err)
				}
				last = max(last, seq)
				if s.attack {
					attacks[seq] = true
				}
				mu.Unlock()
			}
		})
	}
	for range n {
		s, ok := next()
		if !ok {
			t.Error("there are too few events")
			break
		}
		waiting <- s
	}
	close(waiting)
	shipping.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return last
}

// decidedOnce holds DECISIONS to exactly one decision of cause event for each
// sequence, and none besides.
func decidedOnce(t testing.TB, conn *bus.Conn, want map[uint64]bool) {
	t.Helper()
	last, err := bus.LastSequence(patient(t), conn, bus.StreamDecisions)
	if err != nil {
		t.Fatal(err)
	}
	decided := map[uint64]int{}
	stored := uint64(0)
	err = bus.Tail(patient(t), conn, bus.TailOptions{Stream: bus.StreamDecisions}, func(m *bus.Message) bool {
		log, err := finding.ReadDecisionLog(m.Data)
		if err != nil {
			t.Error(err)
			return false
		}
		if log.Custom.Cause != "event" || log.Custom.Record != 0 || log.Custom.Stream != bus.StreamEvents {
			t.Errorf("a decision of %s:%d.%d:%s", log.Custom.Stream, log.Custom.Sequence, log.Custom.Record, log.Custom.Cause)
		}
		decided[log.Custom.Sequence]++
		stored = m.Sequence
		return m.Sequence < last
	})
	if err != nil {
		t.Fatal(err)
	}
	if stored != last {
		t.Fatalf("DECISIONS was read to %d of %d", stored, last)
	}
	missed, twice, besides := 0, 0, 0
	for seq := range want {
		switch decided[seq] {
		case 0:
			missed++
		case 1:
		default:
			twice++
		}
	}
	for seq := range decided {
		if !want[seq] {
			besides++
		}
	}
	if missed+twice+besides > 0 {
		t.Errorf("of %d events that match a trigger, %d have no decision and %d several; %d other events have one", len(want), missed, twice, besides)
	}
}
