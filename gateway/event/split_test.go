package event

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// small is a short record of ws01, told apart by its record id.
func small(recordID int) string {
	return fmt.Sprintf(`{"@timestamp":"2026-03-02T09:14:05Z","winlog":{"provider_name":"MsiInstaller","channel":"Application","event_id":1040,"computer_name":"ws01","record_id":%d,"event_data":{"param1":"C:\\a.msi","param2":"77"}}}`, recordID)
}

func smallXML(recordID int) string {
	return fmt.Sprintf(`<Event><System><Provider Name="MsiInstaller"/><EventID>1040</EventID><TimeCreated SystemTime="2026-03-02T09:14:05Z"/><EventRecordID>%d</EventRecordID><Channel>Application</Channel><Computer>ws01</Computer></System><EventData><Data>C:\a.msi</Data><Data>77</Data></EventData></Event>`, recordID)
}

// outline writes what a message decodes to: record ids of good records, reasons
// of the others, "fault REASON" of the message.
func outline(t *testing.T, message string) string {
	t.Helper()
	records, fault := Decode([]byte(message))
	if fault != nil {
		if records != nil {
			t.Errorf("a fault of the message comes with %d records", len(records))
		}
		return "fault " + string(fault.Reason)
	}
	var words []string
	for i, r := range records {
		if r.Index != i {
			t.Errorf("record %d has index %d", i, r.Index)
		}
		switch {
		case r.Fault != nil && r.Event != nil, r.Fault == nil && r.Event == nil:
			t.Errorf("record %d has not exactly one of event and fault", i)
		case r.Fault != nil:
			words = append(words, string(r.Fault.Reason))
		default:
			words = append(words, fmt.Sprint(r.Event.RecordID))
		}
	}
	return strings.Join(words, " ")
}

