package gateway

import (
	"context"
	"errors"
	"fmt"

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

// TryCanary runs one canary through the whole way under p. It returns nil where
// the canary gets its least disposition or worse, else what it got.
func (p *Policy) TryCanary(ctx context.Context, canary policy.Canary) error {
	got, err := runCanary(ctx, p.current.Load(), canary)
	switch {
	case err != nil:
		return err
	case got == "":
		return errors.New("is not decided at all")
	case !got.AtLeast(canary.Least):
		return fmt.Errorf("is %s, must be %s at least", got, canary.Least)
	default:
		return nil
	}
}
