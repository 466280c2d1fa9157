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
		message := FileMessage{Source: path, Line: number, Records: []event.Record{record}}
		if err != nil {
			message = FileMessage{Source: path, Line: number, Fault: &event.Fault{Reason: event.ReasonSyntax, Detail: err.Error()}}
		}
		message.clearIndex()
		if err := each(message); err != nil {
			return err
		}
	}
	return nil
}

// clearIndex numbers a record that is a message of its own from 0.
func (m *FileMessage) clearIndex() {
	for i := range m.Records {
		m.Records[i].Index = i
	}
}
