package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"msigate/gateway/bus"
)

// administer does what an administrator does to the streams.
func (s *site) administer(do func(jetstream.JetStream) error) {
	s.t.Helper()
	conn, err := nats.Connect(s.server.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err == nil {
		err = do(js)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// purge deletes the messages of a subject of EVENTS.
func (s *site) purge(subject string) {
	s.t.Helper()
	s.administer(func(js jetstream.JetStream) error {
		stream, err := js.Stream(patient(s.t), bus.StreamEvents)
		if err != nil {
			return err
		}
		return stream.Purge(patient(s.t), jetstream.WithPurgeSubject(subject))
	})
}

// makeAnew deletes EVENTS and makes it again: its sequences begin at 1.
func (s *site) makeAnew() {
	s.t.Helper()
	s.administer(func(js jetstream.JetStream) error { return js.DeleteStream(patient(s.t), bus.StreamEvents) })
	if _, err := bus.Setup(patient(s.t), s.conn, s.config.TopologyOptions()); err != nil {
		s.t.Fatal(err)
	}
	s.shipped = 0
}

// A stream that is made anew has sequences that were taken before: its events
// are decided all the same, and it is said that what was known is forgotten.
func TestEventsOfAStreamMadeAnewAreDecided(t *testing.T) {
	for _, test := range []struct {
		name string
		more int // events in the new stream
	}{
		{"with fewer events", 3},
		{"with more events", 30},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			s.dedupWindow(100 * time.Millisecond)
			s.config.State.SaveInterval = 50 * time.Millisecond
			g := s.start(s.config, builtIn(t), s.server.URL())
			for n := range 10 {
				s.ship("ws01", attack("ws01", n))
			}
			s.idle(g)
			g.end(t)
			before := len(s.read(bus.StreamDecisions))
			time.Sleep(300 * time.Millisecond) // the server remembers no id any more
			s.makeAnew()                       // which gives it its own window again
			want := map[uint64]bool{}
			for n := range test.more {
				want[s.ship("ws01", attack("ws01", 100+n))] = true
			}
			s.administer(func(js jetstream.JetStream) error {
				stream, err := js.Stream(patient(t), bus.StreamDecisions)
				if err != nil {
					return err
				}
				return stream.Purge(patient(t)) // of the stream before
			})
			if before != 10 {
				t.Fatalf("%d decisions of the stream before", before)
			}
			r := s.run()
			r.awaitLog(t, "EVENTS was made anew", "what was known of hosts is forgotten")
			s.settled(r)
			if err := r.end(); err != nil {
				t.Error(err)
			}
			decidedOnce(t, s.conn, want)
			told := false
			for _, e := range s.audits() {
				told = told || e.Event == "state_forgotten" && strings.Contains(e.Detail, "made anew")
			}
			if !told {
				t.Error("AUDIT does not tell")
			}
			// From then on it is known which stream it is.
			r = s.run()
			r.awaitLog(t, "state recovered")
			if strings.Contains(r.log.String(), "made anew") {
				t.Error("it is taken for another stream once more")
			}
		})
	}
}

// While the gateway runs it ends, saying why: its hosts' state is of the other
// stream.
func TestStreamMadeAnewWhileTheGatewayRunsEndsIt(t *testing.T) {
	s := newSite(t)
	g := s.start(s.config, builtIn(t), s.server.URL())
	for n := range 5 {
		s.ship("ws01", attack("ws01", n))
	}
	s.idle(g)
	s.makeAnew()
	s.ship("ws01", attack("ws01", 9))
	select {
	case err := <-g.Failed():
		if !strings.Contains(err.Error(), "EVENTS") || !strings.Contains(err.Error(), "made anew") {
			t.Errorf("it says %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it goes on")
	}
}

// A durable that is made anew delivers everything again: what was taken is only
// acknowledged, also of a host of which nothing is known any more.
func TestDurableMadeAnewDecidesNothingTwice(t *testing.T) {
	for _, restart := range restarts {
		t.Run(restart.name, func(t *testing.T) {
			s := newSite(t)
			s.dedupWindow(100 * time.Millisecond)
			s.config.State.SaveInterval = time.Hour
			p := builtIn(t)
			g := s.start(s.config, p, s.server.URL())
			want := map[uint64]bool{}
			for n := range 5 {
				want[s.ship("ws01", attack("ws01", n))] = true
				s.ship("ws02", truncated(ordinary("ws02", 64)))
			}
			s.idle(g)
			restart.end(t, g)
			quarantined := len(s.read(bus.StreamQuarantine))
			time.Sleep(300 * time.Millisecond) // the server remembers no id any more
			s.administer(func(js jetstream.JetStream) error {
				return js.DeleteConsumer(patient(t), bus.StreamEvents, bus.ConsumerName)
			})
			if _, err := bus.Setup(patient(t), s.conn, s.config.TopologyOptions()); err != nil {
				t.Fatal(err)
			}
			g = s.start(s.config, p, s.server.URL())
			want[s.ship("ws01", attack("ws01", 9))] = true
			s.idle(g)
			g.end(t)
			decidedOnce(t, s.conn, want)
			if now := len(s.read(bus.StreamQuarantine)); now != quarantined {
				t.Errorf("%d are in quarantine, %d before", now, quarantined)
			}
		})
	}
}
