package gateway

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"msigate/gateway/bus"
)

func TestNATSAbsentIsSaidWithAHint(t *testing.T) {
	s := &site{t: t, config: DefaultConfig()}
	s.config.NATS.URL, s.config.HTTP.Listen = "nats://127.0.0.1:1", "off"
	err := s.runError()
	var refused *bus.ConnectError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, which is no ConnectError", err)
	}
	const want = "connecting to NATS at nats://127.0.0.1:1: connection refused — is a nats-server running there? " +
		"Start one with `nats-server -js`, correct the URL, or leave it out and msigate runs its own"
	if err.Error() != want {
		t.Errorf("it says\n%v\nwant\n%s", err, want)
	}
}

func TestNATSAbsentIsSaidWithoutItsPassword(t *testing.T) {
	s := &site{t: t, config: DefaultConfig()}
	s.config.NATS.URL, s.config.HTTP.Listen = "nats://someone:secret@127.0.0.1:1", "off"
	if err := s.runError(); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("it says\n%v", err)
	}
}

func TestEventsStreamThatIsAWorkQueueIsRefusedSayingWhatToDo(t *testing.T) {
	s := newSite(t)
	// An administrator made the stream before, as queues usually are made.
	conn, err := nats.Connect(s.server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(patient(t), bus.StreamEvents); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(patient(t), jetstream.StreamConfig{
		Name: bus.StreamEvents, Subjects: []string{"events.>"}, Retention: jetstream.WorkQueuePolicy, Duplicates: bus.DedupWindow,
	}); err != nil {
		t.Fatal(err)
	}
	seq := s.ship("ws01", attack("ws01", 1))

	err = s.runError()
	if err == nil || !containsAll(err.Error(), []string{"stream EVENTS", "retention", "workqueue", "limits", "a work queue deletes each event once it is acknowledged", "nats stream"}) {
		t.Errorf("it says:\n%v", err)
	}
	stream, err := js.Stream(patient(t), bus.StreamEvents)
	if err != nil {
		t.Fatal(err)
	}
	if state := stream.CachedInfo().State; state.Msgs != 1 || state.LastSeq != seq || state.Consumers != 0 {
		t.Errorf("the refused gateway touched the stream: %+v", state)
	}
}

func TestStreamsThatAreAbsentNameTheCommandThatMakesThem(t *testing.T) {
	s := &site{t: t, store: t.TempDir(), config: DefaultConfig()}
	s.startServer(0)
	s.config.NATS.URL, s.config.HTTP.Listen = s.server.URL(), "off"
	if err := s.runError(); err == nil || !containsAll(err.Error(), []string{"stream EVENTS", "absent", "msigate setup"}) {
		t.Errorf("it says:\n%v", err)
	}
}

// The server goes in the middle and comes back with its store: on the same
// port, as a restarted service does.
func TestNATSGoneInMidRunLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) {
		c.Consumer.AckWait = 2 * time.Second // acknowledgements that the server did not get
	})
	r := s.run()
	next, stop := iter.Pull(func(yield func(shipment) bool) {
		for n := 0; ; n++ {
			host := fmt.Sprintf("ws%02d.corp.example", n%5)
			event := shipment{host: host, data: attack(host, n), attack: true}
			if n%2 == 1 {
				event = shipment{host: host, data: ordinary(host, n)}
			}
			if !yield(event) {
				return
			}
		}
	})
	defer stop()
	each := uint64(2_000)
	if testing.Short() || underRace {
		each = 300
	}
	attacks := map[uint64]bool{}
	port := s.server.Port()
	said := func(text string, times int) {
		t.Helper()
		eventually(t, fmt.Sprintf("the log says %q %d times", text, times), func() bool { return strings.Count(r.log.String(), text) == times })
	}
	for outage := range 2 {
		s.shipped = shipMany(t, s.conn, next, int(each), attacks)
		eventually(t, "some are acknowledged", func() bool {
			lag, err := r.Gateway.Lag(patient(t))
			return err == nil && lag.AckFloor > s.shipped-each+100
		})
		s.server.Shutdown()
		said("NATS is gone; events wait in the stream, reconnecting", outage+1)
		time.Sleep(300 * time.Millisecond)
		s.startServer(port)
		said("NATS is back", outage+1)
	}
	s.shipped = shipMany(t, s.conn, next, int(each), attacks)
	s.settled(r)
	if err := r.end(); err != nil {
		t.Errorf("the gateway ended with: %v", err)
	}
	decidedOnce(t, s.conn, attacks)
}

// With the bus gone nothing can be finished: the gateway says so, within its
// bound, and what it held comes again to the next one.
func TestStopWithoutABusKeepsItsBoundAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) {
		c.Drain = 500 * time.Millisecond
		c.Consumer.AckWait = time.Second
	})
	r := s.run()
	want := map[uint64]bool{}
	many := 2_000
	if testing.Short() || underRace {
		many = 300
	}
	for n := range many {
		want[s.ship("ws01", attack("ws01", n))] = true
	}
	port := s.server.Port()
	s.server.Shutdown()
	r.awaitLog(t, "NATS is gone")
	began := time.Now()
	err := r.end()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	if err != nil && !strings.Contains(err.Error(), "will be delivered again") && !strings.Contains(err.Error(), "not stored") {
		t.Errorf("%v", err)
	}
	s.startServer(port)
	eventually(t, "the shipper is connected again", func() bool { return s.conn.State().Connected })
	s.config.Drain = DefaultConfig().Drain
	r = s.run()
	s.settled(r)
	decidedOnce(t, s.conn, want)
}

func TestStopLogsNothingOfItsOwnLeaving(t *testing.T) {
	s := newSite(t)
	r := s.run()
	s.ship("ws01", attack("ws01", 1))
	s.settled(r)
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(r.log.String(), "NATS is gone") || strings.Contains(r.log.String(), "ERROR") {
		t.Errorf("a stop with all well is logged as trouble:\n%s", r.log)
	}
}
