package event

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"www.velocidex.com/golang/evtx"
)

const (
	evtxHeaderSize = 128
	evtxChunkSize  = 1 << 16
	evtxNoRecord   = ^uint64(0) // what an unused chunk writes as its last record id
)

// ReadEvtx reads a .evtx file from its beginning and yields its records in the
// order they lie in it: Index counts them from 0, Event.RecordID is the number
// that Windows gave them. A log that Windows has written nothing to yet yields
// nothing.
//
// A damaged place yields an error that names the chunk (64 KiB each, from 1),
// and reading goes on with the next one; a file that is no .evtx yields one
// error and nothing else. A record that can be read but not used has its Fault,
// whose Detail names its number.
func ReadEvtx(file io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if err := skipEvtxHeader(file); err != nil {
			yield(Record{}, fmt.Errorf("read .evtx file: %w", err))
			return
		}
		index := 0
		slot := make([]byte, evtxChunkSize)
		for chunk := 1; ; chunk++ {
			n, err := io.ReadFull(file, slot)
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				yield(Record{}, fmt.Errorf("read .evtx file: chunk %d: %w", chunk, err))
				return
			}
			last := err != nil
			records, err := evtxChunk(slot[:n])
			for _, record := range records {
				e, text, fault := evtxEvent(record)
				if !yield(Record{Index: index, Event: e, Fault: fault, Text: text}, nil) {
					return
				}
				index++
			}
			if err != nil && !yield(Record{}, fmt.Errorf("read .evtx file: chunk %d: %w", chunk, err)) || last {
				return
			}
		}
	}
}

// skipEvtxHeader checks the file header and reads past its block.
func skipEvtxHeader(file io.Reader) error {
	header := make([]byte, evtxHeaderSize)
	n, err := io.ReadFull(file, header)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return errors.New("the file is empty; export the log again, e.g. with wevtutil epl")
	case n >= len(evtx.EVTX_HEADER_MAGIC) && string(header[:len(evtx.EVTX_HEADER_MAGIC)]) != evtx.EVTX_HEADER_MAGIC:
		return errors.New(`not a Windows event log: it does not begin with "ElfFile"`)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the file is cut short after %d bytes", n)
	case err != nil:
		return err
	}
	major, minor := binary.LittleEndian.Uint16(header[38:]), binary.LittleEndian.Uint16(header[36:])
	if major != 3 || minor > 2 {
		return fmt.Errorf("version %d.%d of the format is not known; 3.0 to 3.2 are", major, minor)
	}
	block := int64(binary.LittleEndian.Uint16(header[40:]))
	if block < evtxHeaderSize {
		return fmt.Errorf("damaged header: its block is %d bytes long", block)
	}
	if _, err := io.CopyN(io.Discard, file, block-evtxHeaderSize); err != nil {
		return errors.New("the file is cut short inside its header")
	}
	return nil
}

// evtxChunk reads the records of one chunk. What it could read comes beside
// the error. The library trusts sizes and offsets in the file and can panic on
// a damaged one.
func evtxChunk(slot []byte) (records []*evtx.EventRecord, err error) {
	if len(bytes.Trim(slot, "\x00")) == 0 {
		return nil, nil // Windows reserves space ahead
	}
	if len(slot) < evtxChunkSize {
		return nil, fmt.Errorf("cut short after %d of %d bytes", len(slot), evtxChunkSize)
	}
	defer func() {
		if cause := recover(); cause != nil {
			records, err = nil, fmt.Errorf("damaged: %v", cause)
		}
	}()
	chunk, err := evtx.NewChunk(bytes.NewReader(slot), 0)
	if err != nil {
		return nil, fmt.Errorf("damaged: %w", err)
	}
	header := chunk.Header
	if string(header.Magic[:]) != evtx.EVTX_CHUNK_HEADER_MAGIC {
		return nil, errors.New(`damaged: it does not begin with "ElfChnk"`)
	}
	if header.LastEventRecID == evtxNoRecord {
		return nil, nil
	}
	expected := header.LastEventRecNumber - header.FirstEventRecNumber + 1
	if header.LastEventRecNumber < header.FirstEventRecNumber || expected > evtxChunkSize/evtx.EVTX_EVENT_RECORD_SIZE {
		return nil, fmt.Errorf("damaged: its header says records %d to %d", header.FirstEventRecNumber, header.LastEventRecNumber)
	}
	records, err = chunk.Parse(0)
	if err != nil {
		return nil, fmt.Errorf("damaged: %w", err)
	}
	for i := 1; i < len(records); i++ {
		if records[i].Header.RecordID <= records[i-1].Header.RecordID {
			records = records[:i]
			break
		}
	}
	if uint64(len(records)) < expected {
		return records, fmt.Errorf("damaged: only %d of its %d records can be read", len(records), expected)
	}
	return records, nil
}

// evtxEvent decodes one record by way of JSON, in which the library's output is
// Velociraptor's shape.
func evtxEvent(found *evtx.EventRecord) (e *Event, text []byte, fault *Fault) {
	defer func() {
		if fault != nil {
			fault = &Fault{Reason: fault.Reason, Detail: fmt.Sprintf("record %d: %s", found.Header.RecordID, fault.Detail)}
		}
	}()
	text, err := json.Marshal(found.Event)
	if err != nil {
		return nil, nil, &Fault{Reason: ReasonSyntax, Detail: err.Error()}
	}
	document := newJSONDocument()
	defer document.release()
	if fault = parseJSON(text, document); fault != nil {
		return nil, text, fault
	}
	system, data := document.root().at("Event", "System"), document.root().at("Event", "EventData")
	if system.kind() != jsonObject {
		return nil, text, &Fault{Reason: ReasonShape, Detail: "the record has no System element"}
	}
	r := newRecord()
	defer r.release()
	r.velociraptor(system, data)
	r.shape = ShapeEvtx
	if e, fault = r.event(); fault != nil {
		return nil, text, fault
	}
	e.RecordID = found.Header.RecordID
	return e, text, nil
}
