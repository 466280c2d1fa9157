package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// told is one Windows record before any shipper wrote it down: the encoders
// below write it as each shipper does.
type told struct {
	provider, channel, host, message string
	id, version                      int
	recordID                         uint64
	at                               time.Time
	names, values                    []string // in winlogbeat's order; classic facts are param1, param2 …
	created                          map[string]time.Time
}

func (d *told) get(name string) string {
	for i := range d.names {
		if d.names[i] == name {
			return d.values[i]
		}
	}
	return ""
}

// isClassic reports whether the facts have no names.
func (d *told) isClassic() bool { return len(d.names) > 0 && d.names[0] == "param1" }

// tell reads winlogbeat's plain form of records back.
func tell(t testing.TB, lines [][]byte) []told {
	t.Helper()
	created := map[string]time.Time{}
	var all []told
	for _, line := range lines {
		document := newJSONDocument()
		if fault := parseJSON(line, document); fault != nil {
			t.Fatal(fault)
		}
		root := document.root()
		log := root.member("winlog")
		text := func(ref jsonRef) string { return ref.value().string() }
		d := told{
			provider: text(log.member("provider_name")), channel: text(log.member("channel")), host: text(log.member("computer_name")),
			message: text(root.member("message")), created: created,
		}
		id, _ := parseUint(text(log.member("event_id")))
		d.id, d.version = int(id), sysmonVersions[int(id)]
		if d.id == 4688 {
			d.version = 2
		}
		d.recordID, _ = parseUint(text(log.member("record_id")))
		d.at, _, _ = parseTime(root.member("@timestamp").value())
		log.member("event_data").each(func(member jsonRef) {
			d.names, d.values = append(d.names, string(member.name())), append(d.values, text(member))
		})
		if at, ok := parseUTC(d.get("UtcTime")); ok {
			d.at = at
		}
		if d.id == 1 {
			created[d.get("ProcessId")] = d.at
		}
		document.release()
		all = append(all, d)
	}
	return all
}

// sysmonVersions are the versions that Sysmon 15 writes.
var sysmonVersions = map[int]int{1: 5, 2: 5, 3: 5, 4: 3, 5: 3, 6: 4, 7: 3, 10: 3, 11: 2, 12: 2, 13: 2, 14: 2, 15: 2, 16: 3, 17: 1, 22: 5, 23: 5, 26: 5, 29: 5, 255: 3}

