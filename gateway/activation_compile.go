package gateway

import (
	"context"

	"msigate/gateway/policy"
)

// compile builds the Snapshot that the candidates make with the bundles that
// decide now: type checked against the input's schema, with the built-ins that a
// policy may call. Where only data changed, the code is not compiled again.
func (a *activation) compile(ctx context.Context, candidates []*candidate) (*policy.Snapshot, error) {
	options := policy.Options{Deadline: a.config.Evaluation.Deadline}
	if now := a.policy.current.Load(); now != nil {
		options.Like = now.snapshot
	}
	return CompileBundles(ctx, a.set(candidates), options)
}
