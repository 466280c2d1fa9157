package telemetry

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Outcome is what the scope test made of an event.
type Outcome uint8

// The outcomes.
const (
	Out        Outcome = iota // nothing else happens
	Remembered                // a compact record is kept
	InScope                   // decoded, correlated, and decided where a trigger matches
	outcomes
)

// The outcomes of an activation.
const (
	Activated = "activated"
	Refused   = "refused"
)

// Metrics holds every instrument, each made once. A nil *Metrics counts
// nothing, so that offline commands need none. Label values come from closed
// sets: what an event says is never one.
//
// The hot ones are plain atomics that are read when somebody collects:
// counting an event costs a few nanoseconds and no allocation.
type Metrics struct {
	events  [outcomes]atomic.Int64
	context atomic.Int64
	retries atomic.Int64
	pending atomic.Int64
	lag     atomic.Int64
	active  atomic.Pointer[activeSnapshot]

	degraded atomic.Pointer[[]Degradation]

	undecodable metric.Int64Counter
	decisions   metric.Int64Counter
	faults      metric.Int64Counter
	findings    metric.Int64Counter
	quarantined metric.Int64Counter
	activations metric.Int64Counter
	evictions   metric.Int64Counter
	evaluation  metric.Float64Histogram
	latency     metric.Float64Histogram

	state    stateMetrics
	selftest selftestMetrics
}

// Bundle is one bundle of the active Snapshot as metrics show it.
type Bundle struct {
	Name     string
	Revision string
	Serial   int64
}

type activeSnapshot struct {
	since   time.Time
	bundles []metric.MeasurementOption
}

// Event counts one event by what the scope test made of it.
func (m *Metrics) Event(o Outcome) {
	if m != nil && o < outcomes {
		m.events[o].Add(1)
	}
}

// ContextEvent counts an in-scope event that matched no trigger: it updated
// state and was not decided.
func (m *Metrics) ContextEvent() {
	if m != nil {
		m.context.Add(1)
	}
}

// Undecodable counts a message or record that could not be decoded.
func (m *Metrics) Undecodable(reason string) {
	if m != nil {
		add(m.undecodable, attribute.String("reason", reason))
	}
}

// Decision counts a Decision.
func (m *Metrics) Decision(disposition, cause string) {
	if m != nil {
		add(m.decisions, attribute.String("disposition", disposition), attribute.String("cause", kindOf(cause)))
	}
}

// Evaluation records how long an evaluation took. With a Processing's context
// the trace is its exemplar.
func (m *Metrics) Evaluation(ctx context.Context, took time.Duration) {
	if m != nil {
		m.evaluation.Record(ctx, took.Seconds())
	}
}

// EvaluationFault counts an evaluation without an answer of the policy's own:
// error, timeout or undefined.
func (m *Metrics) EvaluationFault(reason string) {
	if m != nil {
		add(m.faults, attribute.String("reason", reason))
	}
}

// Settled records how long a decided event took from the bus's stamp on it
// until its outputs were stored.
func (m *Metrics) Settled(ctx context.Context, took time.Duration) {
	if m != nil {
		m.latency.Record(ctx, took.Seconds())
	}
}

// Finding counts a finding's message: activity is created, updated or closed.
func (m *Metrics) Finding(activity, disposition string) {
	if m != nil {
		add(m.findings, attribute.String("activity", activity), attribute.String("disposition", disposition))
	}
}

// Quarantined counts a message or record that went to quarantine.
func (m *Metrics) Quarantined(reason string) {
	if m != nil {
		add(m.quarantined, attribute.String("reason", reason))
	}
}

// PublishRetry counts an output that had to be published again.
func (m *Metrics) PublishRetry() {
	if m != nil {
		m.retries.Add(1)
	}
}

// PublishPending sets how many outputs wait for their PubAck.
func (m *Metrics) PublishPending(messages int) {
	if m != nil {
		m.pending.Store(int64(messages))
	}
}

// ConsumerLag sets how many messages the stream still holds for the consumer.
func (m *Metrics) ConsumerLag(messages uint64) {
	if m != nil {
		m.lag.Store(int64(messages))
	}
}

// Activation counts an activation by outcome: Activated or Refused.
func (m *Metrics) Activation(outcome string) {
	if m != nil {
		add(m.activations, attribute.String("outcome", outcome))
	}
}

// SnapshotActive says which bundles decide, and since when.
func (m *Metrics) SnapshotActive(since time.Time, bundles []Bundle) {
	if m == nil {
		return
	}
	s := &activeSnapshot{since: since}
	for _, b := range bundles {
		s.bundles = append(s.bundles, metric.WithAttributes(
			attribute.String("bundle", b.Name),
			attribute.String("revision", b.Revision),
			attribute.Int64("serial", b.Serial),
		))
	}
	m.active.Store(s)
}

// Evicted counts what a bound pushed out of memory, by kind (host, process, file …).
func (m *Metrics) Evicted(kind string, n int) {
	if m != nil {
		m.evictions.Add(context.Background(), int64(n), metric.WithAttributes(attribute.String("kind", kind)))
	}
}

func add(c metric.Int64Counter, labels ...attribute.KeyValue) {
	c.Add(context.Background(), 1, metric.WithAttributes(labels...))
}
