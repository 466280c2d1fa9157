package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Output is one message to be stored.
type Output struct {
	Subject string // made with DecisionSubject, VerdictSubject, …
	MsgID   string // Nats-Msg-Id: deterministic, so that the same output published again is stored once
	Data    []byte
	Header  Header // the caller's own and the W3C trace context; names of NATS are left out

	// Reduce gives a form of the content that tells less, for a server that
	// takes at most limit bytes of content; nil, or a result that is still too
	// large: a record of the output goes to QUARANTINE in its place.
	Reduce func(limit int) []byte
}

// Trigger says what outputs answer: one record of one message, and a cause.
type Trigger struct {
	Stream   string
	Sequence uint64
	Record   int    // index inside the message, from 0
	Cause    string // e.g. event
}

// Triggered is what one trigger gave. The verdicts (and what is quarantined
// with them) are stored in their order, then the Decision, which so completes
// the trigger.
type Triggered struct {
	Trigger  Trigger
	Verdicts []Output
	Decision *Output // nil: none
}

// Outputs are those of one message for one host.
type Outputs struct {
	Host     string // names the lane: outputs of one host keep their order
	Triggers []Triggered

	// Then, where set, is called once all of Triggers, and all that was given
	// for the host before, is stored (or a record of it in QUARANTINE), and
	// before Settled. Nothing given for the host later is sent before Then
	// returns. So what it writes, e.g. the host's state, never stands for an
	// output that is not on the bus. It may block on the bus, and counts as one
	// output that waits. Once the publisher has given up anything, no Then is
	// called any more. Its context ends when Drain gives up. It must not call
	// Publish or Drain.
	Then func(context.Context) error

	// Settled is called once. nil, or an error that is a *RefusedError: all is
	// stored, in the second case with a record in QUARANTINE in place of some;
	// the message may be acknowledged. A *ThenError, alone or joined with
	// RefusedErrors: all is stored, but Then failed. Any other error: the
	// publisher was stopped before all was stored; the message must not be
	// acknowledged. It must not call Publish or Drain.
	Settled func(error)
}

// count gives the number of outputs, Then included, and the bytes they hold.
func (o Outputs) count() (n, size int) {
	if o.Then != nil {
		n = 1
	}
	for _, t := range o.Triggers {
		for _, v := range t.Verdicts {
			n, size = n+1, size+len(v.Data)
		}
		if t.Decision != nil {
			n, size = n+1, size+len(t.Decision.Data)
		}
	}
	return n, size
}

// check refuses outputs that could never be published, before they wait for it.
func (o Outputs) check() error {
	if o.Settled == nil {
		return errors.New("nobody is told when the outputs are settled")
	}
	for _, t := range o.Triggers {
		for _, v := range t.Verdicts {
			if err := v.check(); err != nil {
				return err
			}
		}
		if t.Decision != nil {
			if err := t.Decision.check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxSubject keeps subjects far below the server's control line of 4096
// bytes, for a longer one ends the connection.
const maxSubject = 512

func (o Output) check() error {
	switch {
	case o.MsgID == "":
		return fmt.Errorf("an output to %q has no message id", printable(o.Subject, maxSubject))
	case o.Subject == "" || len(o.Subject) > maxSubject || strings.ContainsAny(o.Subject, " \t\r\n*>") ||
		strings.HasPrefix(o.Subject, ".") || strings.HasSuffix(o.Subject, ".") || strings.Contains(o.Subject, ".."):
		return fmt.Errorf("%q is no subject to publish to", printable(o.Subject, maxSubject))
	}
	return nil
}

// message makes the NATS message of an output.
func (o Output) message(t Trigger, ordinal int) *nats.Msg {
	h := make(nats.Header, len(o.Header)+6)
	for name, values := range o.Header {
		if !hasPrefixFold(name, "nats-") && headerToken(name) {
			h[name] = values
		}
	}
	h.Set(jetstream.MsgIDHeader, printable(o.MsgID, 1024))
	if t.Stream != "" {
		for name, value := range map[string]string{
			HeaderStream:   printable(t.Stream, 256),
			HeaderSequence: strconv.FormatUint(t.Sequence, 10),
			HeaderRecord:   strconv.Itoa(t.Record),
			HeaderCause:    printable(t.Cause, 256),
			HeaderOrdinal:  strconv.Itoa(ordinal),
		} {
			if _, own := h[name]; !own {
				h.Set(name, value)
			}
		}
	}
	return &nats.Msg{Subject: o.Subject, Header: h, Data: o.Data}
}

// RefusedError says that the server will never take an output as it is, and
// that a record of it is in QUARANTINE.
type RefusedError struct {
	Subject string
	MsgID   string
	Trigger Trigger
	Reason  string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the output %s to %s was refused for good: %s; a record of it is in %s",
		e.MsgID, e.Subject, e.Reason, StreamQuarantine)
}

// ThenError says that a host's outputs are stored, but what was to follow them
// failed.
type ThenError struct {
	Host string
	Err  error
}

func (e *ThenError) Error() string {
	return fmt.Sprintf("after the outputs of host %q were stored: %v", printable(e.Host, 256), e.Err)
}

// Unwrap gives the error of Then.
func (e *ThenError) Unwrap() error { return e.Err }

// Codes of JetStream that speak of the message itself, not of the stream's
// state: trying again cannot help.
const (
	codeMessageTooLarge jetstream.ErrorCode = 10054
	codeHeaderTooLarge  jetstream.ErrorCode = 10097
)

// tooLarge reports whether the content has to become smaller.
func tooLarge(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, nats.ErrMaxPayload) || errors.As(err, &api) && api.ErrorCode == codeMessageTooLarge
}

// refused reports whether the message will never be taken, whatever its size.
func refused(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, nats.ErrBadSubject) || errors.Is(err, nats.ErrBadHeaderMsg) || errors.Is(err, nats.ErrInvalidMsg) ||
		errors.As(err, &api) && api.ErrorCode == codeHeaderTooLarge
}

// ambiguous reports whether the message may have been stored although there is
// no PubAck. An answer of JetStream itself is definite.
func ambiguous(err error) bool {
	var api *jetstream.APIError
	return !errors.As(err, &api)
}
