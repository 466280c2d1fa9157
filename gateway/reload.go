package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"msigate/gateway/governance"
	"msigate/gateway/policy"
	"msigate/gateway/telemetry"
)

func (c Config) sources() []Source {
	sources := make([]Source, len(c.Bundles))
	for i, b := range c.Bundles {
		sources[i] = Source{Name: b.Name, Path: b.Path}
	}
	return sources
}

// allowed refuses an unsigned bundle of a source that is not allowed to give one.
func (c Config) allowed(bundles []*governance.Bundle) error {
	var refused []error
	for _, source := range c.Bundles {
		for _, b := range bundles {
			if b.Name == source.Name && b.Serial == 0 && !source.AllowUnsigned {
				refused = append(refused, fmt.Errorf("bundle %s from %s is not signed; allow_unsigned: true in its source accepts that, and every decision then says serial 0", b.Name, source.Path))
			}
		}
	}
	return errors.Join(refused...)
}

func metricBundles(stamps []policy.BundleStamp) []telemetry.Bundle {
	bundles := make([]telemetry.Bundle, len(stamps))
	for i, s := range stamps {
		bundles[i] = telemetry.Bundle{Name: s.Name, Revision: s.Revision, Serial: s.Serial}
	}
	return bundles
}

// watchBundles reloads when a watched source changes, until ctx ends.
func (g *Gateway) watchBundles(ctx context.Context) *sync.WaitGroup {
	var watching sync.WaitGroup
	var one sync.Mutex // activations are one after the other
	reload := func() {
		one.Lock()
		defer one.Unlock()
		g.reload(ctx)
	}
	log := g.options.Telemetry.Log
	if slices.ContainsFunc(g.options.Config.Bundles, func(b BundleConfig) bool { return b.Watch }) {
		// What was written after the first build and before the watch began is seen by nobody else.
		watching.Go(func() {
			select {
			case <-ctx.Done():
			case <-time.After(governance.Quiet):
				reload()
			}
		})
	}
	for _, source := range g.options.Config.Bundles {
		if !source.Watch {
			continue
		}
		watching.Go(func() {
			err := governance.Watch(ctx, source.Path, reload, func(err error) {
				log.Error("watching a bundle", "path", source.Path, "error", err)
			})
			if err != nil {
				log.Error("a bundle is not watched: restart msigate once this is mended", "path", source.Path, "error", err)
			}
		})
	}
	return &watching
}

// reload builds a Snapshot aside from every source, tries its canaries, and
// swaps it in. What is refused changes nothing; log, metric, span and AUDIT
// say why.
func (g *Gateway) reload(ctx context.Context) {
	tel := g.options.Telemetry
	began := time.Now()
	span := tel.Activate(ctx, began)
	bundles, s, err := g.options.Config.build(span.Context)
	if err == nil && slices.Equal(s.Bundles(), g.options.Policy.Snapshot().Bundles()) {
		span.End(nil)
		tel.Log.Debug("the bundles are the same", "took", time.Since(began))
		return
	}
	if err == nil {
		err = g.options.Policy.Activate(span.Context, s)
	}
	span.End(err)
	now := time.Now()
	if err != nil {
		tel.Metrics.Activation(telemetry.Refused)
		tel.Log.ErrorContext(span.Context, "bundles refused; the policy that was active stays", "error", err)
		g.audit(ctx, auditEvent{Time: now, Event: "refusal", Bundles: g.options.Policy.Snapshot().Bundles(), Detail: err.Error()})
		return
	}
	tel.Metrics.Activation(telemetry.Activated)
	tel.Metrics.SnapshotActive(s.Created(), metricBundles(s.Bundles()))
	tel.Log.InfoContext(span.Context, "policy active", "bundles", describe(bundles), "canaries", len(s.Canaries()), "took", now.Sub(began))
	g.audit(ctx, auditEvent{Time: now, Event: "activation", Bundles: s.Bundles(), Detail: describe(bundles)})
}

// build reads every source and compiles them together.
func (c Config) build(ctx context.Context) ([]*governance.Bundle, *policy.Snapshot, error) {
	bundles, err := ReadBundles(c.sources())
	if err != nil {
		return nil, nil, err
	}
	if err := c.allowed(bundles); err != nil {
		return nil, nil, err
	}
	s, err := CompileBundles(ctx, bundles, policy.Options{Deadline: c.Evaluation.Deadline})
	return bundles, s, err
}
