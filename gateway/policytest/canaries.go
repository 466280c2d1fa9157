package policytest

import (
	"context"
	"fmt"
	"time"
)

// entries names the result that tells whether an entry of the governance data
// hides a canary.
const entries = "entries"

// tryCanaries runs each canary of the policy through the whole way, as it stands
// and with the scope of each entry of the governance data put in.
func (p *Pack) tryCanaries(ctx context.Context, o Options, add func(...Result)) error {
	for _, canary := range p.snapshot.Canaries() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !o.wants(Canaries, canary.Name) {
			continue
		}
		began := time.Now()
		result := Result{Kind: Canaries, Name: canary.Name, File: "canaries/" + canary.Name + "/data.yaml"}
		if err := p.policy.TryCanary(ctx, canary); err != nil {
			result.Failure = fmt.Sprintf("%s: %v", canary.Title, err)
		}
		result.Took = time.Since(began)
		add(result)
	}
	if o.wants(Canaries, entries) {
		began := time.Now()
		result := Result{Kind: Canaries, Name: entries}
		if err := p.policy.TryEntries(ctx); err != nil {
			result.Failure = err.Error()
		}
		result.Took = time.Since(began)
		add(result)
	}
	if len(p.snapshot.Canaries()) == 0 && o.Run == nil {
		add(Result{Kind: Canaries, Name: "canaries", Failure: "the policy has no canary: nothing would keep governance data from blinding it"})
	}
	return nil
}
