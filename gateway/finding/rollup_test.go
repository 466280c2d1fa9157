package finding

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"msigate/gateway/policy"
)

// on is the same alert on the n-th host.
func on(n int, d policy.Decision) policy.Decision {
	e := *d.Context.Event
	e.Host = fmt.Sprintf("ws%03d.corp.example", n)
	d.Context.Event = &e
	return d
}

func observe(r *Rollups, updates []Update) {
	for _, u := range updates {
		r.Observe(u)
	}
}

func readRollupDocument(tb rapid.TB, u Rollup) RollupFinding {
	tb.Helper()
	var doc RollupFinding
	if err := json.Unmarshal(u.Document, &doc); err != nil {
		tb.Fatal(err)
	}
	return doc
}

// rolledUp is what is due, in short.
func rolledUp(all []Rollup) string {
	var out []string
	for _, u := range all {
		at := ""
		if u.AtLeast {
			at = "at least "
		}
		out = append(out, fmt.Sprintf("%s %s%d", u.Activity, at, u.Hosts))
	}
	return strings.Join(out, ", ")
}

func TestOneRolloutOnManyHostsIsOneRollup(t *testing.T) {
	f, r := newFindings(), NewRollups(RollupLimits{}, "0.0.0-test")
	observe(r, f.Apply(plain(on(1, alert(1, once))), trace))
	if got := rolledUp(r.Due(noon)); got != "" {
		t.Errorf("one host is a rollup: %q", got)
	}
	for n := 2; n <= 30; n++ {
		d := review(1, once)
		if n%2 == 0 {
			d = alert(1, once)
		}
		d.Context = cloneContext(d.Context)
		d.Context.Process, d.Answer.Signals = alert(1, once).Context.Process, alert(1, once).Answer.Signals
		observe(r, f.Apply(plain(on(n, d)), trace))
	}
	due := r.Due(noon)
	if got := rolledUp(due); got != "Create 30" {
		t.Fatalf("%q", got)
	}
	golden(t, "rollup.golden.json", pretty(t, due[0].Document))
	if schema := ocsfSchema(t); schema != nil {
		if err := invalid(schema, due[0].Document); err != nil {
			t.Error(err)
		}
	}
	g := readRollupDocument(t, due[0]).Unmapped.Msigate
	if g.Disposition != policy.Alert || len(g.HostNames) != 20 || len(g.Findings) != 20 || g.Counts[policy.Alert] != 16 || g.Counts[policy.Review] != 14 {
		t.Errorf("%s, %d host names, %d uids, %v", g.Disposition, len(g.HostNames), len(g.Findings), g.Counts)
	}
}

func TestARollupIsToldAtMostOnceAMinute(t *testing.T) {
	f, r := newFindings(), NewRollups(RollupLimits{}, "")
	var got []string
	for n := range 5 {
		observe(r, f.Apply(plain(on(n, alert(1, once))), trace))
		got = append(got, rolledUp(r.Due(noon.Add(time.Duration(n)*25*time.Second))))
	}
	got = append(got, rolledUp(r.Due(noon.Add(3*time.Minute))), rolledUp(r.Due(noon.Add(9*time.Minute))))
	if want := "|Create 2|||Update 5||"; strings.Join(got, "|") != want {
		t.Errorf("%q, want %q", strings.Join(got, "|"), want)
	}
}

