package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/install"
	"msigate/gateway/policy"
	"msigate/gateway/telemetry"
	"msigate/testdata"
)

// runsOf is how many runs of a property are made: those given, or as many as
// MSIGATE_RUNS says.
func runsOf(t testing.TB, runs int) int {
	t.Helper()
	if text := os.Getenv("MSIGATE_RUNS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("MSIGATE_RUNS: %v", err)
		}
		return n
	}
	if testing.Short() || underRace || os.Getenv("MSIGATE_SHARED") != "required" { // .ci/run takes all of them
		few := max(1, runs/4)
		t.Logf("%d of %d runs; .ci/run takes all", few, runs)
		return few
	}
	return runs
}

// seedOf gives the seed of a property: a new one, or the one that
// MSIGATE_SEED says, to see a failure again.
func seedOf(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("MSIGATE_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("MSIGATE_SEED: %v", err)
		}
	}
	t.Logf("seed %d", seed)
	return seed
}

// stored is an output as a stream holds it, without what differs from run to
// run: how long an evaluation took, the ids of traces.
type stored struct {
	subject, id, content string
}

// A gateway whose connection is cut at any of its publishes and that is
// forgotten there, once and again, ends with the same decisions and verdicts
// as one that is never interrupted, nothing twice, in the same order.
func TestCrashAtAnyPublishChangesNothing(t *testing.T) {
	t.Parallel()
	runs, seed := runsOf(t, 16), seedOf(t)
	p := hasty(t)
	const batch = 40 // a run reads its site's streams whole: a site does not live long
	for from := 0; from < runs; from += batch {
		to := min(from+batch, runs)
		ok := t.Run(fmt.Sprintf("runs %d to %d", from, to-1), func(t *testing.T) { crashRuns(t, p, seed, from, to) })
		if !ok {
			return
		}
	}
}

// crashRuns does the runs of a seed from one to before another, some at a time.
func crashRuns(t *testing.T, p *Policy, seed uint64, from, to int) {
	const side = 8
	var waiting sync.WaitGroup
	next := make(chan int)
	for range min(side, to-from) {
		waiting.Go(func() {
			s := newSite(t)
			for run := range next {
				if !t.Failed() {
					crashRun(t, s, p, rand.New(rand.NewPCG(seed, uint64(run))), fmt.Sprintf("seed %d run %d", seed, run))
				}
			}
		})
	}
	for run := from; run < to; run++ {
		next <- run
	}
	close(next)
	waiting.Wait()
}

func crashRun(t *testing.T, s *site, p *Policy, random *rand.Rand, name string) {
	first := s.shipped + 1
	before := map[string]int{}
	for _, stream := range outputStreams {
		before[stream] = len(s.read(stream))
	}
	events := interleaved(t, random, fmt.Sprintf("r%d", first))
	config := s.config
	config.State.SaveInterval = time.Duration(1+random.IntN(80)) * time.Millisecond
	config.Findings.SettleAfter = 50 * time.Millisecond
	config.Workers = 1 + random.IntN(3)

	var shipping sync.WaitGroup
	pause := time.Duration(random.IntN(3)) * time.Millisecond
	shipping.Go(func() {
		for _, e := range events {
			s.ship(e.host, e.data)
			time.Sleep(pause)
		}
	})
	for range 1 + random.IntN(3) {
		cut := cutAfter(t, s.server.URL(), random.IntN(60), random.IntN(2) == 0)
		life(t, s, config, p, cut)
	}
	shipping.Wait()
	lastLife(t, s, config, p)

	messages := s.read(bus.StreamEvents)
	messages = messages[slices.IndexFunc(messages, func(m *bus.Message) bool { return m.Sequence >= first }):]
	want := uninterrupted(t, config, p, messages)
	for _, stream := range outputStreams {
		compareOutputs(t, name, stream, s.read(stream)[before[stream]:], want[stream])
	}
}

