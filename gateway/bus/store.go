package bus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// store stores the outputs of one message in their order. refusals joins the
// RefusedErrors; err says that the publisher was stopped before all was stored.
func (p *Publisher) store(o Outputs) (refusals, err error) {
	for _, t := range o.Triggers {
		outs := t.Verdicts
		if t.Decision != nil {
			outs = append(outs[:len(outs):len(outs)], *t.Decision)
		}
		for ordinal, out := range outs {
			err := p.storeOne(out, t.Trigger, ordinal)
			var refusal *RefusedError
			switch {
			case err == nil:
			case errors.As(err, &refusal):
				refusals = errors.Join(refusals, err)
			default:
				return refusals, err
			}
		}
	}
	return refusals, nil
}

// storeOne stores an output, or a record of it when the server will not have it.
func (p *Publisher) storeOne(out Output, t Trigger, ordinal int) error {
	err := p.persist(out.message(t, ordinal), out.Reduce)
	if err == nil || !permanent(err) {
		return err
	}
	refusal := &RefusedError{Subject: out.Subject, MsgID: out.MsgID, Trigger: t, Reason: scrub(err.Error())}
	p.trouble.report(refusal)
	record := refusedOutput(out, t, refusal.Reason)
	// The record is small. A QUARANTINE that refuses even that is for an
	// administrator to mend, and until then nothing may be given up.
	for {
		err := p.persist(record.message(t, ordinal), nil)
		switch {
		case err == nil:
			return refusal
		case !permanent(err):
			return err
		}
		p.trouble.report(fmt.Errorf("recording a refused output: %s: %w", record.Subject, err))
		if err := p.pause(5 * time.Second); err != nil {
			return err
		}
	}
}

func permanent(err error) bool { return tooLarge(err) || refused(err) }

// persist sends a message until JetStream has stored it. The error is one that
// is permanent, or that of a publisher stopped.
func (p *Publisher) persist(msg *nats.Msg, reduce func(limit int) []byte) error {
	const first, longest = 50 * time.Millisecond, 5 * time.Second
	wait, failed, unsure := first, false, false
	defer func() {
		if failed {
			p.retried(-1)
		}
	}()
	for start := time.Now(); ; {
		if err := p.conn.awaitConnected(p.ctx); err != nil {
			return p.stopped(err)
		}
		err := p.attempt(msg, unsure && time.Since(start) > p.opts.LookAfter)
		switch {
		case err == nil:
			return nil
		case p.ctx.Err() != nil:
			return p.stopped(p.ctx.Err())
		case tooLarge(err) && reduce != nil:
			small := reduce(p.room(msg))
			reduce = nil
			if small == nil {
				return err
			}
			msg.Data = small
			msg.Header.Set(HeaderReduced, "true")
			continue
		case permanent(err):
			return err
		}
		unsure = unsure || ambiguous(err)
		if !failed {
			failed = true
			p.retried(1)
		}
		if p.opts.OnRetry != nil {
			p.opts.OnRetry()
		}
		p.trouble.report(p.publishError(msg.Subject, err))
		if err := p.pause(wait + rand.N(wait)); err != nil {
			return err
		}
		wait = min(2*wait, longest)
	}
}

// room is how much content the server takes beside the header of msg.
func (p *Publisher) room(msg *nats.Msg) int {
	return max(0, p.conn.MaxPayload()-headerSize(msg.Header))
}

// headerSize is what a header takes on the wire.
func headerSize(h nats.Header) int {
	size := len("NATS/1.0\r\n\r\n") + len(HeaderReduced) + len(": true\r\n")
	for name, values := range h {
		for _, v := range values {
			size += len(name) + len(v) + len(": \r\n")
		}
	}
	return size
}

// attempt sends a message once and waits for its PubAck. With look, it first
// asks the stream whether it holds the message from an earlier attempt, whose
// id it no longer remembers.
func (p *Publisher) attempt(msg *nats.Msg, look bool) error {
	if look {
		stored, err := p.stored(msg)
		if err != nil || stored {
			return err
		}
	}
	future, err := p.js.PublishMsgAsync(msg, jetstream.WithRetryAttempts(0), jetstream.WithStallWait(time.Minute))
	if err != nil {
		return err
	}
	select {
	case <-future.Ok():
		return nil
	case err := <-future.Err():
		return err
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

// stored reports whether the last message of the subject is this one. A host's
// subjects are written by one lane alone, each message after the PubAck of the
// one before, so that is conclusive. Those of QUARANTINE have many writers:
// there a record may be kept twice, which does no harm.
func (p *Publisher) stored(msg *nats.Msg) (bool, error) {
	name := streamOf(msg.Subject)
	if name == "" {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(p.ctx, p.opts.AckTimeout)
	defer cancel()
	s, err := p.js.Stream(ctx, name)
	if err != nil {
		return false, err
	}
	last, err := s.GetLastMsgForSubject(ctx, msg.Subject)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	return last.Header.Get(jetstream.MsgIDHeader) == msg.Header.Get(jetstream.MsgIDHeader), nil
}

func streamOf(subject string) string {
	for prefix, stream := range map[string]string{
		subjectDecisions: StreamDecisions, subjectVerdicts: StreamVerdicts,
		subjectQuarantine: StreamQuarantine, subjectAudit: StreamAudit,
	} {
		if strings.HasPrefix(subject, prefix) {
			return stream
		}
	}
	return ""
}

// publishError says what failed, and why as far as it can be known.
func (p *Publisher) publishError(subject string, err error) error {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		err = p.unanswered(subject)
	case timedOut(err):
		if denied := p.conn.refusedSince(subject, time.Now().Add(-2*p.opts.AckTimeout)); denied != nil {
			err = denied
		} else {
			err = fmt.Errorf("no acknowledgement within %s", p.opts.AckTimeout)
		}
	case errors.As(err, &api) && strings.Contains(api.Description, "maximum"):
		err = fmt.Errorf("the stream is full (%s) — raise its limit or wait for its old messages to expire; the gateway waits", api.Description)
	}
	return fmt.Errorf("%s: %w", subject, err)
}

func (p *Publisher) retried(by int) {
	p.mu.Lock()
	p.retrying += by
	p.mu.Unlock()
}

func (p *Publisher) pause(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-p.ctx.Done():
		return p.stopped(p.ctx.Err())
	}
}

func (p *Publisher) stopped(err error) error {
	return fmt.Errorf("the publisher stopped before the output was stored: %w", err)
}
