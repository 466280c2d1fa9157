package gateway

import (
	"context"
	"sync"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/telemetry"
)

// laneRollup orders what is stored of one rollup: no host's name is in upper case.
func laneRollup(group string) string { return "ROLLUP " + group }

// rollups are what the findings of all lanes add up to.
type rollups struct {
	mu       sync.Mutex
	all      *finding.Rollups
	revision map[string]uint64 // of each entry in the state's bucket, by key
	evicted  uint64            // told to the metrics
}

func newRollups(version string) *rollups {
	return &rollups{all: finding.NewRollups(finding.RollupLimits{}, version), revision: map[string]uint64{}}
}

// observe takes in what became of findings.
func (r *rollups) observe(updates []finding.Update) {
	if len(updates) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range updates {
		r.all.Observe(updates[i])
	}
}

// load takes over what a group's entry says.
func (r *rollups) load(entry bus.StateEntry) error {
	r.revision[entry.Key] = entry.Revision
	return r.all.Import(entry.Value)
}

// report tells how many stand, and what their bounds made be forgotten since it
// was told last.
func (r *rollups) report(m *telemetry.Metrics) {
	r.mu.Lock()
	open, evicted := r.all.Open(), r.all.Evicted()
	fresh := evicted - r.evicted
	r.evicted = evicted
	r.mu.Unlock()
	m.RollupsOpen(open)
	if fresh > 0 {
		m.Evicted("rollups", int(fresh))
	}
}

// unsaved are the groups that have changed since they were written down.
func (r *rollups) unsaved() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all.Unsaved()
}

// tellRollups publishes the rollups that have changed, each at most once a minute.
func (g *Gateway) tellRollups(ctx context.Context) {
	if g.options.Config.Observe {
		return
	}
	g.rollups.mu.Lock()
	due := g.rollups.all.Due(time.Now())
	g.rollups.mu.Unlock()
	for i := range due {
		one := &due[i]
		header := bus.Header{}
		header.Set(HeaderFinding, one.Group)
		err := g.publisher.Publish(ctx, bus.Outputs{
			Host: laneRollup(one.Group),
			Triggers: []bus.Triggered{{
				Trigger:  bus.Trigger{Stream: bus.StreamVerdicts, Cause: "rollup"},
				Verdicts: []bus.Output{{Subject: bus.RollupSubject(one.Group), MsgID: one.MsgID, Data: one.Document, Header: header}},
			}},
			Then:    func(ctx context.Context) error { return g.putRollup(ctx, one.Group) },
			Settled: func(err error) { g.logRollup(one.Group, err) },
		})
		if err != nil {
			g.logRollup(one.Group, err)
		}
	}
}

func (g *Gateway) putRollup(ctx context.Context, group string) error {
	key := bus.RollupKey(group)
	g.rollups.mu.Lock()
	entry, _ := g.rollups.all.Export(group) // nil where nothing is known of the group any more
	revision := g.rollups.revision[key]
	g.rollups.mu.Unlock()
	revision, err := g.putState(ctx, key, entry, revision)
	if err == nil {
		g.rollups.mu.Lock()
		g.rollups.revision[key] = revision
		g.rollups.mu.Unlock()
	}
	return err
}

// saveRollups writes down the groups that have changed.
func (g *Gateway) saveRollups(ctx context.Context, r *saveRound) {
	for _, group := range g.rollups.unsaved() {
		r.waiting.Add(1)
		done := func(err error) {
			r.stored(0, err)
			r.waiting.Done()
		}
		err := g.publisher.Publish(ctx, bus.Outputs{
			Host:    laneRollup(group),
			Then:    func(ctx context.Context) error { return g.putRollup(ctx, group) },
			Settled: done,
		})
		if err != nil {
			done(err)
		}
	}
}

func (g *Gateway) logRollup(group string, err error) {
	if err != nil && !refused(err) {
		g.options.Telemetry.Log.Warn("a rollup was not stored", "group", group, "error", err)
	}
}
