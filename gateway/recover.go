package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// outputStreams are those that a gateway publishes decisions to, and what
// comes with them.
var outputStreams = []string{bus.StreamDecisions, bus.StreamVerdicts, bus.StreamQuarantine}

// published is what the gateway before this one told of the events that this
// one takes through the steps again. A nil one holds nothing.
type published struct {
	ids       map[string]bool             // Nats-Msg-Id of everything
	decisions map[string][]byte           // decision log events by the decision's id
	verdicts  map[policy.Trigger][]orphan // those of each trigger, in order
}

// orphan is a verdict as its headers tell it.
type orphan struct {
	id   string
	told finding.Published
}

// has tells whether an output is stored.
func (p *published) has(id string) bool { return p != nil && p.ids[id] }

// decision gives what was answered to a trigger.
func (p *published) decision(t policy.Trigger) (policy.Published, bool) {
	if p == nil {
		return policy.Published{}, false
	}
	raw, ok := p.decisions[t.ID()]
	if !ok {
		return policy.Published{}, false
	}
	log, err := finding.ReadDecisionLog(raw)
	if err != nil {
		return policy.Published{}, false // not of ours: the trigger is evaluated
	}
	return log.Published(), true
}

// orphans are the verdicts of a trigger whose Decision was not stored any more.
func (p *published) orphans(t policy.Trigger) []orphan {
	if p == nil || p.has(t.ID()) {
		return nil
	}
	return p.verdicts[t]
}

// fold folds a Decision into its finding. Where verdicts of it were stored
// before a restart and are not what it says now, since another Snapshot decided
// it then, the finding stands where they put it, and goes on from there.
func (w *Worker) fold(step *Step, trigger policy.Trigger) []finding.Update {
	step.Stored = w.published.has(trigger.ID())
	orphans := w.published.orphans(trigger)
	if len(orphans) == 0 {
		return w.findings.Apply(step.Told, step.trace())
	}
	before, err := w.findingsOf(step.Host)
	if err != nil {
		return w.findings.Apply(step.Told, step.trace()) // what was just exported can be written down
	}
	updates := w.findings.Apply(step.Told, step.trace())
	if toldAll(updates, orphans) {
		return updates
	}
	if err := w.findings.Import(step.Host, before); err != nil {
		return updates // what was just exported cannot be refused
	}
	for _, o := range orphans {
		o.told.Host = step.Host
		w.findings.Adopt(o.told)
	}
	return w.findings.Apply(step.Told, step.trace())
}

// findingsOf is a copy of what is known of a host's findings.
func (w *Worker) findingsOf(host string) (*finding.HostState, error) {
	state, _ := w.findings.Export(host)
	raw, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	copied := &finding.HostState{}
	return copied, json.Unmarshal(raw, copied)
}

// toldAll tells whether each orphan is one of the updates.
func toldAll(updates []finding.Update, orphans []orphan) bool {
	ids := map[string]bool{}
	for i := range updates {
		ids[updates[i].MsgID] = true
	}
	for _, o := range orphans {
		if !ids[o.id] {
			return false
		}
	}
	return true
}

// recover loads what is written of every host, starts the lanes, and takes
// what came since through the steps again. When it returns, the lanes know what
// the gateway before this one would know by now, had it gone on.
func (g *Gateway) recover(ctx context.Context) (err error) {
	began := time.Now()
	if g.states, err = bus.OpenState(ctx, g.options.Conn); err != nil {
		return err
	}
	refused, hosts, err := g.loadStates(ctx)
	if err != nil {
		return err
	}
	if g.recovered, err = bus.Delivered(ctx, g.options.Conn); err != nil {
		return err
	}
	behind := g.recovered > g.mark.Sequence || len(refused) > 0
	if behind {
		from := g.mark.Outputs
		if len(refused) > 0 {
			from = nil // what is rebuilt may have been told long ago
		}
		stored, err := g.readPublished(ctx, from)
		if err != nil {
			return err
		}
		for _, l := range g.lanes {
			l.worker.published = stored
		}
	}
	for _, l := range g.lanes {
		l.noteDue()
		g.lanesRunning.Go(func() { l.run(g.given) })
	}
	if !behind {
		return nil
	}
	n, err := g.replayAll(ctx, refused)
	if err != nil {
		return err
	}
	g.options.Telemetry.Log.Info("state recovered", "hosts", hosts, "events read again", n, "took", time.Since(began).Round(time.Millisecond))
	return nil
}

