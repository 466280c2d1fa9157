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
//	and again       what a record changes of what was decided before     late.go, timers.go
//	bus or printer  quarantine, verdicts, then the Decision              outputs.go, evaluate.go
//
// [Worker] is steps 1 to 4 for the hosts it owns; everything uses it: the
// gateway on a bus ([Run], [Start]), recorded files ([Evaluation]), the canaries
// of a candidate policy ([Policy.Activate]) and the demonstration ([Demo]).
// On a bus, hosts are spread over lanes, each a goroutine with its Worker, so
// that every record of a host is taken in stream order; a message is
// acknowledged when all it caused is stored. What a worker knows of a host is
// written to the bus now and then (save.go), and what came since is read and
// taken through the same steps again when a gateway starts (recover.go).
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
	records  []event.Record      // where it was decoded when it was read; nil: decode Data
	unread   bool                // its bytes are not in Data: what it says is not known
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
	Redecided                  // decided before, and again: a late fact came, or one did not come
	Settled                    // no record: a finding to which nothing will be added
)

// Step is one record's way through the four steps.
type Step struct {
	Outcome Outcome
	Host    string               // whose it is; of a quarantined one that tells no host, its sender
	At      install.Position     // the record that is told of; zero for a finding that settled
	Cause   policy.Cause         // why it is decided
	Event   *event.Event         // nil where it could not be decoded
	Whole   bool                 // the message could not be cut into records: the Fault is the message's
	Fault   *event.Fault         // of a quarantined record
	Told    *finding.Masked      // the Decision of a decided record, and of a quarantined one in scope; masked
	Updates []finding.Update     // what that did to findings
	Mark    string               // of a self-test's message; "": of any other
	Stored  bool                 // told already by the gateway before this one: nothing is to be published
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
	SettleAfter time.Duration        // how long a finding can change; 0: 15 minutes
	History     History              // nil: what was passed over is not read again
	Published   *published           // what was told already by the gateway before this one; nil: nothing
	// Situation gives the groups of an event's host, and the change windows for
	// them, as they are known now; received is when the event arrived. nil: no
	// host is in a group.
	Situation func(c *install.Context, received time.Time) (groups []string, changes []policy.Change)
}

// Worker owns the state of its hosts: lineage, sessions, findings and timers.
// It is not safe for concurrent use; every record of a host goes to the same
// worker, in order.
type Worker struct {
	options    WorkerOptions
	tracker    *install.Tracker
	findings   *finding.Findings
	timers     timers
	published  *published
	seen       map[string]bool // ids of what is told while published is there
	configured *active         // whose parameters the tracker has
	failed     error           // of reading history: what was done since is not whole
	canary     *canaryRun      // nil but for a canary's run
}

// NewWorker returns a worker that knows nothing yet.
func NewWorker(o WorkerOptions) *Worker {
	if o.Telemetry == nil {
		o.Telemetry = telemetry.Off()
	}
	if o.SettleAfter <= 0 {
		o.SettleAfter = defaultSettleAfter
	}
	return &Worker{
		options: o, tracker: install.NewTracker(o.Limits), findings: finding.NewFindings(o.Findings, o.Version),
		timers: newTimers(), published: o.Published,
	}
}

// Process takes one message through every step under the active Snapshot. out
// reports that no record of it could matter, which is known without decoding.
func (w *Worker) Process(ctx context.Context, p *Policy, m *Message) (steps []Step, out bool) {
	a := w.under(p)
	if w.skips(a, m) && !w.published.answers(m) {
		return nil, true
	}
	records, fault := event.Decode(m.Data)
	if fault != nil {
		return []Step{w.Refuse(ctx, p, m, fault)}, false
	}
	steps = make([]Step, 0, len(records))
	for _, record := range m.sort(records, w.options.DNSSuffixes) {
		steps = w.step(ctx, a, m, record, steps)
	}
	return steps, false
}

// Step takes one record that was decoded and sorted through the steps that
// follow. The first Step it gives is the record's own.
func (w *Worker) Step(ctx context.Context, p *Policy, m *Message, record event.Record) []Step {
	return w.step(ctx, w.under(p), m, record, nil)
}

// under takes the active Snapshot for one message or record. Correlation takes
// the policy's parameters with it; what it knows of hosts stays.
func (w *Worker) under(p *Policy) *active {
	a := p.current.Load()
	if a != w.configured {
		w.tracker.Configure(a.snapshot.Parameters())
		w.configured = a
	}
	w.findings.Degraded(p.health.shown())
	return a
}

