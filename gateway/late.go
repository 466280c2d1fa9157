package gateway

import (
	"context"
	"fmt"
	"time"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// lookBack is how long before its start, or that of a host's first tree, what a
// process did can have come: records come up to two minutes out of order.
const lookBack = 2 * time.Minute

// History reads messages again that were passed over: those that came on the
// subject of m, from lookBack before a position on, by the server's stamps, and
// up to m, in stream order. each returns whether to go on. It reads no further
// back than is still kept, and gives an error only where ctx ended: what was not
// read is not known then.
type History func(ctx context.Context, m *Message, from install.Position, each func(*Message) bool) error

// joined decides what processes did that were not known to belong to a tree
// when their records came, because the record that says so came after them.
// These decisions belong to the trigger of that record; now is what it was
// when their own came.
func (w *Worker) joined(ctx context.Context, a *active, m *Message, at install.Position, host string, steps []Step) []Step {
	planted := w.tracker.Planted(host)
	for {
		from, ok := w.tracker.Joined(host)
		switch {
		case ok:
		case planted:
			from = at
		default:
			return steps
		}
		if steps, ok = w.hear(ctx, a, m, reading{at: at, host: host, planted: planted}, from, steps); !ok {
			return steps
		}
		planted = false
	}
}

// reading says what history is read again for.
type reading struct {
	at      install.Position // where it began to matter: what stands there or behind it has its own turn
	host    string
	planted bool // the host had no tree until then
}

// hear reads once what was passed over. What it brings in can make more join.
func (w *Worker) hear(ctx context.Context, a *active, m *Message, r reading, from install.Position, steps []Step) ([]Step, bool) {
	if w.options.History != nil {
		err := w.options.History(ctx, m, from, func(old *Message) bool {
			steps = w.again(ctx, a, old, r, steps)
			return true
		})
		if err != nil {
			w.failed = fmt.Errorf("reading again from %s:%d what was passed over: %w", from.Stream, from.Sequence, err)
			return steps, false
		}
	}
	for _, unheard := range w.tracker.Heard(r.host) {
		if a.snapshot.Triggers(&unheard.Context) {
			step := Step{Outcome: Decided, Host: r.host, At: unheard.At, Cause: policy.CauseEvent, Event: unheard.Context.Event}
			w.decide(ctx, a, m, &step, &unheard.Context, m.now(unheard.Context.Event))
			steps = append(steps, step)
		}
	}
	return steps, true
}

// again takes the records of a message that were passed over and are not any
// more. Where the host had no tree, the tracker is to know, too, of whom
// something was told whose start has not come yet.
func (w *Worker) again(ctx context.Context, a *active, old *Message, r reading, steps []Step) []Step {
	records := old.records
	if records == nil {
		var fault *event.Fault
		if records, fault = event.Decode(old.Data); fault != nil {
			return steps // is in quarantine since it came
		}
	}
	for _, record := range old.sort(records, w.options.DNSSuffixes) {
		e := record.Event
		position := old.position(record)
		if record.Fault != nil || e.Host != r.host || position == r.at {
			continue
		}
		if !w.tracker.Awaits(e) {
			if r.planted {
				w.tracker.Note(e, position)
			}
			continue
		}
		e.Stamp = old.Stamp
		c := w.tracker.Apply(e, position)
		if !a.snapshot.Triggers(&c) {
			continue
		}
		step := Step{Outcome: Decided, Host: r.host, At: position, Cause: policy.CauseEvent, Event: e}
		w.decide(ctx, a, old, &step, &c, old.now(e))
		steps = append(steps, step)
	}
	return steps
}

// late decides again what was decided before and stands in another light since
// the record at a position came.
func (w *Worker) late(ctx context.Context, a *active, m *Message, at install.Position, e *event.Event, steps []Step) []Step {
	for _, late := range w.tracker.Late(e.Host) {
		step := Step{
			Outcome: Redecided, Host: e.Host, At: late.At, Event: late.Context.Event,
			Cause: policy.FactCause(at.Sequence, at.Record),
		}
		w.decide(ctx, a, m, &step, &late.Context, m.now(e))
		steps = append(steps, step)
	}
	return steps
}

// Due fires the timers that are due by the clock, each host's in their order.
// Every message stamped before the clock must have been processed.
func (w *Worker) Due(ctx context.Context, p *Policy, clock time.Time) []Step {
	var steps []Step
	for {
		host, one, ok := w.timers.take(clock)
		if !ok {
			return steps
		}
		steps = w.fire(ctx, w.under(p), host, one, steps)
	}
}

// dueOf does the same for one host alone.
func (w *Worker) dueOf(ctx context.Context, a *active, host string, clock time.Time, steps []Step) []Step {
	for {
		one, ok := w.timers.takeOf(host, clock)
		if !ok {
			return steps
		}
		steps = w.fire(ctx, a, host, one, steps)
	}
}

// Finish fires every timer there is, in their order: nothing more will come.
func (w *Worker) Finish(ctx context.Context, p *Policy) []Step {
	var steps []Step
	for {
		next := w.timers.earliest()
		if next.IsZero() {
			return steps
		}
		steps = append(steps, w.Due(ctx, p, next)...)
	}
}

func (w *Worker) fire(ctx context.Context, a *active, host string, one timer, steps []Step) []Step {
	if one.Finding != "" {
		return w.settle(host, one, steps)
	}
	c, ok := w.tracker.Again(host, one.At)
	if !ok {
		return steps // a bound made the worker forget the event, which was counted
	}
	step := Step{Outcome: Redecided, Host: host, At: one.At, Event: c.Event, Cause: policy.DueCause(one.Fact)}
	m := &Message{Stream: one.At.Stream, Sequence: one.At.Sequence, Host: host, Stamp: one.Due}
	w.decide(ctx, a, m, &step, &c, one.Due)
	return append(steps, step)
}
