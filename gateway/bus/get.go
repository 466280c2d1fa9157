package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ErrGone is the error for a message that its stream does not hold: it has
// expired, was deleted, or was never there.
var ErrGone = errors.New("the stream does not hold it (any more)")

// Get reads one message of a stream by its sequence. Where the stream does not
// hold it the error is ErrGone. The answer is that of the stream's leader, so
// that ErrGone is never a copy's being behind.
func Get(ctx context.Context, conn *Conn, stream string, sequence uint64) (*Message, error) {
	if sequence == 0 {
		return nil, fmt.Errorf("reading %s/0: sequences begin at 1: %w", stream, ErrGone)
	}
	m, err := conn.lookup(ctx, stream, messageQuery{Sequence: sequence})
	if err != nil {
		return nil, fmt.Errorf("reading %s/%d: %w", stream, sequence, err)
	}
	return m, nil
}

// Next reads the first message that a stream holds from a sequence on; ErrGone
// where there is none.
func Next(ctx context.Context, conn *Conn, stream string, from uint64) (*Message, error) {
	m, err := conn.lookup(ctx, stream, messageQuery{Sequence: max(from, 1), Next: ">"})
	if err != nil {
		return nil, fmt.Errorf("reading %s from %d on: %w", stream, from, err)
	}
	return m, nil
}

// messageQuery names one message of a stream: by its sequence, as the first of
// Next from there on, or as the last of a subject.
type messageQuery struct {
	Sequence uint64 `json:"seq,omitempty"`
	Next     string `json:"next_by_subj,omitempty"`
	Last     string `json:"last_by_subj,omitempty"`
}

// lookup asks the leader of a stream for one message. ErrGone: there is none.
func (c *Conn) lookup(ctx context.Context, stream string, q messageQuery) (*Message, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	asked, cancel := c.attempt(ctx)
	defer cancel()
	answer, err := c.nc.RequestWithContext(asked, c.api("STREAM.MSG.GET."+stream), body)
	switch err = c.explain(err, start); {
	case errors.Is(err, context.Canceled) && ctx.Err() == nil:
		return nil, errors.New("the connection to NATS was lost meanwhile")
	case err != nil:
		return nil, err
	}
	var r struct {
		Error   *jetstream.APIError `json:"error"`
		Message *struct {
			Subject  string    `json:"subject"`
			Sequence uint64    `json:"seq"`
			Header   []byte    `json:"hdrs"`
			Data     []byte    `json:"data"`
			Stamp    time.Time `json:"time"`
		} `json:"message"`
	}
	switch err := json.Unmarshal(answer.Data, &r); {
	case err != nil:
		return nil, fmt.Errorf("the answer of JetStream cannot be read: %w", err)
	case r.Error != nil && r.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound:
		return nil, ErrGone
	case r.Error != nil && r.Error.ErrorCode == jetstream.JSErrCodeStreamNotFound:
		return nil, fmt.Errorf("%w — %s", jetstream.ErrStreamNotFound, mendBySetup)
	case r.Error != nil:
		return nil, c.explain(r.Error, start)
	case r.Message == nil:
		return nil, errors.New("the answer of JetStream holds no message")
	}
	m := &Message{
		Data: r.Message.Data, Subject: r.Message.Subject, Stream: stream,
		Sequence: r.Message.Sequence, Stamp: r.Message.Stamp, Delivered: 1,
	}
	if len(r.Message.Header) > 0 {
		header, err := nats.DecodeHeadersMsg(r.Message.Header)
		if err != nil {
			return nil, fmt.Errorf("the header of %s/%d cannot be read: %w", stream, m.Sequence, err)
		}
		m.Header = Header(header)
	}
	return m, nil
}

// api gives the subject of an operation of JetStream, in the domain configured.
func (c *Conn) api(operation string) string {
	switch {
	case c.domain != "":
		return "$JS." + c.domain + ".API." + operation
	case c.apiPrefix != "":
		return strings.TrimSuffix(c.apiPrefix, ".") + "." + operation
	default:
		return jetstream.DefaultAPIPrefix + operation
	}
}
