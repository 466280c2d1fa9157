package gateway

import (
	"context"
	"errors"
	"sync"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/coverage"
	"msigate/gateway/policy"
	"msigate/gateway/telemetry"
)

// coverageRevisions are the revisions of the entries of coverage in the state's
// bucket, by key, and when the fleet was counted last.
type coverageRevisions struct {
	mu      sync.Mutex
	byKey   map[string]uint64
	counted time.Time
}

func (c *coverageRevisions) get(key string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byKey[key]
}

func (c *coverageRevisions) set(key string, revision uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = map[string]uint64{}
	}
	if revision == 0 {
		delete(c.byKey, key)
		return
	}
	c.byKey[key] = revision
}

// cover takes in what arrived: the message as it stands where the scope test
// put it aside, else each record that was decoded.
func (l *lane) cover(j *job, steps []Step, out bool) {
	m := &j.message
	at := coverage.Position{Sequence: m.Sequence, Record: coverage.WholeMessage}
	if out {
		l.coverage.Skipped(m.Host, m.Data, m.Stamp, at)
		return
	}
	for i := range steps {
		s := &steps[i]
		if s.At.Sequence != m.Sequence || s.At.Stream != m.Stream || s.Cause != policy.CauseEvent {
			continue // what the message changes of others
		}
		switch s.Outcome {
		case Out, Remembered, Context, Decided:
			l.coverage.Saw(s.Event, coverage.Position{Sequence: m.Sequence, Record: s.At.Record})
		case Quarantined:
			if m.Host == "" {
				continue // of which host it is cannot be told
			}
			l.coverage.Refused(m.Host, m.Stamp, coverage.Position{Sequence: m.Sequence, Record: s.At.Record})
		case Redecided, Settled:
		}
	}
}

// coverageBatch is how many entries are packed while a lane waits for its
// Recorder, and how many are on their way at once.
const coverageBatch = 32

// saveCoverage writes down what arrives of hosts. No decision rests on it: what
// is not stored is written the next time, and no watermark waits for it.
func (g *Gateway) saveCoverage(ctx context.Context, last bool) {
	for _, l := range g.lanes {
		for ctx.Err() == nil {
			all, err := l.coverage.Unsaved(time.Now(), coverageBatch, last)
			if err != nil {
				g.options.Telemetry.Log.Warn("what arrives of a host was not written down", "error", err)
			}
			var storing sync.WaitGroup
			failed := make(chan error, len(all))
			for _, one := range all {
				storing.Go(func() {
					if err := g.putCoverage(ctx, one); err != nil {
						l.coverage.Lost(one.Host)
						failed <- err
					}
				})
			}
			storing.Wait()
			close(failed)
			if err := <-failed; err != nil {
				if ctx.Err() == nil {
					g.options.Telemetry.Log.Warn("what arrives of some hosts was not written down; it is tried again", "error", err)
				}
				return
			}
			if len(all) < coverageBatch {
				break
			}
		}
	}
}

// putCoverage stores an entry, or removes it. One that somebody else wrote, or
// that was left of a host that was forgotten, is overwritten: it is no ground
// to end the gateway for.
func (g *Gateway) putCoverage(ctx context.Context, one coverage.Written) error {
	key := bus.CoverageKey(one.Host)
	revision := g.coverages.get(key)
	put := func() (err error) {
		switch {
		case one.Data != nil:
			packed, err := packState(one.Data)
			if err != nil {
				return err
			}
			if revision, err = g.states.Put(ctx, key, packed, revision); err != nil {
				return err
			}
		case revision != 0:
			if err := g.states.Delete(ctx, key, revision); err != nil {
				return err
			}
			revision = 0
		}
		g.coverages.set(key, revision)
		return nil
	}
	err := put()
	var conflict *bus.ConflictError
	if errors.As(err, &conflict) {
		revision = conflict.Found
		err = put()
	}
	return err
}

// loadCoverage takes over what was written down of a host. What cannot be read
// is told, and told anew from here on.
func (g *Gateway) loadCoverage(entry bus.StateEntry) {
	g.coverages.set(entry.Key, entry.Revision)
	err := importCoverage(entry, time.Now(), func(host string) *coverage.Recorder { return g.lane(host).coverage })
	if err != nil {
		g.options.Telemetry.Metrics.StateRefused(telemetry.StateCorrupt)
		g.options.Telemetry.Log.Warn("what was known to arrive of a host is not used; it is told anew", "key", entry.Key, "bucket", bus.BucketState, "error", err)
	}
}

// countInterval is how often the fleet is counted: that looks at every host.
const countInterval = time.Minute

// tellCoverage counts the fleet for the metrics.
func (g *Gateway) tellCoverage(m *telemetry.Metrics) {
	now := time.Now()
	if now.Sub(g.coverages.counted) < countInterval && !g.coverages.counted.IsZero() {
		return
	}
	g.coverages.counted = now
	var f coverage.Fleet
	for _, l := range g.lanes {
		f = l.coverage.Counted(f, now)
	}
	m.Coverage(f.Heard, f.Silent, f.NoStarts, f.NoFileWrites)
}

// Coverage tells what arrives of each host and what that blinds, as the running
// gateway knows it.
func (g *Gateway) Coverage(o coverage.Options) coverage.Report {
	all := make([]*coverage.Recorder, len(g.lanes))
	for i, l := range g.lanes {
		all[i] = l.coverage
	}
	return coverage.Of(o, all...)
}
