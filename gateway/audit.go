package gateway

import (
	"context"
	"sync"
	"time"

	"msigate/gateway/policy"
)

// AuditKinds are the events of the audit trail: those of people's commands, then
// those that gateways tell. docs/changes.md says what each says.
var AuditKinds = []string{
	"change_opened", "change_approved", "change_closed", "hosts_imported",
	"change_counts", "change_refused", "host_groups_refused",
	"activation", "refusal", "keys", "degraded", "recovered", "evaluation_fault", "state_refused", "state_forgotten",
}

// auditEvent is one line of who changed what.
type auditEvent struct {
	Time    time.Time            `json:"time"`
	Event   string               `json:"event"`             // one of AuditKinds
	Bundles []policy.BundleStamp `json:"bundles"`           // that decide once it has happened
	Changed []auditedBundle      `json:"changed,omitempty"` // of an activation or refusal: the bundles it is about
	Detail  string               `json:"detail"`
	TraceID string               `json:"trace_id,omitempty"`
}

// auditedBundle is a bundle that became active or was refused.
type auditedBundle struct {
	Name       string    `json:"name"`
	Source     string    `json:"source,omitempty"`
	SHA256     string    `json:"sha256,omitempty"`      // of the archive
	Serial     int64     `json:"serial"`                // 0: unsigned, or not read so far
	Revision   string    `json:"revision,omitempty"`    // absent where it could not be read
	SignedBy   string    `json:"signed_by,omitempty"`   // key id
	ApprovedBy []string  `json:"approved_by,omitempty"` // key ids
	NotAfter   time.Time `json:"not_after,omitzero"`
	Widens     bool      `json:"widens"`
	Changes    string    `json:"changes,omitempty"` // entries added, removed, altered
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

// audit hands an event to the auditor, so that no lane waits for the bus. It
// waits where many are ahead, until ctx ends: they are few.
func (g *Gateway) audit(ctx context.Context, e auditEvent) {
	select {
	case g.audits <- e:
	case <-ctx.Done():
		g.options.Telemetry.Log.Error("an audit event was not stored", "event", e.Event, "detail", e.Detail, "error", ctx.Err())
	}
}

// runAuditor records audit events one after the other until audits is closed.
func (g *Gateway) runAuditor(ctx context.Context) {
	for e := range g.audits {
		g.options.Ledger.record(ctx, e)
	}
}
