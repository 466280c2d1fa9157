package install

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
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
		if where := sameGraph(reflect.ValueOf(h), reflect.ValueOf(to.hosts[h.name]), "host", map[[2]uintptr]bool{}); where != "" {
			t.Fatalf("%s is not the same as before", where)
		}
	}
	if n := to.Evictions(); !reflect.DeepEqual(n, NewTracker(limits).Evictions()) {
		t.Fatalf("moving evicts %v", n)
	}
	return to
}

// twins are a Tracker and one that is restarted now and then, of which the same
// is asked.
type twins struct {
	*rapid.T
	steady, restarted *Tracker
	limits            Limits
	parameters        Parameters
	often             int
	dice              *rand.Rand // rapid's own numbers are small ones too often
	evicted           map[string]uint64
	restarts          int
}

func newTwins(r *rapid.T, limits Limits, parameters Parameters) *twins {
	w := &twins{
		T: r, steady: NewTracker(limits), restarted: NewTracker(limits), limits: limits, parameters: parameters,
		often: rapid.SampledFrom([]int{10, 100, 1000}).Draw(r, "often"),
		dice:  rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "dice"), 0)), evicted: map[string]uint64{},
	}
	w.steady.Configure(parameters)
	w.restarted.Configure(parameters)
	return w
}

func (w *twins) restart() {
	if w.dice.IntN(w.often) == 0 {
		for what, count := range w.restarted.Evictions() {
			w.evicted[what] += count
		}
		w.restarted = moved(w.T, w.restarted, w.limits, w.parameters)
		w.restarts++
	}
}

// ask asks both the same and gives what they say.
func ask[T any](w *twins, what string, question func(*Tracker) T) T {
	w.restart()
	want, got := question(w.steady), question(w.restarted)
	if !reflect.DeepEqual(got, want) {
		w.Fatalf("%s differs after a restart\n%s", what, differences(got, want))
	}
	return want
}

type answer struct {
	Context Context
	OK      bool
}

// take does with an event what the pipeline does.
func (w *twins) take(e *event.Event, at Position) (contexts int) {
	copied := func() *event.Event { one := *e; return &one }
	inScope := ask(w, "tracks", func(t *Tracker) bool { return t.Tracks(copied()) }) || scope.Matches(e)
	if !inScope {
		ask(w, "remember", func(t *Tracker) bool { t.Remember(copied(), at); return true })
	} else {
		c := ask(w, "context", func(t *Tracker) Context {
			c := t.Apply(copied(), at)
			if c.Process.Role != RoleNone || e.Kind == event.KindInstall {
				t.Watch(&c, at)
			}
			return c
		})
		contexts++
		if c.Session != nil && c.Session.ID != "" {
			ask(w, "ended", func(t *Tracker) bool { _, over := t.Ended(e.Host, c.Session.ID); return over })
			if rapid.IntRange(0, 30).Draw(w.T, "settles") == 0 {
				ask(w, "unwatch", func(t *Tracker) bool { t.Unwatch(e.Host, c.Session.ID); return true })
			}
		}
	}
	for _, late := range ask(w, "late", func(t *Tracker) []Late { return t.Late(e.Host) }) {
		if rapid.Bool().Draw(w.T, "watches") {
			ask(w, "watch", func(t *Tracker) answer {
				c, ok := t.Again(e.Host, late.At)
				if ok {
					t.Watch(&c, late.At)
				}
				return answer{c, ok}
			})
		}
	}
	return contexts
}

// catchUp reads the history again where processes joined late.
func (w *twins) catchUp(host string, history []*event.Event, places []Position) (joined int) {
	type place struct {
		From Position
		OK   bool
	}
	for range 3 {
		if at := ask(w, "joined", func(t *Tracker) place { from, ok := t.Joined(host); return place{from, ok} }); !at.OK {
			return joined
		}
		joined++
		forgets := rapid.IntRange(0, 3).Draw(w.T, "history is short") == 0
		for n, e := range history {
			awaits := w.steady.Awaits(e)
			if got := w.restarted.Awaits(e); got != awaits {
				w.Fatalf("awaits %t, want %t", got, awaits)
			}
			if awaits && !forgets {
				w.take(e, places[n])
			}
		}
		ask(w, "heard", func(t *Tracker) []Unheard { return t.Heard(host) })
	}
	return joined
}

