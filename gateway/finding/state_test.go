package finding

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"msigate/gateway/policy"
)

// written down, and read by another process.
func restarted(tb rapid.TB, f *Findings, host string) *Findings {
	tb.Helper()
	next := newFindings()
	s, ok := f.Export(host)
	if !ok {
		return next
	}
	raw := writeState(tb, s)
	if err := next.Import(host, readState(tb, raw)); err != nil {
		tb.Fatalf("%v\n%s", err, raw)
	}
	again, _ := next.Export(host)
	if got := writeState(tb, again); !bytes.Equal(got, raw) {
		tb.Fatalf("written again it is\n%s\nand was\n%s", got, raw)
	}
	return next
}

func writeState(tb rapid.TB, s *HostState) []byte {
	tb.Helper()
	raw, err := json.Marshal(s, json.Deterministic(true))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func readState(tb rapid.TB, raw []byte) *HostState {
	tb.Helper()
	s := &HostState{}
	if err := json.Unmarshal(raw, s, json.RejectUnknownMembers(true)); err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestARestartChangesNothing: findings that were written down and read again,
// at any time and as often as may be, give the same documents as others.
func TestARestartChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		life := drawLife(t, rapid.IntRange(1, 80).Draw(t, "n"))
		if rapid.Bool().Draw(t, "of any kind") {
			for i := range life {
				life[i] = drawDecision(t, i)
				life[i].Context.Event.Host = ws01
			}
		}
		f, other := newFindings(), newFindings()
		for i, d := range life {
			if rapid.IntRange(0, 5).Draw(t, "restart") == 0 {
				f = restarted(t, f, ws01)
			}
			sameUpdates(t, f.Apply(plain(d), trace), other.Apply(plain(d), trace))
			if open := other.Open(ws01); len(open) > 0 && rapid.IntRange(0, 9).Draw(t, "settle") == 0 {
				one := rapid.SampledFrom(open).Draw(t, "which")
				sameUpdates(t, f.Settle(ws01, one.UID, evening), other.Settle(ws01, one.UID, evening))
			}
			if rapid.IntRange(0, 19).Draw(t, "adopt") == 0 {
				p := Published{UID: UID(plain(d)), Host: ws01, Disposition: policy.Review, Revision: i, Activity: Change}
				f.Adopt(p)
				other.Adopt(p)
			}
		}
	})
}

func sameUpdates(t *rapid.T, got, want []Update) {
	t.Helper()
	if lived(got) != lived(want) {
		t.Fatalf("%q, want %q", lived(got), lived(want))
	}
	for i := range got {
		if !bytes.Equal(got[i].Document, want[i].Document) || got[i].MsgID != want[i].MsgID || got[i].Left != want[i].Left {
			t.Fatalf("document %d is\n%s\nwant\n%s", i, got[i].Document, want[i].Document)
		}
	}
}

