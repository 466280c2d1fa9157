package gateway

import (
	"context"
	"io"

	"msigate/gateway/event"
)

// readEvtx gives each record of a .evtx file as a message of its own, numbered
// from 1 in the order they lie in it. A damaged chunk is a fault at that place
// and the rest is read.
func readEvtx(ctx context.Context, path string, r io.Reader, each func(FileMessage) error) error {
	number := 0
	for record, err := range event.ReadEvtx(r) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		number++
		message := FileMessage{Source: path, Line: number}
		if err != nil {
			message.Fault = &event.Fault{Reason: event.ReasonSyntax, Detail: err.Error()}
		} else {
			message.hold(record)
		}
		if err := each(message); err != nil {
			return err
		}
	}
	return nil
}

// hold makes the message one of this record alone, which is the first of it.
// Its text is the message's to keep: who keeps the record does not keep the file.
func (m *FileMessage) hold(record event.Record) {
	m.Text = record.Text
	record.Index, record.Text = 0, nil
	m.Records = []event.Record{record}
}
