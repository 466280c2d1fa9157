package gateway

import (
	"context"
	"fmt"
	"time"

	"msigate/gateway/governance"
	"msigate/gateway/telemetry"
)

// start makes a first Snapshot active: of the set that was active when the
// gateway ended, verified again, and of what the places on disk hold now. What is
// persisted and cannot be believed is refused and named, and the sources are
// asked. Without anything else the binary's own bundles decide, and each source
// that has given nothing is named: then the gateway is degraded.
func (a *activation) start(ctx context.Context) error {
	a.one.Lock()
	defer a.one.Unlock()
	var names []string
	for _, source := range a.config.Bundles {
		names = append(names, source.Name)
	}
	if a.store != nil {
		if err := a.floors.load(ctx, names); err != nil {
			return err
		}
		a.restore(ctx)
	}
	restored := a.policy.current.Load() != nil
	if err := a.readPlaces(ctx); err != nil && !restored {
		return err
	}
	if a.policy.current.Load() == nil {
		if err := a.begin(ctx, nil, ""); err != nil {
			return err
		}
		restored = true
	}
	for _, source := range a.config.Bundles {
		if source.Path == "" && a.bundles[source.Name] == a.builtIn[source.Name] {
			a.health.set(reasonBuiltIn, source.Name, source.where()+" has given no bundle so far")
		}
	}
	a.noteKeys(a.checkActive())
	if restored {
		a.ledger.record(ctx, auditEvent{Time: time.Now(), Event: "activation", Bundles: a.policy.Snapshot().Bundles(), Detail: "start: " + describe(a.set(nil))})
	}
	a.recordHealth(ctx)
	return nil
}

// readPlaces offers, together, what lies on disk: it may only fit together.
func (a *activation) readPlaces(ctx context.Context) error {
	var offers []offer
	for _, source := range a.config.Bundles {
		if source.Path == "" {
			continue
		}
		raw, err := governance.ReadFile(source.Path, source.Name)
		if err != nil {
			span := a.tel.Activate(ctx, time.Now())
			span.End(err)
			a.refuse(span, []offer{{source: source}}, nil, err)
			return err
		}
		offers = append(offers, offer{source, raw})
	}
	if len(offers) == 0 {
		return nil
	}
	return a.activate(ctx, offers)
}

// restore activates the persisted set as far as it can be believed.
func (a *activation) restore(ctx context.Context) {
	kept, err := a.store.Active()
	if err != nil {
		for _, source := range a.config.Bundles {
			a.distrust(ctx, source, err)
		}
		return
	}
	a.kept = kept
	var candidates []*candidate
	for _, source := range a.config.Bundles {
		k, there := kept.Bundles[source.Name]
		if !there {
			continue
		}
		c, err := a.restoreOne(source, k)
		if err != nil {
			a.distrust(ctx, source, err)
			continue
		}
		candidates = append(candidates, c)
	}
	if len(candidates) == 0 {
		return
	}
	if err := a.begin(ctx, candidates, kept.Tried); err != nil {
		for _, c := range candidates {
			a.distrust(ctx, c.source, err)
		}
		return
	}
	a.floors.raise(ctx, kept.Floors)
}

// restoreOne verifies a persisted bundle as if it came from its source.
func (a *activation) restoreOne(source BundleConfig, k governance.Kept) (*candidate, error) {
	raw, err := a.store.Archive(source.Name, k)
	if err != nil {
		return nil, err
	}
	trust, err := a.trust(source)
	if err != nil {
		return nil, err
	}
	b, err := governance.Verify(raw, trust)
	if b == nil {
		return nil, err
	}
	// With an error too, it is what was active, and its time or its key's has passed
	// since: it goes on to count, as it would have without a restart.
	return &candidate{offer: offer{source, raw}, bundle: b}, nil
}

