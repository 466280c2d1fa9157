package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// runCanaries runs each canary as it stands, now: under the entries that count now.
// Code that is not before's is held to one answer besides.
func runCanaries(ctx context.Context, candidate, before *active) error {
	newCode := before == nil || !candidate.snapshot.SameCode(before.snapshot)
	var missed []string
	for _, canary := range candidate.snapshot.Canaries() {
		decided, err := candidate.try(ctx, canary)
		if err == nil && newCode {
			err = candidate.sameOutcome(ctx, canary, decided)
		}
		if err != nil {
			missed = append(missed, fmt.Sprintf("%s (%s): %v", canary.Name, canary.Title, err))
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("the policy is refused, it misses %d of %d canaries:\n  %s", len(missed), len(candidate.snapshot.Canaries()), strings.Join(missed, "\n  "))
	}
	return nil
}

// try runs one canary as it stands and gives what is decided. The error is nil
// where the canary gets its least disposition or worse and its signal holds, else
// it says what came of it.
func (a *active) try(ctx context.Context, canary policy.Canary) (*policy.Decision, error) {
	d, err := a.decideLast(ctx, canary.Messages, a.snapshot.Created(), nil)
	if err != nil {
		return nil, err
	}
	if err := seen(canary, d); err != nil {
		return nil, err
	}
	if canary.Signal != "" && !slices.ContainsFunc(d.Answer.Signals, func(s policy.Signal) bool { return s.ID == canary.Signal }) {
		return nil, fmt.Errorf("is %s, but its signal %s does not hold", d.Answer.Disposition, canary.Signal)
	}
	return d, nil
}

// sameOutcome holds the policy to one answer: its outcome, by which entries are
// tried, is the one of its decision, by which events are decided.
func (a *active) sameOutcome(ctx context.Context, canary policy.Canary, decided *policy.Decision) error {
	tried, err := a.decideIn(ctx, canaryRun{ask: (*policy.Snapshot).Outcome}, canary.Messages, a.snapshot.Created())
	if err != nil {
		return err
	}
	if tried.Answer.Disposition != decided.Answer.Disposition {
		return fmt.Errorf("is %s by %s and %s by %s: the two must not differ", decided.Answer.Disposition, policy.Entrypoint, tried.Answer.Disposition, policy.OutcomeEntrypoint)
	}
	return nil
}

// seen says how a decision falls short of what a canary must get.
func seen(canary policy.Canary, d *policy.Decision) error {
	switch {
	case d == nil:
		return errors.New("is not decided at all")
	case !d.Answer.Disposition.AtLeast(canary.Least):
		by := ""
		if d.Answer.Approval != nil {
			by = " by entry " + d.Answer.Approval.Entry
		}
		return fmt.Errorf("is %s%s, must be %s at least", d.Answer.Disposition, by, canary.Least)
	default:
		return nil
	}
}

// canaryDeadline bounds one evaluation of a canary. It is far above an event's,
// so that a machine busy with events does not refuse a good policy.
const canaryDeadline = 10 * time.Second

// canaryRun is a worker's run of one canary: only its last message is decided,
// the others say what there was before, and nothing is told to anybody.
type canaryRun struct {
	// ask is Decide or Outcome.
	ask func(*policy.Snapshot, context.Context, policy.Trigger, policy.Facts) policy.Decision

	last   uint64           // the number of its last message
	groups []string         // host groups that its host is in
	open   *policy.Change   // a window that is put in, whatever package is installed; nil: none
	answer *policy.Decision // what was decided about the last message in the end
}

// decideCanary is decide for the run of a canary.
func (w *Worker) decideCanary(ctx context.Context, a *active, step *Step, c *install.Context, now time.Time) {
	if step.At.Sequence != w.canary.last {
		step.Outcome = Context
		return
	}
	facts := policy.Facts{Context: c, Host: c.Event.Host, Groups: w.canary.groups, Now: now, Received: c.Event.Stamp}
	if w.canary.open != nil {
		facts.Changes = []policy.Change{covering(*w.canary.open, c, c.Event.Stamp)}
	}
	trigger := policy.Trigger{Stream: step.At.Stream, Sequence: step.At.Sequence, Record: step.At.Record, Cause: step.Cause}
	d := w.canary.ask(a.snapshot, ctx, trigger, facts)
	w.canary.answer = &d
	w.tracker.Watch(c, step.At)
	w.timers.pend(step.Host, step.At, d.Answer.Pending, now)
}

// decideLast is decideIn for the whole decision. groups are those of the canary's host.
func (a *active) decideLast(ctx context.Context, messages []string, now time.Time, groups []string) (*policy.Decision, error) {
	return a.decideIn(ctx, canaryRun{ask: (*policy.Snapshot).Decide, groups: groups}, messages, now)
}

// decideIn sends messages through a correlator that knows nothing else, as a
// shipper's would come, and gives what is decided about the last one in the end,
// when nothing more can come; nil where it is not decided. now is when the first
// one comes, the others a second later each.
func (a *active) decideIn(ctx context.Context, run canaryRun, messages []string, now time.Time) (*policy.Decision, error) {
	run.last = uint64(len(messages))
	w := NewWorker(WorkerOptions{})
	w.canary = &run
	var under Policy
	under.current.Store(&active{snapshot: a.snapshot.WithDeadline(canaryDeadline), masker: a.masker})
	for i, raw := range messages {
		m := Message{Stream: "canary", Sequence: uint64(i) + 1, Data: []byte(raw), Stamp: now.Add(time.Duration(i) * time.Second)}
		steps, _ := w.Process(ctx, &under, &m)
		for _, step := range steps {
			if step.Fault != nil {
				return nil, fmt.Errorf("message %d record %d cannot be decoded: %w", step.At.Sequence, step.At.Record, step.Fault)
			}
		}
	}
	w.Finish(ctx, &under)
	if d := run.answer; d != nil && d.Fault != "" {
		return nil, fmt.Errorf("message %d cannot be decided: %s", len(messages), d.Fault)
	}
	return run.answer, nil
}
