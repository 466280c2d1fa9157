// Package gateway is the whole way through, and the only place that puts the
// rooms together.
//
// One message goes one way:
//
//	bus or file     bytes of one message, and what its subject says     gateway.go, files.go
//	scope           raw bytes: out, or worth decoding                    event.Scope
//	1 decode        bytes → Events, one a record                         event.Decode
//	2 correlate     Event → Event in its context                         install.Tracker
//	3 decide        context → Decision, by the active Snapshot           policy.Snapshot
//	4 tell          Decision → masked, traced, folded into its finding   finding.Findings
//	bus or printer  quarantine, verdicts, then the Decision              outputs.go, evaluate.go
//
// [Worker] is steps 1 to 4 for the hosts it owns; everything uses it: the
// gateway on a bus ([Run], [Start]), recorded files ([Evaluation]), the canaries
// of a candidate policy ([Policy.Activate]) and the demonstration ([Demo]).
// On a bus, hosts are spread over lanes, each a goroutine with its Worker, so
// that every record of a host is taken in stream order; a message is
// acknowledged when all it caused is stored.
//
// No step knows the next one. What one room needs of another is a plain value
// that is passed here.
package gateway

import (
	"context"
	"time"

	"msigate/gateway/event"
	"msigate/gateway/finding"
	"msigate/gateway/install"
	"msigate/gateway/policy"
	"msigate/gateway/telemetry"
)

// Message is one message as the bus, or a file, brought it.
type Message struct {
	Stream   string              // stream name; offline: the path as given
	Sequence uint64              // stream sequence; offline: the line or record number, from 1
	Subject  string              // "" offline
	Header   map[string][]string // the publisher's trace context; nil offline
	Host     string              // the one host its subject speaks for; "" where it may speak for many
	Reporter string              // who sent it where Host is "": the collector's name
	Data     []byte              // as the shipper sent it
	Stamp    time.Time           // the server's stamp: now of its decisions. Zero: now is the event's own time
	Received time.Time           // when it was taken off the bus; zero offline
}

// Outcome is what became of one record.
type Outcome uint8

// The outcomes, from the least work to the most.
const (
	Out         Outcome = iota // out of scope: nothing but an acknowledgement
	Remembered                 // a process start outside every installer tree: a compact record is kept
	Context                    // in scope, but no signal's trigger matches: it updated state
	Decided                    // the policy answered, or a fault made it a review
	Quarantined                // cannot be decoded, or speaks for another host
)

// Step is one record's way through the house.
type Step struct {
	Outcome Outcome
	Record  int                  // index inside the message
	Event   *event.Event         // nil where it could not be decoded
	Whole   bool                 // the message could not be cut into records: the Fault is the message's
	Fault   *event.Fault         // of a quarantined record
	Told    *finding.Masked      // the Decision of a decided record, and of a quarantined one in scope; masked
	Updates []finding.Update     // what the Decision did to its finding
	Trace   telemetry.Processing // of a decided or quarantined record; its end is the caller's
}

// WorkerOptions bound one worker and say how hosts are named.
type WorkerOptions struct {
	Limits      install.Limits
	Findings    finding.Limits
	DNSSuffixes []string             // stripped from host names
	Telemetry   *telemetry.Telemetry // nil: none
	Consumer    string               // durable consumer's name, for traces
	Version     string               // of msigate, for findings
}

// Worker owns the state of its hosts: lineage and findings. It is not safe for
// concurrent use; every record of a host goes to the same worker, in order.
type Worker struct {
	options    WorkerOptions
	tracker    *install.Tracker
	findings   *finding.Findings
	configured *active // whose parameters the tracker has
}

// NewWorker returns a worker that knows nothing yet.
func NewWorker(o WorkerOptions) *Worker {
	if o.Telemetry == nil {
		o.Telemetry = telemetry.Off()
	}
	return &Worker{options: o, tracker: install.NewTracker(o.Limits), findings: finding.NewFindings(o.Findings, o.Version)}
}

// Process takes one message through every step under the active Snapshot. out
// reports that no record of it could matter, which is known without decoding.
func (w *Worker) Process(ctx context.Context, p *Policy, m *Message) (steps []Step, out bool) {
	a := w.under(p)
	if w.skips(a, m) {
		return nil, true
	}
	records, fault := event.Decode(m.Data)
	if fault != nil {
		return []Step{w.Refuse(ctx, p, m, fault)}, false
	}
	steps = make([]Step, 0, len(records))
	for _, record := range m.sort(records, w.options.DNSSuffixes) {
		steps = append(steps, w.step(ctx, a, m, record))
	}
	return steps, false
}

// Step takes one record that was decoded and sorted through the steps that follow.
func (w *Worker) Step(ctx context.Context, p *Policy, m *Message, record event.Record) Step {
	return w.step(ctx, w.under(p), m, record)
}

// under takes the active Snapshot for one message or record. Correlation takes
// the policy's parameters with it; what it knows of hosts stays.
func (w *Worker) under(p *Policy) *active {
	a := p.current.Load()
	if a != w.configured {
		w.tracker.Configure(a.snapshot.Parameters())
		w.configured = a
	}
	return a
}

