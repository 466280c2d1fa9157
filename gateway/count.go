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
	case Redecided, Settled:
	case Quarantined:
		m.Undecodable(string(s.Fault.Reason))
		m.Quarantined(string(s.Fault.Reason))
	}
	for _, u := range s.Updates {
		m.Finding(u.Activity.String(), string(u.Disposition))
	}
	if s.Told == nil {
		return
	}
	d := s.Told.Decision()
	m.Decision(string(d.Answer.Disposition), string(d.Trigger.Cause))
	if s.Outcome != Quarantined && !s.Stored {
		m.Evaluation(s.Trace.Context(), d.Took)
	}
	if kind := d.FaultKind(); kind != "" && s.Outcome != Quarantined {
		m.EvaluationFault(kind)
		g.auditFault(d)
	}
}
