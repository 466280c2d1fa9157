package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"msigate/gateway/governance"
)

// verify reads offers and believes only what their configuration lets it. What is
// active already is left out.
func (a *activation) verify(offers []offer) ([]*candidate, error) {
	var candidates []*candidate
	var refused []error
	for _, o := range offers {
		trust, err := a.trust(o.source)
		if err != nil {
			refused = append(refused, fmt.Errorf("%w: %w", errAgain, err))
			continue
		}
		b, err := governance.Verify(o.raw, trust)
		if err != nil {
			refused = append(refused, o.source.refusal(err))
			continue
		}
		before := a.bundles[o.source.Name]
		if a.policy.current.Load() != nil && before != nil && sameBundle(b, before) {
			continue
		}
		c := &candidate{offer: o, bundle: b, before: before, widens: true}
		if before != nil {
			c.changes = governance.Compare(before, b)
			c.widens = c.changes.Widens()
		}
		candidates = append(candidates, c)
	}
	if err := errors.Join(refused...); err != nil {
		return candidates, err
	}
	return candidates, atStep("verified")
}

// sameBundle tells whether two bundles of a name say the same on the same word.
func sameBundle(a, b *governance.Bundle) bool {
	return a.Revision == b.Revision && a.Serial == b.Serial && a.SignedBy == b.SignedBy && a.NotAfter.Equal(b.NotAfter) &&
		slices.Equal(a.ApprovedBy, b.ApprovedBy)
}

// trust is what a source's bundle must be. Its keys are read anew: a key that was
// taken out, or put in, counts from the next bundle on.
func (a *activation) trust(source BundleConfig) (governance.Trust, error) {
	keys, err := readKeys(source.Keys)
	if err != nil {
		return governance.Trust{}, fmt.Errorf("read the keys of bundle %s: %w", source.Name, err)
	}
	approvers, err := readKeys(source.Approvers)
	if err != nil {
		return governance.Trust{}, fmt.Errorf("read the approvers' keys of bundle %s: %w", source.Name, err)
	}
	floor := a.floor(source.Name)
	return governance.Trust{
		Name: source.Name, Keys: keys, Approvers: approvers, AllowUnsigned: source.AllowUnsigned,
		Floor: governance.Floor{Serial: floor.Serial, Revision: floor.Revision},
		Now:   a.clock(floor),
	}, nil
}

// floor is the highest serial of a name that was ever active here, as the disk or
// the bucket knows it: whoever turns one of them back turns nothing back.
func (a *activation) floor(name string) governance.Mark {
	disk, bucket := a.kept.Floors[name], a.floors.of(name)
	if bucket.Serial > disk.Serial {
		return bucket
	}
	return disk
}

// clock is now, and never before the last activation of the name: a clock that is
// turned back does not bring back what had passed its not_after.
func (a *activation) clock(floor governance.Mark) time.Time { return latest(a.now(), floor.At) }

// refusal names where the bundle came from, and what to do where it lacks a signature.
func (b BundleConfig) refusal(err error) error {
	if errors.Is(err, governance.ErrUnsigned) {
		return fmt.Errorf("bundle %s from %s is not signed; allow_unsigned: true in its source accepts that, and every decision then says serial 0: %w", b.Name, b.where(), err)
	}
	return fmt.Errorf("%s: %w", b.where(), err)
}

// where is the source in words.
func (b BundleConfig) where() string {
	switch {
	case b.URL != "":
		return withoutSecrets(b.URL)
	case b.Object != "":
		return "object " + b.Object + " in " + b.bucket()
	default:
		return b.Path
	}
}

// errSecondPerson says that one person's signature is not enough.
var errSecondPerson = errors.New("widens what is excused and carries no second person's approval")

// people asks for a second person where a bundle widens anything. An unsigned one
// has not even a first: who allows it in the configuration answers for it.
func (a *activation) people(candidates []*candidate) error {
	for _, c := range candidates {
		if !c.source.NeedsSecondPerson() || !c.widens || c.bundle.SignedBy == "" || len(c.bundle.ApprovedBy) > 0 {
			continue
		}
		return fmt.Errorf("bundle %s from %s, serial %d signed by %s, %w: %s; hint: msigate bundle approve, by another key, then sign again",
			c.source.Name, c.source.where(), c.bundle.Serial, c.bundle.SignedBy, errSecondPerson, c.changes.Summary())
	}
	return atStep("people")
}

// NeedsSecondPerson is what the configuration says: by default, for governance.
func (b BundleConfig) NeedsSecondPerson() bool {
	if b.SecondPerson != nil {
		return *b.SecondPerson
	}
	return b.Name == governance.NameGovernance
}

// checkActive looks at what decides: whether its time has passed, and whether who
// signed it is still trusted. Neither takes it away: an allowlist that vanished
// would page everybody, a policy that vanished nobody. It gives the trust of each
// name whose keys can be read.
func (a *activation) checkActive() map[string]governance.Trust {
	trusts := map[string]governance.Trust{}
	for _, source := range a.config.Bundles {
		trust, err := a.trust(source)
		if err != nil { // also where nothing of the source is active yet: nothing it gives can be
			a.health.set(reasonKeys, source.Name, err.Error())
			continue
		}
		trusts[source.Name] = trust
		b := a.bundles[source.Name]
		if b == nil || b == a.builtIn[source.Name] {
			a.health.clear(reasonKeys, source.Name)
			continue
		}
		if !b.NotAfter.IsZero() && trust.Now.After(b.NotAfter) {
			a.health.set(reasonNotAfter, source.Name, fmt.Sprintf("serial %d was to be replaced before %s; it still decides", b.Serial, b.NotAfter.UTC().Format(time.RFC3339)))
		} else {
			a.health.clear(reasonNotAfter, source.Name)
		}
		key, there := trust.Keys.Get(b.SignedBy)
		_, counts := trust.Keys.At(trust.Now).Get(b.SignedBy)
		switch {
		case b.SignedBy == "" || counts:
			a.health.clear(reasonKeys, source.Name)
		case there:
			a.health.set(reasonKeys, source.Name, fmt.Sprintf("serial %d was signed by %s, which expired on %s; it still decides", b.Serial, key, key.Expires.Format(time.DateOnly)))
		default:
			a.health.set(reasonKeys, source.Name, fmt.Sprintf("serial %d was signed by %s, which is no key of the bundle any more; it still decides, until the next start", b.Serial, b.SignedBy))
		}
	}
	return trusts
}

// noteKeys says of each name whose keys that count are not those of the last time
// what they are. Where they cannot be read, checkActive says so.
func (a *activation) noteKeys(trusts map[string]governance.Trust) (changed []string) {
	for _, source := range a.config.Bundles {
		trust, read := trusts[source.Name]
		if !read {
			continue
		}
		ids := "keys " + strings.Join(keyIDs(trust.Keys.At(trust.Now)), " ") + "; approvers " + strings.Join(keyIDs(trust.Approvers.At(trust.Now)), " ")
		if before, there := a.keyIDs[source.Name]; there && before != ids {
			changed = append(changed, fmt.Sprintf("bundle %s: %s (before: %s)", source.Name, ids, before))
		}
		a.keyIDs[source.Name] = ids
	}
	return changed
}
