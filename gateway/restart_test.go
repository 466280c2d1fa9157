package gateway

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
	"msigate/gateway/telemetry"
	"msigate/testdata"
)

// storyOf are the events of one host of a story, in order, told of another host.
func storyOf(t testing.TB, story, host, as string) [][]byte {
	t.Helper()
	raw, err := testdata.Stories.ReadFile("stories/" + story + "/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var events [][]byte
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); hostOf([]byte(line)) == host {
			events = append(events, []byte(strings.ReplaceAll(line, host, as)))
		}
	}
	if len(events) == 0 {
		t.Fatalf("the story %s has no events of %s", story, host)
	}
	return events
}

// startedGateway is a gateway that reads a site over a connection of its own.
type startedGateway struct {
	*Gateway
	conn *bus.Conn
	kill context.CancelFunc
}

// start starts a gateway that can be killed, at url.
func (s *site) start(config Config, p *Policy, url string) *startedGateway {
	s.t.Helper()
	conn, err := bus.Connect(patient(s.t), bus.Options{URL: url})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, kill := context.WithCancel(context.Background())
	g, err := Start(ctx, Options{Config: config, Conn: conn, Policy: p, Telemetry: telemetry.Off(), Version: "test"})
	if err != nil {
		kill()
		s.t.Fatal(err)
	}
	one := &startedGateway{Gateway: g, conn: conn, kill: kill}
	s.t.Cleanup(one.crash)
	return one
}

// crash ends it as a crash would: nothing more is stored, nothing written down.
func (g *startedGateway) crash() {
	if g.Gateway == nil {
		return
	}
	dead, cancel := context.WithCancel(context.Background())
	cancel()
	g.kill()
	_ = g.conn.Close(dead)
	_ = g.Gateway.Stop(dead) // it says what it did not finish
	g.Gateway = nil
}

// end ends it as a person would.
func (g *startedGateway) end(t testing.TB) {
	t.Helper()
	if err := g.Gateway.Stop(patient(t)); err != nil {
		t.Error(err)
	}
	g.kill()
	_ = g.conn.Close(patient(t))
	g.Gateway = nil
}

// idle waits until all that was shipped is settled and no timer is due.
func (s *site) idle(g *startedGateway) {
	s.t.Helper()
	eventually(s.t, "everything is acknowledged and stored", func() bool {
		lag, err := g.Lag(patient(s.t))
		due := g.nextDue()
		return err == nil && lag.AckFloor >= s.shipped && g.publisher.State().Pending == 0 && (due.IsZero() || due.After(time.Now()))
	})
}

// restarts are the ways in which one gateway follows another.
var restarts = []struct {
	name string
	end  func(*testing.T, *startedGateway)
}{
	{"stopped", func(t *testing.T, g *startedGateway) { g.end(t) }},
	{"crashed", func(_ *testing.T, g *startedGateway) { g.crash() }},
}

// redeliveringSoon has what a gateway held that crashed come again soon.
func redeliveringSoon(c *Config) { c.Consumer.AckWait = time.Second }

// The client and half of its install come before the restart, the service's
// children after it: the session, its tree and its finding go on.
func TestInstallGoesOnAcrossARestart(t *testing.T) {
	p := builtIn(t)
	for _, restart := range restarts {
		for _, story := range []string{"attack-custom-action", "approved-install"} {
			t.Run(restart.name+"/"+story, func(t *testing.T) {
				s := newSite(t, redeliveringSoon)
				s.config.State.SaveInterval = time.Hour // a crash finds nothing written down, a stop all
				told := hostOfStory(t, story)
				n := len(storyOf(t, story, told, told))
				for cut := 1; cut < n; cut += max(1, n/3) {
					host := fmt.Sprintf("ws%03d.corp.example", cut)
					s.acrossRestart(t, p, restart.end, storyOf(t, story, told, host), cut, host)
				}
			})
		}
	}
}

