package gateway

import (
	"msigate/gateway/telemetry"
)

// count tells the metrics of one record.
func (g *Gateway) count(s *Step) {
	m := g.options.Telemetry.Metrics
	switch s.Outcome {
	case Out:
		m.Event(telemetry.Out)
	case Remembered:
		m.Event(telemetry.Remembered)
	case Context:
		m.Event(telemetry.InScope)
		m.ContextEvent()
	case Decided:
		m.Event(telemetry.InScope)
	case Quarantined:
		m.Undecodable(string(s.Fault.Reason))
		m.Quarantined(string(s.Fault.Reason))
	}
	if s.Told == nil {
		return
	}
	d := s.Told.Decision()
	m.Decision(string(d.Answer.Disposition), string(d.Trigger.Cause))
	if s.Outcome == Decided {
		m.Evaluation(s.Trace.Context(), d.Took)
	}
	if kind := d.FaultKind(); kind != "" && s.Outcome == Decided {
		m.EvaluationFault(kind)
		g.auditFault(d)
	}
	for _, u := range s.Updates {
		m.Finding(u.Activity.String(), string(u.Disposition))
	}
}
