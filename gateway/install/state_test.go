package install

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"msigate/gateway/event"
)

// stored is what is left of a state in storage.
func stored(t interface{ Fatal(...any) }, s *HostState) (*HostState, []byte) {
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back HostState
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	return &back, text
}

// moved is a Tracker that knows what the other one does, by way of storage. What
// is exported again must be the same bytes.
func moved(t rapid.TB, from *Tracker, limits Limits, parameters Parameters) *Tracker {
	to := NewTracker(limits)
	to.Configure(parameters)
	for h := from.recent.first; h != nil; h = h.after {
		s, _ := from.Export(h.name)
		s, text := stored(t, s)
		if err := to.Import(h.name, s); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		again, _ := to.Export(h.name)
		if _, second := stored(t, again); string(second) != string(text) {
			t.Fatalf("exported\n%s\nand once imported\n%s", text, second)
		}
	}
	if n := to.Evictions(); !reflect.DeepEqual(n, NewTracker(limits).Evictions()) {
		t.Fatalf("moving evicts %v", n)
	}
	return to
}

// A Tracker that was exported and imported now and then, at any moment, tells
// the same from there on as one that was not.
func TestARestartedTrackerTellsTheSame(t *testing.T) {
	restarts, contexts, evictions := 0, 0, uint64(0)
	rapid.Check(t, func(r *rapid.T) {
		p := &play{T: r, guids: rapid.Bool().Draw(r, "guids")}
		if p.guids {
			p.tell(&event.Event{Kind: event.KindProcessStart, Process: explorer})
		}
		service := p.runs(msiexecPath, service.CommandLine, services)
		for range rapid.IntRange(1, 6).Draw(r, "installs") {
			p.installs(service)
		}
		order := make([]int, len(p.events))
		for n := range order {
			order[n] = n
		}
		if rapid.Bool().Draw(r, "out of order") {
			slices.SortStableFunc(order, func(a, b int) int {
				return int(p.events[a].Time.Add(p.late[a]).Sub(p.events[b].Time.Add(p.late[b])))
			})
		}
		limits := Limits{}
		if rapid.IntRange(0, 2).Draw(r, "tight") == 0 {
			limits = Limits{TreeProcessesPerHost: 5, FilesPerHost: 2, SessionsPerHost: 2, PackagesPerHost: 1, ProcessTTL: 5 * time.Minute}
		}
		parameters := Parameters{InstallerParents: []string{"bundle.exe"}}
		steady, restarted := NewTracker(limits), NewTracker(limits)
		steady.Configure(parameters)
		restarted.Configure(parameters)
		evicted := map[string]uint64{}
		often := rapid.SampledFrom([]int{1, 3, 20}).Draw(r, "often")
		for place0, n := range order {
			if rapid.IntRange(1, often).Draw(r, "restart") == 1 {
				for what, count := range restarted.Evictions() {
					evicted[what] += count
				}
				restarted = moved(r, restarted, limits, parameters)
				restarts++
			}
			e, same := *p.events[n], *p.events[n]
			tracks := steady.Tracks(&e)
			if got := restarted.Tracks(&same); got != tracks {
				r.Fatalf("%d: tracks %t, want %t", place0, got, tracks)
			}
			if !scope.Matches(&e) && !tracks {
				steady.Remember(&e, place(n+1))
				restarted.Remember(&same, place(n+1))
				continue
			}
			want, got := steady.Apply(&e, place(n+1)), restarted.Apply(&same, place(n+1))
			if !reflect.DeepEqual(got, want) {
				r.Fatalf("%d: %s\nwant %s\n%s", place0, tell(got.Session), tell(want.Session), differences(got, want))
			}
			contexts++
		}
		for what, count := range restarted.Evictions() {
			if evicted[what] += count; evicted[what] != steady.Evictions()[what] {
				r.Fatalf("%s evicted: %d, want %d", what, evicted[what], steady.Evictions()[what])
			}
			evictions += evicted[what]
		}
	})
	t.Logf("%d restarts, %d contexts, %d evictions", restarts, contexts, evictions)
	if restarts == 0 || contexts == 0 || evictions == 0 {
		t.Error("the property says nothing: one of these never happened")
	}
}

// differences are the lines of JSON in which two values differ.
func differences(got, want any) string {
	text := func(v any) []string {
		text, _ := json.MarshalIndent(v, "", " ")
		return strings.Split(string(text), "\n")
	}
	var b strings.Builder
	one, other := text(got), text(want)
	for n := range max(len(one), len(other)) {
		var a, b0 string
		if n < len(one) {
			a = one[n]
		}
		if n < len(other) {
			b0 = other[n]
		}
		if a != b0 && b.Len() < 4000 {
			b.WriteString(a + "\n\twant " + b0 + "\n")
		}
	}
	return b.String()
}