// life is a gateway until its connection is cut; then it is forgotten.
func life(t *testing.T, s *site, config Config, p *Policy, cut *cutter) {
	t.Helper()
	dead, kill := context.WithCancel(context.Background())
	defer cut.close()
	conn, err := bus.Connect(patient(t), bus.Options{URL: cut.url()})
	if err != nil {
		t.Error(err)
		kill()
		return
	}
	stopped := make(chan struct{})
	go func() {
		select {
		case <-cut.cut:
		case <-time.After(1500 * time.Millisecond): // fewer outputs than it was to live
		}
		cut.now()
		kill()
		close(stopped)
	}()
	g, err := Start(dead, Options{Config: config, Conn: conn, Policy: p, Telemetry: telemetry.Off(), Version: "test"})
	<-stopped
	if err == nil {
		_ = g.Stop(dead) // it says what it did not finish
	}
	_ = conn.Close(dead)
}

// lastLife is a gateway until all that was shipped is settled and no timer is left.
func lastLife(t *testing.T, s *site, config Config, p *Policy) {
	t.Helper()
	conn, err := bus.Connect(patient(t), bus.Options{URL: s.server.URL()})
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = conn.Close(patient(t)) }()
	g, err := Start(context.Background(), Options{Config: config, Conn: conn, Policy: p, Telemetry: telemetry.Off(), Version: "test"})
	if err != nil {
		t.Error(err)
		return
	}
	eventually(t, "everything is acknowledged and no timer is left", func() bool {
		lag, err := g.Lag(patient(t))
		return err == nil && lag.AckFloor >= s.shipped && g.nextDue().IsZero() && g.publisher.State().Pending == 0
	})
	if err := g.Stop(patient(t)); err != nil {
		t.Error(err)
	}
}

// uninterrupted gives what a gateway that is never stopped tells of messages,
// by stream.
func uninterrupted(t *testing.T, config Config, p *Policy, messages []*bus.Message) map[string][]stored {
	t.Helper()
	g := &Gateway{options: Options{Config: config, Policy: p, Telemetry: telemetry.Off(), Version: "test"}, collectors: map[string]bool{}}
	o := g.workerOptions(1)
	o.History = func(_ context.Context, m *Message, from install.Position, each func(*Message) bool) error {
		first := messages[slices.IndexFunc(messages, func(one *bus.Message) bool { return one.Sequence == from.Sequence })]
		for _, old := range messages {
			if old.Subject == m.Subject && !old.Stamp.Before(first.Stamp.Add(-lookBack)) && old.Sequence <= m.Sequence {
				if message, fault := g.message(old); fault == nil && !each(&message) {
					break
				}
			}
		}
		return nil
	}
	w := NewWorker(o)
	all := map[string][]stored{}
	tell := func(m *Message, steps []Step) {
		for i := range steps {
			triggered, _ := g.outputs(m, steps[i:i+1], nil)
			for _, one := range triggered {
				for _, v := range one.Verdicts {
					stream := bus.StreamVerdicts
					if strings.HasPrefix(v.Subject, "quarantine.") {
						stream = bus.StreamQuarantine
					}
					all[stream] = append(all[stream], stored{v.Subject, v.MsgID, normal(t, v.Data)})
				}
				if d := one.Decision; d != nil {
					all[bus.StreamDecisions] = append(all[bus.StreamDecisions], stored{d.Subject, d.MsgID, normal(t, d.Data)})
				}
			}
		}
	}
	for _, m := range messages {
		message, fault := g.message(m)
		tell(&message, w.Due(patient(t), p, message.Stamp))
		if fault != nil {
			tell(&message, []Step{w.Refuse(patient(t), p, &message, fault)})
			continue
		}
		steps, _ := w.Process(patient(t), p, &message)
		tell(&message, steps)
	}
	tell(&Message{Stream: bus.StreamEvents}, w.Finish(patient(t), p))
	return all
}