func TestAFindingLeavesItsRollup(t *testing.T) {
	for name, c := range map[string]struct {
		change policy.Decision
		want   string
	}{
		"it is explained":      {expected(1, fact(9)), "Update 2"},
		"it is approved":       {approved(1, fact(9)), "Update 2"},
		"it is a review":       {review(1, fact(9)), "Update 2"}, // of another child: another group
		"it is as it was":      {alert(1, fact(9)), "Update 3"},
		"an event is expected": {expected(2, once), ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, r := newFindings(), NewRollups(RollupLimits{}, "")
			for n := range 3 {
				observe(r, f.Apply(plain(on(n, alert(1, once))), trace))
			}
			r.Due(noon)
			observe(r, f.Apply(plain(on(1, c.change)), trace))
			if got := rolledUp(r.Due(noon.Add(time.Hour))); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestARollupIsAsBadAsTheWorstThatIsLeftAndClosedWhenNoneIs(t *testing.T) {
	f, r := newFindings(), NewRollups(RollupLimits{}, "")
	for n := range 3 {
		d := alert(1, once)
		if n > 0 {
			d.Answer.Disposition, d.Answer.Severity = policy.Review, policy.Low
		}
		observe(r, f.Apply(plain(on(n, d)), trace))
	}
	if r.Open() != 0 || r.Len() != 1 {
		t.Errorf("%d of %d open before it was told", r.Open(), r.Len())
	}
	first := r.Due(noon)
	if r.Open() != 1 {
		t.Errorf("%d open, want 1", r.Open())
	}
	if doc := readRollupDocument(t, first[0]); doc.Severity != "High" || !doc.IsAlert {
		t.Errorf("%s, alert: %v", doc.Severity, doc.IsAlert)
	}
	observe(r, f.Apply(plain(on(0, expected(1, fact(9)))), trace))
	second := r.Due(noon.Add(time.Hour))
	if doc := readRollupDocument(t, second[0]); doc.Severity != "Low" || doc.IsAlert || doc.Unmapped.Msigate.Disposition != policy.Review {
		t.Errorf("%s, alert: %v", doc.Severity, doc.IsAlert)
	}
	observe(r, f.Apply(plain(on(1, expected(1, fact(9)))), trace))
	last := r.Due(noon.Add(2 * time.Hour))
	if got := rolledUp(last); got != "Close 1" || r.Open() != 0 {
		t.Errorf("%q, %d open", got, r.Open())
	}
	observe(r, f.Apply(plain(on(2, expected(1, fact(9)))), trace))
	if r.Len() != 0 || r.total != 0 {
		t.Errorf("%d groups with %d members are left", r.Len(), r.total)
	}
	if schema := ocsfSchema(t); schema != nil {
		for _, u := range append(append(first, second...), last...) {
			if err := invalid(schema, u.Document); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestASettledAlertStaysInItsRollup(t *testing.T) {
	f, r := newFindings(), NewRollups(RollupLimits{}, "")
	for n := range 2 {
		updates := f.Apply(plain(on(n, alert(1, once))), trace)
		observe(r, updates)
		observe(r, f.Settle(updates[0].Host, updates[0].UID, evening))
	}
	if got := rolledUp(r.Due(noon)); got != "Create 2" {
		t.Errorf("%q", got)
	}
}

func TestRollupsAreBoundedAndSayAtLeast(t *testing.T) {
	r := NewRollups(RollupLimits{MaxGroups: 3, MaxMembers: 5, MaxTotal: 12}, "")
	seen := func(group string, host int) {
		r.Observe(Update{UID: fmt.Sprint(group, host), Host: fmt.Sprint(host), Disposition: policy.Alert, Activity: Create, Group: group, Stands: true, What: "what", Why: "why"})
	}
	for host := range 9 {
		seen("a", host)
	}
	if got := rolledUp(r.Due(noon)); got != "Create at least 5" {
		t.Errorf("%q", got)
	}
	for i := range 10 { // groups of one host make room for each other first
		seen(fmt.Sprint("single", i), 1)
	}
	if r.Len() != 3 || r.Evicted() != 8 || r.groups["a"] == nil {
		t.Errorf("%d groups, %d evicted, a: %v", r.Len(), r.Evicted(), r.groups["a"] != nil)
	}
	for host := range 5 {
		seen("b", host)
		seen("c", host)
	}
	if r.total > 12 || r.groups["c"] == nil {
		t.Errorf("%d members", r.total)
	}
}

// TestRollupsCountHostsExactly: whatever findings come, go and are observed
// twice, and wherever it is written down and read again, as many hosts are
// counted as there are.
func TestRollupsCountHostsExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := NewRollups(RollupLimits{}, "")
		model := map[string]map[[2]string]Grade{}
		for range rapid.IntRange(1, 80).Draw(t, "n") {
			host, uid := fmt.Sprint("h", rapid.IntRange(0, 5).Draw(t, "host")), fmt.Sprint("u", rapid.IntRange(0, 3).Draw(t, "uid"))
			u := Update{
				UID: host + uid, Host: host, Group: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "group"),
				Activity: rapid.SampledFrom([]Activity{Create, Change, Close}).Draw(t, "activity"), What: "what", Why: "why",
				Disposition: rapid.SampledFrom([]policy.Disposition{policy.Approved, policy.Review, policy.Alert}).Draw(t, "disposition"),
				Severity:    rapid.SampledFrom([]policy.Severity{policy.Low, policy.High}).Draw(t, "severity"),
			}
			for group, members := range model {
				if _, in := members[[2]string{host, u.UID}]; in && group != u.Group {
					u.Left = group
				}
			}
			delete(model[u.Left], [2]string{host, u.UID})
			if model[u.Group] == nil {
				model[u.Group] = map[[2]string]Grade{}
			}
			if u.Activity == Close || u.Disposition == policy.Approved {
				delete(model[u.Group], [2]string{host, u.UID})
			} else {
				model[u.Group][[2]string{host, u.UID}] = Grade{u.Disposition, u.Severity}
			}
			r.Observe(u)
			if rapid.Bool().Draw(t, "twice") {
				r.Observe(u)
			}
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				r = rereadRollups(t, r)
			}
		}
		for group, members := range model {
			hosts, worst := map[string]bool{}, Grade{}
			for key, grade := range members {
				hosts[key[0]] = true
				worst = worse(worst, grade)
			}
			one := r.groups[group]
			if len(hosts) == 0 {
				if one != nil {
					t.Fatalf("group %s is still there", group)
				}
				continue
			}
			if one.members.hosts != len(hosts) || one.members.worst() != worst || len(one.members.list) != len(members) {
				t.Fatalf("%d hosts, %v, %d findings; want %d, %v, %d", one.members.hosts, one.members.worst(), len(one.members.list), len(hosts), worst, len(members))
			}
		}
	})
}

func rereadRollups(tb rapid.TB, r *Rollups) *Rollups {
	tb.Helper()
	next := NewRollups(RollupLimits{}, "")
	for group := range r.groups {
		raw, _ := r.Export(group)
		if err := next.Import(raw); err != nil {
			tb.Fatal(err)
		}
		if again, _ := next.Export(group); !bytes.Equal(again, raw) {
			tb.Fatalf("written again it is %q and was %q", again, raw)
		}
	}
	if len(next.Unsaved()) > 0 {
		tb.Fatal("what was read has to be saved")
	}
	return next
}

func TestAFullRollupFitsOneEntry(t *testing.T) {
	r := NewRollups(RollupLimits{}, "")
	for n := range DefaultMaxRollupMembers + 10 {
		r.Observe(Update{
			UID: fmt.Sprint(n), Host: fmt.Sprintf("ws%06d.corp.example", n), Group: "a", Activity: Create, Stands: true,
			Disposition: []policy.Disposition{policy.Review, policy.Alert}[n%2],
			Severity:    []policy.Severity{policy.Low, policy.High, policy.Critical}[n%3],
			What:        strings.Repeat(`\`, 1000), Why: strings.Repeat(`"`, 1000),
		})
	}
	raw, _ := r.Export("a")
	if len(raw) > MaxRollupState {
		t.Errorf("%d bytes, %d fit", len(raw), MaxRollupState)
	}
	next := NewRollups(RollupLimits{}, "")
	if err := next.Import(raw); err != nil {
		t.Fatal(err)
	}
	got, want := rolledUp(next.Due(noon)), rolledUp(r.Due(noon))
	if got != want || want != fmt.Sprintf("Create at least %d", r.groups["a"].members.hosts) {
		t.Errorf("%q, want %q", got, want)
	}
	if hosts := r.groups["a"].members.hosts; hosts < DefaultMaxRollupMembers-2 {
		t.Errorf("%d hosts are told apart", hosts)
	}
	t.Logf("%d bytes", len(raw))
}

func TestUnsavedGroupsAreListedTillTheyAreExported(t *testing.T) {
	f, r := newFindings(), NewRollups(RollupLimits{}, "")
	observe(r, f.Apply(plain(on(1, alert(1, once))), trace))
	groups := r.Unsaved()
	if len(groups) != 1 {
		t.Fatalf("%v", groups)
	}
	if _, ok := r.Export(groups[0]); !ok || len(r.Unsaved()) != 0 {
		t.Error("it is not exported, or still unsaved")
	}
	observe(r, f.Apply(plain(on(1, expected(1, fact(9)))), trace))
	if got := r.Unsaved(); len(got) != 1 {
		t.Errorf("that it is gone is not to be saved: %v", got)
	}
	if _, ok := r.Export(groups[0]); ok {
		t.Error("something is left of it")
	}
}

func FuzzRollupImport(f *testing.F) {
	r := NewRollups(RollupLimits{}, "")
	for n := range 40 {
		r.Observe(Update{UID: fmt.Sprint(n), Host: fmt.Sprint(n), Group: "a", Activity: Create, Disposition: policy.Alert, Severity: policy.High, What: "what", Why: "why"})
	}
	r.Due(noon)
	raw, _ := r.Export("a")
	f.Add(raw)
	f.Add([]byte("{\"group\":\"a\",\"version\":1,\"members\":0,\"keys\":0,\"grades\":0}\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := NewRollups(RollupLimits{MaxMembers: 1000}, "")
		if r.Import(raw) != nil {
			return
		}
		r = rereadRollups(t, r)
		r.Observe(Update{UID: "u", Host: "h", Group: "a", Activity: Create, Disposition: policy.Alert, Severity: policy.High})
		r.Due(noon)
		r.Observe(Update{UID: "u", Host: "h", Group: "a", Activity: Close, Disposition: policy.Alert, Severity: policy.High})
		r.Due(noon.Add(time.Hour))
		rereadRollups(t, r)
	})
}