// replayAll reads again what hosts whose entry was refused were ever told, then
// what came since the watermark, and waits until all it caused is stored.
func (g *Gateway) replayAll(ctx context.Context, refused []string) (int, error) {
	total := 0
	for _, host := range refused {
		n, err := g.replay(ctx, 0, min(g.mark.Sequence, g.recovered), host)
		if err != nil {
			return total, err
		}
		total += n
	}
	n, err := g.replay(ctx, g.mark.Sequence+1, g.recovered, "")
	if err != nil {
		return total, err
	}
	total += n
	if err := g.awaitAll(&g.replayed); err != nil {
		return total, err
	}
	var forgotten sync.WaitGroup
	forgotten.Add(len(g.lanes))
	for _, l := range g.lanes {
		select {
		case l.jobs <- job{done: func() {
			l.worker.published = nil
			forgotten.Done()
		}}:
		case <-g.given.Done():
			return total, g.given.Err()
		}
	}
	return total, g.awaitAll(&forgotten)
}

// awaitAll waits for all, or until the gateway is given up.
func (g *Gateway) awaitAll(all *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-g.given.Done():
		return g.given.Err()
	}
}

// loadStates gives every host's entry to its lane. What cannot be read is
// refused, said, and rebuilt from EVENTS.
func (g *Gateway) loadStates(ctx context.Context) (refusedHosts []string, hosts int, err error) {
	err = g.states.Load(ctx, func(entry bus.StateEntry) error {
		if entry.Key == bus.StateWatermark {
			g.markRevision = entry.Revision
			if err := json.Unmarshal(entry.Value, &g.mark); err != nil {
				g.refuseState(ctx, entry.Key, err)
				g.mark = watermark{}
			}
			return nil
		}
		if strings.HasPrefix(entry.Key, bus.StateRollups) {
			if err := g.rollups.load(entry); err != nil {
				g.refuseState(ctx, entry.Key, err)
			}
			return nil
		}
		if !strings.HasPrefix(entry.Key, bus.StateHosts) {
			return nil
		}
		host, err := g.loadHost(entry)
		if err != nil {
			g.refuseState(ctx, entry.Key, err)
			refusedHosts = append(refusedHosts, host)
			return nil
		}
		hosts++
		return nil
	})
	return refusedHosts, hosts, err
}

// loadHost gives a host's entry to its lane.
func (g *Gateway) loadHost(entry bus.StateEntry) (host string, err error) {
	s, err := decodeState(entry.Value)
	if err == nil && bus.StateKey(s.Host) != entry.Key {
		err = fmt.Errorf("it is of host %s", s.Host)
	}
	if err != nil {
		host = hostOfKey(entry.Key)
		g.lane(host).hosts[host] = &laneHost{revision: entry.Revision}
		return host, err
	}
	l := g.lane(s.Host)
	l.hosts[s.Host] = &laneHost{revision: entry.Revision}
	if err := l.worker.restore(s); err != nil {
		return s.Host, err
	}
	l.hosts[s.Host].reached = s.Reached
	return s.Host, nil
}

// hostOfKey is the host that a key is of; of a very long name, what the
// subjects have in its place.
func hostOfKey(key string) string {
	token := strings.ReplaceAll(strings.TrimPrefix(key, bus.StateHosts), "=", "%")
	host, _, err := bus.HostFromSubject("events.host." + token)
	if err != nil {
		return token
	}
	return host
}

// refuseState says that an entry is not used.
func (g *Gateway) refuseState(ctx context.Context, key string, err error) {
	detail := fmt.Sprintf("the entry %s of %s is refused: %v", key, bus.BucketState, err)
	g.options.Telemetry.Log.Warn("state refused; it is rebuilt from "+bus.StreamEvents, "key", key, "bucket", bus.BucketState, "error", err)
	g.audit(ctx, auditEvent{Time: time.Now(), Event: "state_refused", Bundles: g.options.Policy.Snapshot().Bundles(), Detail: detail})
}

