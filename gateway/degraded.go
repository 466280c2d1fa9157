package gateway

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"msigate/gateway/telemetry"
)

// The reasons for which a gateway is degraded: it decides, and not as its owners
// mean it to. Each is the value of a metric's label.
const (
	reasonNotAfter = telemetry.DegradedNotAfter // an active bundle is past its not_after
	reasonRefused  = telemetry.DegradedRefused  // what a source gives is refused; what was active before decides
	reasonSource   = telemetry.DegradedSource   // a source cannot be asked
	reasonCanaries = telemetry.DegradedCanaries // what is active was not tried as it has to be
	reasonAudit    = telemetry.DegradedAudit    // audit events are not in the stream yet
	reasonFloor    = telemetry.DegradedFloor    // the floor of the serial is not in the bucket
	reasonKeys     = telemetry.DegradedKeys     // a key that signed what is active is not trusted any more
	reasonSelftest = telemetry.DegradedSelftest // the last self-test failed
	reasonBuiltIn  = telemetry.DegradedBuiltIn  // a source has given nothing: the binary's own bundle decides
)

// health is what keeps a gateway from being as it should be. It is shown by the
// health endpoint, a metric, an audit event at each change, and in each finding.
type health struct {
	log     *slog.Logger
	metrics *telemetry.Metrics

	mu      sync.Mutex
	reasons map[degradedKey]telemetry.Degradation
	changed []degradedChange // not audited yet
	audited map[degradedKey]time.Time
	muted   map[degradedKey]bool // it came again too soon to be audited again
	lines   atomic.Pointer[[]string]
	wake    chan struct{} // told of each change
}

type degradedKey struct{ reason, about string }

// degradedChange is a reason that came or went.
type degradedChange struct {
	came bool
	telemetry.Degradation
}

func newHealth(log *slog.Logger, metrics *telemetry.Metrics) *health {
	return &health{log: log, metrics: metrics, reasons: map[degradedKey]telemetry.Degradation{}, audited: map[degradedKey]time.Time{}, muted: map[degradedKey]bool{}, wake: make(chan struct{}, 1)}
}

// degradedAuditInterval is how often one reason is audited: a server that comes
// and goes must not be able to fill AUDIT.
const degradedAuditInterval = 10 * time.Minute

// set notes a reason. about says of what, a bundle's name, and is "" for the
// gateway as a whole. detail may change without being a change.
func (h *health) set(reason, about, detail string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	key := degradedKey{reason, about}
	d, there := h.reasons[key]
	if !there {
		d = telemetry.Degradation{Reason: reason, About: about, Since: time.Now()}
	}
	d.Detail = detail
	h.reasons[key] = d
	if !there {
		h.log.Warn("degraded", "reason", reason, "about", about, "detail", detail)
		if h.muted[key] = time.Since(h.audited[key]) < degradedAuditInterval; !h.muted[key] {
			h.audited[key] = time.Now()
			h.changed = append(h.changed, degradedChange{true, d})
		}
	}
	h.show()
}

// clear takes a reason back.
func (h *health) clear(reason, about string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	key := degradedKey{reason, about}
	d, there := h.reasons[key]
	if !there {
		return
	}
	delete(h.reasons, key)
	h.log.Info("not degraded any more", "reason", reason, "about", about, "after", time.Since(d.Since))
	if !h.muted[key] {
		h.changed = append(h.changed, degradedChange{false, d})
	}
	h.show()
}

// show is called with the lock.
func (h *health) show() {
	all := make([]telemetry.Degradation, 0, len(h.reasons))
	for _, d := range h.reasons {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b telemetry.Degradation) int {
		return cmp.Or(strings.Compare(a.Reason, b.Reason), strings.Compare(a.About, b.About))
	})
	lines := make([]string, len(all))
	for i, d := range all {
		lines[i] = d.String()
	}
	h.lines.Store(&lines)
	h.metrics.Degraded(all)
	select {
	case h.wake <- struct{}{}:
	default: // it is awake
	}
}

// shown is a line for each reason, for findings; nil where all is well.
func (h *health) shown() []string {
	if h == nil {
		return nil
	}
	if lines := h.lines.Load(); lines != nil {
		return *lines
	}
	return nil
}

// changes are those since it was last asked. A reason that came again too soon and
// stayed is told once the time is over.
func (h *health) changes() []degradedChange {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, d := range h.reasons {
		if h.muted[key] && time.Since(h.audited[key]) >= degradedAuditInterval {
			h.muted[key], h.audited[key] = false, time.Now()
			h.changed = append(h.changed, degradedChange{true, d})
		}
	}
	changed := h.changed
	h.changed = nil
	return changed
}

// auditHealth records each change of the health until ctx ends.
func (a *activation) auditHealth(ctx context.Context) {
	tick := time.NewTicker(time.Minute) // for what came too soon to be told at once
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.health.wake:
		case <-tick.C:
		}
		a.recordHealth(ctx)
	}
}

func (a *activation) recordHealth(ctx context.Context) {
	for _, change := range a.health.changes() {
		event := "degraded"
		if !change.came {
			event = "recovered"
		}
		detail := change.String()
		if change.Detail != "" {
			detail += ": " + change.Detail
		}
		a.ledger.record(ctx, auditEvent{Time: time.Now(), Event: event, Bundles: a.policy.Snapshot().Bundles(), Detail: detail})
	}
}
