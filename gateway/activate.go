package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// active is everything that one Snapshot brings: built together, swapped together.
type active struct {
	snapshot *policy.Snapshot
	masker   *finding.Masker
	tried    tried // scopes of entries that have been put into the canaries
	live     bool  // events are decided while it is tried
}

// Policy holds the active Snapshot. Activate replaces it; whoever began on the
// old one ends on it.
type Policy struct {
	current atomic.Pointer[active]
	health  *health // what each finding says of the gateway; nil: nothing
}

// NewPolicy activates the first Snapshot.
func NewPolicy(ctx context.Context, s *policy.Snapshot) (*Policy, error) {
	p := &Policy{}
	return p, p.Activate(ctx, s)
}

// Activate runs the canaries of s through the whole way under s, as they stand
// and with the scopes of its entries put in, and makes s active when every one is
// seen. A refusal changes nothing; its error names each canary that failed, and
// the entry.
func (p *Policy) Activate(ctx context.Context, s *policy.Snapshot) error {
	candidate, err := p.try(ctx, s, "")
	if err != nil {
		return err
	}
	p.swap(candidate)
	return nil
}

// try runs the canaries of s. Under what its entries were tried before, if that
// is what they rest on now, they are not tried again.
func (p *Policy) try(ctx context.Context, s *policy.Snapshot, triedUnder string) (*active, error) {
	candidate, err := prepare(s)
	if err != nil {
		return nil, err
	}
	before := p.current.Load()
	candidate.live = before != nil
	if err := runCanaries(ctx, candidate, before); err != nil {
		return nil, err
	}
	return candidate, candidate.tryEntries(ctx, before, triedUnder)
}

// tryFixed runs the canaries of s as they stand. Nothing counts as tried.
func (p *Policy) tryFixed(ctx context.Context, s *policy.Snapshot) (*active, error) {
	candidate, err := prepare(s)
	if err != nil {
		return nil, err
	}
	return candidate, runCanaries(ctx, candidate, nil)
}

// swap makes a candidate that was tried the active one.
func (p *Policy) swap(candidate *active) { p.current.Store(candidate) }

// Snapshot is the active one.
func (p *Policy) Snapshot() *policy.Snapshot { return p.current.Load().snapshot }

func prepare(s *policy.Snapshot) (*active, error) {
	var masking finding.MaskingDocument
	if err := s.Document("masking", &masking); err != nil && !errors.Is(err, policy.ErrNoDocument) {
		return nil, err
	}
	masker, err := finding.CompileMasking(masking)
	if err != nil {
		return nil, fmt.Errorf("compile data.masking: %w", err)
	}
	return &active{snapshot: s, masker: masker}, nil
}