// Refuse quarantines a message as a whole, for a reason that is known before it is decoded.
func (w *Worker) Refuse(ctx context.Context, p *Policy, m *Message, fault *event.Fault) Step {
	a := w.under(p)
	step := w.quarantine(ctx, a, m, event.Record{Fault: fault}, a.snapshot.Scope().MayMatch(m.Data))
	step.Whole = true
	return step
}

// skips is the scope test on raw bytes: most messages end here. Where it is not
// known whose trees could matter (a collector's message, a subject whose host
// was shortened to a hash) nothing is skipped.
func (w *Worker) skips(a *active, m *Message) bool {
	trees := m.Host == "" || m.hostShortened() || w.tracker.HasTrees(m.Host)
	return a.snapshot.Scope().Skips(m.Data, trees)
}

func (w *Worker) step(ctx context.Context, a *active, m *Message, record event.Record) Step {
	e := record.Event
	switch {
	case record.Fault != nil && e != nil:
		return w.quarantine(ctx, a, m, record, a.snapshot.Scope().Matches(e))
	case record.Fault != nil:
		// Which bytes are this record's cannot be told once it did not decode;
		// what stands around it can only widen the scope.
		return w.quarantine(ctx, a, m, record, a.snapshot.Scope().MayMatch(m.Data))
	}
	step := Step{Record: record.Index, Event: e}
	switch a.snapshot.Scope().Outcome(e, w.tracker.Tracks) {
	case event.Out:
		return step
	case event.Remembered:
		w.tracker.Remember(e, m.position(record))
		step.Outcome = Remembered
		return step
	case event.InScope:
	}
	c := w.tracker.Apply(e, m.position(record))
	if !a.snapshot.Triggers(&c) {
		step.Outcome = Context
		return step
	}
	step.Outcome = Decided
	began := time.Now()
	d := a.snapshot.Decide(ctx, w.trigger(m, record), w.facts(m, &c))
	w.tell(ctx, a, m, &step, d, began)
	return step
}

func (m *Message) position(record event.Record) install.Position {
	return install.Position{Stream: m.Stream, Sequence: m.Sequence, Record: record.Index}
}

func (w *Worker) trigger(m *Message, record event.Record) policy.Trigger {
	return policy.Trigger{Stream: m.Stream, Sequence: m.Sequence, Record: record.Index, Cause: policy.CauseEvent}
}

func (w *Worker) facts(m *Message, c *install.Context) policy.Facts {
	f := policy.Facts{Context: c, Host: c.Event.Host, Now: m.Stamp}
	if f.Now.IsZero() {
		f.Now = c.Event.Time
	}
	return f
}

// quarantine settles a record that cannot be decided. One that is in scope is
// a review besides: an attacker must not be able to choose silence.
func (w *Worker) quarantine(ctx context.Context, a *active, m *Message, record event.Record, inScope bool) Step {
	step := Step{Outcome: Quarantined, Record: record.Index, Event: record.Event, Fault: record.Fault}
	if !inScope {
		step.Trace = w.options.Telemetry.Process(ctx, w.work(m, &step, nil, time.Time{}))
		return step
	}
	host := m.sender()
	if host == "" && record.Event != nil {
		host = record.Event.Host
	}
	c := install.Context{Event: &event.Event{Kind: event.KindOther, Host: host, Time: m.Stamp}}
	d := a.snapshot.Undecidable(w.trigger(m, record), w.facts(m, &c), string(record.Fault.Reason))
	w.tell(ctx, a, m, &step, d, time.Time{})
	return step
}

// tell masks the Decision, traces it and folds it into its finding.
func (w *Worker) tell(ctx context.Context, a *active, m *Message, step *Step, d policy.Decision, began time.Time) {
	step.Told = a.masker.Mask(d)
	step.Trace = w.options.Telemetry.Process(ctx, w.work(m, step, &d, began))
	step.Updates = w.findings.Apply(step.Told, step.trace())
}

// trace is what the Decision and the finding name of the trace.
func (s *Step) trace() finding.TraceRef {
	return finding.TraceRef{TraceID: s.Trace.TraceID(), SpanID: s.Trace.SpanID()}
}

// work describes a record for its spans. A Decision that is not expected goes
// out as a verdict, so its spans are always recorded.
func (w *Worker) work(m *Message, step *Step, d *policy.Decision, began time.Time) telemetry.Work {
	work := telemetry.Work{
		Header:   m.Header,
		Subject:  m.Subject,
		Template: subjectTemplate(m),
		Consumer: w.options.Consumer,
		Stream:   m.Stream,
		Sequence: m.Sequence,
		Record:   step.Record,
		Received: m.Received,
		Began:    began,
	}
	if step.Fault != nil {
		work.Quarantine = string(step.Fault.Reason)
	}
	if d != nil {
		work.Took = d.Took
		work.Disposition = string(d.Answer.Disposition)
		work.Severity = string(d.Answer.Severity)
		work.Cause = string(d.Trigger.Cause)
		work.Fault = d.FaultKind()
		work.Verdict = d.Answer.Disposition != policy.Expected
	}
	return work
}

func subjectTemplate(m *Message) string {
	if m.Host == "" {
		return "events.collector.{name}"
	}
	return "events.host.{host}"
}

// Evictions counts what the bounds made this worker forget, by kind.
func (w *Worker) Evictions() map[string]uint64 {
	all := w.tracker.Evictions()
	all["findings"] = w.findings.Evicted()
	return all
}
