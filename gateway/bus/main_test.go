package bus

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// nats.go 1.55.0 leaves this goroutine where a connection is closed as its
	// first publishing has just begun: it then reads a channel that is nil already.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/nats-io/nats.go/jetstream.(*jetStream).resetPendingAcksOnReconnect"))
}

// patient bounds every step of a test.
func patient(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// serve runs the embedded server for the test.
func serve(t testing.TB, o EmbeddedOptions) *Embedded {
	t.Helper()
	if o.StoreDir == "" {
		o.StoreDir = t.TempDir()
	}
	e, err := StartEmbedded(patient(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Shutdown)
	return e
}

func connect(t testing.TB, url string) *Conn {
	t.Helper()
	c, err := Connect(patient(t), Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(patient(t)) }) // the server may be down by then
	return c
}

// ready is a server with the streams set up and a connection to it.
func ready(t testing.TB, o EmbeddedOptions) (*Embedded, *Conn) {
	t.Helper()
	e := serve(t, o)
	c := connect(t, e.URL())
	if _, err := Setup(patient(t), c, TopologyOptions{}); err != nil {
		t.Fatal(err)
	}
	return e, c
}

func publisher(t testing.TB, c *Conn, o PublisherOptions) *Publisher {
	t.Helper()
	p, err := NewPublisher(c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = p.Drain(ctx) // most tests have drained it already
	})
	return p
}

// ship stores n events of a host and fails the test where it cannot.
func ship(t testing.TB, c *Conn, host string, n int) {
	t.Helper()
	for i := range n {
		if _, err := c.Ship(patient(t), EventSubject(host), fmt.Sprintf("%s-%d", host, i), fmt.Appendf(nil, "event %d", i), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// read gives the first n messages of a stream.
func read(t testing.TB, c *Conn, stream string, n int) []*Message {
	t.Helper()
	if n == 0 {
		return nil
	}
	var out []*Message
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := Tail(ctx, c, TailOptions{Stream: stream}, func(m *Message) bool {
		out = append(out, m)
		return len(out) < n
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < n {
		t.Fatalf("%s holds %d messages, want %d", stream, len(out), n)
	}
	return out
}

// stored gives how many messages a stream holds.
func stored(t testing.TB, c *Conn, stream string) uint64 {
	t.Helper()
	s, err := c.js.Stream(patient(t), stream)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// decision makes the outputs of one trigger of a host: verdicts, then the
// Decision.
func decision(host string, sequence uint64, verdicts int, settled func(error)) Outputs {
	t := Triggered{Trigger: Trigger{Stream: StreamEvents, Sequence: sequence, Cause: "event"}}
	for i := range verdicts {
		t.Verdicts = append(t.Verdicts, Output{
			Subject: VerdictSubject("alert", host),
			MsgID:   fmt.Sprintf("v-%s-%d-%d", host, sequence, i),
			Data:    fmt.Appendf(nil, "verdict %d of %d", i, sequence),
		})
	}
	t.Decision = &Output{
		Subject: DecisionSubject(host),
		MsgID:   fmt.Sprintf("d-%s-%d", host, sequence),
		Data:    fmt.Appendf(nil, "decision %d", sequence),
	}
	return Outputs{Host: host, Triggers: []Triggered{t}, Settled: settled}
}