// hostOfStory is the one host, or the first, that a story tells of.
func hostOfStory(t testing.TB, story string) string {
	t.Helper()
	raw, err := testdata.Stories.ReadFile("stories/" + story + "/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	return hostOf([]byte(line))
}

func (s *site) acrossRestart(t *testing.T, p *Policy, end func(*testing.T, *startedGateway), events [][]byte, cut int, host string) {
	t.Helper()
	first := s.shipped + 1
	g := s.start(s.config, p, s.server.URL())
	for _, e := range events[:cut] {
		s.ship(host, e)
	}
	s.idle(g)
	end(t, g)
	g = s.start(s.config, p, s.server.URL())
	for _, e := range events[cut:] {
		s.ship(host, e)
	}
	s.idle(g)
	g.end(t)

	messages := s.read(bus.StreamEvents)
	messages = messages[slices.IndexFunc(messages, func(m *bus.Message) bool { return m.Sequence >= first }):]
	want := uninterrupted(t, s.config, p, messages)
	name := fmt.Sprintf("cut at %d of %d", cut, len(events))
	of := func(stream string) []*bus.Message {
		return slices.DeleteFunc(s.read(stream), func(m *bus.Message) bool { return lastToken(m.Subject) != bus.HostToken(host) })
	}
	for _, stream := range []string{bus.StreamDecisions, bus.StreamVerdicts} {
		got := of(stream)
		// What is told when the last timers fire is still to come.
		compareOutputs(t, name, stream, got, want[stream][:min(len(got), len(want[stream]))])
	}
	opened, revisions := map[string]bool{}, map[string]int{}
	for _, m := range of(bus.StreamVerdicts) {
		uid := m.Header.Get(HeaderFinding)
		revision, err := strconv.Atoi(m.Header.Get(HeaderRevision))
		if err != nil || revision < revisions[uid] {
			t.Errorf("%s: revision %d of %s after %d: %v", name, revision, uid, revisions[uid], err)
		}
		revisions[uid] = revision
		if m.Header.Get(HeaderActivity) == finding.Create.String() && m.Header.Get(HeaderPrevious) == "" {
			if opened[uid] {
				t.Errorf("%s: %s is created twice", name, uid)
			}
			opened[uid] = true
		}
	}
	if len(opened) == 0 {
		t.Errorf("%s: no finding is told of", name)
	}
}

// A fact that did not come while the gateway was down is told at the next
// start: once, with the time it was due as now, and after the events that were
// stored before it was due.
func TestTimerDueWhileTheGatewayIsDownFiresOnceInItsPlace(t *testing.T) {
	t.Parallel()
	p := hasty(t) // waits for a second
	for _, restart := range restarts {
		t.Run(restart.name, func(t *testing.T) {
			const host = "ws202.corp.example"
			s, due := awaitingFact(t, p, restart.end, host)
			before := s.ship(host, attack(host, 7)) // stamped before it is due
			time.Sleep(time.Until(due.Add(300 * time.Millisecond)))
			after := s.ship(host, attack(host, 8))
			for range 2 { // once more: nothing is told again
				g := s.start(s.config, p, s.server.URL())
				s.idle(g)
				time.Sleep(2 * clockInterval)
				g.end(t)
			}
			var order []string
			for _, m := range s.read(bus.StreamDecisions) {
				log, err := finding.ReadDecisionLog(m.Data)
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case strings.HasPrefix(string(log.Custom.Cause), "due:"):
					order = append(order, string(log.Custom.Cause))
					if now := log.Published().Now; !now.Equal(due) || log.Result.Disposition != policy.Alert {
						t.Errorf("it is %s with now %s, want an alert at %s", log.Result.Disposition, now, due)
					}
				case log.Custom.Sequence == before:
					order = append(order, "before")
				case log.Custom.Sequence == after:
					order = append(order, "after")
				}
			}
			if want := []string{"before", "due:process.signer", "after"}; !slices.Equal(order, want) {
				t.Errorf("told in the order %q, want %q", order, want)
			}
		})
	}
}

// awaitingFact is a site whose gateway ended while an event of the host waited
// for a fact that does not come, and when that is due. It is tried again where
// the machine took too long to end it in time.
func awaitingFact(t *testing.T, p *Policy, end func(*testing.T, *startedGateway), host string) (*site, time.Time) {
	t.Helper()
	for range 10 {
		s := newSite(t)
		g := s.start(s.config, p, s.server.URL())
		for _, e := range storyOf(t, "late-signer", host, host) {
			s.ship(host, e)
		}
		s.idle(g)
		due := g.nextDue() // the fact's, where it is not due yet: a finding settles long after it
		end(t, g)
		if wait := time.Until(due); wait > 0 && wait < 5*time.Second {
			return s, due
		}
	}
	t.Fatal("the gateway never ended within the second that it waits for the fact")
	return nil, time.Time{}
}

// dedupWindow shortens the deduplication windows of the output streams.
func (s *site) dedupWindow(window time.Duration) {
	s.t.Helper()
	conn, err := nats.Connect(s.server.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range outputStreams {
		stream, err := js.Stream(patient(s.t), name)
		if err != nil {
			s.t.Fatal(err)
		}
		config := stream.CachedInfo().Config
		config.Duplicates = window
		if _, err := js.UpdateStream(patient(s.t), config); err != nil {
			s.t.Fatal(err)
		}
	}
}

// The connection is cut when an output is stored and its acknowledgement lost;
// the next gateway starts when the server remembers no id any more. A record
// that is quarantined, an event that waits for a fact, and what the timer made
// be told of it: nothing is told twice.
func TestNothingIsToldTwiceAfterThreeDedupWindows(t *testing.T) {
	const window = 200 * time.Millisecond
	p := hasty(t)
	for left := range 14 {
		t.Run(fmt.Sprintf("cut after %d", left+1), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, redeliveringSoon)
			s.dedupWindow(window)
			s.config.State.SaveInterval = time.Hour
			s.config.Findings.SettleAfter = 50 * time.Millisecond
			const host = "ws202.corp.example"
			s.ship(host, truncated(attack(host, 90)))
			s.ship(host, truncated(ordinary(host, 64)))
			for _, e := range storyOf(t, "late-signer", host, host) {
				s.ship(host, e)
			}
			cut := cutAfter(t, s.server.URL(), left, true)
			g := s.start(s.config, p, cut.url())
			select {
			case <-cut.cut:
			case <-time.After(20 * time.Second):
				t.Fatal("there are fewer outputs")
			}
			g.crash()
			cut.close()
			time.Sleep(3 * window)
			lastLife(t, s, s.config, p)
			want := uninterrupted(t, s.config, p, s.read(bus.StreamEvents))
			for _, stream := range outputStreams {
				compareOutputs(t, cut.String(), stream, s.read(stream), want[stream])
			}
		})
	}
}
