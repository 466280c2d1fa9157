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
}

// Policy holds the active Snapshot. Activate replaces it; whoever began on the
// old one ends on it.
type Policy struct{ current atomic.Pointer[active] }

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
	candidate, err := prepare(s)
	if err != nil {
		return err
	}
	if err := runCanaries(ctx, candidate); err != nil {
		return err
	}
	if err := candidate.tryEntries(ctx, p.current.Load()); err != nil {
		return err
	}
	p.current.Store(candidate)
	return nil
}

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
