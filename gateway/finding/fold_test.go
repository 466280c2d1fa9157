package finding

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// drawLife makes Decisions about few events, in any order, of any cause.
func drawLife(t *rapid.T, n int) []policy.Decision {
	life := make([]policy.Decision, n)
	for i := range life {
		session := rapid.SampledFrom([]string{"", "s1", "s1", "s2"}).Draw(t, "session")
		life[i] = about(
			rapid.IntRange(0, rapid.SampledFrom([]int{2, 6, 60}).Draw(t, "events")).Draw(t, "event"), fact(uint64(i)),
			rapid.SampledFrom([]policy.Disposition{policy.Expected, policy.Approved, policy.Review, policy.Alert}).Draw(t, "disposition"),
			rapid.SampledFrom([]policy.Severity{policy.Low, policy.High}).Draw(t, "severity"), session,
		)
	}
	return life
}

// TestFoldHoldsItsGuarantees: a finding is as bad as the worst of the current
// Decisions of its events; every queue that was opened is closed but the one
// where it stands; no two documents share a Msg-Id; and two folds of the same
// give the same.
func TestFoldHoldsItsGuarantees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, twin := newFindings(), newFindings()
		type event struct {
			uid   string
			grade Grade
		}
		model := map[install.Position]event{}
		queues := map[string]policy.Disposition{}
		ids := map[string]bool{}
		for _, decision := range drawLife(t, rapid.IntRange(1, 60).Draw(t, "n")) {
			d := plain(decision)
			uid, at, a := UID(d), eventAt(decision.Trigger), decision.Answer
			before := model[at]
			if rank(a.Disposition) == 0 {
				delete(model, at)
			} else {
				model[at] = event{uid, Grade{a.Disposition, a.Severity}}
			}
			updates, same := f.Apply(d, trace), twin.Apply(plain(decision), trace)
			if before.uid == "" && rank(a.Disposition) == 0 && len(updates) > 0 {
				t.Fatal("an expected decision moved a finding that its event was not in")
			}
			for j, u := range updates {
				if u.MsgID != same[j].MsgID || !bytes.Equal(u.Document, same[j].Document) {
					t.Fatal("two folds of the same differ")
				}
				if u.UID != uid && u.UID != before.uid {
					t.Fatalf("finding %s is told, which has nothing to do with it", u.UID)
				}
				if ids[u.MsgID] {
					t.Fatalf("two documents share the Msg-Id %s", u.MsgID)
				}
				ids[u.MsgID] = true
				switch u.Activity {
				case Create:
					if queues[u.UID] != "" {
						t.Fatalf("created on %s, and it stands on %s", u.Disposition, queues[u.UID])
					}
					queues[u.UID] = u.Disposition
				case Change, Close:
					if queues[u.UID] != u.Disposition {
						t.Fatalf("%s on %s, and it stands on %q", u.Activity, u.Disposition, queues[u.UID])
					}
					if u.Activity == Close {
						queues[u.UID] = ""
					}
				}
				if u.Stands != (queues[u.UID] != "") && u.MovedTo == "" {
					t.Fatalf("it stands: %v, on %q", u.Stands, queues[u.UID])
				}
			}
			worst := map[string]Grade{}
			for _, e := range model {
				worst[e.uid] = worse(worst[e.uid], e.grade)
			}
			for uid, queue := range queues {
				// More events than are kept may have been dropped and forgotten.
				if queue != worst[uid].Disposition && len(model) <= MaxEvidences {
					t.Fatalf("stands on %q, its worst event is %q", queue, worst[uid].Disposition)
				}
				if rank(queue) < rank(worst[uid].Disposition) {
					t.Fatalf("stands on %q, milder than its worst event, which is %s", queue, worst[uid].Disposition)
				}
			}
		}
	})
}

func TestEveryDocumentOfALifeIsValidOCSF(t *testing.T) {
	schema := needSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		f := newFindings()
		life := drawLife(t, rapid.IntRange(1, 20).Draw(t, "n"))
		var updates []Update
		for _, d := range life {
			updates = append(updates, f.Apply(plain(d), trace)...)
		}
		for _, one := range f.Open("ws01.corp.example") {
			updates = append(updates, f.Settle("ws01.corp.example", one.UID, noon.Add(time.Hour))...)
		}
		for _, u := range updates {
			if err := invalid(schema, u.Document); err != nil {
				t.Fatalf("%s %s: %v\n%s", u.Activity, u.Disposition, err, u.Document)
			}
		}
	})
}

// TestTheOrderInWhichEventsAreDecidedDoesNotMatter: events of one session end
// in the same finding however they come, also where there are more than are kept.
func TestTheOrderInWhichEventsAreDecidedDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var life []policy.Decision
		for n := range rapid.IntRange(1, 50).Draw(t, "n") {
			life = append(life, about(n, once,
				rapid.SampledFrom([]policy.Disposition{policy.Expected, policy.Approved, policy.Review, policy.Alert}).Draw(t, "disposition"),
				rapid.SampledFrom([]policy.Severity{policy.Low, policy.High}).Draw(t, "severity"), "s1"))
		}
		final := func(life []policy.Decision) string {
			f := newFindings()
			for _, d := range life {
				f.Apply(plain(d), trace)
			}
			one, ok := f.live.get(UID(plain(life[0])))
			if !ok {
				return ""
			}
			v := one.view()
			out := fmt.Sprintln(v.grade, v.lead.What, v.why, v.group, v.first, v.last, v.signals, v.pending, v.missing, v.standing, v.dropped)
			for _, s := range one.Events {
				out += string(s.Evidence)
			}
			return out
		}
		if want, got := final(life), final(rapid.Permutation(life).Draw(t, "order")); got != want {
			t.Fatalf("it ends as\n%s\nwant\n%s", got, want)
		}
	})
}
