package event

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"msigate/gateway/event/eventtest"
)

// Every record of every shape decodes as that shape, alone and among the others,
// in one message: none is taken for another.
func TestNoShapeIsTakenForAnother(t *testing.T) {
	var all [][]byte
	var want []Shape
	for _, shape := range storyShapes {
		for i, line := range storyLines(t, shape) {
			e := decodeOne(t, line)
			if e.Shape != shape && (shape != ShapeWinlogbeatECS || e.Shape != ShapeWinlogbeat) {
				t.Errorf("%s record %d is taken for %s", shape, i, e.Shape)
			}
			if shape != ShapeEventXML && line[0] == '{' {
				all, want = append(all, line), append(want, e.Shape)
			}
		}
	}
	records, fault := Decode(bytes.Join(all, []byte("\n")))
	if fault != nil || len(records) != len(all) {
		t.Fatalf("%d records of %d, %v", len(records), len(all), fault)
	}
	for i, r := range records {
		if r.Fault != nil || r.Event.Shape != want[i] {
			t.Errorf("record %d: %v, want %s", i, r, want[i])
		}
	}
	told := map[Shape]bool{ShapeEvtx: true, ShapeEventXML: true}
	for _, shape := range want {
		told[shape] = true
	}
	for _, shape := range Shapes() {
		if !told[shape] {
			t.Errorf("%s is told by no test", shape)
		}
	}
}

func TestWhatOnlyLooksLikeAShapeIsAShapeFault(t *testing.T) {
	for _, line := range []string{
		`{"properties":{"DeviceName":"ws01"}}`, `{"DeviceName":"ws01"}`, `{"ActionType":"ProcessCreated"}`,
		`{"event":{"module":"system"},"process":{"pid":1}}`, `{"class_uid":"1007"}`, `{"win":{"eventdata":{}}}`,
		`{"body":"a line of text"}`, `{"body":{"a":1}}`, `{"body":"<html></html>"}`, `{"body":"{\"a\":1}"}`, `{"System":"text"}`,
		`{"provider":{"name":"x"},"computer":"ws01"}`, `{"ProviderName":"x","EventID":1}`,
		`{"EventID":1,"ProviderName":"x","Computer":5}`,
	} {
		if got := outline(t, line); got != "shape" {
			t.Errorf("%s: %s", line, got)
		}
	}
}

func TestRecordsOfTheNewShapesWithoutAHostHaveAFieldFault(t *testing.T) {
	for _, line := range []string{
		`{"DeviceName":"","ActionType":"ProcessCreated"}`,
		`{"event":{"module":"endpoint","category":["process"],"type":["start"]},"process":{"pid":4}}`,
		`{"class_uid":1007,"activity_id":1,"process":{"pid":4}}`,
		`{"win":{"system":{"providerName":"MsiInstaller","eventID":"1040"}}}`,
		`{"ProviderName":"MsiInstaller","EventID":1040,"Computer":"-"}`,
		`{"provider":{"name":"MsiInstaller"},"event_id":{"id":1040},"computer":""}`,
		`{"body":"<Event/>"}`,
	} {
		if got := outline(t, line); got != "field" {
			t.Errorf("%s: %s", line, got)
		}
	}
}

// batch puts the story's records of one shape into one message.
func batch(t *testing.T, shape Shape) (message []byte, want []*Event) {
	t.Helper()
	records := storyTold(t)
	message, of := eventtest.Batch(t, string(shape), records)
	for _, i := range of {
		want = append(want, decodeOne(t, records[i].Write(t, string(shape), 1)))
	}
	return message, want
}

func TestABatchHoldsItsRecordsInOrder(t *testing.T) {
	for _, shape := range []Shape{ShapeOTel, ShapeDefender} {
		message, want := batch(t, shape)
		indented := bytes.ReplaceAll(message, []byte(`},{`), []byte("},\n {"))
		for _, m := range [][]byte{message, indented} {
			records, fault := Decode(m)
			if fault != nil || len(records) != len(want) || len(want) < 3 {
				t.Fatalf("%s: %d records of %d, %v", shape, len(records), len(want), fault)
			}
			for i, r := range records {
				if r.Index != i || r.Fault != nil {
					t.Fatalf("%s: record %d: %+v %v", shape, i, r, r.Fault)
				}
				assertEvent(t, r.Event, want[i])
			}
		}
	}
}

