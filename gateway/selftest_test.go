package gateway

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"msigate/gateway/bus"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// selftest makes a self-test of a site that is not the gateway's own.
func (s *site) selftest(o SelftestOptions) *SelftestReport {
	s.t.Helper()
	report, err := Selftest(patient(s.t), s.conn, o)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range report.Canaries {
		s.shipped = max(s.shipped, c.Sequence)
	}
	return report
}

// peoples are the verdicts that are not a self-test's, by subject.
func (s *site) peoples() map[string]int {
	s.t.Helper()
	all := map[string]int{}
	for _, v := range s.verdicts() {
		if !strings.HasPrefix(v.Subject, "verdicts.selftest.") {
			all[v.Subject]++
		} else if v.Header.Get(bus.HeaderSelftest) == "" {
			s.t.Errorf("a verdict on %s has no mark", v.Subject)
		}
	}
	return all
}

func TestSelftestPassesAndReachesNobody(t *testing.T) {
	for _, observe := range []bool{false, true} {
		t.Run(fmt.Sprintf("observe is %t", observe), func(t *testing.T) {
			s := newSite(t)
			s.config.Observe = observe
			r := s.run()
			report := s.selftest(SelftestOptions{})
			floor, err := policy.Floor()
			if err != nil {
				t.Fatal(err)
			}
			if !report.Healthy || report.Stage != "" || len(report.Canaries) != len(floor) || len(report.Stages) != len(SelftestStages) {
				t.Fatalf("%+v", report)
			}
			for i, c := range report.Canaries {
				if c.Name != floor[i].Name || c.Result != StagePassed || c.Sequence == 0 || !c.Disposition.AtLeast(policy.Review) {
					t.Errorf("%+v", c)
				}
			}
			for _, stage := range report.Stages {
				if stage.Result != StagePassed {
					t.Errorf("%+v", stage)
				}
			}
			s.settled(r)
			if err := r.end(); err != nil {
				t.Fatal(err)
			}
			if got := s.peoples(); len(got) > 0 {
				t.Errorf("people see %v", got)
			}
			for _, m := range s.read(bus.StreamDecisions) {
				if m.Subject != bus.SelftestDecisions() || m.Header.Get(bus.HeaderSelftest) == "" {
					t.Errorf("a decision on %s, marked %q", m.Subject, m.Header.Get(bus.HeaderSelftest))
				}
			}
			if all := s.read(bus.StreamQuarantine); len(all) > 0 {
				t.Errorf("quarantined: %s", all[0].Header)
			}
			s.nothingWritten("host")
			s.nothingWritten("rollup")

			// The next gateway finds nothing of it to go on with, though it knows no
			// more than the streams tell, and passes too.
			s.forgetState()
			r = s.run()
			if report := s.selftest(SelftestOptions{Canaries: floor[:2]}); !report.Healthy {
				t.Errorf("after a restart: %s", report)
			}
			if got := s.peoples(); len(got) > 0 {
				t.Errorf("after a restart people see %v", got)
			}
			s.settled(r)
			if err := r.end(); err != nil {
				t.Fatal(err)
			}
			s.nothingWritten("host")
			sequences := 0
			for _, l := range r.Gateway.lanes {
				sequences += len(l.selftests.workers)
			}
			if sequences != 2 {
				t.Errorf("%d sequences were taken since the start, want 2: those of before are passed over", sequences)
			}
		})
	}
}

// nothingWritten holds that the state has no entry of a kind.
func (s *site) nothingWritten(kind string) {
	s.t.Helper()
	keys := 0
	s.administer(func(js jetstream.JetStream) error {
		bucket, err := js.KeyValue(patient(s.t), bus.BucketState)
		if err != nil {
			return err
		}
		all, err := bucket.ListKeys(patient(s.t))
		if err != nil {
			return err
		}
		for key := range all.Keys() {
			if strings.HasPrefix(key, kind) {
				s.t.Errorf("the state has %s", key)
			}
			keys++
		}
		return nil
	})
	if keys == 0 {
		s.t.Error("the state has no entry at all: it was not written down")
	}
}

