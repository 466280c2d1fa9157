package gateway

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// outputStreams are those that a gateway publishes decisions to, and what
// comes with them.
var outputStreams = []string{bus.StreamDecisions, bus.StreamVerdicts, bus.StreamQuarantine}

// published is what the gateway before this one told of the events that this
// one takes through the steps again. A nil one holds nothing. It does not
// change once it is read.
type published struct {
	ids       map[string]bool             // Nats-Msg-Id of everything
	decisions map[string][]byte           // decision log events by the decision's id
	verdicts  map[policy.Trigger][]orphan // those of each trigger, in order
	messages  map[uint64]bool             // sequences of EVENTS that were answered
	highest   uint64                      // of them
	standing  map[string]orphan           // the last verdict of each finding, by uid
	timed     *published                  // of it, what timers made be told; nil: nothing
	until     time.Time                   // when the last of it was stored
}

// orphan is a verdict as its headers tell it.
type orphan struct {
	id    string
	token string  // of the host, as in its subject
	cause string  // of its trigger; "" where it has none
	by    reached // the record that made it be told; of what a timer did, the one decided
	told  finding.Published
}

func newPublished() *published {
	return &published{
		ids: map[string]bool{}, decisions: map[string][]byte{}, verdicts: map[policy.Trigger][]orphan{},
		messages: map[uint64]bool{}, standing: map[string]orphan{},
	}
}

// has tells whether an output is stored.
func (p *published) has(id string) bool { return p != nil && p.ids[id] }

// told tells whether the record at a position was decided.
func (p *published) told(at install.Position) bool {
	if p == nil || !p.messages[at.Sequence] {
		return false
	}
	t := policy.Trigger{Stream: at.Stream, Sequence: at.Sequence, Record: at.Record, Cause: policy.CauseEvent}
	return p.has(t.ID()) || len(p.verdicts[t]) > 0
}

// answers tells whether any record of a message was decided.
func (p *published) answers(m *Message) bool {
	return p != nil && m.Stream == bus.StreamEvents && p.messages[m.Sequence]
}

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

// later is what is needed once the events are read again: a timer that was due
// before may fire only when the clock says so. nil where that is nothing.
func (p *published) later() *published {
	if p == nil {
		return nil
	}
	return p.timed
}

// isTimed tells whether a timer made an output be told.
func isTimed(cause string) bool { return cause == "" || strings.HasPrefix(cause, "due:") }

// add takes in an output.
func (p *published) add(o *bus.StoredOutput) {
	t := policy.Trigger{Stream: o.Trigger.Stream, Sequence: o.Trigger.Sequence, Record: o.Trigger.Record, Cause: policy.Cause(o.Trigger.Cause)}
	p.ids[o.MsgID] = true
	if t.Stream == bus.StreamEvents {
		p.messages[t.Sequence] = true
		p.highest = max(p.highest, t.Sequence)
	}
	if o.Stamp.After(p.until) {
		p.until = o.Stamp
	}
	switch o.Stream {
	case bus.StreamDecisions:
		p.decisions[o.MsgID] = o.Data
	case bus.StreamVerdicts:
		one := orphan{id: o.MsgID, token: lastToken(o.Subject), cause: o.Trigger.Cause, by: reached{t.Sequence, t.Record}, told: publishedVerdict(o.Header)}
		if fact, ok := strings.CutPrefix(one.cause, "fact:"); ok {
			_, _ = fmt.Sscanf(fact, "%d.%d", &one.by.Sequence, &one.by.Record) // of ours, it is two numbers
		}
		p.verdicts[t] = append(p.verdicts[t], one)
		p.standing[one.told.UID] = one
	}
}

func lastToken(subject string) string { return subject[strings.LastIndexByte(subject, '.')+1:] }

// readPublished reads what the gateway before told since it wrote down the
// state; of hosts whose state was refused, all that it ever told.
func (g *Gateway) readPublished(ctx context.Context, refused []string) (*published, error) {
	p, timed := newPublished(), newPublished()
	whole := map[string]bool{}
	for _, host := range refused {
		whole[bus.HostToken(host)] = true
		whole[host] = true // a shortened token stands for itself
	}
	o := bus.ReadOutputsOptions{From: map[string]uint64{}, Malformed: func(stream string, sequence uint64, err error) {
		g.options.Telemetry.Log.Warn("a message that this gateway did not write is passed over", "stream", stream, "sequence", sequence, "error", err)
	}}
	for _, stream := range outputStreams {
		o.From[stream] = g.mark.Outputs[stream] + 1
		if len(refused) > 0 {
			o.From[stream] = g.mark.Before[stream] + 1
		}
	}
	err := bus.ReadOutputs(ctx, g.options.Conn, o, func(o bus.StoredOutput) bool {
		if o.Trigger.Stream == bus.StreamVerdicts || o.Trigger.Stream == "" && o.Header.Get(HeaderRevision) == "" {
			return true // a rollup
		}
		if o.Header.Get(bus.HeaderSelftest) != "" {
			return true // it answers a self-test, and no host's state knows of it
		}
		if o.Sequence <= g.mark.Outputs[o.Stream] && o.Stream != bus.StreamQuarantine && !whole[lastToken(o.Subject)] {
			return true // of a host whose state stands for it
		}
		p.add(&o)
		if o.Stream != bus.StreamQuarantine && isTimed(o.Trigger.Cause) {
			timed.add(&o)
		}
		return true
	})
	if err != nil || len(p.ids) == 0 {
		return nil, err
	}
	if len(timed.ids) > 0 {
		p.timed = timed
	}
	return p, nil
}

// reconcile has each finding of a lane stand where its last verdict put it.
// They differ where another Snapshot decides now, or where EVENTS does not hold
// any more what was decided: then nothing that is read again leads there.
func (l *lane) reconcile(p *published) {
	if p == nil {
		return
	}
	for _, uid := range slices.Sorted(maps.Keys(p.standing)) {
		last := p.standing[uid]
		host := hostOfToken(last.token)
		if uid == "" || bus.Shortened(host) || l.gateway.lane(host) != l || l.worker.seen[last.id] {
			continue
		}
		if isTimed(last.cause) {
			continue // a timer that is still to fire leads there
		}
		if h := l.hosts[host]; h != nil && last.by.compare(h.loaded) <= 0 {
			continue // what was written down knows of it
		}
		queue := last.told.Disposition
		if last.told.Activity == finding.Close {
			queue = ""
		}
		if l.worker.queueOf(host, uid) == queue {
			continue
		}
		l.gateway.options.Telemetry.Log.Warn("a finding stands where nothing that could be read again leads to; it stays there until it settles",
			"finding", uid, "host", host, "queue", queue)
		last.told.Host = host
		l.worker.findings.Adopt(last.told)
		l.worker.timers.settle(host, uid, p.until.Add(l.worker.options.SettleAfter))
		l.touch(host, reached{})
	}
	l.worker.seen = nil
	l.noteDue()
}

// queueOf is where a finding stands; "" where it stands nowhere.
func (w *Worker) queueOf(host, uid string) policy.Disposition {
	for _, open := range w.findings.Open(host) {
		if open.UID == uid {
			return open.Disposition
		}
	}
	return ""
}
