package bus

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// StoredOutput is an output as its stream holds it.
type StoredOutput struct {
	Stream   string // DECISIONS, VERDICTS or QUARANTINE
	Sequence uint64
	Stamp    time.Time // when the server stored it
	Subject  string
	MsgID    string
	Trigger  Trigger // zero where it has none, as a rollup
	Ordinal  int     // place among the outputs of its trigger, from 0
	Header   Header
	Data     []byte // of DECISIONS only
}

// ReadOutputsOptions say which outputs to read.
type ReadOutputsOptions struct {
	// From names the streams to read, of DECISIONS, VERDICTS and QUARANTINE, each
	// with the first sequence; 0: the first there is.
	From map[string]uint64

	// Malformed, where set, is told of each message that is skipped as its
	// headers are not those of an output: somebody else may have written it.
	Malformed func(stream string, sequence uint64, err error)
}

// ReadOutputs gives to each what the gateway has published, until each returns
// false: first the Decisions with their content, then the verdicts and then
// what is quarantined, by their headers alone; each stream in its own order, up
// to what it held when its turn came. It is how a gateway learns after a crash
// what need not be published again.
func ReadOutputs(ctx context.Context, conn *Conn, o ReadOutputsOptions, each func(StoredOutput) bool) error {
	streams := []string{StreamDecisions, StreamVerdicts, StreamQuarantine}
	for _, name := range slices.Sorted(maps.Keys(o.From)) {
		if !slices.Contains(streams, name) {
			return fmt.Errorf("reading the outputs: %q is no stream of outputs", printable(name, 256))
		}
	}
	for _, name := range streams {
		from, ok := o.From[name]
		if !ok {
			continue
		}
		more := true
		err := Read(ctx, conn, ReadOptions{Stream: name, From: from, HeadersOnly: name != StreamDecisions}, func(m *Message) bool {
			out, err := storedOutput(m)
			switch {
			case err == nil:
				more = each(out)
			case o.Malformed != nil:
				o.Malformed(m.Stream, m.Sequence, err)
			}
			return more
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// storedOutput reads the headers of an output: the reverse of Output.message.
func storedOutput(m *Message) (StoredOutput, error) {
	out := StoredOutput{
		Stream: m.Stream, Sequence: m.Sequence, Stamp: m.Stamp, Subject: m.Subject,
		MsgID: m.Header.Get(jetstream.MsgIDHeader), Header: m.Header, Data: m.Data,
	}
	if out.MsgID == "" {
		return out, fmt.Errorf("no header %s", jetstream.MsgIDHeader)
	}
	var absent []string
	for _, name := range []string{HeaderStream, HeaderSequence, HeaderRecord, HeaderCause, HeaderOrdinal} {
		if m.Header.Get(name) == "" {
			absent = append(absent, name)
		}
	}
	switch len(absent) {
	case 0:
	case 5:
		return out, nil // it answers no trigger
	default:
		return out, fmt.Errorf("no header %s", strings.Join(absent, ", "))
	}
	sequence, err := strconv.ParseUint(m.Header.Get(HeaderSequence), 10, 64)
	if err != nil {
		return out, fmt.Errorf("header %s: %w", HeaderSequence, err)
	}
	record, err := strconv.ParseInt(m.Header.Get(HeaderRecord), 10, 32)
	if err != nil || record < -1 { // -1: of a message that is quarantined whole
		return out, fmt.Errorf("header %s is %q, no index of a record", HeaderRecord, printable(m.Header.Get(HeaderRecord), 64))
	}
	ordinal, err := strconv.ParseInt(m.Header.Get(HeaderOrdinal), 10, 32)
	if err != nil || ordinal < 0 {
		return out, fmt.Errorf("header %s is %q, no ordinal", HeaderOrdinal, printable(m.Header.Get(HeaderOrdinal), 64))
	}
	out.Trigger = Trigger{
		Stream: m.Header.Get(HeaderStream), Sequence: sequence, Record: int(record), Cause: m.Header.Get(HeaderCause),
	}
	out.Ordinal = int(ordinal)
	return out, nil
}
