package gateway

import (
	"context"
	"fmt"
	"io"
	"time"

	"msigate/gateway/event"
	"msigate/gateway/finding"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// Evaluation is the gateway without a bus: files in, decisions out, by the
// very same steps. Not safe for concurrent use.
type Evaluation struct {
	Policy  *Policy
	Now     time.Time // of every decision; zero: the event's own time
	worker  *Worker
	passed  passed
	current map[install.Position]policy.Disposition // of every decided event

	Summary Summary
}

// Summary counts what an Evaluation read and what became of it.
type Summary struct {
	Read        int // messages
	Out         int // messages and records out of scope
	Remembered  int
	Context     int
	Decisions   map[policy.Disposition]int // events, by their last decision
	Again       int                        // decisions about events that were decided before
	Undecodable []Undecodable
}

// Decided is how many events were decided.
func (s *Summary) Decided() int {
	n := 0
	for _, count := range s.Decisions {
		n += count
	}
	return n
}

// Undecodable is a message or record that would be quarantined.
type Undecodable struct {
	Source string
	Line   int
	Record int
	Fault  *event.Fault
}

func (u Undecodable) String() string {
	return fmt.Sprintf("%s:%d (record %d): %v", u.Source, u.Line, u.Record, u.Fault)
}

// Evaluated is one Decision about a record of a file, or, without one, what
// was told of a finding that settled.
type Evaluated struct {
	Source   string
	Line     int
	Decision *finding.Masked // nil where a finding settled
	Updates  []finding.Update

	// Of an event that was decided before: what it was then, and the path of the
	// file whose record is the reason, where a record is. Else both are "".
	Replaces policy.Disposition
	LateIn   string
}

// OfflineDeadline bounds one evaluation over files. It is far above a live
// event's, so that recorded events get the same answer on a busy machine.
const OfflineDeadline = 10 * time.Second

// NewEvaluation starts one with an empty state.
func NewEvaluation(p *Policy, o WorkerOptions) *Evaluation {
	e := &Evaluation{Policy: p, current: map[install.Position]policy.Disposition{}, Summary: Summary{Decisions: map[policy.Disposition]int{}}}
	o.History = e.passed.history
	e.worker = NewWorker(o)
	return e
}

// Run reads paths as [ReadFiles] does and calls each with every Decision, in
// order, and read, if not nil, after each message. At the end of the last one
// every timer fires: no more facts will come.
func (e *Evaluation) Run(ctx context.Context, paths []string, stdin io.Reader, each func(Evaluated) error, read func()) error {
	err := ReadFiles(ctx, paths, stdin, func(m FileMessage) error {
		e.Summary.Read++
		if read != nil {
			read()
		}
		return e.tell(e.steps(ctx, m), m.Source, each)
	})
	if err != nil {
		return err
	}
	return e.tell(e.worker.Finish(ctx, e.Policy), "", each)
}

// tell gives what came of a message of source to each.
func (e *Evaluation) tell(steps []Step, source string, each func(Evaluated) error) error {
	for _, step := range steps {
		one := Evaluated{Source: step.At.Stream, Line: int(step.At.Sequence), Decision: step.Told, Updates: step.Updates, Replaces: e.current[step.At]}
		if _, _, late := step.Cause.Late(); late {
			one.LateIn = source
		}
		e.count(step)
		if step.Told == nil && len(step.Updates) == 0 {
			continue
		}
		if err := each(one); err != nil {
			return err
		}
	}
	return nil
}

func (e *Evaluation) steps(ctx context.Context, m FileMessage) []Step {
	message := &Message{Stream: m.Source, Sequence: uint64(m.Line), Data: m.Data, Stamp: e.Now}
	message.records = m.Records
	e.passed.keep(message)
	if m.Fault != nil {
		message.unread = m.Data == nil
		return []Step{e.worker.Refuse(ctx, e.Policy, message, m.Fault)}
	}
	if m.Records == nil {
		steps, out := e.worker.Process(ctx, e.Policy, message)
		if out {
			e.Summary.Out++
		}
		return steps
	}
	steps := make([]Step, 0, len(m.Records))
	for _, record := range message.sort(m.Records, e.worker.options.DNSSuffixes) {
		steps = append(steps, e.worker.Step(ctx, e.Policy, message, record)...)
	}
	return steps
}

func (e *Evaluation) count(step Step) {
	switch step.Outcome {
	case Out:
		e.Summary.Out++
	case Remembered:
		e.Summary.Remembered++
	case Context:
		e.Summary.Context++
	case Quarantined:
		e.Summary.Undecodable = append(e.Summary.Undecodable, Undecodable{Source: step.At.Stream, Line: int(step.At.Sequence), Record: step.At.Record, Fault: step.Fault})
	case Decided, Redecided, Settled:
	}
	if step.Told == nil {
		return
	}
	now := step.Told.Decision().Answer.Disposition
	if before, again := e.current[step.At]; again {
		e.Summary.Decisions[before]--
		e.Summary.Again++
	}
	e.current[step.At] = now
	e.Summary.Decisions[now]++
}
