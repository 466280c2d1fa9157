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
// line or one after the other, a batch of Azure Event Hubs ({"records":[…]}) or
// of OTLP ({"resourceLogs":[…]}), one <Event> or several, or an <Events> of them,
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
	r := newRecord()
	defer r.release()
	if fault := r.read(document.root()); fault != nil {
		return nil, fault
	}
	return r.event()
}

func tooLong(size int) *Fault {
	return &Fault{Reason: ReasonSize, Detail: fmt.Sprintf("record of %d bytes is longer than %d", size, MaxRecordSize)}
}

// read tells the shape of a parsed record by the members it has, and has it
// decoded.
func (r *record) read(root jsonRef) *Fault {
	if root.kind() != jsonObject {
		return &Fault{Reason: ReasonShape, Detail: "the record is not an object"}
	}
	event := root.member("event")
	switch system := root.member("System"); {
	case root.member("winlog").kind() == jsonObject:
		r.winlogbeat(root, root.member("winlog"))
	case root.at("Event", "System").kind() == jsonObject:
		r.structured(root.at("Event", "System"), root.at("Event", "EventData"))
	case system.kind() == jsonObject:
		r.structured(system, root.member("EventData"))
	case isMarkup(system):
		return r.embeddedXML(ShapeFluentBit, system.value())
	case isFluentBit(root):
		r.fluentBit(root)
	case isOTel(root):
		return r.otel(anyValue{ref: root})
	case root.at("win", "system").kind() == jsonObject:
		r.wazuh(root.member("win"))
	case root.at("data", "win", "system").kind() == jsonObject:
		r.wazuh(root.at("data", "win"))
	case isDefender(root.member("properties")):
		r.defender(root, root.member("properties"))
	case isDefender(root):
		r.defender(root, root)
	case event.kind() == jsonObject && isElastic(event):
		r.elastic(root, event)
	case root.member("class_uid").kind() == jsonNumber:
		r.ocsf(root)
	case root.member("event_data").kind() == jsonObject || root.member("log_name").kind() == jsonString:
		r.winlogbeat6(root)
	case root.member("EventID").kind() != jsonNone && root.member("SourceName").kind() != jsonNone:
		r.nxlog(root)
	case root.member("body").kind() != jsonNone:
		return r.body(root.member("body"))
	default:
		return unknownShape
	}
	return nil
}

var unknownShape = &Fault{
	Reason: ReasonShape,
	Detail: "no known shape: neither winlog, Event.System, event_data, EventID beside SourceName or ProviderName, event_id.id, win.system, DeviceName beside ActionType, event.module endpoint nor class_uid",
}

// structured reads a record that keeps the event XML's structure.
func (r *record) structured(system, data jsonRef) {
	if isVelociraptor(system) {
		r.velociraptor(system, data)
	} else {
		r.evtxDump(system, data)
	}
}

// body reads a record that is the body of another: OpenTelemetry's in plain JSON
// or in OTLP's, rendered XML as a text, or the event's structure as JSON in a
// text, as MaxPatrol keeps it.
func (r *record) body(body jsonRef) *Fault {
	typed := body
	if text := body.member("stringValue"); text.kind() == jsonString {
		body = text
	}
	switch list := typed.member("kvlistValue"); {
	case list.kind() == jsonObject:
		return r.otel(anyValue{ref: typed, typed: true})
	case isOTel(body):
		return r.otel(anyValue{ref: body})
	case isMarkup(body):
		return r.embeddedXML(ShapeOTelRaw, body.value())
	case body.kind() == jsonString:
		return r.embeddedJSON(body.value())
	}
	return unknownShape
}
