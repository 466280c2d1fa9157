package gateway

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// orchardAgent is what the last event of managedInstall starts.
const orchardAgent = `c:\program files\orchard\agent.exe`

// deciding is the built-in policy, but that orchardAgent, which none of its
// canaries tells of, gets the disposition: a review where no approval explains it.
func deciding(t testing.TB, disposition policy.Disposition) *Policy {
	t.Helper()
	folder := t.TempDir()
	rules, approvals := filepath.Join(folder, "policies"), filepath.Join(folder, "governance")
	for to, from := range map[string]string{rules: "../policies", approvals: "../bundles/governance"} {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	if disposition != policy.Approved {
		edit(t, approvals, "installers.yaml", approving, notApproving)
	}
	if disposition == policy.Alert || disposition == policy.Expected {
		const rule = "disposition := \"alert\" if {\n\talarming"
		edit(t, rules, filepath.Join("an0940", "decision.rego"), rule,
			"disposition := \""+string(disposition)+"\" if {\n\tinput.process.image == `"+orchardAgent+"`\n}\n\nelse := \"alert\" if {\n\talarming")
	}
	p, err := LoadPolicy(patient(t), []Source{{Name: "policy", Path: rules}, {Name: "governance", Path: approvals}}, policy.Options{Deadline: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// stands folds the verdicts: on which queue each finding stands, in the end.
// Each queue is held to be complete by itself.
func (s *site) stands() map[string]policy.Disposition {
	s.t.Helper()
	on := map[string]policy.Disposition{}
	for _, m := range s.read(bus.StreamVerdicts) {
		if strings.HasPrefix(m.Subject, "verdicts.rollup.") {
			continue
		}
		uid, queue := m.Header.Get(HeaderFinding), policy.Disposition(m.Header.Get(HeaderDisposition))
		switch m.Header.Get(HeaderActivity) {
		case finding.Create.String():
			if on[uid] != "" {
				s.t.Errorf("%s is created on %s while it stands on %s", uid, queue, on[uid])
			}
			on[uid] = queue
		case finding.Close.String():
			if on[uid] != queue {
				s.t.Errorf("%s is closed on %s while it stands on %q", uid, queue, on[uid])
			}
			delete(on, uid)
		default:
			if on[uid] != queue {
				s.t.Errorf("%s is updated on %s while it stands on %q", uid, queue, on[uid])
			}
		}
	}
	return on
}

// Between the verdict of an event and its Decision the gateway dies, and the
// next one has another policy: the event is decided by that. What was told
// stays, and is closed where it does not hold any more.
func TestVerdictWithoutItsDecisionIsPutRightUnderAnotherSnapshot(t *testing.T) {
	before := deciding(t, policy.Review)
	for _, test := range []struct {
		now  policy.Disposition
		told []string // activity and queue, in order
	}{
		{policy.Review, []string{"Create review"}},
		{policy.Alert, []string{"Create review", "Close review", "Create alert"}},
		{policy.Approved, []string{"Create review", "Close review", "Create approved"}},
		{policy.Expected, []string{"Create review", "Close review"}},
	} {
		t.Run(string(test.now), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, redeliveringSoon)
			s.config.State.SaveInterval = time.Hour
			const host = "ws01.corp.example"
			for _, e := range managedInstall(host) {
				s.ship(host, e)
			}
			// The client's Decision and the verdict pass; the last event's Decision does not.
			cut := cutAfter(t, s.server.URL(), 2, false)
			g := s.start(s.config, before, cut.url())
			<-cut.cut
			g.crash()
			if got := s.decisions()[s.shipped]; len(got) != 0 {
				t.Fatalf("the last event is decided: %+v", got)
			}
			first := s.stands()
			if len(first) != 1 {
				t.Fatalf("before the crash there stand %v", first)
			}
			g = s.start(s.config, deciding(t, test.now), s.server.URL())
			s.idle(g)
			g.end(t)

			got := s.decisions()[s.shipped]
			if len(got) != 1 || got[0].Result.Disposition != test.now {
				t.Errorf("the last event is decided: %+v", got)
			}
			for uid := range first {
				var told []string
				for _, m := range s.read(bus.StreamVerdicts) {
					if m.Header.Get(HeaderFinding) == uid {
						told = append(told, m.Header.Get(HeaderActivity)+" "+m.Header.Get(HeaderDisposition))
					}
				}
				if strings.Join(told, ", ") != strings.Join(test.told, ", ") {
					t.Errorf("told %q, want %q", told, test.told)
				}
				want := test.now
				if want == policy.Expected {
					want = ""
				}
				if on := s.stands(); on[uid] != want || len(on) > 1 {
					t.Errorf("in the end there stand %v, want %s on %q", on, uid, want)
				}
			}
		})
	}
}

// What was decided before the crash stays decided so, whatever the policy says
// that is active after it: its Decision is folded, and the finding goes on.
func TestPublishedDecisionStaysUnderAnotherSnapshot(t *testing.T) {
	for _, now := range []policy.Disposition{policy.Alert, policy.Approved, policy.Expected} {
		t.Run(string(now), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, redeliveringSoon)
			s.config.State.SaveInterval = time.Hour
			const host = "ws01.corp.example"
			for _, e := range managedInstall(host) {
				s.ship(host, e)
			}
			decided := s.shipped
			g := s.start(s.config, deciding(t, policy.Review), s.server.URL())
			s.idle(g)
			g.crash()
			first := s.stands()
			g = s.start(s.config, deciding(t, now), s.server.URL())
			s.idle(g)
			if got := s.decisions()[decided]; len(got) != 1 || got[0].Result.Disposition != policy.Review {
				t.Errorf("the event is decided: %+v", got)
			}
			// The finding is known: another event of its install goes on with it.
			s.ship(host, started(host, 4, `C:\Windows\System32\whoami.exe`, "whoami /all", `C:\Program Files\Orchard\agent.exe`, "agent.exe", 3).json())
			s.idle(g)
			g.end(t)
			on := s.stands()
			if len(first) != 1 || len(on) != 1 {
				t.Errorf("first there stood %v, in the end %v", first, on)
			}
			for uid := range first {
				if on[uid] == "" {
					t.Errorf("the finding %s does not go on: %v", uid, on)
				}
			}
			// It goes on from what was decided, not from what would be now.
			all := s.read(bus.StreamVerdicts)
			var last struct {
				Unmapped struct {
					Msigate struct {
						Decisions []finding.DecisionRef `json:"decisions"`
					} `json:"msigate"`
				} `json:"unmapped"`
			}
			if err := json.Unmarshal(all[len(all)-1].Data, &last); err != nil {
				t.Fatal(err)
			}
			if refs := last.Unmapped.Msigate.Decisions; !slices.ContainsFunc(refs, func(r finding.DecisionRef) bool {
				return r.Sequence == decided && r.Disposition == policy.Review
			}) {
				t.Errorf("the finding holds %+v", refs)
			}
		})
	}
}