// A mark takes nothing from people but what is the reserved host's alone, and that
// host's own events are theirs where there is no mark.
func TestAMarkHidesNothing(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Hosts.Collectors = []string{"wef", bus.SelftestHost} })
	r := s.run()
	floor, err := policy.Floor()
	if err != nil {
		t.Fatal(err)
	}
	shell := slices.IndexFunc(floor, func(c policy.Canary) bool { return c.Name == "shell_child" })
	canary := floor[shell].On(bus.SelftestHost)
	marked := bus.Header{bus.HeaderSelftest: {"run.0"}}
	own := bus.EventSubject(bus.SelftestHost)
	last := func(host string) []byte { return attack(host, 1) }
	type sent struct {
		name, subject string
		header        bus.Header
		data          []byte
		verdict       string // of people
	}
	tests := []sent{
		{"a mark on another host's event", bus.EventSubject("ws601"), marked, last("ws601"), "verdicts.alert.ws601"},
		{"another host's event on the reserved subject", own, marked, last("ws602"), bus.VerdictSubject("review", bus.SelftestHost)},
		{"another host's beside the reserved one's", own, marked, list(last(bus.SelftestHost), last("ws603")), bus.VerdictSubject("alert", bus.SelftestHost)},
		{"the reserved host's on another subject", bus.EventSubject("ws604"), marked, last(bus.SelftestHost), "verdicts.review.ws604"},
		{"the reserved host's from a collector", bus.CollectorSubject("wef"), marked, last(bus.SelftestHost), bus.VerdictSubject("alert", bus.SelftestHost)},
		{"the reserved host's from a collector of its name", bus.CollectorSubject(bus.SelftestHost), marked, last(bus.SelftestHost), bus.VerdictSubject("alert", bus.SelftestHost)},
		{"the reserved host's without a mark", own, nil, last(bus.SelftestHost), bus.VerdictSubject("alert", bus.SelftestHost)},
		{"a mark that is none", own, bus.Header{bus.HeaderSelftest: {"Run 1"}}, last(bus.SelftestHost), bus.VerdictSubject("alert", bus.SelftestHost)},
		{"a marked message that cannot be decoded", own, marked, []byte(`{"winlog": "msiexec.exe`), bus.VerdictSubject("review", bus.SelftestHost)},
	}
	ship := func(subject string, header bus.Header, data []byte) {
		t.Helper()
		seq, err := s.conn.Ship(patient(t), subject, "", data, header)
		if err != nil {
			t.Fatal(err)
		}
		s.shipped = seq
	}
	before := s.peoples()
	for _, test := range tests {
		ship(test.subject, test.header, test.data)
		s.settled(r)
		after := s.peoples()
		if after[test.verdict] <= before[test.verdict] {
			t.Errorf("%s: nothing on %s, but %v", test.name, test.verdict, after)
		}
		before = after
	}

	// The very events of a canary, with its mark and without: each is told, to whom
	// it concerns, whichever came first. What the one is known by is not the other's.
	for _, header := range []bus.Header{marked, nil, {bus.HeaderSelftest: {"run.1"}}} {
		for _, message := range canary {
			ship(own, header, []byte(message))
		}
		s.settled(r)
		after := s.peoples()
		if told := after[bus.VerdictSubject("alert", bus.SelftestHost)] > before[bus.VerdictSubject("alert", bus.SelftestHost)]; told != (header == nil) {
			t.Errorf("marked %v: people were told is %v", header, told)
		}
		before = after
	}
	selftests := 0
	for _, v := range s.verdicts() {
		if v.Subject == bus.SelftestSubject("alert") {
			selftests++
		}
	}
	if selftests != 2 {
		t.Errorf("%d verdicts of self-tests, want 2", selftests)
	}

	// A gateway that reads all of it again tells people nothing new and nothing less:
	// of rollups the same ones, each in its own time and anew where its state is gone.
	rollups := 0
	told := func() map[string]int {
		all := s.peoples()
		rollups = 0
		for subject := range all {
			if strings.HasPrefix(subject, "verdicts.rollup.") {
				all[subject] = 1
				rollups++
			}
		}
		return all
	}
	eventually(t, "what stands on two hosts is rolled up", func() bool {
		before = told()
		return rollups == 2
	})
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	s.forgetState()
	r = s.run()
	s.settled(r)
	if after := told(); !maps.Equal(after, before) {
		t.Errorf("after all was read again: %v, want %v", after, before)
	}

	// Nor are marked events the history of the reserved host's own.
	read := map[string]int{}
	at := Message{Stream: bus.StreamEvents, Subject: own, Host: bus.SelftestHost, Sequence: s.shipped}
	err = r.Gateway.history(patient(t), &at, install.Position{Stream: bus.StreamEvents, Sequence: 1}, func(m *Message) bool {
		read[bus.Header(m.Header).Get(bus.HeaderSelftest)]++
		return true
	})
	if err != nil || read["run.1"] > 0 || read[""] < len(canary) {
		t.Errorf("history by mark: %v, %v", read, err)
	}
}