func TestAStateThatCannotBeIsRefusedAndChangesNothing(t *testing.T) {
	f := newFindings()
	f.Apply(plain(alert(1, once)), trace)
	f.Apply(plain(review(2, once)), trace)
	f.Apply(plain(about(3, once, policy.Review, policy.Low, "s2")), trace)
	before, _ := f.Export(ws01)
	for want, change := range map[string]func(*HostState){
		"the uid":                    func(s *HostState) { s.Tombstones = []Tombstone{{UID: s.Findings[0].UID}} },
		"a text in it":               func(s *HostState) { s.Findings[0].UID = "" },
		"no UTF-8":                   func(s *HostState) { s.Findings[0].Session = "\xff" },
		"too long":                   func(s *HostState) { s.Findings[1].Events[0].What = strings.Repeat("x", 1<<16) },
		"no queue":                   func(s *HostState) { s.Findings[0].Queue = "expected" },
		"the revision":               func(s *HostState) { s.Findings[0].Revision = -1 },
		"not in order":               func(s *HostState) { e := s.Findings[1].Events; e[0], e[1] = e[1], e[0] },
		"stands twice":               func(s *HostState) { s.Findings[0].Events, s.Findings[0].Decisions = s.Findings[1].Events[:1], nil },
		"no disposition that stands": func(s *HostState) { s.Findings[0].Events[0].Disposition = policy.Expected },
		"its evidence":               func(s *HostState) { s.Findings[0].Events[0].Evidence = []byte(`{"uid":1}`) },
		"its evidence: json":         func(s *HostState) { s.Findings[0].Events[0].Evidence = []byte(`{"attacks":[]}`) },
		"its actor":                  func(s *HostState) { s.Findings[0].Events[0].Actor = []byte(`[`) },
		"there is nothing":           func(s *HostState) { s.Findings[0].Events[0] = nil },
		"at most 32":                 func(s *HostState) { s.Findings[0].Events = make([]*Standing, 33) },
		"at most 64":                 func(s *HostState) { s.Findings[0].Decisions = make([]DecisionRef, 65) },
		"the counts of what was":     func(s *HostState) { s.Findings[0].Dropped = []GradeCount{{Grade{policy.Alert, policy.Low}, -1}} },
		"the counts of decisions":    func(s *HostState) { s.Findings[0].Counts = map[policy.Disposition]int{"x": 1} },
		"neither kept nor counted":   func(s *HostState) { s.Findings[1].Events = s.Findings[1].Events[:1] },
		"not the one of its event":   func(s *HostState) { s.Findings[0].Events[0].Decision = "x" },
		"one that was the last":      func(s *HostState) { s.Findings[0].Last = s.Findings[0].Events[0] },
		"more signals":               func(s *HostState) { s.Findings[0].Events[0].Signals = make([]policy.Signal, 99) },
		"index of a record":          func(s *HostState) { s.Findings[0].At.Record = -1 },
		"what it is at least":        func(s *HostState) { s.Findings[0].Floor = Grade{policy.Alert, "worse"} },
		"as nothing that a finding":  func(s *HostState) { s.Tombstones = []Tombstone{{UID: "x", Queue: "x"}} },
	} {
		s := readState(t, writeState(t, before))
		change(s)
		if err := f.Import(ws01, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if err := f.Import(ws01, nil); err == nil {
		t.Error("no state is taken for one")
	}
	if after, _ := f.Export(ws01); !bytes.Equal(writeState(t, after), writeState(t, before)) {
		t.Error("a refused state changed what was known")
	}
}

func TestImportTakesThePlaceOfWhatIsKnownOfTheHostAlone(t *testing.T) {
	f, other := newFindings(), newFindings()
	f.Apply(plain(moduleLoad()), trace) // of ws02
	f.Apply(plain(alert(1, once)), trace)
	other.Apply(plain(about(1, once, policy.Review, policy.Low, "s2")), trace)
	s, _ := other.Export(ws01)
	if err := f.Import(ws01, s); err != nil {
		t.Fatal(err)
	}
	if open := f.Open(ws01); len(open) != 1 || open[0].Session != "s2" {
		t.Errorf("of ws01: %v", open)
	}
	if len(f.Open("ws02.corp.example")) != 1 {
		t.Error("another host's finding is gone")
	}
	if got := lived(f.Apply(plain(alert(1, fact(9))), trace)); got != "Close review, Create alert" {
		t.Errorf("%q", got)
	}
}

func TestLimitsHoldForWhatIsImported(t *testing.T) {
	f, small := newFindings(), NewFindings(Limits{MaxPerHost: 2, MaxTombstonesPerHost: 2}, "")
	for n := range 6 {
		f.Apply(plain(about(n, once, policy.Alert, policy.Low, fmt.Sprint(n))), trace)
	}
	s, _ := f.Export(ws01)
	if err := small.Import(ws01, s); err != nil {
		t.Fatal(err)
	}
	if small.Len() != 2 || small.Tombstones() != 2 || small.Evicted() != 4 || small.EvictedTombstones() != 2 {
		t.Errorf("%d findings, %d tombstones, %d and %d evicted", small.Len(), small.Tombstones(), small.Evicted(), small.EvictedTombstones())
	}
}

func TestTrimTakesUntilNothingIsLeftAndNeverMakesAFindingMilder(t *testing.T) {
	f := newFindings()
	for n := range 200 {
		d := about(n, once, policy.Alert, policy.Low, fmt.Sprint(n%7))
		if n%3 == 0 {
			d = about(n, once, policy.Review, policy.High, fmt.Sprint(n%7))
		}
		f.Apply(plain(d), trace)
	}
	s, _ := f.Export(ws01)
	size := len(writeState(t, s))
	full, _ := f.Export(ws01)
	before := writeState(t, full)
	for trims := 0; s.Trim(); trims++ {
		if trims > 200 {
			t.Fatal("it has no end")
		}
		smaller := len(writeState(t, s))
		if smaller >= size {
			t.Fatalf("it has %d bytes, and had %d", smaller, size)
		}
		size = smaller
		next := newFindings()
		if err := next.Import(ws01, readState(t, writeState(t, s))); err != nil {
			t.Fatal(err)
		}
		for _, one := range next.Open(ws01) {
			if one.Disposition != policy.Alert {
				t.Fatalf("after %d times, a finding stands on %s", trims, one.Disposition)
			}
		}
		for _, one := range next.live.of(ws01) {
			for _, u := range next.Apply(plain(about(0, fact(9), policy.Approved, policy.Low, one.Session)), trace) {
				if u.UID == one.UID && u.Disposition != policy.Alert && u.Previous == "" {
					t.Fatalf("a finding got milder: %s %s", u.Activity, u.Disposition)
				}
			}
		}
	}
	if size > 32 {
		t.Errorf("%d bytes are left", size)
	}
	if after, _ := f.Export(ws01); !bytes.Equal(writeState(t, after), before) {
		t.Error("what was exported from has changed")
	}
}

func FuzzImport(f *testing.F) {
	full := newFindings()
	for n := range 40 {
		full.Apply(plain(alert(n, once)), trace)
	}
	full.Apply(plain(about(1, once, policy.Review, policy.Low, "s2")), trace)
	full.Apply(plain(expected(1, fact(9))), trace)
	for _, open := range full.Open(ws01)[:1] {
		full.Settle(ws01, open.UID, evening)
	}
	s, _ := full.Export(ws01)
	s.Trim()
	f.Add(writeState(f, s))
	f.Add([]byte(`{"findings":[{"uid":"a","revision":1}],"tombstones":[{"uid":"b","revision":1}],"evicted":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := &HostState{}
		if json.Unmarshal(raw, s) != nil {
			return
		}
		one := newFindings()
		if one.Import(ws01, s) != nil {
			return
		}
		one = restarted(t, one, ws01)
		for _, d := range []policy.Decision{alert(1, fact(100)), review(2, once), expected(1, fact(101)), approved(39, fact(102))} {
			one.Apply(plain(d), trace)
		}
		for _, open := range one.Open(ws01) {
			one.Settle(ws01, open.UID, evening)
		}
		restarted(t, one, ws01)
		for s.Trim() {
		}
	})
}