// done compares what the two have evicted.
func (w *twins) done() (evictions uint64) {
	for what, count := range w.restarted.Evictions() {
		if w.evicted[what] += count; w.evicted[what] != w.steady.Evictions()[what] {
			w.Fatalf("%s evicted: %d, want %d", what, w.evicted[what], w.steady.Evictions()[what])
		}
		evictions += w.evicted[what]
	}
	return evictions
}

// strays adds what the shells of the play do besides: programs that no name
// puts in scope, files that somebody else runs or loads, and who signed them.
func (p *play) strays() {
	for _, e := range slices.Clone(p.events) {
		if e.Kind != event.KindProcessStart || !strings.HasSuffix(e.Process.Image, "cmd.exe") {
			continue
		}
		at := p.at
		p.at = e.Time.Sub(begin)
		told := event.Process{GUID: e.Process.GUID, PID: e.Process.PID, Image: e.Process.Image}
		child := p.runs(systemFolder+`whoami.exe`, `whoami /all`, e.Process)
		p.runs(systemFolder+`where.exe`, `where cmd`, child)
		dropped := fmt.Sprintf(`C:\ProgramData\%d.exe`, p.made)
		p.tell(&event.Event{Kind: event.KindFileCreate, Process: told, File: event.File{Path: dropped}})
		p.runs(dropped, dropped, explorer)
		module := event.Module{Path: `C:\Windows\Installer\MSI4F.tmp`, Hashes: event.Hashes{SHA1: strings.Repeat("a1", 20)}}
		p.tell(&event.Event{Kind: event.KindFileCreate, Process: told, File: event.File{Path: module.Path}})
		p.tell(&event.Event{Kind: event.KindImageLoad, Process: told, Module: module})
		p.tell(&event.Event{Kind: event.KindOther, Module: event.Module{
			Hashes: module.Hashes, Signature: event.Signature{Known: true, Signed: true, Subject: "Contoso", Status: fmt.Sprint(p.made)},
		}})
		p.at = at
	}
}

// A Tracker that was exported and imported now and then, at any moment, tells
// the same from there on as one that was not.
func TestARestartedTrackerTellsTheSame(t *testing.T) {
	restarts, contexts, joined, evictions := 0, 0, 0, uint64(0)
	rapid.Check(t, func(r *rapid.T) {
		p := &play{T: r, guids: rapid.Bool().Draw(r, "guids")}
		if p.guids {
			p.tell(&event.Event{Kind: event.KindProcessStart, Process: explorer})
		}
		service := p.runs(msiexecPath, service.CommandLine, services)
		for range rapid.IntRange(1, 4).Draw(r, "installs") {
			p.installs(service)
		}
		p.strays()
		order := make([]int, len(p.events))
		for n := range order {
			order[n] = n
		}
		if rapid.Bool().Draw(r, "out of order") {
			slices.SortStableFunc(order, func(a, b int) int {
				return cmp.Compare(p.events[a].Time.UnixNano()+int64(p.late[a]), p.events[b].Time.UnixNano()+int64(p.late[b]))
			})
		}
		limits := Limits{}
		if rapid.IntRange(0, 2).Draw(r, "tight") == 0 {
			limits = Limits{
				TreeProcessesPerHost: 5, FilesPerHost: 2, SessionsPerHost: 2, PackagesPerHost: 1, WatchedPerHost: 8, ProcessTTL: 5 * time.Minute,
			}
		}
		w := newTwins(r, limits, Parameters{InstallerParents: []string{"bundle.exe"}})
		var history []*event.Event
		var places []Position
		for _, n := range order {
			history, places = append(history, p.events[n]), append(places, place(len(places)+1))
			contexts += w.take(p.events[n], places[len(places)-1])
			joined += w.catchUp(testHost, history, places)
		}
		restarts += w.restarts
		evictions += w.done()
	})
	t.Logf("%d restarts, %d contexts, %d times joined late, %d evictions", restarts, contexts, joined, evictions)
	if restarts == 0 || contexts == 0 || joined == 0 || evictions == 0 {
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