// forgetState deletes what is written down of hosts, and how far that goes.
func (s *site) forgetState() {
	s.t.Helper()
	s.administer(func(js jetstream.JetStream) error {
		stream, err := js.Stream(patient(s.t), "KV_"+bus.BucketState)
		if err != nil {
			return err
		}
		return stream.Purge(patient(s.t))
	})
}

func TestSelftestsOfALaneAreBounded(t *testing.T) {
	l := &lane{worker: NewWorker(WorkerOptions{})}
	first := l.selftests.worker(l, "run.0")
	if l.selftests.worker(l, "run.0") != first {
		t.Error("a sequence has two workers")
	}
	for n := range 3 * selftestsPerLane {
		l.selftests.worker(l, fmt.Sprintf("other.%d", n))
	}
	if len(l.selftests.workers) != selftestsPerLane || len(l.selftests.order) != selftestsPerLane {
		t.Errorf("%d workers, %d in order, want %d", len(l.selftests.workers), len(l.selftests.order), selftestsPerLane)
	}
	if l.selftests.worker(l, "run.0") == first {
		t.Error("the oldest is still known")
	}
}

// stream alters a stream for the time of a test, as an administrator would.
func (s *site) stream(name string, alter func(*jetstream.StreamConfig)) (restore func()) {
	s.t.Helper()
	var before jetstream.StreamConfig
	set := func(c jetstream.StreamConfig) {
		s.administer(func(js jetstream.JetStream) error {
			_, err := js.UpdateStream(patient(s.t), c)
			return err
		})
	}
	s.administer(func(js jetstream.JetStream) error {
		stream, err := js.Stream(patient(s.t), name)
		if err == nil {
			before = stream.CachedInfo().Config
		}
		return err
	})
	changed := before
	alter(&changed)
	set(changed)
	return func() { set(before) }
}

// full makes a stream take no more than it holds.
func (s *site) full(name string) (restore func()) {
	s.t.Helper()
	held := len(s.read(name))
	return s.stream(name, func(c *jetstream.StreamConfig) { c.Discard, c.MaxMsgs = jetstream.DiscardNew, int64(max(held, 1)) })
}

func (s *site) pause(until time.Time) {
	s.t.Helper()
	s.administer(func(js jetstream.JetStream) error {
		_, err := js.PauseConsumer(patient(s.t), bus.StreamEvents, bus.ConsumerName, until)
		return err
	})
}

