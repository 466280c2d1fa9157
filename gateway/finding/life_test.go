package finding

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// Decisions in which what matters of a life can be set.

// about is a Decision about the n-th event of ws01: of any cause, graded as
// said, in a session where one is named.
func about(n int, cause policy.Cause, disposition policy.Disposition, severity policy.Severity, session string) policy.Decision {
	d := shellChild()
	switch disposition {
	case policy.Expected:
		d = expectedChild()
	case policy.Approved:
		d = approvedChild()
	case policy.Review:
		d = reviewChild()
	case policy.Alert:
	}
	d.Trigger = policy.Trigger{Stream: "EVENTS", Sequence: uint64(1000 + n), Cause: cause}
	d.ID = d.Trigger.ID()
	e := *d.Context.Event
	e.Time = noon.Add(time.Duration(n) * time.Second)
	d.Context.Event = &e
	d.Now = noon.Add(time.Minute + time.Duration(n)*time.Second)
	d.Answer.Severity = severity
	if session != "" {
		d.Context.Session = &install.Session{ID: session}
	}
	return d
}

func alert(n int, cause policy.Cause) policy.Decision {
	return about(n, cause, policy.Alert, policy.High, "s1")
}

func review(n int, cause policy.Cause) policy.Decision {
	return about(n, cause, policy.Review, policy.Medium, "s1")
}

func approved(n int, cause policy.Cause) policy.Decision {
	return about(n, cause, policy.Approved, policy.Informational, "s1")
}

func expected(n int, cause policy.Cause) policy.Decision {
	return about(n, cause, policy.Expected, policy.Informational, "s1")
}

const once = policy.CauseEvent

func fact(seq uint64) policy.Cause { return policy.Cause(fmt.Sprintf("fact:%d.0", seq)) }

func read(tb testing.TB, u Update) DetectionFinding {
	tb.Helper()
	var doc DetectionFinding
	if err := json.Unmarshal(u.Document, &doc); err != nil {
		tb.Fatal(err)
	}
	return doc
}

// lived is updates in short: "Create alert, Close review → alert".
func lived(updates []Update) string {
	var all []string
	for _, u := range updates {
		one := fmt.Sprintf("%s %s", u.Activity, u.Disposition)
		if u.MovedTo != "" {
			one += " → " + string(u.MovedTo)
		}
		if u.Previous != "" {
			one += " ← " + string(u.Previous)
		}
		if u.Settled {
			one += " settled"
		}
		all = append(all, one)
	}
	return strings.Join(all, ", ")
}

// A life in Decisions, and what is told after each.
func TestAFindingRisesAtOnceAndFallsWhenItIsExplained(t *testing.T) {
	type step struct {
		d    policy.Decision
		want string
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"raised by a late fact", []step{
			{review(1, once), "Create review"},
			{alert(1, fact(9)), "Close review → alert, Create alert ← review"},
		}},
		{"raised because a fact did not come", []step{
			{review(1, once), "Create review"},
			{alert(1, "due:process.signer"), "Close review → alert, Create alert ← review"},
		}},
		{"lowered when an approval shows", []step{
			{alert(1, once), "Create alert"},
			{approved(1, fact(9)), "Close alert → approved, Create approved ← alert"},
		}},
		{"as bad as what is left", []step{
			{alert(1, once), "Create alert"},
			{review(2, once), "Update alert"},
			{approved(1, fact(9)), "Close alert → review, Create review ← alert"},
			{expected(2, fact(10)), "Close review → approved, Create approved ← review"},
		}},
		{"closed when all is expected", []step{
			{alert(1, once), "Create alert"},
			{expected(1, fact(9)), "Close alert"},
			{expected(1, fact(10)), ""},
			{review(1, fact(11)), "Create review"},
		}},
		{"expected from the start", []step{
			{expected(1, once), ""},
			{alert(1, fact(9)), "Create alert"},
		}},
		{"graver where it stands", []step{
			{about(1, once, policy.Review, policy.Low, "s1"), "Create review"},
			{about(1, fact(9), policy.Review, policy.Critical, "s1"), "Update review"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFindings()
			for i, s := range c.steps {
				if got := lived(f.Apply(plain(s.d), trace)); got != s.want {
					t.Errorf("step %d: %q, want %q", i, got, s.want)
				}
			}
		})
	}
}