// written is JSON as shippers write it, without HTML's escapes.
func written(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

type object = map[string]any

// filled leaves out what is empty.
func filled(o object) object {
	for name, v := range o {
		switch v := v.(type) {
		case string:
			if v == "" || v == "-" {
				delete(o, name)
			}
		case object:
			if len(filled(v)) == 0 {
				delete(o, name)
			}
		case nil:
			delete(o, name)
		}
	}
	return o
}

// encoders write a record in each shape that has no file in testdata/shapes; nil
// where the shape has no such record. number chooses among the forms of a shape.
var encoders = map[Shape]func(t testing.TB, d *told, number int) []byte{
	ShapeFluentBit: encodeFluentBit,
	ShapeOTel:      encodeOTel,
	ShapeOTelRaw:   encodeOTelRaw,
	ShapeWazuh:     encodeWazuh,
	ShapeDefender:  encodeDefender,
	ShapeElastic:   encodeElastic,
	ShapeOCSF:      encodeOCSF,
}

// manifest is the order of the facts in the provider's manifest, where
// winlogbeat's sample has another, or not all.
var manifest = map[int]string{
	1:  "RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company OriginalFileName CommandLine CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes ParentProcessGuid ParentProcessId ParentImage ParentCommandLine ParentUser",
	12: "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject User",
	13: "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject Details User",
	14: "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject NewName User",
	17: "RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image User",
	22: "RuleName UtcTime ProcessGuid ProcessId QueryName QueryStatus QueryResults Image User",
	23: "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable Archived",
	26: "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable",
	29: "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes",
}

func encodeFluentBit(t testing.TB, d *told, number int) []byte {
	inserts := slices.Clone(d.values)
	if order, other := manifest[d.id]; other && d.provider == ProviderSysmon {
		inserts = nil
		for _, name := range strings.Fields(order) {
			inserts = append(inserts, d.get(name))
		}
	}
	list := make([]any, len(inserts))
	for i, text := range inserts {
		list[i] = text
		if n, plain := parseDecimal(text); plain && !d.isClassic() {
			list[i] = n // win:UInt32
		}
	}
	line := written(t, object{
		"date": float64(d.at.UnixMilli()+2000) / 1000, "ProviderName": d.provider, "ProviderGuid": "", "Qualifiers": "", "EventID": d.id, "Version": d.version,
		"Level": 4, "Task": d.id, "Opcode": 0, "Keywords": "0x8000000000000000", "TimeCreated": d.at.In(time.FixedZone("", 3600)).Format("2006-01-02 15:04:05 -0700"),
		"EventRecordID": d.recordID, "ActivityID": "", "RelatedActivityID": "", "ProcessID": 3120, "ThreadID": 4211, "Channel": d.channel, "Computer": d.host,
		"UserID": `NT AUTHORITY\SYSTEM`, "Message": d.message, "StringInserts": list,
	})
	if number%2 == 1 {
		return slices.Concat([]byte("["), line, []byte("]"))
	}
	return line
}

// otelBody is what the receiver makes of an event, with its facts in one of both
// forms.
func otelBody(d *told, list bool) object {
	data := object{}
	var entries []any
	for i, name := range d.names {
		if name == "Binary" {
			data["binary"] = d.values[i]
			continue
		}
		if d.isClassic() {
			name = ""
		}
		entries = append(entries, object{name: d.values[i]})
		if !list {
			data[name] = d.values[i]
		}
	}
	if list {
		data["data"], data["name"] = entries, ""
	}
	return object{
		"channel": d.channel, "computer": d.host, "event_id": object{"id": d.id, "qualifiers": 0}, "keywords": []any{"Classic"}, "level": "Information",
		"message": d.message, "opcode": "Info", "task": "", "record_id": d.recordID, "system_time": d.at.Format(time.RFC3339Nano),
		"provider": object{"name": d.provider, "guid": "", "event_source": ""}, "event_data": data,
	}
}

// otlp is the typed form of a value.
func otlp(v any) object {
	switch v := v.(type) {
	case object:
		var names []string
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		values := []any{}
		for _, name := range names {
			values = append(values, object{"key": name, "value": otlp(v[name])})
		}
		return object{"kvlistValue": object{"values": values}}
	case []any:
		values := []any{}
		for _, element := range v {
			values = append(values, otlp(element))
		}
		return object{"arrayValue": object{"values": values}}
	case int, uint64:
		return object{"intValue": fmt.Sprint(v)} // 64-bit numbers are texts in OTLP/JSON
	}
	return object{"stringValue": v}
}

// otlpBatch is a request of OTLP/JSON with the records of one host.
func otlpBatch(bodies ...any) object {
	records := []any{}
	for _, body := range bodies {
		records = append(records, object{"timeUnixNano": "1772442845000000000", "severityText": "INFO", "body": body, "attributes": []any{}})
	}
	return object{"resourceLogs": []any{object{
		"resource":  object{"attributes": []any{object{"key": "host.name", "value": object{"stringValue": "collector01"}}}},
		"scopeLogs": []any{object{"scope": object{"name": "windowseventlog"}, "logRecords": records}},
	}}}
}

func encodeOTel(t testing.TB, d *told, number int) []byte {
	body := otelBody(d, d.isClassic() || number%2 == 1)
	switch number % 3 {
	case 0:
		return written(t, body)
	case 1:
		return written(t, object{"timestamp": "2026-03-02T09:14:05Z", "severity": 9, "body": body})
	}
	return written(t, otlpBatch(otlp(body)))
}

func encodeOTelRaw(t testing.TB, d *told, number int) []byte {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
	var b strings.Builder
	fmt.Fprintf(&b, `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='%s'/><EventID Qualifiers="0">%d</EventID>`, escape.Replace(d.provider), d.id)
	fmt.Fprintf(&b, `<TimeCreated SystemTime='%s'/><EventRecordID>%d</EventRecordID><Channel>%s</Channel><Computer>%s</Computer></System><EventData>`,
		d.at.Format(time.RFC3339Nano), d.recordID, d.channel, d.host)
	for i, name := range d.names {
		switch value := escape.Replace(d.values[i]); {
		case name == "Binary":
			fmt.Fprintf(&b, "<Binary>%s</Binary>", value)
		case d.isClassic():
			fmt.Fprintf(&b, "<Data>%s</Data>", value)
		default:
			fmt.Fprintf(&b, "<Data Name='%s'>%s</Data>", name, value)
		}
	}
	b.WriteString("</EventData></Event>\n")
	if number%2 == 1 {
		return written(t, otlpBatch(object{"stringValue": b.String()}))
	}
	return written(t, object{"body": b.String()})
}

func encodeWazuh(t testing.TB, d *told, number int) []byte {
	twice := func(s string) string { return s }
	if number%2 == 1 { // as some versions write it
		twice = func(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) }
		if d.get("Image")+d.get("SourceImage")+d.get("NewProcessName")+d.get("ProcessName")+d.get("ImageLoaded") == "" {
			twice = func(s string) string { return s }
		}
	}
	data := object{}
	var classic []string
	for i, name := range d.names {
		switch {
		case name == "Binary":
			data["binary"] = d.values[i]
		case d.isClassic():
			if d.values[i] != "(NULL)" {
				classic = append(classic, d.values[i])
			}
		default:
			data[strings.ToLower(name[:1])+name[1:]] = twice(d.values[i])
		}
	}
	if classic != nil {
		data["data"] = strings.Join(classic, ", ")
	}
	win := object{"eventdata": data, "system": object{
		"providerName": d.provider, "providerGuid": "", "eventID": fmt.Sprint(d.id), "version": fmt.Sprint(d.version), "level": "4", "task": "0", "opcode": "0",
		"systemTime": d.at.Format("2006-01-02T15:04:05.0000000Z"), "eventRecordID": fmt.Sprint(d.recordID), "processID": "3120", "threadID": "4211",
		"channel": d.channel, "computer": d.host, "severityValue": "INFORMATION", "message": `"` + twice(d.message) + `"`,
	}}
	if number%3 == 1 {
		return written(t, object{
			"timestamp": "2026-03-02T09:14:09.001+0000", "agent": object{"id": "007", "name": "ws01"}, "manager": object{"name": "siem01"},
			"decoder": object{"name": "windows_eventchannel"}, "data": object{"win": win}, "location": "EventChannel",
		})
	}
	return written(t, object{"win": win})
}
