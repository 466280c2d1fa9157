package gateway

import (
	"context"
	"sync/atomic"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/event"
	"msigate/gateway/telemetry"
)

// laneDepth is how many jobs wait for a lane before reading stops.
const laneDepth = 256

// evictionInterval is how often a lane reports what its bounds made it forget.
const evictionInterval = 5 * time.Second

// job is a message, or one record of a collector's message, for a lane.
type job struct {
	message Message
	record  *event.Record // nil: the whole message
	fault   *event.Fault  // set: the message is quarantined as a whole
	settle  *settlement
}

// lane is one goroutine and the worker that it owns.
type lane struct {
	gateway *Gateway
	worker  *Worker
	jobs    chan job
	stop    chan struct{}     // closed when no job comes any more
	evicted map[string]uint64 // reported so far
}

func newLane(g *Gateway, w *Worker) *lane {
	return &lane{gateway: g, worker: w, jobs: make(chan job, laneDepth), stop: make(chan struct{}), evicted: map[string]uint64{}}
}

func (l *lane) run(ctx context.Context) {
	tick := time.NewTicker(evictionInterval)
	defer tick.Stop()
	for {
		select {
		case j := <-l.jobs:
			l.do(ctx, j)
		case <-l.stop:
			l.reportEvictions()
			return
		case <-tick.C:
			l.reportEvictions()
		}
	}
}

func (l *lane) do(ctx context.Context, j job) {
	steps, out := l.steps(ctx, j)
	metrics := l.gateway.options.Telemetry.Metrics
	if out {
		metrics.Event(telemetry.Out)
		j.settle.done(nil)
		return
	}
	for i := range steps {
		l.gateway.count(&steps[i])
	}
	outputs, sent := l.gateway.outputs(&j.message, steps)
	if len(outputs) == 0 {
		j.settle.done(nil)
		return
	}
	err := l.gateway.publisher.Publish(ctx, bus.Outputs{
		Host:     laneKey(&j.message, steps),
		Triggers: outputs,
		Settled: func(err error) {
			sent.end(err)
			j.settle.done(err)
		},
	})
	if err != nil {
		sent.end(err)
		j.settle.done(err)
	}
}

func (l *lane) steps(ctx context.Context, j job) (steps []Step, out bool) {
	p := l.gateway.options.Policy
	switch {
	case j.fault != nil:
		return []Step{l.worker.Refuse(ctx, p, &j.message, j.fault)}, false
	case j.record != nil:
		return []Step{l.worker.Step(ctx, p, &j.message, *j.record)}, false
	default:
		return l.worker.Process(ctx, p, &j.message)
	}
}

// laneKey orders the outputs of one host among themselves.
func laneKey(m *Message, steps []Step) string {
	if s := &steps[0]; s.Event != nil && s.Fault == nil {
		return s.Event.Host
	}
	return m.sender()
}

func (l *lane) reportEvictions() {
	for kind, n := range l.worker.Evictions() {
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
}

func newSettlement(m *bus.Message, parts int) *settlement {
	s := &settlement{message: m}
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
		return
	}
	_ = s.message.Ack() // where the server cannot be told, it comes again and is acknowledged then
}