func TestALaterDecisionTakesThePlaceOfTheEarlierOne(t *testing.T) {
	f := newFindings()
	f.Apply(plain(alert(1, once)), trace)
	f.Apply(plain(alert(2, once)), trace)
	doc := read(t, f.Apply(plain(alert(1, fact(9))), trace)[0])
	gate := doc.Unmapped.Msigate
	if len(doc.Evidences) != 2 || gate.Evidence != 2 || gate.Signals[0].Count != 2 {
		t.Errorf("%d evidences, count %d, the signal counts %d; want 2 each", len(doc.Evidences), gate.Evidence, gate.Signals[0].Count)
	}
	if gate.Counts[policy.Alert] != 3 || gate.Standing[policy.Alert] != 2 {
		t.Errorf("%d decisions and %d events, want 3 and 2", gate.Counts[policy.Alert], gate.Standing[policy.Alert])
	}
	var current []string
	for _, r := range gate.Decisions {
		current = append(current, fmt.Sprintf("%d %s %v", r.Sequence, r.Cause, r.Current))
	}
	if got, want := strings.Join(current, ", "), "1001 event false, 1002 event true, 1001 fact:9.0 true"; got != want {
		t.Errorf("decisions: %s, want %s", got, want)
	}
}

func TestACloseSaysWhereTheFindingWentAndWhy(t *testing.T) {
	f := newFindings()
	f.Apply(plain(alert(1, once)), trace)
	moved := read(t, f.Apply(plain(approved(1, fact(9))), trace)[0])
	if want := "moved from alert to approved under the same uid: approved by contoso-agent"; !strings.HasPrefix(moved.StatusDetail, want) {
		t.Errorf("%q does not begin with %q", moved.StatusDetail, want)
	}
	if want := "decided again: record 9.0 came late"; !strings.HasSuffix(moved.StatusDetail, want) {
		t.Errorf("%q does not end with %q", moved.StatusDetail, want)
	}
	explained := read(t, f.Apply(plain(expected(1, fact(10))), trace)[0])
	if want := "explained by the installer's own machinery; decided again: record 10.0 came late"; explained.StatusDetail != want {
		t.Errorf("%q, want %q", explained.StatusDetail, want)
	}
	if explained.Unmapped.Msigate.MovedTo != "" || explained.Unmapped.Msigate.Evidence != 0 {
		t.Errorf("moved to %q with %d events", explained.Unmapped.Msigate.MovedTo, explained.Unmapped.Msigate.Evidence)
	}
}

func TestASessionHasOneFindingWhateverRootsItHas(t *testing.T) {
	a, b := alert(1, once), review(2, once)
	b.Context.Root.GUID = "another"
	if UID(plain(a)) != UID(plain(b)) {
		t.Error("two findings for one session")
	}
	b.Context.Session = &install.Session{ID: "s2"}
	if UID(plain(a)) == UID(plain(b)) {
		t.Error("one finding for two sessions")
	}
	b.Context.Session = &install.Session{Ambiguous: true}
	a.Context.Session = nil
	a.Context.Root.GUID = "another"
	if UID(plain(a)) != UID(plain(b)) {
		t.Error("a session that cannot be known is not told by its lineage root")
	}
}

func TestAnEventWhoseSessionBecomesKnownLeavesItsOldFinding(t *testing.T) {
	f := newFindings()
	old := about(1, once, policy.Alert, policy.High, "")
	f.Apply(plain(old), trace)
	f.Apply(plain(about(2, once, policy.Review, policy.Medium, "")), trace)

	updates := f.Apply(plain(alert(1, fact(9))), trace)
	if got, want := lived(updates), "Close alert → review, Create review ← alert, Create alert"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
	if updates[0].UID != UID(plain(old)) || updates[2].UID != UID(plain(alert(1, once))) {
		t.Error("the finding that is left does not come first")
	}
	updates = f.Apply(plain(review(2, fact(9))), trace)
	if got, want := lived(updates), "Close review, Update alert"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
	closed := read(t, updates[0])
	if want := "belongs to finding " + updates[1].UID + " now: the install it is part of became known (record 9.0 came late)"; closed.StatusDetail != want {
		t.Errorf("%q, want %q", closed.StatusDetail, want)
	}
	if closed.Unmapped.Msigate.BelongsTo != updates[1].UID {
		t.Errorf("belongs to %q", closed.Unmapped.Msigate.BelongsTo)
	}
	for _, r := range closed.Unmapped.Msigate.Decisions {
		if r.Current || r.Finding != updates[1].UID {
			t.Errorf("decision %s is current: %v, its event went to %q", r.ID, r.Current, r.Finding)
		}
	}
}

