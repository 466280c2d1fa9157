package gateway

import (
	"context"
	"sync/atomic"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/coverage"
	"msigate/gateway/event"
	"msigate/gateway/telemetry"
)

// laneDepth is how many jobs wait for a lane before reading stops.
const laneDepth = 256

// laneWrites is how many entries of a lane's hosts are on their way at once:
// enough to be stored together, few enough that outputs find room beside them.
const laneWrites = 128

// reportInterval is how often a lane reports what its bounds made it forget and
// what it waits for.
const reportInterval = 5 * time.Second

// job is what a lane is given, in stream order: a message, or one record of a
// collector's message; else a clock alone, and perhaps more to do by it.
type job struct {
	message Message
	record  *event.Record // nil: the whole message
	fault   *event.Fault  // set: the message is quarantined as a whole
	mark    string        // of a self-test's message; "": of any other
	settle  *settlement   // nil: there is no message

	clock time.Time  // every message stamped before it was given; zero: the message's stamp
	save  *saveRound // write down every host that has changed
	done  func()     // called when all before it is done
}

// lane is one goroutine and the worker that it owns.
type lane struct {
	gateway *Gateway
	worker  *Worker
	jobs    chan job
	stop    chan struct{}     // closed when no job comes any more
	evicted map[string]uint64 // reported so far
	due     atomic.Int64      // when the next timer is, in ns since 1970; 0: there is none

	facts, unsettled atomic.Int64 // facts that are waited for, findings that can still change

	coverage *coverage.Recorder // what arrives of the lane's hosts

	hosts   map[string]*laneHost // what is written of them
	saving  []string             // hosts still to be written in the round
	round   *saveRound
	writing chan struct{} // one in it for each entry that is on its way

	replayed bool // what the gateway before was given is taken

	selftests selftests
}

func newLane(g *Gateway, w *Worker) *lane {
	return &lane{
		coverage: coverage.NewRecorder(w.options.Limits.Hosts),
		gateway:  g, worker: w, jobs: make(chan job, laneDepth), stop: make(chan struct{}),
		evicted: map[string]uint64{}, hosts: map[string]*laneHost{}, writing: make(chan struct{}, laneWrites),
	}
}

func (l *lane) run(ctx context.Context) {
	tick := time.NewTicker(reportInterval)
	defer tick.Stop()
	for {
		if len(l.saving) > 0 {
			// Writing down goes on between the jobs, so that no event waits for it.
			select {
			case j := <-l.jobs:
				l.do(ctx, j)
			case l.writing <- struct{}{}:
				l.saveNext(ctx)
			case <-ctx.Done():
				l.saveNone(ctx.Err())
			}
			continue
		}
		select {
		case j := <-l.jobs:
			l.do(ctx, j)
		case <-l.stop:
			l.report()
			l.abandon()
			return
		case <-tick.C:
			l.report()
		}
	}
}

// abandon tells whoever waits for a job that nobody does it any more.
func (l *lane) abandon() {
	for {
		select {
		case j := <-l.jobs:
			switch {
			case j.save != nil:
				j.save.stored(0, context.Canceled)
				j.save.waiting.Done()
			case j.settle != nil && j.settle.after != nil:
				j.settle.after()
			}
			if j.done != nil {
				j.done()
			}
		default:
			return
		}
	}
}

func (l *lane) do(ctx context.Context, j job) {
	l.fire(ctx, j)
	switch {
	case j.save != nil:
		l.beginSave(j.save)
	case j.mark != "":
		l.takeSelftest(ctx, j)
	case j.settle != nil:
		l.take(ctx, j)
	}
	if j.done != nil {
		j.done()
	}
}

// fire tells what is due before the job's own message is looked at: all that
// was stamped earlier has been.
func (l *lane) fire(ctx context.Context, j job) {
	clock := j.clock
	if clock.IsZero() {
		clock = j.message.Stamp
	}
	defer l.forget(clock)
	if due := l.due.Load(); due == 0 || due > clock.UnixNano() {
		return
	}
	steps := l.worker.Due(ctx, l.gateway.options.Policy, clock)
	for len(steps) > 0 {
		n := 1
		for n < len(steps) && steps[n].Host == steps[0].Host {
			n++
		}
		l.touch(steps[0].Host, reached{})
		l.publish(ctx, &Message{Stream: bus.StreamEvents, Host: steps[0].Host, Stamp: clock}, steps[:n], func(error) {})
		steps = steps[n:]
	}
	l.noteDue()
}