// normal is a document without what differs from run to run.
func normal(t *testing.T, data []byte) string {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(data, &document); err != nil {
		return string(data) // quarantined as it came
	}
	delete(document, "metrics")
	raw, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// compareOutputs holds the outputs of each subject's host to what is wanted,
// in its order: hosts do not wait for each other.
func compareOutputs(t *testing.T, name, stream string, got []*bus.Message, want []stored) {
	t.Helper()
	byHost := func(subject string) string { return subject[strings.LastIndexByte(subject, '.')+1:] }
	gotOf, wantOf := map[string][]stored{}, map[string][]stored{}
	for _, m := range got {
		if strings.HasPrefix(m.Subject, "verdicts.rollup.") {
			continue // told by the clock on the wall
		}
		gotOf[byHost(m.Subject)] = append(gotOf[byHost(m.Subject)], stored{m.Subject, m.Header.Get("Nats-Msg-Id"), normal(t, m.Data)})
	}
	for _, o := range want {
		wantOf[byHost(o.subject)] = append(wantOf[byHost(o.subject)], o)
	}
	for host := range gotOf {
		if wantOf[host] == nil {
			wantOf[host] = nil
		}
	}
	for host, want := range wantOf {
		got := gotOf[host]
		if stream == bus.StreamQuarantine { // a subject of many hosts
			byID := func(a, b stored) int { return strings.Compare(a.id, b.id) }
			slices.SortFunc(got, byID)
			slices.SortFunc(want, byID)
		}
		for i := range max(len(got), len(want)) {
			switch {
			case i >= len(got):
				t.Errorf("%s: %s of %s lacks %s %s\n%s", name, stream, host, want[i].subject, want[i].id, want[i].content)
			case i >= len(want):
				t.Errorf("%s: %s of %s has besides %s %s\n%s", name, stream, host, got[i].subject, got[i].id, got[i].content)
			case got[i] != want[i]:
				t.Errorf("%s: %s of %s differs at %d:\n got %s %s\n%s\nwant %s %s\n%s", name, stream, host, i,
					got[i].subject, got[i].id, got[i].content, want[i].subject, want[i].id, want[i].content)
			default:
				continue
			}
			break
		}
	}
}

// interleaved mixes some of the stories, each on a host of its own, in an order
// that keeps each one's own.
func interleaved(t *testing.T, random *rand.Rand, prefix string) []shipment {
	t.Helper()
	var queues [][]shipment
	for n := range 2 + random.IntN(4) {
		story := demoStories[random.IntN(len(demoStories))].name // whose hosts speak for themselves, each
		raw, err := testdata.Stories.ReadFile("stories/" + story + "/events.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		var queue []shipment
		for line := range strings.Lines(string(raw)) {
			line = strings.TrimSpace(line)
			host := hostOf([]byte(line))
			if line == "" || host == "" {
				continue
			}
			own := fmt.Sprintf("%s-%d-%s", prefix, n, host)
			queue = append(queue, shipment{host: own, data: []byte(strings.ReplaceAll(line, host, own))})
		}
		queues = append(queues, queue)
	}
	var all []shipment
	for len(queues) > 0 {
		i := random.IntN(len(queues))
		if len(queues[i]) == 0 {
			queues = slices.Delete(queues, i, i+1)
			continue
		}
		all = append(all, queues[i][0])
		queues[i] = queues[i][1:]
	}
	return all
}

// hasty is the built-in policy that waits for facts for moments only.
func hasty(t *testing.T) *Policy { return hastyOf(t, hastyFolder(t)) }

func hastyOf(t *testing.T, folder string) *Policy {
	t.Helper()
	p, err := LoadPolicy(patient(t), []Source{{Name: "policy", Path: folder}}, policy.Options{Deadline: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// hastyFolder is where its bundle stands.
func hastyFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("../policies")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "an0940", "tuning", "data.yaml")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	waits := regexp.MustCompile(`(?m)^(\s+(?:image_load|session)_seconds:) \d+$`)
	short := waits.ReplaceAll(raw, []byte("$1 1"))
	if bytes.Equal(short, raw) {
		t.Fatal("the policy has no time that it waits for a fact")
	}
	if err := os.WriteFile(file, short, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}