// distrust says that what is persisted does not count.
func (a *activation) distrust(ctx context.Context, source BundleConfig, err error) {
	err = fmt.Errorf("the persisted bundle %s does not count any more, its source is asked: %w", source.Name, err)
	a.tel.Log.Error("a persisted bundle is refused", "bundle", source.Name, "error", err)
	a.tel.Metrics.Activation(telemetry.Refused)
	a.health.set(reasonRefused, source.Name, err.Error())
	a.ledger.record(ctx, auditEvent{Time: time.Now(), Event: "refusal", Changed: auditedOffers([]offer{{source: source}}, nil), Detail: err.Error()})
}

// startTrial bounds the trial of entries at a start: it is run again only where
// what it rested on is another, a new binary's canaries say, and events wait.
var startTrial = 20 * time.Second

// begin activates bundles that were active before, or none: nothing is written
// down, since nothing changes. Entries that cannot be tried in time are tried
// while they decide, and the gateway is degraded until they are.
func (a *activation) begin(ctx context.Context, candidates []*candidate, triedUnder string) error {
	began := time.Now()
	s, err := a.compile(ctx, candidates)
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, startTrial)
	defer cancel()
	tried, err := a.policy.try(bounded, s, triedUnder)
	if bounded.Err() != nil && ctx.Err() == nil && len(candidates) > 0 {
		a.health.set(reasonCanaries, "", "the entries of the persisted bundles are tried against the canaries while they decide")
		tried, err = a.policy.tryFixed(ctx, s)
	}
	if err != nil {
		return err
	}
	a.policy.swap(tried)
	for _, c := range candidates {
		a.bundles[c.source.Name] = c.bundle
	}
	a.announce(ctx, s, candidates, began)
	return nil
}

// tryLate tries the entries that decide and were not tried at the start. What
// hides a canary decides no longer: the binary's own bundles do.
func (a *activation) tryLate(ctx context.Context) {
	now := a.policy.current.Load()
	if now.tried.under != "" {
		return // what became active since has been tried
	}
	again := *now
	again.live = true
	err := again.tryEntries(ctx, nil, "")
	switch {
	case ctx.Err() != nil:
	case err == nil:
		a.policy.swap(&again)
		a.kept.Tried = again.tried.under
		if err := a.store.Commit(a.kept); err != nil {
			a.tel.Log.Warn("that the entries were tried is not written down: they are tried again at the next start", "error", err)
		}
		a.health.clear(reasonCanaries, "")
	default:
		for _, source := range a.config.Bundles {
			if a.bundles[source.Name] != a.builtIn[source.Name] {
				a.distrust(ctx, source, err)
			}
			a.bundles[source.Name] = a.builtIn[source.Name]
			if a.builtIn[source.Name] == nil {
				delete(a.bundles, source.Name)
			}
		}
		if err := a.begin(ctx, nil, ""); err != nil {
			a.tel.Log.Error("the binary's own bundles cannot be activated", "error", err)
			return
		}
		a.health.clear(reasonCanaries, "")
	}
}

// tendInterval is how often it is looked at what waits, and at the clock.
const tendInterval = 5 * time.Second

// tend tries what waits, and looks whether what decides still may, until ctx ends.
func (a *activation) tend(ctx context.Context) {
	tick := time.NewTicker(tendInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		a.tendOnce(ctx)
	}
}

func (a *activation) tendOnce(ctx context.Context) {
	a.ledger.flush(ctx)
	a.one.Lock()
	defer a.one.Unlock()
	if a.store == nil {
		return
	}
	a.floors.flush(ctx)
	a.tryLate(ctx)
	changed := a.noteKeys(a.checkActive())
	for _, keys := range changed {
		a.tel.Log.Info("keys reloaded", "keys", keys)
		a.ledger.record(ctx, auditEvent{Time: time.Now(), Event: "keys", Bundles: a.policy.Snapshot().Bundles(), Detail: keys})
	}
	if len(changed) > 0 {
		a.again(ctx, nil) // a bundle may have come before the key that signed it
		return
	}
	for _, r := range a.refused {
		if r.again && r.raw != nil {
			_ = a.activate(ctx, []offer{r.offer}) // says itself why it is refused again
			break                                 // the others in their turn: what is active may have changed
		}
	}
}
