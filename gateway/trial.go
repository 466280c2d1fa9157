package gateway

import (
	"context"

	"msigate/gateway/policy"
)

// NewTrial is a Policy whose canaries nobody has run: to see what a policy does
// that would be refused. Nothing live may decide by it.
func NewTrial(s *policy.Snapshot) (*Policy, error) {
	candidate, err := prepare(s)
	if err != nil {
		return nil, err
	}
	p := &Policy{}
	p.current.Store(candidate)
	return p, nil
}

// TryCanary runs one canary through the whole way under p, as it stands. It
// returns nil where the canary gets its least disposition or worse and its signal
// holds, else what came of it.
func (p *Policy) TryCanary(ctx context.Context, canary policy.Canary) error {
	_, err := p.current.Load().try(ctx, canary)
	return err
}

// TryEntries puts the scopes of all entries of the governance data into the
// canaries of p, whatever was tried before. The error names what they hide.
func (p *Policy) TryEntries(ctx context.Context) error {
	a := p.current.Load()
	return a.tryFillings(ctx, a.snapshot.Fillings())
}
