package event

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestTextOfARecordDecodesToIt holds every way a record is cut out of a message
// to the promise of Record.Text.
func TestTextOfARecordDecodesToIt(t *testing.T) {
	messages := map[string][]byte{}
	files, err := filepath.Glob("testdata/shapes/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no shapes: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		messages[file] = text
	}
	lines := bytes.Split(bytes.TrimSpace(messages["testdata/shapes/winlogbeat.jsonl"]), []byte("\n"))
	list := bytes.Join(lines, []byte(" ,\n"))
	messages["an array"] = append(append([]byte("[ "), list...), ']')
	messages["a batch of Event Hubs"] = append(append([]byte(`{"records":[`), list...), ']', '}')
	messages["a batch of OTLP"] = append(append([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[`), list...), []byte(`]}]}]}`)...)
	messages["XML of which one record is bad"] = []byte("<Events>" + xmlOf("ws01") + "<Event><bad" + xmlOf("ws02") + "</Events>")
	for name, message := range messages {
		records, fault := Decode(message)
		if fault != nil || len(records) < 2 {
			t.Fatalf("%s: %d records, %v", name, len(records), fault)
		}
		for _, record := range records {
			if record.Fault == nil {
				assertTextOf(t, name, record, record.Event.Shape)
			}
		}
	}
	records, _ := readEvtx(sampleEvtx())
	if len(records) == 0 {
		t.Fatal("no record of .evtx")
	}
	for _, record := range records {
		if record.Fault == nil {
			record.Event.RecordID = 0 // the sample tells it beside the record, Windows in it too
			assertTextOf(t, "an .evtx file", record, ShapeVelociraptor)
		}
	}
}

func xmlOf(host string) string {
	return `<Event><System><Provider Name="Other"/><EventID>1</EventID><Computer>` + host + `</Computer></System></Event>`
}

func assertTextOf(t *testing.T, name string, record Record, shape Shape) {
	t.Helper()
	alone, fault := Decode(record.Text)
	if fault != nil || len(alone) != 1 || alone[0].Fault != nil {
		t.Fatalf("%s: record %d alone is %+v, %v: %s", name, record.Index, alone, fault, record.Text)
	}
	want := *record.Event
	want.Shape = shape
	if !reflect.DeepEqual(*alone[0].Event, want) {
		t.Errorf("%s: record %d alone\n%+v\nwant\n%+v", name, record.Index, *alone[0].Event, want)
	}
}
