package gateway

import (
	"context"
	"hash/maphash"
	"regexp"
	"slices"

	"msigate/gateway/bus"
	"msigate/gateway/event"
	"msigate/gateway/finding"
	"msigate/gateway/install"
)

// selftestMark is what a mark looks like: the run, and the number of the sequence.
var selftestMark = regexp.MustCompile(`^[a-z0-9]{1,32}\.[0-9]{1,4}$`)

// selftestsPerLane is how many marked sequences a lane remembers, each apart.
const selftestsPerLane = 32

// selftests are the marked sequences of a lane: each with a worker of its own, as
// if its host had never been heard of. Nothing of them is written down.
type selftests struct {
	workers map[string]*Worker
	order   []string // the oldest first
}

// marked gives the mark of a self-test's message; "" where it has none that
// counts. It does where the subject speaks for the reserved host and every record
// is that host's own: so a mark never takes any other host's event out of the
// queues of people, wherever it comes and whatever it says.
func marked(m *bus.Message) string {
	mark := m.Header.Get(bus.HeaderSelftest)
	if mark == "" || !selftestMark.MatchString(mark) {
		return ""
	}
	if name, kind, err := bus.HostFromSubject(m.Subject); err != nil || kind != bus.SubjectHost || name != bus.SelftestHost {
		return ""
	}
	records, fault := event.Decode(m.Data)
	if fault != nil || len(records) == 0 || slices.ContainsFunc(records, func(r event.Record) bool {
		return r.Fault != nil || r.Event.Host != bus.SelftestHost
	}) {
		return ""
	}
	return mark
}

// takeSelftest gives a marked message to the lane that its mark leads to, so that
// the sequences of a run try them all. One that the gateway before was given is
// passed over: what was asked is answered, or asked again.
func (g *Gateway) takeSelftest(m *bus.Message, message Message, mark string, settled func()) {
	settle := newSettlement(m, 1, settled)
	if m.Sequence <= g.recovered {
		settle.done(nil)
		return
	}
	j := job{message: message, mark: mark, settle: settle}
	select {
	case g.lanes[maphash.String(g.seed, mark)%uint64(len(g.lanes))].jobs <- j:
	case <-g.given.Done():
		if settled != nil {
			settled()
		}
	}
}

// takeSelftest takes a marked message through the very steps that any other takes.
// What comes of it is published apart, and counted nowhere: no metric of events, no
// rollup, no entry of the state.
func (l *lane) takeSelftest(ctx context.Context, j job) {
	steps, out := l.selftests.worker(l, j.mark).Process(ctx, l.gateway.options.Policy, &j.message)
	if out {
		j.settle.done(nil)
		return
	}
	for i := range steps {
		steps[i].Mark = j.mark
	}
	outputs, sent := l.gateway.outputs(&j.message, steps, nil)
	sent.metrics = nil
	l.store(ctx, laneSelftest, outputs, sent, j.settle.done)
}

// laneSelftest orders what is stored of self-tests: no host's name is in upper case.
const laneSelftest = "SELFTEST"

func (s *selftests) worker(l *lane, mark string) *Worker {
	if w := s.workers[mark]; w != nil {
		return w
	}
	if len(s.order) >= selftestsPerLane {
		delete(s.workers, s.order[0])
		s.order = s.order[1:]
	}
	if s.workers == nil {
		s.workers = map[string]*Worker{}
	}
	o := l.worker.options
	o.Limits, o.Findings = install.Limits{Hosts: 1, Processes: 64, ProcessesPerHost: 64}, finding.Limits{MaxFindings: 16, MaxTombstones: 16}
	o.History, o.Published = nil, nil
	w := NewWorker(o)
	s.workers[mark], s.order = w, append(s.order, mark)
	return w
}
