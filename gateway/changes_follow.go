package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/governance"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// changeFollower keeps the index of change windows as the bucket has them.
type changeFollower struct{ index atomic.Pointer[changeIndex] }

// liveLane names the publisher's lane of what is told of change records and host
// groups: no host's name is in upper case.
const liveLane = "LIVE"

// reasonChange and reasonHosts are why a record of a bucket is in quarantine.
const (
	reasonChange = "change"
	reasonHosts  = "host_groups"
)

// changeKeysInterval is how often the key files of changes are looked at. A variable for tests.
var changeKeysInterval = 5 * time.Second

// situation is what is known of an event's host beside its events.
func (g *Gateway) situation(c *install.Context, received time.Time) ([]string, []policy.Change) {
	groups := g.groups.of(c.Event.Host)
	if x := g.changes.index.Load(); x != nil {
		return groups, x.lookup(groups, received, c)
	}
	return groups, nil
}

// followLive reads host groups and change windows before the first event is
// decided, and follows them from then on.
func (g *Gateway) followLive() error {
	ctx, end := context.WithCancel(g.given)
	g.endFollowing = end
	if err := g.start(ctx, g.followGroups); err != nil {
		return err
	}
	if len(g.options.Config.Changes.Keys) == 0 {
		g.options.Telemetry.Log.Debug("no key is bound to changes: no change window counts")
		return nil
	}
	return g.start(ctx, g.followChanges)
}

// endLive ends what followLive began.
func (g *Gateway) endLive() {
	if g.endFollowing != nil {
		g.endFollowing()
	}
	g.following.Wait()
}

