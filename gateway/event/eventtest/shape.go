package eventtest

import (
	"slices"
	"testing"
)

// encoder writes a record in one shape, nil where the shape has no such record.
// form chooses among the forms of a shape: any number does, and all are reached
// by counting up.
type encoder func(t testing.TB, r *Record, form int) []byte

// shapes are the wire shapes by the names that event.Shape gives them. A .evtx
// file is no message.
var shapes = []struct {
	name   string
	encode encoder
}{
	{"winlogbeat", encodeWinlogbeat},
	{"winlogbeat_ecs", encodeWinlogbeatECS},
	{"winlogbeat6", encodeWinlogbeat6},
	{"nxlog", encodeNXLog},
	{"evtx_dump", encodeEvtxDump},
	{"velociraptor", encodeVelociraptor},
	{"event_xml", encodeEventXML},
	{"fluent_bit", encodeFluentBit},
	{"otel", encodeOTel},
	{"otel_raw", encodeOTelRaw},
	{"wazuh", encodeWazuh},
	{"defender", encodeDefender},
	{"elastic", encodeElastic},
	{"ocsf", encodeOCSF},
}

// Shapes are all shapes that a record can be written in.
func Shapes() []string {
	var names []string
	for _, s := range shapes {
		names = append(names, s.name)
	}
	return names
}

// Write is the message that a shipper makes of the record; nil where the shape
// has no such record. form chooses among the forms of a shape: any number does,
// and all are reached by counting up.
func (r *Record) Write(t testing.TB, shape string, form int) []byte {
	t.Helper()
	at := slices.IndexFunc(shapes, func(s struct {
		name   string
		encode encoder
	},
	) bool {
		return s.name == shape
	})
	if at < 0 {
		t.Fatalf("there is no shape %q", shape)
	}
	return shapes[at].encode(t, r, form)
}
