package install

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"msigate/gateway/event"
)

// lives takes a state that anybody may have made through everything: it is
// refused, or the host lives on, is bounded, and can be exported and imported
// again as it is; and Trim comes to an end.
func lives(t rapid.TB, s *HostState) (imported bool) {
	limits := Limits{ProcessesPerHost: 8, TreeProcessesPerHost: 40, FilesPerHost: 200, SessionsPerHost: 3}
	tracker := NewTracker(limits)
	if tracker.Import(s.Host, s) == nil {
		imported = true
		exported, _ := tracker.Export(s.Host)
		moved(t, tracker, limits, Parameters{})
		for n, kind := range []event.Kind{event.KindProcessStart, event.KindProcessEnd, event.KindFileCreate, event.KindImageLoad, event.KindInstall} {
			e := strangerStart(s.Host, n)
			e.Kind, e.EventID = kind, idBegins
			for _, p := range exported.Processes { // something that happens to a process that is known
				e.Process.PID, e.Installer.ClientPID, e.Process.GUID = p.PID, p.PID, ""
			}
			tracker.Tracks(e)
			c := tracker.Apply(e, place(n+1))
			tracker.Watch(&c, place(n+1))
			tracker.Late(s.Host)
		}
		for _, w := range tracker.hosts[s.Host].watched {
			tracker.Again(s.Host, w.at)
		}
		if from, ok := tracker.Joined(s.Host); ok && from == (Position{}) {
			t.Fatal("processes joined that nobody told of")
		}
		tracker.Heard(s.Host)
		for n := range 300 {
			tracker.Remember(strangerStart(s.Host, n), place(n+1))
		}
		tracker.Unwatch(s.Host, "")
	}
	for rounds := 0; s.Trim(); rounds++ {
		if rounds > 200 {
			t.Fatal("Trim does not end")
		}
	}
	return imported
}

func FuzzImport(f *testing.F) {
	f.Add([]byte(`{"host":"a","texts":["b"],"processes":[{"pid":1,"image":1}],"remembered":1}`))
	for shells := range 2 {
		state, _ := busyTracker(1, shells).Export(testHost)
		_, text := stored(f, state)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s HostState
		if len(text) < 1<<20 && json.Unmarshal(text, &s) == nil {
			lives(t, &s)
		}
	})
}

// numbers are all numbers of a state, to be changed.
func numbers(v reflect.Value) (all []reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return numbers(v.Elem())
		}
	case reflect.Struct:
		for _, part := range v.Fields() {
			all = append(all, numbers(part)...)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			all = append(all, numbers(v.Index(i))...)
		}
	case reflect.String, reflect.Bool:
	default:
		all = append(all, v)
	}
	return all
}

// Whatever numbers of a state are changed, it is refused or lives on.
func TestAStateWithOtherNumbersIsRefusedOrLivesOn(t *testing.T) {
	seed, _ := busyTracker(2, 2).Export(testHost)
	refused, lived := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		s, _ := stored(r, seed)
		all := numbers(reflect.ValueOf(s).Elem())
		for range rapid.IntRange(1, 4).Draw(r, "changes") {
			one := rapid.SampledFrom(all).Draw(r, "which")
			to := rapid.SampledFrom([]int64{0, 1, 2, 3, 4, 5, 7, 11, 20, -1, math.MaxInt64, math.MinInt64, int64(s.Clock)}).Draw(r, "to")
			if one.CanInt() {
				one.SetInt(to)
			} else {
				one.SetUint(uint64(to))
			}
		}
		if lives(r, s) {
			lived++
		} else {
			refused++
		}
	})
	t.Logf("%d refused, %d lived on", refused, lived)
	if refused == 0 || lived == 0 {
		t.Error("the property says nothing: one of these never happened")
	}
}
