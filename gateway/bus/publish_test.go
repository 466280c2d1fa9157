package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// settled counts outcomes.
type settled struct {
	mu   sync.Mutex
	errs []error
}

func (s *settled) done(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs = append(s.errs, err)
}

func (s *settled) all() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]error(nil), s.errs...)
}

// want fails the test unless n were settled without an error.
func (s *settled) want(t *testing.T, n int) {
	t.Helper()
	errs := s.all()
	if len(errs) != n {
		t.Errorf("%d settled, want %d", len(errs), n)
	}
	for _, err := range errs {
		if err != nil {
			t.Errorf("settled with %v", err)
		}
	}
}

func drain(t *testing.T, p *Publisher) {
	t.Helper()
	if err := p.Drain(patient(t)); err != nil {
		t.Error(err)
	}
}

func TestPublishKeepsTheOrderOfAHostAcrossStreams(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	p := publisher(t, c, PublisherOptions{})
	const hosts, triggers = 20, 30
	var s settled
	var order sync.Map // host → *[]uint64, as settled
	var wg sync.WaitGroup
	for worker := range 4 { // hosts are sharded to workers
		wg.Go(func() {
			for seq := uint64(1); seq <= triggers; seq++ {
				for h := worker; h < hosts; h += 4 {
					host := fmt.Sprintf("ws%02d", h)
					err := p.Publish(patient(t), decision(host, seq, 2, func(err error) {
						s.done(err)
						list, _ := order.LoadOrStore(host, &[]uint64{})
						*list.(*[]uint64) = append(*list.(*[]uint64), seq)
					}))
					if err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	drain(t, p)
	s.want(t, hosts*triggers)
	order.Range(func(host, list any) bool {
		for i, seq := range *list.(*[]uint64) {
			if seq != uint64(i+1) {
				t.Errorf("%s was settled in the order %v", host, *list.(*[]uint64))
				break
			}
		}
		return true
	})
	// On the bus: per host, the stamps of both streams together follow the order given.
	byHost := map[string][]*Message{}
	decisions, verdicts := read(t, c, StreamDecisions, hosts*triggers), read(t, c, StreamVerdicts, 2*hosts*triggers)
	at := map[string]int{}
	for _, d := range decisions {
		host := strings.TrimPrefix(d.Subject, "decisions.")
		byHost[host] = append(byHost[host], d)
	}
	last := map[string]time.Time{}
	for _, v := range verdicts {
		host := strings.TrimPrefix(v.Subject, "verdicts.alert.")
		i := at[host]
		at[host]++
		d := byHost[host][i/2]
		if want := fmt.Sprintf("verdict %d of %d", i%2, i/2+1); string(v.Data) != want {
			t.Fatalf("%s: verdict %d is %q, want %q", host, i, v.Data, want)
		}
		if string(d.Data) != fmt.Sprintf("decision %d", i/2+1) {
			t.Fatalf("%s: decision %d is %q", host, i/2, d.Data)
		}
		if v.Stamp.Before(last[host]) || !v.Stamp.Before(d.Stamp) {
			t.Fatalf("%s: verdict %d of %s was stored at %s, the decision before at %s, its own at %s", host, i, v.Data, v.Stamp, last[host], d.Stamp)
		}
		if i%2 == 1 {
			last[host] = d.Stamp
		}
	}
}

func TestOutputsCarryTriggerAndTraceInTheirHeaders(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	p := publisher(t, c, PublisherOptions{})
	var s settled
	o := decision("ws01", 42, 1, s.done)
	o.Triggers[0].Trigger.Record = 7
	o.Triggers[0].Decision.Header = Header{
		HeaderTraceparent: {"00-aa-bb-01"}, "Nats-Rollup": {"all"}, "Bad Name": {"x"}, "Msigate-Previous": {"review"},
	}
	if err := p.Publish(patient(t), o); err != nil {
		t.Fatal(err)
	}
	drain(t, p)
	s.want(t, 1)
	d := read(t, c, StreamDecisions, 1)[0]
	for name, want := range map[string]string{
		HeaderStream: "EVENTS", HeaderSequence: "42", HeaderRecord: "7", HeaderCause: "event", HeaderOrdinal: "1",
		"Nats-Msg-Id": "d-ws01-42", "traceparent": "00-aa-bb-01", "Msigate-Previous": "review", "Nats-Rollup": "", "Bad Name": "",
	} {
		if got := d.Header.Get(name); got != want {
			t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
	if _, ok := d.Header["traceparent"]; !ok {
		t.Errorf("traceparent is not in lower case: %v", d.Header)
	}
}

func TestTheSameOutputsTwiceAreStoredOnce(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	p := publisher(t, c, PublisherOptions{})
	var s settled
	for range 3 {
		if err := p.Publish(patient(t), decision("ws01", 1, 2, s.done)); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, p)
	s.want(t, 3)
	if v, d := stored(t, c, StreamVerdicts), stored(t, c, StreamDecisions); v != 2 || d != 1 {
		t.Errorf("%d verdicts and %d decisions, want 2 and 1", v, d)
	}
}

func TestPastTheDedupWindowTheStreamIsLookedAt(t *testing.T) {
	t.Parallel()
	_, c := ready(t, EmbeddedOptions{})
	p := publisher(t, c, PublisherOptions{})
	s, err := c.js.Stream(patient(t), StreamDecisions)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.CachedInfo().Config
	cfg.Duplicates = 100 * time.Millisecond
	if _, err := c.js.UpdateStream(patient(t), cfg); err != nil {
		t.Fatal(err)
	}
	o := decision("ws01", 1, 0, func(error) {})
	msg := o.Triggers[0].Decision.message(o.Triggers[0].Trigger, 0)
	if err := p.attempt(msg, true); err != nil { // nothing there: it is sent
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // the server has forgotten the id
	if err := p.attempt(msg, true); err != nil {
		t.Fatal(err)
	}
	if n := stored(t, c, StreamDecisions); n != 1 {
		t.Errorf("%d decisions, want 1", n)
	}
	other := decision("ws01", 2, 0, func(error) {})
	if err := p.attempt(other.Triggers[0].Decision.message(other.Triggers[0].Trigger, 0), true); err != nil {
		t.Fatal(err)
	}
	if n := stored(t, c, StreamDecisions); n != 2 {
		t.Errorf("%d decisions, want 2", n)
	}
}

func TestPublishGivesUpWaitingForRoomWithItsContext(t *testing.T) {
	t.Parallel()
	e, c := ready(t, EmbeddedOptions{})
	p := publisher(t, c, PublisherOptions{MaxPending: 2})
	e.Shutdown()
	eventually(t, "disconnected", func() bool { return !c.State().Connected })
	var s settled
	for seq := uint64(1); seq <= 2; seq++ {
		if err := p.Publish(patient(t), decision("ws01", seq, 0, s.done)); err != nil {
			t.Fatal(err)
		}
	}
	short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := p.Publish(short, decision("ws02", 3, 0, s.done)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("publishing without room gave %v", err)
	}
	short, cancel = context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := p.Drain(short); err == nil || !strings.Contains(err.Error(), "2 outputs not stored") {
		t.Errorf("drain gave %v", err)
	}
	errs := s.all()
	if len(errs) != 2 || errs[0] == nil || errs[1] == nil {
		t.Errorf("settled with %v, want two errors", errs)
	}
	if err := p.Publish(patient(t), decision("ws01", 4, 0, s.done)); !errors.Is(err, ErrClosed) {
		t.Errorf("publishing after the drain gave %v", err)
	}
}

// Where nothing waits, a drain that is asked for too late is no loss.
func TestDrainOfNothingEndsWell(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for range 20 { // which of the two is seen first is chance
		if err := publisher(t, c, PublisherOptions{}).Drain(ended); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnOutputOverTheLimitIsReducedOrRecorded(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{MaxPayload: 64 << 10})
	p := publisher(t, c, PublisherOptions{})
	large := make([]byte, 100<<10)
	var s settled
	first := decision("ws01", 1, 0, s.done)
	first.Triggers[0].Decision.Data = large
	first.Triggers[0].Decision.Reduce = func(limit int) []byte {
		if limit < 60<<10 || limit > 64<<10 {
			t.Errorf("limit %d", limit)
		}
		return make([]byte, limit) // to the last byte
	}
	second := decision("ws01", 2, 1, s.done)
	second.Triggers[0].Verdicts[0].Data = large
	third := decision("ws01", 3, 0, s.done)
	third.Triggers[0].Decision.Data = large
	third.Triggers[0].Decision.Reduce = func(int) []byte { return large } // no help
	for _, o := range []Outputs{first, second, third, decision("ws01", 4, 0, s.done)} {
		if err := p.Publish(patient(t), o); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, p)
	errs := s.all()
	if len(errs) != 4 || errs[0] != nil || errs[3] != nil {
		t.Fatalf("settled with %v", errs)
	}
	for i, subject := range map[int]string{1: "verdicts.alert.ws01", 2: "decisions.ws01"} {
		var refusal *RefusedError
		if !errors.As(errs[i], &refusal) || refusal.Subject != subject || refusal.Trigger.Sequence != uint64(i+1) {
			t.Errorf("settled %d with %v", i, errs[i])
		}
	}
	var got []string
	for _, d := range read(t, c, StreamDecisions, 3) {
		got = append(got, d.Header.Get("Nats-Msg-Id")+d.Header.Get(HeaderReduced))
	}
	if want := "d-ws01-1true d-ws01-2 d-ws01-4"; strings.Join(got, " ") != want {
		t.Errorf("decisions %v, want %s", got, want)
	}
	for i, q := range read(t, c, StreamQuarantine, 2) {
		var r QuarantineRecord
		if err := json.Unmarshal(q.Data, &r); err != nil {
			t.Fatal(err)
		}
		if r.Reason != ReasonRefused || r.Size != len(large) || len(r.SHA256) != 64 || r.Sequence != uint64(i+2) ||
			r.MsgID != []string{"v-ws01-2-0", "d-ws01-3"}[i] || q.Subject != "quarantine.refused_output" {
			t.Errorf("record %d on %s is %+v", i, q.Subject, r)
		}
	}
}

func TestPublishRefusesOutputsThatCouldNeverBeStored(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	p := publisher(t, c, PublisherOptions{})
	never := func(error) { t.Error("settled") }
	for name, alter := range map[string]func(*Output){
		"no id":           func(o *Output) { o.MsgID = "" },
		"no subject":      func(o *Output) { o.Subject = "" },
		"a wildcard":      func(o *Output) { o.Subject = "decisions.>" },
		"white space":     func(o *Output) { o.Subject = "decisions.a b" },
		"an empty token":  func(o *Output) { o.Subject = "decisions..a" },
		"a long subject":  func(o *Output) { o.Subject = "decisions." + strings.Repeat("a", 600) },
		"a trailing dot":  func(o *Output) { o.Subject = "decisions." },
		"a line break":    func(o *Output) { o.Subject = "decisions.a\r\nPUB x 0" },
		"a leading dot":   func(o *Output) { o.Subject = ".a" },
		"an asterisk too": func(o *Output) { o.Subject = "decisions.*" },
	} {
		o := decision("ws01", 1, 0, never)
		alter(o.Triggers[0].Decision)
		if err := p.Publish(patient(t), o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := p.Publish(patient(t), Outputs{Host: "ws01"}); err == nil {
		t.Error("outputs that nobody awaits were taken")
	}
	if _, err := NewPublisher(c, PublisherOptions{LookAfter: time.Hour}); err == nil {
		t.Error("a look past the dedup window was accepted")
	}
}

func TestOutputsWithoutAMessageAreSettledAtOnce(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	p := publisher(t, c, PublisherOptions{})
	var s settled
	if err := p.Publish(patient(t), Outputs{Host: "ws01", Settled: s.done}); err != nil {
		t.Fatal(err)
	}
	s.want(t, 1)
}
