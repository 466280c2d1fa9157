package gateway

import (
	"fmt"
	"slices"
	"time"

	"msigate/gateway/governance"
	"msigate/gateway/policy"
	"msigate/gateway/telemetry"
)

// auditFirst has the activation on record before it counts. Where AUDIT does not
// take it, what only narrows goes ahead, its event kept on disk: who can fill a
// stream must not be able to keep an approval alive.
func (a *activation) auditFirst(span telemetry.Activating, s *policy.Snapshot, candidates []*candidate) error {
	offers := make([]offer, len(candidates))
	for i, c := range candidates {
		offers[i] = c.offer
	}
	event, err := newAudited(auditEvent{
		Time: time.Now(), Event: "activation", Bundles: s.Bundles(), Changed: auditedOffers(offers, candidates),
		Detail: describe(a.set(candidates)), TraceID: span.TraceID(),
	})
	if err != nil {
		return err
	}
	err = a.ledger.store(span.Context, event)
	switch {
	case err == nil:
		return nil
	case slices.ContainsFunc(candidates, func(c *candidate) bool { return c.widens }):
		return fmt.Errorf("the activation is refused, since it widens what is excused and nobody could see that: %w", err)
	}
	if kept := a.ledger.keep(span.Context, event); kept != nil {
		return fmt.Errorf("the activation is refused: %w, and neither on disk: %w", err, kept)
	}
	a.tel.Log.Warn("an activation that only narrows goes ahead; its audit event is kept on disk until the stream takes it", "error", err)
	return nil
}

// auditedOffers says of each offer what is known of it.
func auditedOffers(offers []offer, candidates []*candidate) []auditedBundle {
	all := make([]auditedBundle, len(offers))
	for i, o := range offers {
		all[i] = auditedBundle{Name: o.source.Name, Source: o.source.where(), SHA256: governance.Digest(o.raw), Widens: true}
		for _, c := range candidates {
			if c.source.Name != o.source.Name {
				continue
			}
			b := c.bundle
			all[i].Serial, all[i].Revision, all[i].NotAfter = b.Serial, b.Revision, b.NotAfter
			all[i].SignedBy, all[i].ApprovedBy = b.SignedBy, b.ApprovedBy
			all[i].Widens, all[i].Changes = c.widens, c.changes.Summary()
		}
	}
	return all
}