// EVENTS does not hold any more what was decided and not written down: the
// finding stays where its verdicts put it, and settles there.
func TestFindingWhoseEventsAreGoneSettlesWhereItStands(t *testing.T) {
	s := newSite(t, redeliveringSoon)
	s.config.State.SaveInterval = time.Hour
	s.config.Findings.SettleAfter = 200 * time.Millisecond
	p := builtIn(t)
	g := s.start(s.config, p, s.server.URL())
	s.ship("ws01", attack("ws01", 1))
	s.ship("ws02", ordinary("ws02", 0))
	eventually(t, "it is decided", func() bool { return len(s.decisions()) == 1 })
	g.crash()
	first := s.stands()
	s.purge(bus.EventSubject("ws01"))
	lastLife(t, s, s.config, p)
	on := s.stands()
	if len(first) != 1 || len(on) != 1 {
		t.Fatalf("first there stood %v, in the end %v", first, on)
	}
	all := s.read(bus.StreamVerdicts)
	last := all[len(all)-1]
	if !strings.Contains(string(last.Data), `"settled":true`) || first[last.Header.Get(HeaderFinding)] != policy.Alert {
		t.Errorf("the last verdict is %s of %s: %s", last.Header.Get(HeaderActivity), last.Header.Get(HeaderFinding), last.Data)
	}
}
