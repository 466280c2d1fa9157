package event

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// checkRecord asserts what holds of every record, whatever it was decoded from.
func checkRecord(t *testing.T, r Record) {
	t.Helper()
	if (r.Event == nil) == (r.Fault == nil) {
		t.Fatalf("record %d has not exactly one of event and fault", r.Index)
	}
	if r.Fault != nil {
		if r.Fault.Reason == "" || r.Fault.Detail == "" || !utf8.ValidString(r.Fault.Detail) || strings.ContainsAny(r.Fault.Detail, "\n\x00") {
			t.Fatalf("fault %q %q", r.Fault.Reason, r.Fault.Detail)
		}
		return
	}
	e := r.Event
	for name, list := range map[string][]string{"missing": e.Missing, "mangled": e.Mangled} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Fatalf("%s is not sorted or repeats: %q", name, list)
		}
	}
	if e.Host == "" || e.Host != LowerASCII(e.Host) || e.Provider == "" || !slices.Contains(Kinds(), e.Kind) || !slices.Contains(Shapes(), e.Shape) {
		t.Fatalf("host %q, provider %q, kind %q, shape %q", e.Host, e.Provider, e.Kind, e.Shape)
	}
	checkStrings(t, reflect.ValueOf(*e))
}

// checkStrings asserts that every string holds legal characters alone.
func checkStrings(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				checkStrings(t, v.Field(i))
			}
		}
	case reflect.String:
		s := v.String()
		if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !isLegal(r) }) {
			t.Fatalf("illegal character in %q", s)
		}
	}
}

// checkMessage decodes twice and asserts what holds of every message.
func checkMessage(t *testing.T, message []byte) {
	t.Helper()
	before := bytes.Clone(message)
	records, fault := Decode(message)
	again, faultAgain := Decode(message)
	if !reflect.DeepEqual(records, again) || !reflect.DeepEqual(fault, faultAgain) {
		t.Fatal("decoding twice gives two results")
	}
	if !bytes.Equal(before, message) {
		t.Fatal("the message was changed")
	}
	if fault != nil && (len(records) > 0 || fault.Reason == "" || !utf8.ValidString(fault.Detail)) {
		t.Fatalf("%d records beside the fault %v", len(records), fault)
	}
	for i, record := range records {
		if record.Index != i {
			t.Fatalf("record %d has index %d", i, record.Index)
		}
		checkRecord(t, record)
		if record.Event != nil && record.Event.Kind == KindProcessStart && !MayStartProcess(message) {
			t.Fatal("a process start is not seen in the bytes")
		}
	}
}

// fuzzShape seeds a target with the whole story in a shape, and with what
// breaks it.
func fuzzShape(f *testing.F, shape Shape) {
	lines := storyLines(f, shape)
	for _, line := range lines {
		f.Add(line)
	}
	f.Add(bytes.Join(lines[:3], []byte("\n")))
	f.Add(lines[0][:len(lines[0])/2])
	f.Add(append([]byte("\xFF\xFE"), lines[1]...))
	f.Add(bytes.ReplaceAll(lines[0], []byte("Windows"), []byte("Win\x01dows\xff")))
	f.Fuzz(func(t *testing.T, message []byte) { checkMessage(t, message) })
}

func FuzzWinlogbeat(f *testing.F)    { fuzzShape(f, ShapeWinlogbeat) }
func FuzzWinlogbeatECS(f *testing.F) { fuzzShape(f, ShapeWinlogbeatECS) }
func FuzzWinlogbeat6(f *testing.F)   { fuzzShape(f, ShapeWinlogbeat6) }
func FuzzNXLog(f *testing.F)         { fuzzShape(f, ShapeNXLog) }
func FuzzEvtxDump(f *testing.F)      { fuzzShape(f, ShapeEvtxDump) }
func FuzzVelociraptor(f *testing.F)  { fuzzShape(f, ShapeVelociraptor) }
func FuzzEventXML(f *testing.F)      { fuzzShape(f, ShapeEventXML) }

func FuzzFluentBit(f *testing.F) { fuzzShape(f, ShapeFluentBit) }
func FuzzOTel(f *testing.F)      { fuzzShape(f, ShapeOTel) }
func FuzzOTelRaw(f *testing.F)   { fuzzShape(f, ShapeOTelRaw) }
func FuzzWazuh(f *testing.F)     { fuzzShape(f, ShapeWazuh) }
func FuzzDefender(f *testing.F)  { fuzzShape(f, ShapeDefender) }
func FuzzElastic(f *testing.F)   { fuzzShape(f, ShapeElastic) }
func FuzzOCSF(f *testing.F)      { fuzzShape(f, ShapeOCSF) }

// FuzzSplit looks at messages of several records, good and bad.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		"[" + small(1) + ",{}," + small(2) + "]", small(1) + "\n" + small(2)[:40] + "\n" + small(3),
		"<Events>" + smallXML(1) + "<Event>" + smallXML(2) + "</Events>", smallXML(1) + "<!--" + smallXML(2),
		"{\n \"a\": 1\n}\n{\n \"b\": 2\n}", "[[[[", "{\"a\":\"\\\x01\"}", "<Event/><Events></Event>", "<?xml?><Events/>x",
		`{"records":[` + small(1) + `,` + small(2)[:40] + `]}`, `{"records":[` + small(1), `{"records":[]} x`, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[` + small(1) + `,{}]}]}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) { checkMessage(t, message) })
}
