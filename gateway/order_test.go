package gateway

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"msigate/gateway/bus"
)

// wire stands between a gateway and its NATS server and can lose what the
// server sends, and break, as a network does.
type wire struct {
	listener net.Listener
	server   string
	losing   atomic.Bool

	mu    sync.Mutex
	conns []net.Conn
	wait  sync.WaitGroup
}

func newWire(t testing.TB, serverURL string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, server: strings.TrimPrefix(serverURL, "nats://")}
	w.wait.Go(w.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		w.tear()
		w.wait.Wait()
	})
	return w
}

func (w *wire) url() string { return "nats://" + w.listener.Addr().String() }

// tear breaks what there is; who connects again is let in.
func (w *wire) tear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.conns {
		_ = conn.Close()
	}
	w.conns = nil
	w.losing.Store(false)
}

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", w.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		w.mu.Lock()
		w.conns = append(w.conns, client, server)
		w.mu.Unlock()
		w.wait.Go(func() {
			_, _ = io.Copy(server, client)
			_ = server.Close()
		})
		w.wait.Go(func() {
			defer func() { _ = client.Close() }()
			buffer := make([]byte, 64<<10)
			for {
				n, err := server.Read(buffer)
				if err != nil {
					return
				}
				if w.losing.Load() {
					continue
				}
				if _, err := client.Write(buffer[:n]); err != nil {
					return
				}
			}
		})
	}
}

// What the server had sent when the connection broke comes again behind what
// it sends afterwards. Each host's events are decided in the order of the
// stream all the same, and every one of them.
func TestEventsLostOnTheWayAreDecidedInTheirPlace(t *testing.T) {
	s := newSite(t, func(c *Config) {
		c.Consumer.AckWait = time.Second
		c.Workers = 2
	})
	w := newWire(t, s.server.URL())
	s.config.NATS.URL = w.url()
	r := s.run()
	want := map[uint64]bool{}
	ship := func(from, to int) {
		for n := from; n < to; n++ {
			want[s.ship("ws01", attack("ws01", n))] = true
		}
	}
	ship(0, 30)
	s.settled(r)
	w.losing.Store(true)
	ship(30, 60)
	time.Sleep(200 * time.Millisecond)
	w.tear()
	ship(60, 90)
	r.awaitLog(t, "NATS is back")
	s.settled(r)
	decidedOnce(t, s.conn, want)
	var before uint64
	for _, m := range s.read("DECISIONS") {
		seq := sequenceOf(t, m)
		if seq <= before {
			t.Fatalf("the event at %d is decided after that at %d", seq, before)
		}
		before = seq
	}
}

// sequenceOf is which message an output answers.
func sequenceOf(t testing.TB, m *bus.Message) uint64 {
	t.Helper()
	seq, err := strconv.ParseUint(m.Header.Get(bus.HeaderSequence), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}
