package gateway

import (
	"fmt"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/event"
	"msigate/gateway/install"
)

// attackAt is an attack that its host tells of at a time.
func attackAt(host string, n int, at time.Time) []byte {
	r := started(host, n, powershell, "powershell.exe -NoProfile -File C:\\Windows\\Setup.ps1",
		msiexec, msiexec+" -Embedding 6D1A0B54C9E24F3A8F7716B2C05D9E41 E Global\\MSI0000", 1_000_000+n)
	r.at = at
	return r.json()
}

// Findings settle, and what they were made of is forgotten: under the default
// bounds, hosts that are attacked all the time have no more of it in the end
// than once the first has settled, and no bound took any of it away.
func TestWhatHasSettledIsForgotten(t *testing.T) {
	t.Parallel()
	p := builtIn(t)
	w := NewWorker(WorkerOptions{SettleAfter: time.Minute})
	const hosts, step = 3, 20 * time.Second
	settles := int(withoutEnd * time.Minute / step) // nobody tells of an end
	clock, seq := morning, uint64(0)
	held := func() (findings, timers, watched int) {
		for h := range hosts {
			host := fmt.Sprintf("ws%02d", h)
			timers += len(w.timers.byHost[host])
			if state, ok := w.tracker.Export(host); ok {
				watched += len(state.Watched)
			}
		}
		return w.findings.Len(), timers, watched
	}
	settled := 0
	for n := range 4 * settles {
		for h := range hosts {
			host := fmt.Sprintf("ws%02d", h)
			seq++
			for _, s := range w.Due(t.Context(), p, clock) {
				if s.Outcome == Settled {
					settled++
				}
			}
			w.Process(t.Context(), p, &Message{Stream: bus.StreamEvents, Sequence: seq, Host: host, Data: attackAt(host, n, clock), Stamp: clock})
		}
		clock = clock.Add(step)
		if findings, timers, watched := held(); max(findings, timers, watched) > hosts*(settles+2) {
			t.Fatalf("after %s there are %d findings, %d timers and %d watched events", clock.Sub(morning), findings, timers, watched)
		}
	}
	if want := hosts * (3*settles - 2); settled < want {
		t.Errorf("%d have settled, want %d at least", settled, want)
	}
	for kind, n := range w.Evictions() {
		if n > 0 {
			t.Errorf("a bound made %d %s be forgotten", n, kind)
		}
	}
}

// What belongs to no session is watched until its finding has settled and
// nothing more is expected, not until a bound is reached.
func TestWhatBelongsToNoSessionIsNotWatchedForGood(t *testing.T) {
	p := builtIn(t)
	w := NewWorker(WorkerOptions{})
	const host = "ws01"
	told := func(seq uint64, at time.Time) {
		r := started(host, int(seq), system32+`notepad.exe`, "notepad.exe", powershell, "powershell.exe", 3_000_000)
		r.at = at
		w.Process(t.Context(), p, &Message{Stream: bus.StreamEvents, Sequence: seq, Host: host, Data: r.json(), Stamp: at})
	}
	watch := func(seq uint64, at time.Time) {
		told(seq, at) // the host is known
		w.tracker.Watch(&install.Context{Event: &event.Event{Host: host, Kind: event.KindProcessStart, Time: at}},
			install.Position{Stream: bus.StreamEvents, Sequence: seq})
	}
	watch(1, morning)
	told(2, morning.Add(time.Hour))
	// A quarantined record opens a finding that belongs to no session.
	m := &Message{Stream: bus.StreamEvents, Sequence: 3, Host: host, Data: truncated(attack(host, 1)), Stamp: morning.Add(time.Hour)}
	w.Process(t.Context(), p, m)
	if open := w.findings.Open(host); len(open) != 1 || open[0].Session != "" {
		t.Fatalf("open are %+v", open)
	}
	w.Due(t.Context(), p, morning.Add(2*time.Hour))
	state, _ := w.tracker.Export(host)
	if len(state.Watched) != 0 {
		t.Errorf("%d events are watched", len(state.Watched))
	}
}