// start runs follow until ctx ends, and returns once it has caught up. An error
// of the first try is the start's; later ones are tried again.
func (g *Gateway) start(ctx context.Context, follow func(ctx context.Context, caughtUp func()) error) error {
	first := make(chan error, 1)
	g.following.Go(func() {
		var once sync.Once
		caughtUp := func() { once.Do(func() { first <- nil }) }
		for {
			err := follow(ctx, caughtUp)
			once.Do(func() { first <- err })
			if ctx.Err() != nil {
				return
			}
			if err != nil && !errors.Is(err, bus.ErrRemade) && !errors.Is(err, errKeysChanged) {
				g.options.Telemetry.Log.Error("what is live is not followed, and stands as it was; trying again", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	select {
	case err := <-first:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errKeysChanged = errors.New("the keys of changes have changed")

// followChanges builds the index aside from what the bucket keeps, puts it in
// place of the one there was, and follows the bucket until the keys change.
func (g *Gateway) followChanges(ctx context.Context, caughtUp func()) error {
	seen := keyFiles(g.options.Config.Changes.Keys)
	keys, err := ReadChangeKeys(g.options.Config.Changes.Keys)
	if err != nil {
		return err
	}
	bucket, err := bus.OpenBucket(ctx, g.options.Conn, bus.BucketChanges)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go g.watchKeys(ctx, seen, cancel)
	f := &changeFollow{g: g, index: newChangeIndex(), fold: newChangeFold(keys), latest: map[string]uint64{}}
	err = bucket.Follow(ctx, func() {
		g.changes.index.Store(f.index)
		g.options.Telemetry.Log.Info("change windows read", "windows", f.index.size(), "keys", len(keys))
		caughtUp()
	}, func(e bus.BucketEntry) { f.take(ctx, e) }, func(err error) {
		g.options.Telemetry.Log.Warn("change windows are not followed, and stand as they were; trying again", "error", err)
	})
	if cause := context.Cause(ctx); errors.Is(cause, errKeysChanged) {
		return cause
	}
	return err
}

// keyFiles tells whether one of the files changes.
func keyFiles(paths []string) string {
	var all strings.Builder
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintln(&all, path, info.Size(), info.ModTime().UnixNano())
		} else {
			fmt.Fprintln(&all, path, "absent")
		}
	}
	return all.String()
}

// watchKeys ends following when a key file has changed and can be read: then
// every record is held to the new keys. Files that cannot be read change nothing.
func (g *Gateway) watchKeys(ctx context.Context, seen string, changed context.CancelCauseFunc) {
	tick := time.NewTicker(changeKeysInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		paths := g.options.Config.Changes.Keys
		now := keyFiles(paths)
		if now == seen {
			continue
		}
		seen = now
		if _, err := ReadChangeKeys(paths); err != nil {
			g.options.Telemetry.Log.Error("the keys of changes have changed and cannot be read; those read before stay", "error", err)
			continue
		}
		g.options.Telemetry.Log.Info("the keys of changes have changed: every record is verified again")
		changed(errKeysChanged)
		return
	}
}

// ReadChangeKeys reads the keys that are bound to changes.
func ReadChangeKeys(files []string) (governance.Keys, error) {
	keys, err := readKeys(files)
	if err != nil {
		return nil, fmt.Errorf("changes.keys: %w", err)
	}
	return keys, nil
}

// changeFollow is one reading of the bucket from its beginning.
type changeFollow struct {
	g     *Gateway
	index *changeIndex
	fold  *changeFold

	mu     sync.Mutex
	latest map[string]uint64 // revision by key: what was taken last
}

// take has one revision count, or refuses it and changes nothing.
func (f *changeFollow) take(ctx context.Context, e bus.BucketEntry) {
	log := f.g.options.Telemetry.Log
	if e.Value == nil {
		f.begin(e)
		f.index.remove(e.Key)
		log.Info("change window removed", "key", e.Key, "revision", e.Revision)
		return
	}
	state, err := f.fold.take(e, time.Now())
	if err != nil {
		f.g.refuseLive(ctx, bus.BucketChanges, reasonChange, e, err)
		return
	}
	f.begin(e)
	if state == nil || len(state.spans) == 0 {
		f.index.remove(e.Key)
		switch {
		case state == nil:
		case state.window.ClosedBy != "":
			log.Info("change window closed before it began", "ticket", state.window.Ticket, "opened_by", state.window.Opener, "closed_by", state.window.ClosedBy)
		case state.window.Approver == "":
			log.Info("change window waits for its approval", "ticket", state.window.Ticket, "opened_by", state.window.Opener)
		}
		return
	}
	if state.window.ClosedBy != "" {
		f.narrow(e.Key, state.spans)
	}
	told := auditOf("change_counts", state.window, time.Now(), "").subject()
	if last, err := bus.LastAudit(ctx, f.g.options.Conn, told); err == nil && last == state.id {
		// It counted before a restart, and was tried then. A policy that came since was
		// tried with a window that covers everything.
		f.counts(e, state)
		return
	}
	if err := f.g.options.Policy.current.Load().tryWindow(ctx, state.spans[0]); err != nil {
		if ctx.Err() == nil {
			f.index.remove(e.Key)
			f.g.refuseLive(ctx, bus.BucketChanges, reasonChange, e, err)
		}
		return
	}
	f.count(ctx, e, state)
}

func (f *changeFollow) begin(e bus.BucketEntry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.latest[e.Key] = e.Revision
}

// narrow ends a window that counts, before anything else is asked: closing must
// not wait for the audit trail.
func (f *changeFollow) narrow(key string, spans []policy.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.index.mu.RLock()
	counts := len(f.index.spans[key]) > 0
	f.index.mu.RUnlock()
	if counts {
		f.index.put(key, spans)
	}
}

// counts puts a window into the index, unless the record was written again meanwhile.
func (f *changeFollow) counts(e bus.BucketEntry, state *changeState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.latest[e.Key] == e.Revision {
		f.index.put(e.Key, state.spans)
	}
}

// count has a window count once the audit trail says so: what was written past
// the commands leaves its trace, too.
func (f *changeFollow) count(ctx context.Context, e bus.BucketEntry, state *changeState) {
	g, w := f.g, state.window
	audit := auditOf("change_counts", w, time.Now(), fmt.Sprintf("%s counts for %s: %d packages, open %d times until %s", w.Ticket, w.HostGroup, len(w.Packages), len(state.spans), w.Until.UTC().Format(time.RFC3339)))
	audit.Revision = e.Revision
	out, err := audit.output(state.id)
	if err == nil {
		err = g.publisher.Publish(ctx, bus.Outputs{
			Host: liveLane, Triggers: []bus.Triggered{{Trigger: bus.Trigger{Stream: bus.StreamAudit, Cause: audit.Event}, Verdicts: []bus.Output{out}}},
			Settled: func(err error) {
				if err != nil {
					g.options.Telemetry.Log.Error("a change window does not count: its audit event was not stored", "ticket", w.Ticket, "error", err)
					return
				}
				f.counts(e, state)
				g.options.Telemetry.Log.Info("change window counts", "ticket", w.Ticket, "host_group", w.HostGroup, "opened_by", w.Opener, "approved_by", w.Approver, "closed_by", w.ClosedBy, "until", w.Until)
			},
		})
	}
	if err != nil && ctx.Err() == nil {
		g.options.Telemetry.Log.Error("a change window does not count: its audit event was not stored", "ticket", w.Ticket, "error", err)
	}
}

// refuseLive quarantines a record of a bucket, and says so in log and audit
// trail. What counted before it stays as it was.
func (g *Gateway) refuseLive(ctx context.Context, bucket, reason string, e bus.BucketEntry, why error) {
	g.options.Telemetry.Log.Error("a record is refused; what counted before it stays", "bucket", bucket, "key", e.Key, "revision", e.Revision, "error", why)
	g.options.Telemetry.Metrics.Quarantined(reason)
	q := bus.Quarantined{
		Reason: reason, Detail: why.Error(), Subject: "$KV." + bucket + "." + e.Key, Stream: bus.BucketStream(bucket),
		Sequence: e.Revision, Record: -1, Data: e.Value,
	}
	outputs := []bus.Output{q.Output()}
	now := time.Now()
	// Whoever can write the bucket must not be able to fill the audit trail.
	if what := reason + "_refused"; g.faults.due(what, now) {
		audit := changeAudit{Time: now.UTC(), Event: what, Revision: e.Revision, Detail: fmt.Sprintf("%s of %s: %v", e.Key, bucket, why)}
		if out, err := audit.output(fmt.Sprintf("refused:%s:%s:%d", bucket, e.Key, e.Revision)); err == nil {
			outputs = append(outputs, out)
		}
	}
	err := g.publisher.Publish(ctx, bus.Outputs{
		Host: liveLane, Triggers: []bus.Triggered{{Trigger: q.Trigger(), Verdicts: outputs}},
		Settled: func(err error) {
			if err != nil {
				g.options.Telemetry.Log.Error("a refused record is not in quarantine", "bucket", bucket, "key", e.Key, "error", err)
			}
		},
	})
	if err != nil && ctx.Err() == nil {
		g.options.Telemetry.Log.Error("a refused record is not in quarantine", "bucket", bucket, "key", e.Key, "error", err)
	}
}
