package telemetry

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// evaluationBounds are in seconds: an evaluation takes 20 to 500 µs and is cut
// off at 50 ms.
var evaluationBounds = []float64{
	10e-6, 20e-6, 50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 100e-3,
}

// latencyBounds are in seconds: milliseconds when all is well, up to the hours
// that a backlog or a host that ships late makes of it.
var latencyBounds = []float64{
	1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 100e-3, 500e-3, 1, 5, 30, 120, 600, 3600,
}

// newMetrics makes the instruments. Over OTLP they have the names written
// here; Prometheus adds the unit (_seconds) and, to counters, _total.
func newMetrics(meter metric.Meter, lost *spanLoss) (*Metrics, error) {
	m := &Metrics{}
	f := factory{meter: meter}

	m.undecodable = f.counter("msigate_records_undecodable", "{record}", "Messages and records that could not be decoded, by reason.")
	m.decisions = f.counter("msigate_decisions", "{decision}", "Decisions, by disposition and cause.")
	m.faults = f.counter("msigate_evaluation_faults", "{evaluation}", "Evaluations without an answer of the policy's own, by reason: error, timeout, undefined.")
	m.findings = f.counter("msigate_findings", "{message}", "Messages about findings, by activity and disposition.")
	m.quarantined = f.counter("msigate_quarantined", "{message}", "Messages and records put into quarantine, by reason.")
	m.activations = f.counter("msigate_activations", "{activation}", "Activations of bundles, by outcome: activated, refused.")
	m.evictions = f.counter("msigate_evictions", "{entry}", "What a bound pushed out of memory, by kind.")
	m.evaluation = f.histogram("msigate_evaluation_duration", "Time one policy evaluation took.", evaluationBounds)
	m.latency = f.histogram("msigate_settle_duration", "Time from the bus's stamp on a decided event until its outputs were stored.", latencyBounds)

	f.sums("msigate_events", "{event}", "Events, by what the scope test made of them: out, remembered, in_scope.", "outcome", map[string]*atomic.Int64{
		"out": &m.events[Out], "remembered": &m.events[Remembered], "in_scope": &m.events[InScope],
	})
	f.sums("msigate_spans_dropped", "{span}", "Sampled spans that reached no collector, by reason: queue_full, export, shutdown.", "reason", map[string]*atomic.Int64{
		lostQueueFull: &lost.queueFull, lostExport: &lost.export, lostShutdown: &lost.shutdown,
	})
	f.sums("msigate_context_events", "{event}", "In-scope events that matched no trigger: they updated state and were not decided.", "", map[string]*atomic.Int64{"": &m.context})
	f.sums("msigate_publish_retries", "{message}", "Outputs that had to be published again.", "", map[string]*atomic.Int64{"": &m.retries})
	f.gauge("msigate_publish_pending", "{message}", "Outputs that wait for the bus to store them.", func(o metric.Int64Observer) { o.Observe(m.pending.Load()) })
	f.gauge("msigate_consumer_lag", "{message}", "Messages the stream still holds for the consumer.", func(o metric.Int64Observer) { o.Observe(m.lag.Load()) })
	f.gauge("msigate_snapshot_info", "", "1 for each bundle of the active Snapshot.", func(o metric.Int64Observer) {
		if s := m.active.Load(); s != nil {
			for _, bundle := range s.bundles {
				o.Observe(1, bundle)
			}
		}
	})
	f.age("msigate_snapshot_age", "Time since the active Snapshot was activated.", func() (time.Time, bool) {
		s := m.active.Load()
		if s == nil {
			return time.Time{}, false
		}
		return s.since, true
	})
	f.degradedGauge(m)
	f.state(&m.state)
	f.selftest(&m.selftest)
	if err := errors.Join(f.errs...); err != nil {
		return nil, err
	}
	m.showZero()
	return m, nil
}

// showZero makes the series that an alert rule reads exist from the start:
// rate() over a counter that appears with its first fault sees no increase.
func (m *Metrics) showZero() {
	ctx := context.Background()
	zero := func(c metric.Int64Counter, labels ...attribute.KeyValue) {
		c.Add(ctx, 0, metric.WithAttributes(labels...))
	}
	for _, disposition := range []string{"expected", "approved", "review", "alert"} {
		zero(m.decisions, attribute.String("disposition", disposition), attribute.String("cause", "event"))
	}
	for _, reason := range []string{"error", "timeout", "undefined"} {
		zero(m.faults, attribute.String("reason", reason))
	}
	for _, reason := range []string{StateCorrupt, StateNewer} {
		zero(m.state.refused, attribute.String("reason", reason))
	}
	for _, outcome := range []string{"complete", "incomplete"} {
		zero(m.state.rounds, attribute.String("outcome", outcome))
	}
	for _, result := range []string{selftestPassed, selftestFailed} {
		zero(m.selftest.runs, attribute.String("result", result), attribute.String("stage", ""))
	}
	zero(m.activations, attribute.String("outcome", Activated))
	zero(m.activations, attribute.String("outcome", Refused))
}

// factory makes instruments and keeps the errors for one look at the end.
type factory struct {
	meter metric.Meter
	errs  []error
}

func (f *factory) counter(name, unit, description string) metric.Int64Counter {
	c, err := f.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	f.errs = append(f.errs, err)
	return c
}

func (f *factory) histogram(name, description string, bounds []float64) metric.Float64Histogram {
	h, err := f.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(bounds...))
	f.errs = append(f.errs, err)
	return h
}

// sums makes a counter out of atomics, one for each value of a label; a label
// of "" leaves it out.
func (f *factory) sums(name, unit, description, label string, by map[string]*atomic.Int64) {
	type series struct {
		sum    *atomic.Int64
		labels []metric.ObserveOption
	}
	all := make([]series, 0, len(by))
	for value, sum := range by {
		s := series{sum: sum}
		if label != "" {
			s.labels = []metric.ObserveOption{metric.WithAttributes(attribute.String(label, value))}
		}
		all = append(all, s)
	}
	_, err := f.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			for _, s := range all {
				o.Observe(s.sum.Load(), s.labels...)
			}
			return nil
		}))
	f.errs = append(f.errs, err)
}

func (f *factory) gauge(name, unit, description string, observe func(metric.Int64Observer)) {
	_, err := f.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			observe(o)
			return nil
		}))
	f.errs = append(f.errs, err)
}

// age makes a gauge of the seconds since a time, absent while there is none.
func (f *factory) age(name, description string, since func() (time.Time, bool)) {
	f.seconds(name, description, func() (float64, bool) {
		at, ok := since()
		return time.Since(at).Seconds(), ok
	})
}

// seconds makes a gauge of a time span, absent while there is none.
func (f *factory) seconds(name, description string, span func() (float64, bool)) {
	_, err := f.meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(description),
		metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
			if s, ok := span(); ok {
				o.Observe(s)
			}
			return nil
		}))
	f.errs = append(f.errs, err)
}