func TestWhatIsDroppedIsCountedAndStaysTheFloor(t *testing.T) {
	f := newFindings()
	for n := range MaxEvidences + 1 {
		f.Apply(plain(alert(n, once)), trace)
	}
	last := MaxEvidences // dropped: of equals the last
	// Everything that is kept is explained: what is dropped keeps it an alert.
	var updates []Update
	for n := range MaxEvidences {
		updates = f.Apply(plain(approved(n, fact(900))), trace)
		if got := lived(updates); got != "Update alert" {
			t.Fatalf("%q", got)
		}
	}
	doc := read(t, updates[0])
	if gate := doc.Unmapped.Msigate; gate.Dropped[policy.Alert] != 1 || gate.Evidence != MaxEvidences+1 {
		t.Errorf("dropped %v, %d events", gate.Dropped, gate.Evidence)
	}
	if want := "it stays alert, severity high: that is what is known of what is kept no more"; !strings.Contains(doc.Message, want) {
		t.Errorf("%q does not say that %q", doc.Message, want)
	}
	// Its own Decision is still listed: what it was is known, and it can fall.
	if got, want := lived(f.Apply(plain(approved(last, fact(900))), trace)), "Close alert → approved, Create approved ← alert"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestADroppedEventThatIsForgottenNeverLowersTheFloor(t *testing.T) {
	f := newFindings()
	n := 0
	for ; n <= MaxEvidences; n++ {
		f.Apply(plain(alert(n, once)), trace)
	}
	dropped := n - 1
	for i := range MaxDecisionRefs { // its Decision leaves the list
		f.Apply(plain(alert(0, fact(uint64(i)))), trace)
	}
	for i := range MaxEvidences {
		f.Apply(plain(approved(i, fact(900))), trace)
	}
	if got := lived(f.Apply(plain(expected(dropped, fact(900))), trace)); got != "" {
		t.Errorf("an expected decision gives %q", got)
	}
	updates := f.Apply(plain(approved(dropped, fact(901))), trace)
	if got := lived(updates); got != "Update alert" {
		t.Errorf("an approved decision gives %q", got)
	}
}

// A life as it reads: raised, explained, gone elsewhere, settled.
func TestALifeReadsAsTheGoldenDocuments(t *testing.T) {
	schema := ocsfSchema(t)
	f := newFindings()
	unknown := about(1, once, policy.Review, policy.Medium, "")
	var all []Update
	for _, d := range []policy.Decision{
		unknown, alert(1, fact(9)), alert(2, once), approved(1, fact(12)), expected(2, "due:process.signer"), approved(3, once),
	} {
		all = append(all, f.Apply(plain(d), trace)...)
	}
	all = append(all, f.Settle(ws01, UID(plain(alert(1, once))), evening)...)
	all = append(all, f.Apply(plain(review(4, once)), trace)...)
	var b strings.Builder
	for _, u := range all {
		doc := read(t, u)
		fmt.Fprintf(&b, "%s on %s, revision %d, severity %s, status %s\n  %s\n  %s\n", u.Activity, u.Disposition, u.Revision, doc.Severity, doc.Status, doc.Message, doc.StatusDetail)
		if schema != nil {
			if err := invalid(schema, u.Document); err != nil {
				t.Error(err)
			}
		}
	}
	golden(t, "life.golden.txt", []byte(b.String()))
}

func TestNoSecretIsWrittenDown(t *testing.T) {
	f := newFindings()
	d := withCommandLine(`msiexec /i C:\a.msi ADMINPASSWORD=Winter2026 /qn`, map[string]string{"ADMINPASSWORD": "Winter2026"})
	d.Context.Event.Host = ws01
	f.Apply(shippedMasker(t).Mask(d), trace)
	s, ok := f.Export(ws01)
	if !ok {
		t.Fatal("nothing is known")
	}
	if raw := writeState(t, s); bytes.Contains(raw, []byte("Winter2026")) {
		t.Errorf("the secret is in %s", raw)
	}
}
