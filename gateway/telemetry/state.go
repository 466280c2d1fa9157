package telemetry

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Reasons why an entry of the state is refused.
const (
	StateCorrupt = "corrupt" // it cannot be read, or says what cannot be
	StateNewer   = "newer"   // a newer msigate wrote it
)

// stateMetrics are those of what survives a restart, and of what is still to
// come of what was told.
type stateMetrics struct {
	entries, bytes   atomic.Int64 // written
	history          atomic.Int64 // messages
	saved            atomic.Int64 // when the last complete round ended, ns since 1970; 0: none did
	facts, findings  atomic.Int64 // timers
	rollups          atomic.Int64
	loaded, replayed atomic.Int64 // by the last start
	coverage         [4]atomic.Int64
	recovery         atomic.Uint64 // its time, as the bits of a float of seconds
	rounds, refused  metric.Int64Counter
	roundDuration    metric.Float64Histogram
}

// StateSaved counts a round of writing down the hosts that had changed: how
// many entries were written, their bytes, and the time it took. complete tells
// that none was left out, so that no event before it need be read again.
func (m *Metrics) StateSaved(entries, bytes int, took time.Duration, complete bool) {
	if m == nil {
		return
	}
	outcome := "incomplete"
	if complete {
		outcome = "complete"
		m.state.saved.Store(time.Now().UnixNano())
	}
	m.state.entries.Add(int64(entries))
	m.state.bytes.Add(int64(bytes))
	add(m.state.rounds, attribute.String("outcome", outcome))
	m.state.roundDuration.Record(context.Background(), took.Seconds())
}

// StateRefused counts an entry that was not used: StateCorrupt or StateNewer.
func (m *Metrics) StateRefused(reason string) {
	if m != nil {
		add(m.state.refused, attribute.String("reason", reason))
	}
}

// Recovered sets what the start found: the hosts whose state was loaded, the
// events that were read again, and the time until new ones were read.
func (m *Metrics) Recovered(hosts, events int, took time.Duration) {
	if m != nil {
		m.state.loaded.Store(int64(hosts))
		m.state.replayed.Store(int64(events))
		m.state.recovery.Store(math.Float64bits(took.Seconds()))
	}
}

// HistoryRead counts messages that were read again since a late record says
// what they belong to.
func (m *Metrics) HistoryRead(messages int) {
	if m != nil {
		m.state.history.Add(int64(messages))
	}
}

// TimersWaiting sets how many facts are waited for, and how many findings have
// not settled.
func (m *Metrics) TimersWaiting(facts, findings int) {
	if m != nil {
		m.state.facts.Store(int64(facts))
		m.state.findings.Store(int64(findings))
	}
}

// RollupsOpen sets how many rollups stand.
func (m *Metrics) RollupsOpen(n int) {
	if m != nil {
		m.state.rollups.Store(int64(n))
	}
}

// coverageStates are what hosts are counted by, in the order of Coverage's arguments.
var coverageStates = [...]string{"heard", "silent", "no_process_start", "no_file_create"}

// Coverage sets how many hosts were heard of, and of how many nothing came for a
// day, or no process start, or no file write, for a week.
func (m *Metrics) Coverage(heard, silent, noStarts, noFileWrites int) {
	if m != nil {
		for i, n := range [...]int{heard, silent, noStarts, noFileWrites} {
			m.state.coverage[i].Store(int64(n))
		}
	}
}

func (f *factory) state(s *stateMetrics) {
	labels := make([]metric.MeasurementOption, len(coverageStates))
	for i, state := range coverageStates {
		labels[i] = metric.WithAttributes(attribute.String("state", state))
	}
	f.gauge("msigate_coverage_hosts", "{host}", "Hosts, by what arrives of them: heard, all that are known; silent, nothing for a day; no_process_start and no_file_create, heard within a day, and none of these for a week.", func(o metric.Int64Observer) {
		for i := range s.coverage {
			o.Observe(s.coverage[i].Load(), labels[i])
		}
	})
	s.rounds = f.counter("msigate_state_saves", "{round}", "Rounds of writing down what is known of hosts, by outcome: complete, incomplete.")
	s.refused = f.counter("msigate_state_refused", "{entry}", "Entries of the state that were not used, by reason: corrupt, newer. Their hosts are rebuilt from the events.")
	s.roundDuration = f.histogram("msigate_state_save_duration", "Time one round of writing down took.", latencyBounds)
	one := func(name, unit, description string, sum *atomic.Int64) {
		f.sums(name, unit, description, "", map[string]*atomic.Int64{"": sum})
	}
	one("msigate_state_entries_written", "{entry}", "Entries of hosts and rollups that were written down.", &s.entries)
	one("msigate_state_written", "By", "Bytes of the entries of hosts that were written down.", &s.bytes)
	one("msigate_history_messages", "{message}", "Messages read again since a late record says what they belong to.", &s.history)
	set := func(name, unit, description string, value *atomic.Int64) {
		f.gauge(name, unit, description, func(o metric.Int64Observer) { o.Observe(value.Load()) })
	}
	set("msigate_recovery_hosts", "{host}", "Hosts whose state this start loaded.", &s.loaded)
	set("msigate_recovery_events", "{message}", "Messages that this start read again.", &s.replayed)
	set("msigate_rollups_open", "{rollup}", "Groups of findings that stand as alert or review on more than one host.", &s.rollups)
	f.seconds("msigate_recovery_duration", "Time this start took until new events were read.", func() (float64, bool) {
		took := math.Float64frombits(s.recovery.Load())
		return took, took > 0
	})
	f.age("msigate_state_age", "Time since every host that had changed was written down.", func() (time.Time, bool) {
		at := s.saved.Load()
		return time.Unix(0, at), at != 0
	})
	facts, findings := metric.WithAttributes(attribute.String("for", "fact")), metric.WithAttributes(attribute.String("for", "finding"))
	f.gauge("msigate_timers", "{timer}", "What is waited for: fact, one that may explain an event and has not come; finding, one that can still change.", func(o metric.Int64Observer) {
		o.Observe(s.facts.Load(), facts)
		o.Observe(s.findings.Load(), findings)
	})
}
