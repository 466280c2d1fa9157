package gateway

import (
	"context"
	"fmt"
	"io"
	"time"

	"msigate/gateway/event"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// Evaluation is the gateway without a bus: files in, decisions out, by the
// very same steps. Not safe for concurrent use.
type Evaluation struct {
	Policy *Policy
	Now    time.Time // of every decision; zero: the event's own time
	worker *Worker

	Summary Summary
}

// Summary counts what an Evaluation read and what became of it.
type Summary struct {
	Read        int // messages
	Out         int // messages and records out of scope
	Remembered  int
	Context     int
	Decisions   map[policy.Disposition]int
	Undecodable []Undecodable
}

// Decided is how many decisions there are.
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

// Evaluated is one decided record of a file.
type Evaluated struct {
	Source   string
	Line     int
	Decision *finding.Masked
	Updates  []finding.Update
}

// OfflineDeadline bounds one evaluation over files. It is far above a live
// event's, so that recorded events get the same answer on a busy machine.
const OfflineDeadline = 10 * time.Second

// NewEvaluation starts one with an empty state.
func NewEvaluation(p *Policy, o WorkerOptions) *Evaluation {
	return &Evaluation{Policy: p, worker: NewWorker(o), Summary: Summary{Decisions: map[policy.Disposition]int{}}}
}

// Run reads paths as [ReadFiles] does and calls each with every decided
// record, in order, and read, if not nil, after each message.
func (e *Evaluation) Run(ctx context.Context, paths []string, stdin io.Reader, each func(Evaluated) error, read func()) error {
	return ReadFiles(ctx, paths, stdin, func(m FileMessage) error {
		e.Summary.Read++
		if read != nil {
			read()
		}
		for _, step := range e.steps(ctx, m) {
			e.count(m, step)
			if step.Told == nil {
				continue
			}
			if err := each(Evaluated{Source: m.Source, Line: m.Line, Decision: step.Told, Updates: step.Updates}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *Evaluation) steps(ctx context.Context, m FileMessage) []Step {
	message := &Message{Stream: m.Source, Sequence: uint64(m.Line), Data: m.Data, Stamp: e.Now}
	if m.Fault != nil {
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
		steps = append(steps, e.worker.Step(ctx, e.Policy, message, record))
	}
	return steps
}

func (e *Evaluation) count(m FileMessage, step Step) {
	switch step.Outcome {
	case Out:
		e.Summary.Out++
	case Remembered:
		e.Summary.Remembered++
	case Context:
		e.Summary.Context++
	case Quarantined:
		e.Summary.Undecodable = append(e.Summary.Undecodable, Undecodable{Source: m.Source, Line: m.Line, Record: step.Record, Fault: step.Fault})
	case Decided:
	}
	if step.Told != nil {
		e.Summary.Decisions[step.Told.Decision().Answer.Disposition]++
	}
}
