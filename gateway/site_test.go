package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
)

// site is a NATS server with msigate's streams, and a connection that ships
// and reads as anyone could.
type site struct {
	t       testing.TB
	store   string
	server  *bus.Embedded
	conn    *bus.Conn
	config  Config
	shipped uint64 // sequence of the last message shipped
}

// auditBytes is how much the AUDIT of a new site takes; 0: as much as it should.
var auditBytes int64

// newSite runs a server for the test and sets the streams up, after adjust had
// its way with the configuration that they follow from.
func newSite(t testing.TB, adjust ...func(*Config)) *site {
	t.Helper()
	s := &site{t: t, store: t.TempDir(), config: DefaultConfig()}
	s.startServer(0)
	conn, err := bus.Connect(patient(t), bus.Options{URL: s.server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	s.conn = conn
	t.Cleanup(func() { _ = conn.Close(patient(t)) })
	s.config.NATS.URL = s.server.URL()
	s.config.DataDir = t.TempDir()
	s.config.HTTP.Listen = "off"
	s.config.Selftest.Every = 0
	s.config.Log.Level = "debug"
	s.config.Evaluation.Deadline = 5 * time.Second // the answer is tested, not the machine
	for _, change := range adjust {
		change(&s.config)
	}
	topology := s.config.TopologyOptions()
	topology.AuditBytes = auditBytes
	if _, err := bus.Setup(patient(t), conn, topology); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) startServer(port int) {
	s.t.Helper()
	server, err := bus.StartEmbedded(patient(s.t), bus.EmbeddedOptions{StoreDir: s.store, Port: port})
	if err != nil {
		s.t.Fatal(err)
	}
	s.server = server
	s.t.Cleanup(server.Shutdown)
}

// gatewayRun is a gateway on a site.
type gatewayRun struct {
	Running
	log *logBuffer
	end func() error // reads no more, finishes, returns what Run returned

	ended bool // by the test itself
}

// run starts a gateway; the test ends with it stopped, and without an error.
func (s *site) run() *gatewayRun {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan Running, 1), make(chan error, 1)
	r := &gatewayRun{log: &logBuffer{}}
	go func() {
		ended <- Run(ctx, RunOptions{Config: s.config, Version: "test", Log: r.log, Ready: func(running Running) { ready <- running }})
	}()
	r.end = sync.OnceValue(func() error {
		r.ended = true
		cancel()
		return <-ended
	})
	s.t.Cleanup(func() {
		if r.ended {
			return
		}
		if err := r.end(); err != nil {
			s.t.Errorf("the gateway ended with: %v", err)
		}
	})
	select {
	case r.Running = <-ready:
	case err := <-ended:
		ended <- nil
		s.t.Fatalf("the gateway did not start: %v", err)
	}
	return r
}

// runError is why a gateway does not start.
func (s *site) runError() error {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return Run(ctx, RunOptions{Config: s.config, Version: "test", Log: io.Discard, Ready: func(Running) {
		s.t.Error("the gateway started")
		cancel()
	}})
}

// ship stores a message as a host's shipper would.
func (s *site) ship(host string, data []byte) uint64 {
	s.t.Helper()
	return s.shipTo(bus.EventSubject(host), data)
}

func (s *site) shipTo(subject string, data []byte) uint64 {
	s.t.Helper()
	seq, err := s.conn.Ship(patient(s.t), subject, "", data, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.shipped = max(s.shipped, seq)
	return seq
}

// settled waits until the gateway has acknowledged everything shipped: all
// that it had to say is stored then.
func (s *site) settled(r *gatewayRun) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("all %d messages are acknowledged", s.shipped), func() bool {
		lag, err := r.Gateway.Lag(patient(s.t))
		return err == nil && lag.AckFloor >= s.shipped
	})
}

// read gives all that a stream holds now.
func (s *site) read(stream string) []*bus.Message {
	s.t.Helper()
	last, err := bus.LastSequence(patient(s.t), s.conn, stream)
	if err != nil {
		s.t.Fatal(err)
	}
	var all []*bus.Message
	if last == 0 {
		return nil
	}
	err = bus.Tail(patient(s.t), s.conn, bus.TailOptions{Stream: stream}, func(m *bus.Message) bool {
		all = append(all, m)
		return m.Sequence < last
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(all) == 0 || all[len(all)-1].Sequence < last {
		s.t.Fatalf("%s was not read to its end at %d", stream, last)
	}
	return all
}

// decisions are all on DECISIONS, by the stream sequence of their message.
func (s *site) decisions() map[uint64][]finding.DecisionLog {
	s.t.Helper()
	all := map[uint64][]finding.DecisionLog{}
	for _, m := range s.read(bus.StreamDecisions) {
		log, err := finding.ReadDecisionLog(m.Data)
		if err != nil {
			s.t.Fatal(err)
		}
		all[log.Custom.Sequence] = append(all[log.Custom.Sequence], log)
	}
	return all
}

// whatBecameOf says of every message: of each decided record its disposition
// and index, "quarantine.<reason>" of each that is in quarantine, in the order
// of their streams.
func (s *site) whatBecameOf() map[uint64]string {
	s.t.Helper()
	became := map[uint64]string{}
	add := func(m *bus.Message, word string) {
		seq, err := strconv.ParseUint(m.Header.Get(bus.HeaderSequence), 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		became[seq] = strings.TrimSpace(became[seq] + " " + word + "/" + m.Header.Get(bus.HeaderRecord))
	}
	for _, m := range s.read(bus.StreamQuarantine) {
		add(m, m.Subject)
	}
	for _, m := range s.read(bus.StreamDecisions) {
		add(m, m.Header.Get(HeaderDisposition))
	}
	return became
}

// verdict is a finding as it stands on the stream.
type verdict struct {
	Subject string
	Header  bus.Header
	Finding finding.DetectionFinding
}

func (s *site) verdicts() []verdict {
	s.t.Helper()
	var all []verdict
	for _, m := range s.read(bus.StreamVerdicts) {
		v := verdict{Subject: m.Subject, Header: m.Header}
		if err := json.Unmarshal(m.Data, &v.Finding); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// logBuffer keeps what a gateway says.
type logBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// awaitLog waits until a line of the log holds every one of the texts.
func (r *gatewayRun) awaitLog(t testing.TB, texts ...string) string {
	t.Helper()
	var line string
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		for line = range strings.Lines(r.log.String()) {
			if containsAll(line, texts) {
				return line
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no line of the log holds %q:\n%s", texts, r.log)
	return ""
}

func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
