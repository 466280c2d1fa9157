package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/governance"
	"msigate/gateway/policy"
	"msigate/gateway/telemetry"
)

// activation is the one way by which a bundle becomes active, whatever its source:
//
//	verify    caps, signature, roots and content, serial, not_after   activation_verify.go
//	people    a second person for what widens                         activation_verify.go
//	compile   together with the other bundles, aside                  activation_compile.go
//	canaries  as they stand, and with the scopes of the entries       canaries.go, guardrails.go
//	stage     on the disk, where it counts for nothing yet            governance/store.go
//	audit     stored, or the activation is refused                    activation_audit.go
//	commit    one rename: what a restart decides by                   governance/store.go
//	swap      one pointer: what the next event is decided by          activate.go
//	floor     the serial below which nothing is taken any more        floors.go
//
// Whatever fails before the swap changes nothing that decides.
type activation struct {
	config  Config
	tel     *telemetry.Telemetry
	policy  *Policy
	store   *governance.Store // nil: no bundle is configured
	floors  *floors
	ledger  *Ledger
	health  *health
	now     func() time.Time
	builtIn map[string]*governance.Bundle

	one     sync.Mutex                    // one activation at a time
	kept    governance.Active             // the set on disk
	bundles map[string]*governance.Bundle // that decide
	refused map[string]refusal            // what each name's source gave last, where that is refused
	keyIDs  map[string]string             // of each name, as they were read last
}

// offer is what a source yields.
type offer struct {
	source BundleConfig
	raw    []byte
}

// refusal is an offer that was refused. It is said once, and tried again where
// that may help.
type refusal struct {
	offer
	said  string
	again bool // it was not the bundle's fault
}

// candidate is an offer on its way.
type candidate struct {
	offer
	bundle  *governance.Bundle
	before  *governance.Bundle // of its name, that decides now; nil: none
	changes governance.Changes
	widens  bool
}

// activationStep is called with the name of each step when it is done; a test
// ends the process there, or has the step fail.
var activationStep func(step string) error

func atStep(step string) error {
	if activationStep == nil {
		return nil
	}
	return activationStep(step)
}

func newActivation(conn *bus.Conn, c Config, tel *telemetry.Telemetry, l *Ledger, h *health) (*activation, error) {
	rules, entries, err := governance.BuiltIn()
	if err != nil {
		return nil, err
	}
	a := &activation{
		config: c, tel: tel, policy: &Policy{health: h}, ledger: l, health: h, now: time.Now,
		builtIn: map[string]*governance.Bundle{rules.Name: rules, entries.Name: entries},
		refused: map[string]refusal{}, keyIDs: map[string]string{},
	}
	a.bundles = map[string]*governance.Bundle{rules.Name: rules, entries.Name: entries}
	a.floors = newFloors(conn, h)
	if len(c.Bundles) == 0 {
		return a, nil
	}
	if a.store, err = governance.OpenStore(c.BundlesFolder()); err != nil {
		return nil, err
	}
	a.store.Step = atStep
	return a, nil
}

// offer has a bundle become active, or says why not. What is active already is
// nothing new and no error.
func (a *activation) offer(ctx context.Context, offers ...offer) error {
	a.one.Lock()
	defer a.one.Unlock()
	return a.activate(ctx, offers)
}

// activate takes offers, of different names, through all steps together.
func (a *activation) activate(ctx context.Context, offers []offer) (err error) {
	began := time.Now()
	span := a.tel.Activate(ctx, began)
	defer func() { span.End(err) }()
	candidates, err := a.verify(offers)
	if err == nil && len(candidates) == 0 {
		a.tel.Log.Debug("the bundles are the same", "took", time.Since(began))
		a.settled(offers)
		return nil
	}
	if err == nil {
		err = a.take(span, candidates, began)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return err // it is given up, not refused
	case err != nil:
		a.refuse(span, offers, candidates, err)
		return err
	}
	a.settled(offers)
	a.again(ctx, offers)
	return nil
}

