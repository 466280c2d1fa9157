package telemetry

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// The reasons for which a gateway is degraded.
const (
	DegradedNotAfter = "past_not_after"
	DegradedRefused  = "bundle_refused"
	DegradedSource   = "source_unreachable"
	DegradedCanaries = "canaries_not_run"
	DegradedAudit    = "audit_not_stored"
	DegradedFloor    = "floor_not_stored"
	DegradedKeys     = "key_not_trusted"
	DegradedBuiltIn  = "no_bundle_yet"
	DegradedSelftest = "selftest_failed"
)

var degradedReasons = []string{
	DegradedNotAfter, DegradedRefused, DegradedSource, DegradedCanaries, DegradedAudit, DegradedFloor, DegradedKeys, DegradedBuiltIn, DegradedSelftest,
}

// Degradation is one thing that keeps a gateway, which decides all the while,
// from being as its owners mean it to be.
type Degradation struct {
	Reason string    `json:"reason"`          // one of the constants
	About  string    `json:"about,omitempty"` // a bundle's name; "": the gateway as a whole
	Since  time.Time `json:"since"`
	Detail string    `json:"detail,omitempty"` // for people
}

// String is a line without the detail, which may change from moment to moment.
func (d Degradation) String() string {
	line := d.Reason
	if d.About != "" {
		line += " (" + d.About + ")"
	}
	return line + " since " + d.Since.UTC().Format(time.RFC3339)
}

// Degraded sets for what the gateway is degraded now; none where all is well.
func (m *Metrics) Degraded(all []Degradation) {
	if m != nil {
		m.degraded.Store(&all)
	}
}

// degradations are those set last.
func (m *Metrics) degradations() []Degradation {
	if m == nil {
		return nil
	}
	if all := m.degraded.Load(); all != nil {
		return *all
	}
	return nil
}

// degradedGauge shows each reason, 0 where it does not hold, so that an alert
// rule sees it come.
func (f *factory) degradedGauge(m *Metrics) {
	f.gauge("msigate_degraded", "", "1 for each reason for which the gateway is degraded, else 0.", func(o metric.Int64Observer) {
		holds := map[string]int64{}
		for _, d := range m.degradations() {
			holds[d.Reason] = 1
		}
		for _, reason := range degradedReasons {
			o.Observe(holds[reason], metric.WithAttributes(attribute.String("reason", reason)))
		}
	})
}

// TraceID is the trace of an activation; "" where it is not recorded.
func (a Activating) TraceID() string {
	id := trace.SpanContextFromContext(a.Context)
	if !id.HasTraceID() {
		return ""
	}
	return id.TraceID().String()
}