// Refuse quarantines a message as a whole, for a reason that is known before it is decoded.
func (w *Worker) Refuse(ctx context.Context, p *Policy, m *Message, fault *event.Fault) Step {
	a := w.under(p)
	step := w.quarantine(ctx, a, m, event.Record{Fault: fault}, m.unread || a.snapshot.Scope().MayMatch(m.Data))
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

// step adds the steps of one record: its own, then what it changes of others.
func (w *Worker) step(ctx context.Context, a *active, m *Message, record event.Record, steps []Step) []Step {
	e := record.Event
	switch {
	case record.Fault != nil && e != nil:
		return append(steps, w.quarantine(ctx, a, m, record, a.snapshot.Scope().Matches(e)))
	case record.Fault != nil:
		// Which bytes are this record's cannot be told once it did not decode;
		// what stands around it can only widen the scope.
		return append(steps, w.quarantine(ctx, a, m, record, a.snapshot.Scope().MayMatch(m.Data)))
	}
	if e.Stamp = m.Stamp; e.Stamp.IsZero() {
		steps = w.dueOf(ctx, a, e.Host, e.Time, steps) // nothing else tells the time of files
	}
	own := Step{Host: e.Host, At: m.position(record), Cause: policy.CauseEvent, Event: e}
	outcome, told := a.snapshot.Scope().Outcome(e, w.tracker.Tracks), w.published.told(own.At)
	if told {
		outcome = event.InScope // whatever the Snapshot says that is active now
	}
	switch outcome {
	case event.Out:
		return append(steps, own)
	case event.Remembered:
		w.tracker.Remember(e, own.At)
		own.Outcome = Remembered
		return w.late(ctx, a, m, own.At, e, append(steps, own)) // it can be an ancestor that was missing
	case event.InScope:
	}
	c := w.tracker.Apply(e, own.At)
	own.Outcome = Context
	if told || a.snapshot.Triggers(&c) {
		own.Outcome = Decided
		w.decide(ctx, a, m, &own, &c, m.now(e))
	}
	steps = append(steps, own)
	steps = w.joined(ctx, a, m, own.At, e.Host, steps)
	return w.late(ctx, a, m, own.At, e, steps)
}

func (m *Message) position(record event.Record) install.Position {
	return install.Position{Stream: m.Stream, Sequence: m.Sequence, Record: record.Index}
}

// now is what a Decision about an event of the message takes for now.
func (m *Message) now(e *event.Event) time.Time {
	if m.Stamp.IsZero() {
		return e.Time
	}
	return m.Stamp
}

// decide asks the policy, or takes what it answered before a restart.
func (w *Worker) decide(ctx context.Context, a *active, m *Message, step *Step, c *install.Context, now time.Time) {
	if w.canary != nil {
		w.decideCanary(ctx, a, step, c, now)
		return
	}
	trigger := policy.Trigger{Stream: step.At.Stream, Sequence: step.At.Sequence, Record: step.At.Record, Cause: step.Cause}
	facts := policy.Facts{Context: c, Host: c.Event.Host, Now: now, Received: c.Event.Stamp}
	if facts.Received.IsZero() {
		facts.Received = c.Event.Time
	}
	if w.options.Situation != nil {
		facts.Groups, facts.Changes = w.options.Situation(c, facts.Received)
	}
	began := time.Now()
	var d policy.Decision
	if before, ok := w.published.decision(trigger); ok {
		d = a.snapshot.Decided(trigger, facts, before)
	} else {
		d = a.snapshot.Decide(ctx, trigger, facts)
	}
	w.tracker.Watch(c, step.At)
	w.timers.pend(step.Host, step.At, d.Answer.Pending, now)
	w.tell(ctx, a, m, step, d, began)
}

// quarantine settles a record that cannot be decided. One that is in scope is
// a review besides: an attacker must not be able to choose silence.
func (w *Worker) quarantine(ctx context.Context, a *active, m *Message, record event.Record, inScope bool) Step {
	step := Step{
		Outcome: Quarantined, Host: m.sender(), At: m.position(record), Cause: policy.CauseEvent,
		Event: record.Event, Fault: record.Fault,
	}
	if step.Host == "" && record.Event != nil {
		step.Host = record.Event.Host
	}
	if !inScope {
		step.Trace = w.options.Telemetry.Process(ctx, w.work(m, &step, nil, time.Time{}))
		return step
	}
	c := install.Context{Event: &event.Event{Kind: event.KindOther, Host: step.Host, Time: m.Stamp, Stamp: m.Stamp}}
	trigger := policy.Trigger{Stream: m.Stream, Sequence: m.Sequence, Record: record.Index, Cause: policy.CauseEvent}
	d := a.snapshot.Undecidable(trigger, policy.Facts{Context: &c, Host: step.Host, Now: m.Stamp, Received: m.Stamp}, string(record.Fault.Reason))
	w.tell(ctx, a, m, &step, d, time.Time{})
	return step
}

// tell masks the Decision, traces it and folds it into its finding.
func (w *Worker) tell(ctx context.Context, a *active, m *Message, step *Step, d policy.Decision, began time.Time) {
	step.Told = a.masker.Mask(d)
	step.Trace = w.options.Telemetry.Process(ctx, w.work(m, step, &d, began))
	step.Updates = w.fold(step, d.Trigger)
	w.watchFindings(step.Host, step.Updates, d.Now)
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
		Stream:   step.At.Stream,
		Sequence: step.At.Sequence,
		Record:   step.At.Record,
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
	all["settled_findings"] = w.findings.EvictedTombstones()
	return all
}
