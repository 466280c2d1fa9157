package gateway

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/google/uuid"

	"msigate/gateway/bus"
	"msigate/gateway/policy"
)

// auditEvent is one line of who changed what.
type auditEvent struct {
	Time    time.Time            `json:"time"`
	Event   string               `json:"event"` // activation, refusal, evaluation_fault
	Bundles []policy.BundleStamp `json:"bundles"`
	Detail  string               `json:"detail"`
	TraceID string               `json:"trace_id,omitempty"`
}

// faultAuditInterval is how often one kind of fault is written to AUDIT: an
// attacker who can make evaluations fail must not be able to fill it.
const faultAuditInterval = time.Minute

// faultAudit remembers when each kind of fault was last written.
type faultAudit struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (f *faultAudit) due(kind string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last == nil {
		f.last = map[string]time.Time{}
	}
	if now.Sub(f.last[kind]) < faultAuditInterval {
		return false
	}
	f.last[kind] = now
	return true
}

func (g *Gateway) auditFault(d *policy.Decision) {
	if now := time.Now(); g.faults.due(d.FaultKind(), now) {
		g.audit(g.given, auditEvent{Time: now, Event: "evaluation_fault", Bundles: d.Bundles, Detail: d.Fault})
	}
}

// audit hands an event to the auditor. It waits where many are ahead, until ctx
// ends: they are few, and none may be lost but those of a gateway that stops
// without its bus.
func (g *Gateway) audit(ctx context.Context, e auditEvent) {
	select {
	case g.audits <- e:
	case <-ctx.Done():
		g.options.Telemetry.Log.Error("an audit event was not stored", "event", e.Event, "detail", e.Detail, "error", ctx.Err())
	}
}

// runAuditor publishes audit events one after the other until audits is closed.
func (g *Gateway) runAuditor(ctx context.Context) {
	log := g.options.Telemetry.Log
	for e := range g.audits {
		data, err := json.Marshal(e)
		if err != nil {
			log.Error("an audit event cannot be written down", "event", e.Event, "error", err)
			continue
		}
		err = g.publisher.Publish(ctx, bus.Outputs{
			Host: bus.StreamAudit, // a lane of its own: no host's name is in upper case
			Triggers: []bus.Triggered{{
				Trigger: bus.Trigger{Stream: bus.StreamAudit, Cause: e.Event},
				Verdicts: []bus.Output{{
					Subject: bus.AuditSubject(e.Event),
					MsgID:   "audit:" + uuid.NewString(),
					Data:    data,
					Header:  bus.Header{},
				}},
			}},
			Settled: func(err error) {
				if err != nil {
					log.Error("an audit event was not stored", "event", e.Event, "error", err)
				}
			},
		})
		if err != nil {
			log.Error("an audit event was not stored", "event", e.Event, "error", err)
		}
	}
}
