package install_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"msigate/gateway/install"
)

// restart moves all that the gate knows of hosts to another Tracker, by way of
// storage, in the order in which they were last heard of.
func (g *gate) restart(t *rapid.T, limits install.Limits) map[string]uint64 {
	evicted := g.tracker.Evictions()
	to := install.NewTracker(limits)
	to.Configure(parameters)
	for _, host := range g.heard {
		s, known := g.tracker.Export(host)
		if !known {
			continue
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back install.HostState
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if err := to.Import(host, &back); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		again, _ := to.Export(host)
		if second, _ := json.Marshal(again); string(second) != string(text) {
			t.Fatalf("exported\n%s\nand once imported\n%s", text, second)
		}
	}
	g.tracker = to
	return evicted
}

// Whatever the sensors of several hosts tell, in every shape and with limits
// that are felt, a restart changes nothing of what becomes of it.
func TestARestartChangesNothing(t *testing.T) {
	restarts, inScope, evictions := 0, 0, uint64(0)
	rapid.Check(t, func(t *rapid.T) {
		limits := install.Limits{}
		if rapid.Bool().Draw(t, "tight") {
			limits = install.Limits{Hosts: 2, Processes: 70, ProcessesPerHost: 40, TreeProcessesPerHost: 4, FilesPerHost: 3, ProcessTTL: 5 * time.Minute}
		}
		steady, restarted := newGate(t, limits, false), newGate(t, limits, false)
		m := newModel(rapid.IntRange(1, 3).Draw(t, "hosts"))
		s := &scribe{Rand: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "noise"), 1)), awkward: rapid.Bool().Draw(t, "awkward")}
		shape := rapid.IntRange(0, len(shapes)-1)
		often := rapid.SampledFrom([]int{1, 4, 20}).Draw(t, "often")
		evicted := map[string]uint64{}
		add := func(more map[string]uint64) {
			for what, n := range more {
				evicted[what] += n
			}
		}
		for number := range rapid.IntRange(5, 80).Draw(t, "messages") {
			if rapid.IntRange(1, often).Draw(t, "restart") == 1 {
				add(restarted.restart(t, limits))
				restarts++
			}
			r, _ := m.step(t)
			message := write(s, shape.Draw(t, "shape"), []record{r})
			want, got := steady.pass(number+1, r.host, message), restarted.pass(number+1, r.host, message)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("message %d\n%s\ngives\n%s\nwithout a restart\n%s", number+1, message, show(got), show(want))
			}
			inScope += len(got)
		}
		add(restarted.tracker.Evictions())
		for what, n := range steady.tracker.Evictions() {
			if evicted[what] != n {
				t.Fatalf("%s evicted: %d, without a restart %d", what, evicted[what], n)
			}
			evictions += n
		}
	})
	t.Logf("%d restarts, %d records in scope, %d evictions", restarts, inScope, evictions)
	if restarts == 0 || inScope == 0 || evictions == 0 {
		t.Error("the property says nothing: one of these never happened")
	}
}