func (a *activation) take(span telemetry.Activating, candidates []*candidate, began time.Time) error {
	ctx := span.Context
	if err := a.people(candidates); err != nil {
		return err
	}
	next, err := a.compile(ctx, candidates)
	if err != nil {
		return err
	}
	if err := atStep("compiled"); err != nil {
		return err
	}
	tried, err := a.policy.try(ctx, next, "")
	if err != nil {
		return err
	}
	if err := atStep("tried"); err != nil {
		return err
	}
	for _, c := range candidates {
		if err := a.store.Stage(c.source.Name, c.raw); err != nil {
			return fmt.Errorf("%w: %w", errAgain, err)
		}
	}
	if err := a.auditFirst(span, next, candidates); err != nil {
		return err
	}
	if err := atStep("audited"); err != nil {
		return err
	}
	kept := a.keep(candidates, tried)
	if err := a.store.Commit(kept); err != nil {
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	if err := atStep("committed"); err != nil {
		return err
	}
	a.policy.swap(tried)
	a.health.clear(reasonCanaries, "")
	a.kept = kept
	for _, c := range candidates {
		a.bundles[c.source.Name] = c.bundle
	}
	_ = atStep("swapped")
	a.floors.raise(ctx, kept.Floors)
	_ = atStep("floor raised")
	a.announce(ctx, next, candidates, began)
	return nil
}

// errAgain marks a refusal for which the bundle cannot help: it is tried again.
var errAgain = errors.New("not activated")

// keep is the set on disk as the candidates make it.
func (a *activation) keep(candidates []*candidate, next *active) governance.Active {
	kept := governance.Active{Bundles: map[string]governance.Kept{}, Floors: map[string]governance.Mark{}, Tried: next.tried.under}
	for name, k := range a.kept.Bundles {
		if slices.ContainsFunc(a.config.Bundles, func(b BundleConfig) bool { return b.Name == name }) && a.bundles[name] != a.builtIn[name] {
			kept.Bundles[name] = k
		}
	}
	for name, mark := range a.kept.Floors {
		kept.Floors[name] = mark
	}
	at := a.now().UTC()
	for _, c := range candidates {
		name, b := c.source.Name, c.bundle
		kept.Bundles[name] = governance.Kept{SHA256: governance.Digest(c.raw), Serial: b.Serial, Revision: b.Revision, Activated: at}
		if b.Serial > 0 {
			kept.Floors[name] = governance.Mark{Serial: b.Serial, Revision: b.Revision, At: latest(at, kept.Floors[name].At)}
		}
	}
	return kept
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// settled takes back what was said of refusals: what the source gives is active.
func (a *activation) settled(offers []offer) {
	for _, o := range offers {
		delete(a.refused, o.source.Name)
		a.health.clear(reasonRefused, o.source.Name)
		a.health.clear(reasonBuiltIn, o.source.Name)
	}
	a.checkActive()
}

// again tries what was refused before: it may need what has just become active.
func (a *activation) again(ctx context.Context, but []offer) {
	for name, r := range a.refused {
		if r.raw == nil || slices.ContainsFunc(but, func(o offer) bool { return o.source.Name == name }) {
			continue
		}
		_ = a.activate(ctx, []offer{r.offer}) // says itself why it is refused again
	}
}

// refuse says why offers are not taken: once, however often they are offered.
func (a *activation) refuse(span telemetry.Activating, offers []offer, candidates []*candidate, err error) {
	a.tel.Metrics.Activation(telemetry.Refused)
	fresh := false
	again := errors.Is(err, errAgain) || errors.Is(err, errNotStored)
	for _, o := range offers {
		name := o.source.Name
		said := governance.Digest(o.raw) + " " + err.Error()
		if again {
			said = governance.Digest(o.raw) // its cause may be told in other words each time
		}
		fresh = fresh || a.refused[name].said != said
		a.refused[name] = refusal{offer: o, said: said, again: again}
		a.health.set(reasonRefused, name, err.Error())
	}
	if !fresh {
		a.tel.Log.DebugContext(span.Context, "bundles refused as before", "error", err)
		return
	}
	a.tel.Log.ErrorContext(span.Context, "bundles refused; the policy that was active stays", "error", err)
	var stamps []policy.BundleStamp
	if a.policy.current.Load() != nil {
		stamps = a.policy.Snapshot().Bundles()
	}
	a.ledger.record(span.Context, auditEvent{
		Time: time.Now(), Event: "refusal", Bundles: stamps, Changed: auditedOffers(offers, candidates),
		Detail: err.Error(), TraceID: span.TraceID(),
	})
}

// announce shows what is active now.
func (a *activation) announce(ctx context.Context, s *policy.Snapshot, candidates []*candidate, began time.Time) {
	a.tel.Metrics.Activation(telemetry.Activated)
	a.tel.Metrics.SnapshotActive(s.Created(), metricBundles(s.Bundles()))
	fields := []any{"bundles", describe(a.set(nil)), "canaries", len(s.Canaries()), "took", time.Since(began)}
	for _, c := range candidates {
		if summary := c.changes.Summary(); summary != "" {
			fields = append(fields, "changed_"+c.source.Name, summary)
		}
	}
	a.tel.Log.InfoContext(ctx, "policy active", fields...)
}

// set are the bundles that decide with the candidates among them, by name.
func (a *activation) set(candidates []*candidate) []*governance.Bundle {
	byName := map[string]*governance.Bundle{}
	for name, b := range a.bundles {
		byName[name] = b
	}
	for _, c := range candidates {
		byName[c.source.Name] = c.bundle
	}
	var all []*governance.Bundle
	for _, name := range []string{governance.NamePolicy, governance.NameGovernance, governance.NameBaseline} {
		if b := byName[name]; b != nil {
			all = append(all, b)
		}
	}
	return all
}