func TestSelftestNamesTheStageThatIsBroken(t *testing.T) {
	folder := governanceFolder(t)
	s, r := watched(t, "governance", folder)
	healthy := r.Policy.current.Load()
	floor, err := policy.Floor()
	if err != nil {
		t.Fatal(err)
	}
	narrow := policyFolder(t)
	narrowScope(t, narrow)
	bundles, err := ReadBundles(SourcesFromPaths([]string{narrow, folder}))
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := CompileBundles(patient(t), bundles, policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	narrowed, err := prepare(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Policy.Activate(patient(t), snapshot); err == nil {
		t.Fatal("a scope that leaves msiexec out is activated")
	}
	restore := func() {}
	for _, test := range []struct {
		name, stage string
		says        []string
		wants       func(*SelftestOptions)
		damage      func()
		mend        func()
	}{
		{
			"the consumer is paused", StageConsume,
			[]string{"is paused", "hint nats consumer resume"},
			nil,
			func() { s.pause(time.Now().Add(time.Hour)) },
			func() { s.pause(time.Now()) },
		},
		{
			"the scope is narrowed past the floor set", StageScope,
			[]string{"undecided", "out of the scope"},
			nil,
			func() { r.Policy.current.Store(narrowed) },
			func() { r.Policy.current.Store(healthy) },
		},
		{
			"the policy lets a canary off", StageDecide,
			[]string{"it is review, must be alert at least"},
			func(o *SelftestOptions) {
				i := slices.IndexFunc(floor, func(c policy.Canary) bool { return c.Name == "contradicted_package" })
				strict := floor[i]
				strict.Least = policy.Alert
				o.Canaries = []policy.Canary{floor[0], strict}
			},
			func() {},
			func() {},
		},
		{
			"the verdict stream is full", StageVerdict,
			[]string{"the stream VERDICTS does not take it"},
			nil,
			func() { restore = s.full(bus.StreamVerdicts) },
			func() { restore() },
		},
		{
			"the decision stream is full", StageDecide,
			[]string{"the stream DECISIONS does not take it"},
			nil,
			func() { restore = s.full(bus.StreamDecisions) },
			func() { restore() },
		},
		{
			"the stream of events is full", StagePublish,
			[]string{"maximum messages exceeded", "hint run msigate setup"},
			nil,
			func() { restore = s.full(bus.StreamEvents) },
			func() { restore() },
		},
		{
			"this machine's clock is wrong", StageClock,
			[]string{"the bus stamped", "hint set the clocks"},
			func(o *SelftestOptions) { o.now = func() time.Time { return time.Now().Add(-2 * time.Hour) } },
			func() {},
			func() {},
		},
		{
			"a bundle is refused", StagePolicy,
			[]string{"bundle_refused (governance)", "hint what was active before"},
			nil,
			func() {
				if err := os.WriteFile(filepath.Join(folder, "installers.yaml"), []byte("installers: 7\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the bundle is refused", func() bool {
					return slices.ContainsFunc(r.Policy.health.shown(), func(l string) bool { return strings.HasPrefix(l, reasonRefused) })
				})
			},
			nil, // the last but one: nothing is mended
		},
		{
			"there is no gateway", StageConsume,
			[]string{"nobody asks for messages", "hint is msigate run up"},
			nil,
			func() {
				if err := r.end(); err != nil {
					t.Fatal(err)
				}
			},
			nil,
		},
	} {
		options := SelftestOptions{Timeout: time.Second, Canaries: floor[:3]}
		if test.wants != nil {
			test.wants(&options)
		}
		test.damage()
		report := s.selftest(options)
		if says := report.Detail + " hint " + report.Hint; report.Healthy || report.Stage != test.stage || !containsAll(says, test.says) {
			t.Errorf("%s: stage %q, want %q; %s", test.name, report.Stage, test.stage, says)
		}
		for _, stage := range report.Stages {
			want := StagePassed
			if stageRank(stage.Stage) > stageRank(test.stage) {
				want = StageNotReached
			} else if stage.Stage == test.stage {
				want = StageFailed
			}
			if stage.Result != want {
				t.Errorf("%s: stage %s has %s, want %s", test.name, stage.Stage, stage.Result, want)
			}
		}
		if test.mend == nil {
			continue
		}
		test.mend()
		s.settled(r)
		if report := s.selftest(SelftestOptions{Canaries: floor[:1]}); !report.Healthy {
			t.Fatalf("%s, and mended: %s", test.name, report)
		}
	}
}

func TestGatewayTriesItselfAndSaysSoWhenItIsBlind(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Selftest.Every = time.Second })
	r := s.run()
	s.pause(time.Now().Add(time.Hour))
	var detail string
	eventually(t, "the failure is on record", func() bool {
		for _, e := range s.auditsOf("degraded") {
			detail = e.Detail
		}
		return strings.HasPrefix(detail, reasonSelftest)
	})
	if !containsAll(detail, []string{"stage " + StageConsume, "paused", "nats consumer resume"}) {
		t.Errorf("the audit event says %q", detail)
	}
	if shown := r.Policy.health.shown(); len(shown) != 1 || !strings.HasPrefix(shown[0], reasonSelftest) {
		t.Errorf("degraded: %q", shown)
	}
	s.pause(time.Now())
	eventually(t, "the recovery is on record", func() bool {
		all := s.auditsOf("recovered")
		return len(all) == 1 && strings.HasPrefix(all[0].Detail, reasonSelftest)
	})
	if got := s.peoples(); len(got) > 0 {
		t.Errorf("people see %v", got)
	}
}

func TestSelftestEndsWithItsContext(t *testing.T) {
	s := newSite(t) // nobody consumes
	ctx, cancel := context.WithTimeout(patient(t), 200*time.Millisecond)
	defer cancel()
	if report, err := Selftest(ctx, s.conn, SelftestOptions{}); err == nil {
		t.Errorf("it ended without an error: %s", report)
	}
}