// readPublished reads the output streams from where they stood.
func (g *Gateway) readPublished(ctx context.Context, from map[string]uint64) (*published, error) {
	p := &published{ids: map[string]bool{}, decisions: map[string][]byte{}, verdicts: map[policy.Trigger][]orphan{}}
	o := bus.ReadOutputsOptions{From: map[string]uint64{}, Malformed: func(stream string, sequence uint64, err error) {
		g.options.Telemetry.Log.Warn("a message that this gateway did not write is passed over", "stream", stream, "sequence", sequence, "error", err)
	}}
	for _, stream := range outputStreams {
		o.From[stream] = from[stream] + 1
	}
	err := bus.ReadOutputs(ctx, g.options.Conn, o, func(o bus.StoredOutput) bool {
		p.ids[o.MsgID] = true
		switch o.Stream {
		case bus.StreamDecisions:
			p.decisions[o.MsgID] = o.Data
		case bus.StreamVerdicts:
			t := policy.Trigger{Stream: o.Trigger.Stream, Sequence: o.Trigger.Sequence, Record: o.Trigger.Record, Cause: policy.Cause(o.Trigger.Cause)}
			p.verdicts[t] = append(p.verdicts[t], orphan{id: o.MsgID, told: publishedVerdict(o.Header)})
		}
		return true
	})
	return p, err
}

// replay takes messages of EVENTS through the lanes again, those of one host
// alone where it is named.
func (g *Gateway) replay(ctx context.Context, from, to uint64, host string) (int, error) {
	if from > to {
		return 0, nil
	}
	o := bus.ReadOptions{Stream: bus.StreamEvents, From: from, To: to}
	if host != "" {
		o.Subjects = g.subjectsOf(host)
	}
	n, told := 0, time.Now()
	err := bus.Read(ctx, g.options.Conn, o, func(m *bus.Message) bool {
		n++
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			g.options.Telemetry.Log.Info("reading again what came since the state was written down", "sequence", m.Sequence, "to", to)
		}
		g.replayed.Add(1)
		g.takeIn(m, host, g.replayed.Done)
		return g.given.Err() == nil
	})
	return n, errors.Join(err, g.given.Err())
}

// subjectsOf are where a host's events come: its own subject, and every
// collector's.
func (g *Gateway) subjectsOf(host string) []string {
	subjects := []string{bus.EventSubject(host)}
	for name := range g.collectors {
		subjects = append(subjects, bus.CollectorSubject(name))
	}
	return subjects
}

// maxHistory is how many messages are read again for one late record at most.
const maxHistory = 20_000

// history reads what came on the subject of m, and on that of the message at
// from, again for a worker.
func (g *Gateway) history(ctx context.Context, m *Message, from install.Position, each func(*Message) bool) error {
	subjects := []string{m.Subject}
	n, next := 0, from.Sequence
	for next <= m.Sequence && n < maxHistory {
		err := g.readAgain(ctx, &subjects, next, m.Sequence, func(old *bus.Message) bool {
			next = old.Sequence + 1
			n++
			message, err := g.message(old)
			return n <= maxHistory && (err != nil || each(&message))
		})
		if err == nil {
			return ctx.Err()
		}
		g.options.Telemetry.Log.Warn("reading events again; it is tried until the bus answers", "from", next, "error", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

func (g *Gateway) readAgain(ctx context.Context, subjects *[]string, from, to uint64, each func(*bus.Message) bool) error {
	first, err := bus.Get(ctx, g.options.Conn, bus.StreamEvents, from)
	switch {
	case errors.Is(err, bus.ErrGone):
	case err != nil:
		return err
	case !slices.Contains(*subjects, first.Subject):
		*subjects = append(*subjects, first.Subject)
	}
	return bus.Read(ctx, g.options.Conn, bus.ReadOptions{Stream: bus.StreamEvents, Subjects: *subjects, From: from, To: to}, each)
}