func TestDecodeCutsMessagesIntoRecords(t *testing.T) {
	pretty := strings.NewReplacer("{", "{\n  ", ",", ",\n  ", "}", "\n  }")
	indent := func(recordID int) string {
		s := pretty.Replace(small(recordID))
		return s[:len(s)-len("\n  }")] + "\n}"
	}
	duplicate := strings.Replace(small(9), `"event_id":1040`, `"event_id":1040,"event_id":1`, 1)
	escapedDuplicate := strings.Replace(small(9), `"event_id":1040`, `"event_id":1040,"event\u005fid":1`, 1)
	deep := strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000)
	deepArray := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	tests := []struct{ name, message, want string }{
		{"nothing", "", ""},
		{"white space", " \r\n\t", ""},
		{"one object", small(1), "1"},
		{"one object, byte order mark and trailing line end", "\uFEFF" + small(1) + "\n", "1"},
		{"one indented object", indent(1), "1"},
		{"indented objects one after the other", indent(1) + "\n" + indent(2) + "\n" + indent(3), "1 2 3"},
		{"indented, the middle one cut short", indent(1) + "\n" + indent(2)[:60] + "\n" + indent(3), "1 syntax 3"},
		{"one a line", small(1) + "\n" + small(2) + "\n\n" + small(3) + "\n", "1 2 3"},
		{"one a line, Windows line ends", small(1) + "\r\n" + small(2), "1 2"},
		{"one a line, the middle one cut short in a string", small(1) + "\n" + small(2)[:50] + "\n" + small(3), "1 syntax 3"},
		{"one a line, the first cut short after a comma", small(1)[:strings.Index(small(1), `"winlog"`)] + "\n" + small(2), "syntax 2"},
		{"one a line, the last cut short", small(1) + "\n" + small(2)[:80], "1 syntax"},
		{"one a line, duplicate key in the middle", small(1) + "\n" + duplicate + "\n" + small(3), "1 duplicate_key 3"},
		{"one a line, garbage between", small(1) + "\nhello\n" + small(3), "1 syntax 3"},
		{"two objects on one line", small(1) + small(2), "fault syntax"},
		{"an object and garbage on its line", small(1) + " x", "fault syntax"},
		{"an object followed by a NUL", small(1) + "\x00", "fault syntax"},
		{"cut short", small(1)[:100], "fault syntax"},
		{"duplicate key", duplicate, "duplicate_key"},
		{"duplicate key, one written with an escape", escapedDuplicate, "duplicate_key"},
		{"duplicate key in an unread object", strings.Replace(small(1), `{"@timestamp"`, `{"x":{"a":1,"a":2},"@timestamp"`, 1), "duplicate_key"},
		{"20,000 deep", deep, "fault depth"},
		{"20,000 deep and cut short", deep[:90_000], "fault depth"},
		{"100 deep", strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), "fault depth"},
		{"deep beside the facts", strings.Replace(small(1), `{"@timestamp"`, `{"x":`+strings.Repeat("[", 70)+strings.Repeat("]", 70)+`,"@timestamp"`, 1), "fault depth"},
		{"empty array", "[]", ""},
		{"empty array with space", " [ \n ] ", ""},
		{"array", "[" + small(1) + "," + small(2) + "]", "1 2"},
		{"array, duplicate key in the middle", "[" + small(1) + "," + duplicate + "," + small(3) + "]", "1 duplicate_key 3"},
		{"array, an element that is no object", "[" + small(1) + `,7,"text",null,[1],` + small(3) + "]", "1 shape shape shape shape 3"},
		{"array, an element with bad syntax", "[" + small(1) + `,{"a":},` + small(3) + "]", "1 syntax 3"},
		{"array, an element of no shape", "[" + small(1) + `,{"a":1},` + small(3) + "]", "1 shape 3"},
		{"array, an element too deep", "[" + small(1) + "," + deepArray + "," + small(3) + "]", "1 depth 3"},
		{"array, an element missing", "[" + small(1) + ",," + small(3) + "]", "1 syntax 3"},
		{"array, a comma at its end", "[" + small(1) + ",]", "1 syntax"},
		{"array, cut short inside an element", "[" + small(1) + "," + small(2)[:70], "1 syntax"},
		{"array, cut short after an element", "[" + small(1) + "," + small(2), "1 2 syntax"},
		{"array, cut short inside its first element", "[" + small(1)[:70], "fault syntax"},
		{"array, elements not separated", "[" + small(1) + " " + small(2) + "]", "1 syntax"},
		{"array, data after its end", "[" + small(1) + "] x", "1 syntax"},
		{"array, only opened", "[", "fault syntax"},
		{"arrays 20,000 deep", deepArray, "depth"},
		{"arrays 20,000 deep, cut short", deepArray[:20_000], "fault depth"},
		{"neither JSON nor XML", "hello", "fault syntax"},
		{"a number", "42", "fault syntax"},
		{"no known shape", `{"hello":"world"}`, "shape"},
		{"one Event", smallXML(1), "1"},
		{"one Event with a declaration", `<?xml version="1.0" encoding="utf-8"?>` + "\n<!-- exported -->\n" + smallXML(1), "1"},
		{"several Events", smallXML(1) + "\n" + smallXML(2) + smallXML(3), "1 2 3"},
		{"Events wrapper", `<?xml version="1.0"?><Events>` + smallXML(1) + smallXML(2) + "</Events>", "1 2"},
		{"empty Events wrapper", "<Events></Events>", ""},
		{"empty Events element", "<Events/>", ""},
		{"Events wrapper, cut short inside a record", "<Events>" + smallXML(1) + smallXML(2)[:90], "1 syntax"},
		{"Events wrapper, cut short after a record", "<Events>" + smallXML(1), "1 syntax"},
		{"Events, bad record in the middle", "<Events>" + smallXML(1) + strings.Replace(smallXML(2), "</EventID>", "</Event>", 1) + smallXML(3) + "</Events>", "1 syntax 3"},
		{"Event without id in the middle", smallXML(1) + strings.Replace(smallXML(2), "1040", "", 1) + smallXML(3), "1 field 3"},
		{"Event with two ids in the middle", smallXML(1) + strings.Replace(smallXML(2), "<Channel>", "<EventID>1</EventID><Channel>", 1) + smallXML(3), "1 duplicate_key 3"},
		{"Event with an attribute twice", smallXML(1) + strings.Replace(smallXML(2), "<Provider ", `<Provider Name="x" `, 1) + smallXML(3), "1 duplicate_key 3"},
		{"Event cut short in the middle", smallXML(1) + smallXML(2)[:120] + smallXML(3), "1 syntax 3"},
		{"Event cut short inside an open CDATA", smallXML(1) + "<Event><System><![CDATA[" + smallXML(3), "1 syntax 3"},
		{"text between Events", smallXML(1) + "hello" + smallXML(3), "1 syntax 3"},
		{"text after the last Event", smallXML(1) + "hello", "1 syntax"},
		{"another element between Events", smallXML(1) + "<Other/>" + smallXML(3), "1 shape 3"},
		{"another root element", "<html></html>", "fault shape"},
		{"document type", `<!DOCTYPE Event [<!ENTITY x "y">]>` + smallXML(1), "syntax 1"},
		{"document type alone", `<!DOCTYPE Event>`, "fault syntax"},
		{"open comment after an Event", smallXML(1) + "<!-- ", "1 syntax"},
		{"one Event cut short", smallXML(1)[:150], "fault syntax"},
		{"Events 20,000 deep", strings.Repeat("<Event>", 20_000), "fault depth"},
		{"an Event too deep in the middle", smallXML(1) + strings.Repeat("<Event>", 70) + strings.Repeat("</Event>", 70) + smallXML(3), "1 depth 3"},
		{"elements too deep in the middle", smallXML(1) + "<Event>" + strings.Repeat("<a>", 70) + strings.Repeat("</a>", 70) + "</Event>" + smallXML(3), "1 depth 3"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := outline(t, test.message)
			if len(got) > 200 {
				got = got[:200] + "…"
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestDecodeTellsWhereAFaultIs(t *testing.T) {
	_, fault := Decode([]byte(small(1)[:100]))
	if want := "offset 100: cut short: unexpected end of the JSON text"; fault.Detail != want {
		t.Errorf("cut short: %q, want %q", fault.Detail, want)
	}
	records, _ := Decode([]byte(`{"EventID":1,"EventID":2}`))
	if want := `offset 13: name "/EventID" is there twice`; records[0].Fault.Detail != want {
		t.Errorf("duplicate: %q, want %q", records[0].Fault.Detail, want)
	}
}

func TestDecode500RecordsWithABadOneInTheMiddle(t *testing.T) {
	for _, form := range []struct{ name, before, between, after string }{
		{"array", "[", ",", "]"}, {"lines", "", "\n", ""},
	} {
		t.Run(form.name, func(t *testing.T) {
			var texts []string
			for i := range 500 {
				texts = append(texts, small(i))
			}
			texts[250] = `{"winlog":{"event_id":1,"event_id":2}}`
			records, fault := Decode([]byte(form.before + strings.Join(texts, form.between) + form.after))
			if fault != nil || len(records) != 500 {
				t.Fatalf("%d records, %v", len(records), fault)
			}
			for i, r := range records {
				if bad := r.Fault != nil; bad != (i == 250) || r.Index != i || !bad && r.Event.RecordID != uint64(i) {
					t.Errorf("record %d: %+v", i, r)
				}
			}
		})
	}
}

func TestDecodeRefusesARecordLongerThanItsBound(t *testing.T) {
	long := strings.Replace(small(2), `C:\\a.msi`, strings.Repeat("a", 5<<20), 1)
	if got := outline(t, long); got != "size" {
		t.Errorf("alone: %s", got)
	}
	if got := outline(t, small(1)+"\n"+long+"\n"+small(3)); got != "1 size 3" {
		t.Errorf("one a line: %s", got)
	}
	if got := outline(t, "["+small(1)+","+long+","+small(3)+"]"); got != "1 size 3" {
		t.Errorf("array: %s", got)
	}
	longXML := strings.Replace(smallXML(2), `C:\a.msi`, strings.Repeat("a", 5<<20), 1)
	if got := outline(t, smallXML(1)+longXML+smallXML(3)); got != "1 size 3" {
		t.Errorf("xml: %s", got)
	}
}

func TestDecodeRefusesTooManyRecords(t *testing.T) {
	for name, message := range map[string]string{
		"array": "[" + strings.Repeat("1,", MaxRecords) + "1]",
		"lines": strings.Repeat("{}\n", MaxRecords+1),
		"xml":   strings.Repeat("<Event/>", MaxRecords+1),
	} {
		if got := outline(t, message); got != "fault size" {
			t.Errorf("%s: %.60s", name, got)
		}
	}
}

// Work must stay linear in the text however it is broken: these would take
// minutes if every record were looked for to the end of the text.
func TestDecodeOfBrokenTextIsLinear(t *testing.T) {
	const n = 40_000
	for name, message := range map[string]string{
		"lines cut short after a comma": strings.Repeat("{\"a\":1,\n", n),
		"lines cut short in a string":   strings.Repeat("{\"a\":\"b\n", n),
		"open CDATA":                    strings.Repeat("<Event><![CDATA[", n),
		"open comments":                 strings.Repeat("<Event><!--", n),
		"open attributes":               strings.Repeat(`<Event a="`, n),
		"open arrays":                   strings.Repeat("[{\"a\":\n", n),
		"many attributes":               "<Event " + manyNames(` %s="1"`, n) + "/>",
		"many facts":                    strings.Replace(smallXML(1), "<EventData>", "<EventData>"+manyNames(`<Data Name="%s"/>`, n), 1),
		"many members":                  "{" + manyNames(`"%s":1,`, n) + `"b":1}`,
		"raw control characters":        `{"a":"` + strings.Repeat("\\\x01", n) + `"}`,
	} {
		t.Run(name, func(*testing.T) { Decode([]byte(message)) })
	}
}

func manyNames(form string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, form, fmt.Sprintf("a%d", i))
	}
	return b.String()
}

func TestDecodeSharesNoMemoryWithTheMessage(t *testing.T) {
	for _, shape := range storyShapes {
		message := bytes.Clone(storyLines(t, shape)[storyProcessStart])
		e := decodeOne(t, message)
		want := *e
		for i := range message {
			message[i] = 'x'
		}
		assertEvent(t, e, &want)
		if strings.Contains(e.Process.Image+e.Process.CommandLine+e.Host, "xxx") {
			t.Errorf("%s: the event changed with the message", shape)
		}
	}
}
