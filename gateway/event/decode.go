package event

import (
	"bytes"
	"fmt"
)

const (
	// MaxRecordSize is the longest record that is read, in bytes of UTF-8. A
	// Windows event is at most 64 KiB of UTF-16; escaping and a shipper's
	// additions make it a few times that.
	MaxRecordSize = 4 << 20
	// MaxRecords is how many records one message may carry.
	MaxRecords = 1 << 16
)

// Decode reads a message: one JSON object, a JSON array, JSON objects one a
// line or one after the other, one <Event> or several, or an <Events> of them,
// in UTF-8 or in UTF-16 with a byte order mark. Records come in the message's
// order with ascending Index; a message without any is no fault.
//
// What is wrong with one record is the Fault of that record, and its
// neighbours are read all the same. The message's own Fault is set, and no
// record given, only where the text cannot be cut into records at all: it is
// neither JSON nor XML, or its one value is cut short or nested too deep, or it
// carries more than MaxRecords.
//
// The Events share no memory with the message.
func Decode(message []byte) ([]Record, *Fault) {
	text := bytes.TrimSpace(TextUTF8(message))
	if len(text) == 0 {
		return nil, nil
	}
	switch text[0] {
	case '{':
		return decodeObjects(text)
	case '[':
		return decodeArray(text)
	case '<':
		return decodeXML(text)
	}
	return nil, &Fault{Reason: ReasonSyntax, Detail: fmt.Sprintf("offset 0: %q begins neither JSON nor XML", text[0])}
}

// decodeJSON reads one JSON record.
func decodeJSON(text []byte) (*Event, *Fault) {
	if len(text) > MaxRecordSize {
		return nil, tooLong(len(text))
	}
	document := newJSONDocument()
	defer document.release()
	if fault := parseJSON(text, document); fault != nil {
		return nil, fault
	}
	return decodeDocument(document)
}

func tooLong(size int) *Fault {
	return &Fault{Reason: ReasonSize, Detail: fmt.Sprintf("record of %d bytes is longer than %d", size, MaxRecordSize)}
}

// decodeDocument tells the shape of a parsed record by the members it has.
func decodeDocument(document *jsonDocument) (*Event, *Fault) {
	root := document.root()
	r := newRecord()
	defer r.release()
	switch {
	case root.kind() != jsonObject:
		return nil, &Fault{Reason: ReasonShape, Detail: "the record is not an object"}
	case root.member("winlog").kind() == jsonObject:
		r.winlogbeat(root, root.member("winlog"))
	case root.at("Event", "System").kind() == jsonObject:
		r.structured(root.at("Event", "System"), root.at("Event", "EventData"))
	case root.member("System").kind() == jsonObject:
		r.structured(root.member("System"), root.member("EventData"))
	case root.member("event_data").kind() == jsonObject || root.member("log_name").kind() == jsonString:
		r.winlogbeat6(root)
	case root.member("EventID").kind() != jsonNone && root.member("SourceName").kind() != jsonNone:
		r.nxlog(root)
	default:
		return nil, &Fault{Reason: ReasonShape, Detail: "no known shape: neither winlog, Event.System, event_data nor EventID beside SourceName"}
	}
	return r.event()
}

// structured reads a record that keeps the event XML's structure.
func (r *record) structured(system, data jsonRef) {
	if isVelociraptor(system) {
		r.velociraptor(system, data)
	} else {
		r.evtxDump(system, data)
	}
}