// forget drops what the gateway before told, once every timer has fired that
// can have made it tell any of it.
func (l *lane) forget(clock time.Time) {
	if p := l.worker.published; p != nil && l.replayed && clock.After(p.until) {
		l.worker.published = nil
	}
}

func (l *lane) noteDue() {
	next := l.worker.timers.earliest()
	if next.IsZero() {
		l.due.Store(0)
		return
	}
	l.due.Store(next.UnixNano())
}

// take takes a message, or a record, through the steps.
func (l *lane) take(ctx context.Context, j job) {
	if l.taken(&j) {
		j.settle.done(nil)
		return
	}
	steps, out := l.steps(ctx, j)
	l.cover(&j, steps, out)
	if out {
		l.gateway.options.Telemetry.Metrics.Event(telemetry.Out)
		j.settle.done(nil)
		return
	}
	if l.worker.failed != nil {
		l.gateway.fail(l.worker.failed)
		j.settle.done(l.worker.failed)
		return
	}
	changed := false
	for i := range steps {
		changed = changed || steps[i].Outcome != Out
	}
	if changed {
		at := reached{Sequence: j.message.Sequence, Record: steps[0].At.Record}
		if j.record == nil {
			at.Record = wholeMessage
		}
		l.touch(laneKey(&j.message, steps), at)
		l.noteDue()
	}
	l.publish(ctx, &j.message, steps, j.settle.done)
}

func (l *lane) publish(ctx context.Context, m *Message, steps []Step, settled func(error)) {
	for i := range steps {
		l.gateway.count(&steps[i])
		l.gateway.approved.note(steps[i].Told)
	}
	for i := range steps {
		l.gateway.rollups.observe(steps[i].Updates)
	}
	outputs, sent := l.gateway.outputs(m, steps, l.worker.published)
	l.store(ctx, laneKey(m, steps), outputs, sent, settled)
}

// store publishes outputs behind all that has the same key.
func (l *lane) store(ctx context.Context, key string, outputs []bus.Triggered, sent *sending, settled func(error)) {
	if len(outputs) == 0 {
		sent.end(nil)
		settled(nil)
		return
	}
	err := l.gateway.publisher.Publish(ctx, bus.Outputs{
		Host:     key,
		Triggers: outputs,
		Settled: func(err error) {
			sent.end(err)
			settled(err)
		},
	})
	if err != nil {
		sent.end(err)
		settled(err)
	}
}

func (l *lane) steps(ctx context.Context, j job) (steps []Step, out bool) {
	p := l.gateway.options.Policy
	switch {
	case j.fault != nil:
		return []Step{l.worker.Refuse(ctx, p, &j.message, j.fault)}, false
	case j.record != nil:
		return l.worker.Step(ctx, p, &j.message, *j.record), false
	default:
		return l.worker.Process(ctx, p, &j.message)
	}
}

// laneKey orders the outputs of one host among themselves.
func laneKey(m *Message, steps []Step) string {
	if len(steps) > 0 && steps[0].Host != "" && steps[0].Fault == nil {
		return steps[0].Host
	}
	return m.sender()
}

func (l *lane) report() {
	facts, findings := l.worker.timers.waiting()
	l.facts.Store(int64(facts))
	l.unsettled.Store(int64(findings))
	evictions := l.worker.Evictions()
	evictions["coverage"] = l.coverage.Evicted()
	for kind, n := range evictions {
		if fresh := n - l.evicted[kind]; fresh > 0 {
			l.gateway.options.Telemetry.Metrics.Evicted(kind, int(fresh))
			l.evicted[kind] = n
		}
	}
}

// settlement acknowledges a message when all its parts are settled. A part
// that failed gives the message back: it comes again.
type settlement struct {
	message *bus.Message
	left    atomic.Int64
	failed  atomic.Bool
	after   func() // called when the last part is settled; nil: nobody waits
}

func newSettlement(m *bus.Message, parts int, after func()) *settlement {
	s := &settlement{message: m, after: after}
	s.left.Store(int64(max(parts, 1)))
	return s
}

// done settles one part. A *bus.RefusedError is settled too: a record of what
// the server would not take is in quarantine.
func (s *settlement) done(err error) {
	if err != nil && !refused(err) {
		s.failed.Store(true)
	}
	if s.left.Add(-1) > 0 {
		return
	}
	if s.failed.Load() {
		_ = s.message.Nak(0) // where the server cannot be told, the message comes again by itself
	} else {
		_ = s.message.Ack() // where the server cannot be told, it comes again and is acknowledged then
	}
	if s.after != nil {
		s.after()
	}
}
