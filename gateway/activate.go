package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// active is everything that one Snapshot brings: built together, swapped together.
type active struct {
	snapshot *policy.Snapshot
	masker   *finding.Masker
}

// Policy holds the active Snapshot. Activate replaces it; whoever began on the
// old one ends on it.
type Policy struct{ current atomic.Pointer[active] }

// NewPolicy activates the first Snapshot.
func NewPolicy(ctx context.Context, s *policy.Snapshot) (*Policy, error) {
	p := &Policy{}
	return p, p.Activate(ctx, s)
}

// Activate runs the canaries of s through the whole way under s and, when
// every one is seen, makes s active. A refusal changes nothing; its error
// names each canary that failed.
func (p *Policy) Activate(ctx context.Context, s *policy.Snapshot) error {
	candidate, err := prepare(s)
	if err != nil {
		return err
	}
	if err := runCanaries(ctx, candidate); err != nil {
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

// runCanaries sends each canary's messages through a fresh correlator, as a
// shipper's would come, and looks at the worst disposition.
func runCanaries(ctx context.Context, candidate *active) error {
	var under Policy
	under.current.Store(candidate)
	var missed []string
	for _, canary := range candidate.snapshot.Canaries() {
		if err := under.TryCanary(ctx, canary); err != nil {
			missed = append(missed, fmt.Sprintf("%s (%s): %v", canary.Name, canary.Title, err))
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("the policy is refused, it misses %d of %d canaries:\n  %s", len(missed), len(candidate.snapshot.Canaries()), strings.Join(missed, "\n  "))
	}
	return nil
}

// canaryDeadline bounds one evaluation of a canary. It is far above an event's,
// so that a machine busy with events does not refuse a good policy.
const canaryDeadline = 10 * time.Second

func runCanary(ctx context.Context, candidate *active, canary policy.Canary) (policy.Disposition, error) {
	w := NewWorker(WorkerOptions{})
	candidate = &active{snapshot: candidate.snapshot.WithDeadline(canaryDeadline), masker: candidate.masker}
	var under Policy
	under.current.Store(candidate)
	var worst policy.Disposition
	look := func(steps []Step) error {
		for _, step := range steps {
			if step.Fault != nil {
				return fmt.Errorf("message %d record %d cannot be decoded: %w", step.At.Sequence, step.At.Record, step.Fault)
			}
			if step.Told == nil {
				continue
			}
			d := step.Told.Decision()
			if d.Fault != "" {
				return fmt.Errorf("message %d record %d: %s", step.At.Sequence, step.At.Record, d.Fault)
			}
			if worst == "" || d.Answer.Disposition.AtLeast(worst) {
				worst = d.Answer.Disposition
			}
		}
		return nil
	}
	for i, raw := range canary.Messages {
		steps, _ := w.Process(ctx, &under, &Message{Stream: "canary/" + canary.Name, Sequence: uint64(i) + 1, Data: []byte(raw)})
		if err := look(steps); err != nil {
			return "", err
		}
	}
	return worst, look(w.Finish(ctx, &under))
}
