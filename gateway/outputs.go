package gateway

import (
	"errors"
	"strconv"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/event"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
	"msigate/gateway/telemetry"
)

// Headers of verdicts, beside the trigger's own.
const (
	HeaderFinding     = "Msigate-Finding"              // uid
	HeaderActivity    = "Msigate-Activity"             // Create, Update, Close
	HeaderDisposition = "Msigate-Disposition"          // the queue's
	HeaderPrevious    = "Msigate-Previous-Disposition" // the queue it comes from, of one that moves
	HeaderSeverity    = "Msigate-Severity"
	HeaderRevision    = "Msigate-Revision" // of the finding, from 1
)

// sending is the traces of a message's outputs under way.
type sending struct {
	processing []telemetry.Processing
	sends      []telemetry.Sending
	stamp      time.Time
	metrics    *telemetry.Metrics
}

// end ends every span: the outputs are stored, or err says why not.
func (s *sending) end(err error) {
	if refused(err) {
		err = nil
	}
	now := time.Now()
	for _, send := range s.sends {
		send.End(1, err)
	}
	for _, p := range s.processing {
		p.End(now, err)
		if err == nil {
			s.metrics.Settled(p.Context(), now.Sub(s.stamp))
		}
	}
}

// outputs makes what is published of a message's steps: for each that was
// decided or quarantined, its quarantine, then its findings, then the Decision
// that completes it. What the gateway before this one stored is left out.
func (g *Gateway) outputs(m *Message, steps []Step, stored *published) ([]bus.Triggered, *sending) {
	var triggered []bus.Triggered
	s := &sending{stamp: m.Stamp, metrics: g.options.Telemetry.Metrics}
	for i := range steps {
		step := &steps[i]
		if step.Told == nil && step.Fault == nil && len(step.Updates) == 0 {
			continue
		}
		s.processing = append(s.processing, step.Trace)
		if step.Stored {
			continue
		}
		t := bus.Triggered{Trigger: bus.Trigger{Stream: step.At.Stream, Sequence: step.At.Sequence, Record: step.At.Record, Cause: string(step.Cause)}}
		add := func(o bus.Output) {
			if !stored.has(o.MsgID) {
				t.Verdicts = append(t.Verdicts, o)
			}
		}
		if step.Fault != nil {
			add(quarantined(m, step).Output())
		}
		for _, update := range step.Updates {
			add(g.verdict(s, step, update))
		}
		if step.Told != nil {
			t.Decision = g.decision(s, m, step)
		}
		if len(t.Verdicts) > 0 || t.Decision != nil {
			triggered = append(triggered, t)
		}
	}
	return triggered, s
}

func quarantined(m *Message, step *Step) bus.Quarantined {
	record := step.At.Record
	if step.Whole {
		record = -1
	}
	return bus.Quarantined{
		Reason:   string(step.Fault.Reason),
		Detail:   finding.Printable(step.Fault.Detail),
		Subject:  m.Subject,
		Stream:   m.Stream,
		Sequence: m.Sequence,
		Record:   record,
		Data:     m.Data,
		Header:   m.Header,
	}
}

func (g *Gateway) verdict(s *sending, step *Step, u finding.Update) bus.Output {
	subject, template := bus.VerdictSubject(string(u.Disposition), u.Host), "verdicts."+string(u.Disposition)+".{host}"
	if g.options.Config.Observe {
		subject, template = bus.ObserveSubject(string(u.Disposition), u.Host), "verdicts.observe."+string(u.Disposition)+".{host}"
	}
	header := bus.Header{}
	if step.Mark != "" {
		subject, template = bus.SelftestSubject(string(u.Disposition)), "verdicts.selftest."+string(u.Disposition)+".{host}"
		header.Set(bus.HeaderSelftest, step.Mark)
	}
	header.Set(HeaderFinding, u.UID)
	header.Set(HeaderActivity, u.Activity.String())
	header.Set(HeaderDisposition, string(u.Disposition))
	header.Set(HeaderSeverity, string(u.Severity))
	header.Set(HeaderRevision, strconv.Itoa(u.Revision))
	if u.Previous != "" {
		header.Set(HeaderPrevious, string(u.Previous))
	}
	s.send(step, header, subject, template, u.MsgID, len(u.Document))
	return bus.Output{Subject: subject, MsgID: u.MsgID, Data: u.Document, Header: header}
}

// publishedVerdict reads what a verdict says of itself in its header.
func publishedVerdict(header bus.Header) finding.Published {
	revision, _ := strconv.Atoi(header.Get(HeaderRevision)) // 0 where somebody else wrote it
	p := finding.Published{
		UID:         header.Get(HeaderFinding),
		Disposition: policy.Disposition(header.Get(HeaderDisposition)),
		Severity:    policy.Severity(header.Get(HeaderSeverity)),
		Previous:    policy.Disposition(header.Get(HeaderPrevious)),
		Revision:    revision,
	}
	for _, activity := range []finding.Activity{finding.Create, finding.Change, finding.Close} {
		if header.Get(HeaderActivity) == activity.String() {
			p.Activity = activity
		}
	}
	return p
}

func (g *Gateway) decision(s *sending, m *Message, step *Step) *bus.Output {
	d := step.Told.Decision()
	data, err := finding.NewDecisionLog(step.Told, step.trace())
	if err != nil {
		// Nothing that can be decoded fails to be rendered; if it ever does, the event is kept.
		q := quarantined(m, &Step{At: step.At, Fault: &event.Fault{Reason: reasonRender, Detail: err.Error()}}).Output()
		return &q
	}
	subject := bus.DecisionSubject(d.Context.Event.Host)
	header := bus.Header{}
	if step.Mark != "" {
		subject = bus.SelftestDecisions()
		header.Set(bus.HeaderSelftest, step.Mark)
	}
	header.Set(HeaderDisposition, string(d.Answer.Disposition))
	s.send(step, header, subject, "decisions.{host}", d.ID, len(data))
	return &bus.Output{Subject: subject, MsgID: d.ID, Data: data, Header: header}
}

func (s *sending) send(step *Step, header bus.Header, subject, template, id string, size int) {
	s.sends = append(s.sends, step.Trace.Send(telemetry.Output{
		Header: header, Subject: subject, Template: template, MessageID: id, Size: size,
	}))
}

// refused tells an output that the server will never take, and of which a
// record is in quarantine, from one that could not be stored.
func refused(err error) bool {
	var r *bus.RefusedError
	return errors.As(err, &r)
}
