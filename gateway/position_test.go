package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/nats-io/nats.go/jetstream"

	"msigate/gateway/bus"
	"msigate/gateway/event"
)

// A host's state may stand for the first records of a message and not for the
// others: after a restart those alone are taken.
func TestRecordsBehindTheOneThatIsWrittenDownAreTaken(t *testing.T) {
	s := newSite(t)
	s.config.Hosts.Collectors = []string{"wef"}
	p := builtIn(t)
	data := list(attack("ws01", 1), attack("ws02", 2), attack("ws01", 3), attack("ws02", 4))
	seq := s.shipTo(bus.CollectorSubject("wef"), data)

	// The gateway before had the message, and wrote down what ws01 was after its first record.
	records, fault := event.Decode(data)
	if fault != nil {
		t.Fatal(fault)
	}
	w := NewWorker(WorkerOptions{})
	m := &Message{Stream: bus.StreamEvents, Sequence: seq, Reporter: "wef", Data: data, Stamp: s.read(bus.StreamEvents)[0].Stamp}
	w.Step(t.Context(), p, m, m.sort(records, nil)[0])
	entry, err := w.export("ws01", reached{Sequence: seq, Record: 0}).encode(MaxHostState)
	if err != nil {
		t.Fatal(err)
	}
	store, err := bus.OpenState(patient(t), s.conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Put(patient(t), bus.StateKey("ws01"), entry, 0); err != nil {
		t.Fatal(err)
	}
	s.administer(func(js jetstream.JetStream) error {
		c, err := js.Consumer(patient(t), bus.StreamEvents, bus.ConsumerName)
		if err != nil {
			return err
		}
		_, err = c.Next()
		return err
	})
	g := s.start(s.config, p, s.server.URL())
	var decided []string
	for _, log := range s.decisions()[seq] {
		decided = append(decided, fmt.Sprintf("%s/%d", log.Custom.Host, log.Custom.Record))
	}
	g.end(t)
	if got := strings.Join(decided, " "); !sameWords(got, "ws02/1 ws01/2 ws02/3") {
		t.Errorf("decided are %s", got)
	}
}

// What the gateway before was given and did not acknowledge comes again: it is
// read at the start, and then only acknowledged.
func TestRedeliveredEventsAreOnlyAcknowledged(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Consumer.AckWait = time.Second })
	s.dedupWindow(100 * time.Millisecond)
	s.config.State.SaveInterval = time.Hour
	s.config.Hosts.Collectors = []string{"wef"}
	want := map[uint64]bool{}
	for n := range 20 {
		host := fmt.Sprintf("ws%02d", n%3)
		want[s.ship(host, attack(host, n))] = true
		s.ship(host, ordinary("ws09", 0)) // of another host: in quarantine, and nothing is known of it
	}
	cut := cutAfter(t, s.server.URL(), 25, true)
	g := s.start(s.config, builtIn(t), cut.url())
	<-cut.cut
	g.crash()
	time.Sleep(300 * time.Millisecond)
	s.config.State.SaveInterval = 20 * time.Millisecond // so that what is not known is forgotten before it comes again
	g = s.start(s.config, builtIn(t), s.server.URL())
	s.idle(g)
	g.end(t)
	decidedOnce(t, s.conn, want)
	if got := len(s.read(bus.StreamQuarantine)); got != 20 {
		t.Errorf("%d are in quarantine, want 20", got)
	}
}

// A host that sends more than any other pushes nobody out: their trees are
// known afterwards, and what it made be forgotten of itself is counted.
func TestFloodingHostPushesNobodyOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.config.Workers = 1
	s.config.Limits.Processes, s.config.Limits.ProcessesPerHost, s.config.Limits.TreesPerHost = 400, 100, 50
	s.config.Limits.Findings, s.config.Limits.DecisionsPerHost = 400, 50
	s.config.HTTP.Listen = "127.0.0.1:0"
	r := s.run()
	const quiet = 20
	for n := range quiet {
		host := fmt.Sprintf("ws%02d", n)
		s.ship(host, attack(host, 1))
	}
	for n := range 1000 {
		if n%2 == 0 {
			s.ship("flood", attack("flood", n))
		} else {
			s.ship("flood", ordinary("flood", 8*n))
		}
	}
	want := map[uint64]string{}
	for n := range quiet {
		host := fmt.Sprintf("ws%02d", n)
		want[s.ship(host, started(host, 2, `C:\Windows\System32\whoami.exe`, "whoami /all", powershell, "powershell.exe", 1).json())] = host
	}
	s.settled(r)
	became := s.whatBecameOf()
	for seq, host := range want {
		if became[seq] == "" {
			t.Errorf("the tree of %s is forgotten", host)
		}
	}
	for _, kind := range []string{"tree_processes", "decisions", "findings"} {
		eventually(t, "evictions of "+kind+" are counted", func() bool { return evictions(t, r.HTTP, kind) })
	}
}

func evictions(t testing.TB, address, kind string) bool {
	t.Helper()
	answer, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "msigate_evictions") && strings.Contains(line, `kind="`+kind+`"`) {
			return !strings.HasSuffix(strings.TrimSpace(line), " 0")
		}
	}
	return false
}

// A host of which a bound made the gateway forget everything leaves no entry
// behind, and when it is heard of again it has one.
func TestEntryOfAForgottenHostIsRemoved(t *testing.T) {
	s := newSite(t)
	s.config.Workers, s.config.Limits.Hosts = 1, 2
	s.config.State.SaveInterval = 30 * time.Millisecond
	g := s.start(s.config, builtIn(t), s.server.URL())
	store, err := bus.OpenState(patient(t), s.conn)
	if err != nil {
		t.Fatal(err)
	}
	written := func(host string) bool {
		_, ok, err := store.Get(patient(t), bus.StateKey(host))
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	for range 2 {
		s.ship("ws01", ordinary("ws01", 0)) // a process that is remembered
		eventually(t, "ws01 is written down", func() bool { return written("ws01") })
		for _, host := range []string{"ws02", "ws03"} {
			s.ship(host, ordinary(host, 0))
		}
		eventually(t, "ws01 is not written down any more", func() bool { return !written("ws01") })
	}
	s.idle(g)
	select {
	case err := <-g.Failed():
		t.Errorf("it cannot go on: %v", err)
	default:
	}
	g.end(t)
	var mark watermark
	if err := json.Unmarshal(s.entry(bus.StateWatermark), &mark); err != nil || mark.Sequence != s.shipped {
		t.Errorf("the watermark is %+v: %v", mark, err)
	}
}