func TestDecodeCutsBatchesIntoRecords(t *testing.T) {
	logs := func(records string) string {
		return `{"resourceLogs":[{"resource":{"attributes":[]},"scopeLogs":[{"scope":{},"logRecords":[` + records + `]}]}]}`
	}
	body := func(id int) string { return `{"body":` + string(quoteJSON(smallXML(id))) + `}` }
	for _, test := range []struct{ name, message, want string }{
		{"none", `{"records":[]}`, ""},
		{"two", `{"records":[` + small(1) + `,` + small(2) + `]}`, "1 2"},
		{"blanks", " { \"records\" :\n [ " + small(1) + " ] } ", "1"},
		{"one with a fault", `{"records":[` + small(1) + `,{"EventID":1,"EventID":2},` + small(3) + `]}`, "1 duplicate_key 3"},
		{"of no shape", `{"records":[{},5]}`, "shape shape"},
		{"a line each", `{"records":[` + small(1) + "]}\n" + `{"records":[` + small(2) + `]}`, "1 2"},
		{"in an array", `[{"records":[` + small(1) + `]},` + small(2) + `]`, "1 2"},
		{"not in itself", `{"records":[{"records":[` + small(1) + `]}]}`, "shape"},
		{"cut inside the first", `{"records":[` + small(1)[:60], "fault syntax"},
		{"cut inside the second", `{"records":[` + small(1) + `,` + small(2)[:60], "1 syntax"},
		{"not closed", `{"records":[` + small(1) + `]`, "1 syntax"},
		{"more behind", `{"records":[` + small(1) + `]} x`, "1 syntax"},
		{"another member", `{"records":[` + small(1) + `],"a":{"b":[1]}}`, "1"},
		{"another member that is bad", `{"records":[` + small(1) + `],"a":{"b":[1],"b":2}}`, "1 duplicate_key"},
		{"twice", `{"records":[` + small(1) + `],"records":[` + small(2) + `]}`, "1 duplicate_key"},
		{"twice, once escaped", `{"records":[` + small(1) + `],"r\u0065cords":[` + small(2) + `]}`, "1 duplicate_key"},
		{"OTLP", logs(body(1) + "," + body(2)), "1 2"},
		{"OTLP, one with a fault", logs(body(1) + `,{"body":5},` + body(3)), "1 shape 3"},
		{"OTLP, of two hosts", strings.Replace(logs(body(1)), `"resourceLogs":[`, `"resourceLogs":[{"scopeLogs":[{"logRecords":[`+body(2)+`]},{}]},{},`, 1), "2 1"},
		{"OTLP, an escaped name", strings.Replace(logs(body(1)), "logRecords", `log\u0052ecords`, 1), "1"},
		{"OTLP, a bad resource", strings.Replace(logs(body(1)), `"attributes":[]`, `"attributes":[}`, 1), "syntax"},
	} {
		if got := outline(t, test.message); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func quoteJSON(s string) []byte {
	return []byte(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`)
}

func TestABatchOfManyRecordsIsBounded(t *testing.T) {
	if got := outline(t, `{"records":[`+strings.Repeat(`{},`, MaxRecords+1)+`{}]}`); got != "fault size" {
		t.Error(got)
	}
}

func TestWhatACertificateTellsIsKeptByItsHash(t *testing.T) {
	sha1 := strings.Repeat("0A", 20)
	row := `{"time":"2026-03-02T09:20:00Z","category":"AdvancedHunting-DeviceFileCertificateInfo","properties":{"Timestamp":"2026-03-02T09:14:05Z","DeviceName":"WS01.corp.example","SHA1":"` + sha1 + `","IsSigned":true,"SignatureType":"Embedded","Signer":"Contoso Software Ltd.","SignerHash":"` + strings.Repeat("BC", 20) + `","Issuer":"Contoso Code Signing CA","IsTrusted":true}}`
	e := decodeOne(t, []byte(`{"records":[`+row+`]}`))
	file, signature, ok := e.Certificate()
	want := Signature{Known: true, Signed: true, Subject: "Contoso Software Ltd.", Status: "Trusted", Issuer: "Contoso Code Signing CA", Thumbprint: strings.Repeat("bc", 20)}
	if !ok || file != (Hashes{SHA1: strings.ToLower(sha1)}) || signature != want || e.Kind != KindOther || e.Missing != nil || !e.Time.Equal(clock(5000)) {
		t.Errorf("%v %+v %+v, %+v", ok, file, signature, e)
	}
	for change, want := range map[[2]string]Signature{
		{`"IsSigned":true`, `"IsSigned":0`}:               {Known: true, Status: "Unsigned", Subject: "Contoso Software Ltd."},
		{`"IsTrusted":true`, `"IsTrusted":"false"`}:       {Known: true, Signed: true, Status: "Untrusted", Subject: "Contoso Software Ltd."},
		{`"IsTrusted":true`, `"IsRootSignerMicrosoft":1`}: {Known: true, Signed: true, Subject: "Contoso Software Ltd."},
	} {
		_, got, ok := decodeOne(t, []byte(strings.Replace(row, change[0], change[1], 1))).Certificate()
		got.Issuer, got.Thumbprint = "", ""
		if !ok || got != want {
			t.Errorf("%s: %+v", change[1], got)
		}
	}
	for _, shape := range storyShapes {
		for _, line := range storyLines(t, shape) {
			if _, _, ok := decodeOne(t, line).Certificate(); ok {
				t.Errorf("%s: a certificate is seen in %s", shape, line)
			}
		}
	}
	if !slices.Contains(Kinds(), e.Kind) {
		t.Error(e.Kind)
	}
}
