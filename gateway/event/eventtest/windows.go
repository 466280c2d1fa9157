package eventtest

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The forms that keep the record's facts under the provider's own names.

// pairs is an object whose members stand in the order given, as shippers write
// the facts.
type pairs []pair

type pair struct {
	name  string
	value any
}

// MarshalJSON writes the members in order.
func (p pairs) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, member := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := marshal(member.name)
		if err != nil {
			return nil, err
		}
		value, err := marshal(member.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return []byte(b.String()), nil
}

// facts are the record's facts by name, each as value makes it.
func (r *Record) facts(value func(name, text string) any) pairs {
	all := pairs{}
	for i, name := range r.Names {
		all = append(all, pair{name, value(name, r.Values[i])})
	}
	return all
}

func asText(_, text string) any { return text }

func encodeWinlogbeat(t testing.TB, r *Record, _ int) []byte {
	return written(t, pairs{
		{"@timestamp", r.At.Format("2006-01-02T15:04:05.000Z")},
		{"host", object{"name": "wec01.corp.example"}},
		{"winlog", pairs{
			{"channel", r.Channel},
			{"provider_name", r.Provider},
			{"computer_name", r.Host},
			{"record_id", r.RecordID},
			{"event_id", fmt.Sprint(r.ID)},
			{"event_data", r.facts(asText)},
			{"version", r.Version},
		}},
		{"message", r.Message},
	})
}

func encodeWinlogbeat6(t testing.TB, r *Record, _ int) []byte {
	return written(t, pairs{
		{"@timestamp", r.At.Format("2006-01-02T15:04:05.000Z")},
		{"event_id", r.ID},
		{"version", r.Version},
		{"user", object{"domain": "NT AUTHORITY", "type": "User", "identifier": "S-1-5-18", "name": "SYSTEM"}},
		{"event_data", r.facts(asText)},
		{"record_number", fmt.Sprint(r.RecordID)},
		{"beat", object{"name": "wec01", "hostname": "wec01"}},
		{"source_name", r.Provider},
		{"computer_name", r.Host},
		{"log_name", r.Channel},
		{"process_id", 3120},
		{"message", r.Message},
	})
}

// headerNames are NXLog's own fields; its names ignore case, so they stand in
// the place of facts of the same name.
var headerNames = map[string]bool{
	"processid": true, "eventtype": true, "version": true, "severity": true, "hostname": true, "channel": true, "message": true, "category": true, "task": true,
}

// encodeNXLog writes what im_msvistalog's to_json() does. A classic record's
// facts are in its rendered text alone.
func encodeNXLog(t testing.TB, r *Record, _ int) []byte {
	at := r.At.In(time.FixedZone("", 3600)).Format("2006-01-02T15:04:05.000000-07:00")
	if r.Provider == providerSysmon { // which has a time of its own
		at = r.At.Add(time.Hour).Format("2006-01-02 15:04:05")
	}
	line := pairs{
		{"EventTime", at},
		{"Hostname", r.Host},
		{"Keywords", int64(-9223372036854775808)},
		{"EventType", "INFO"},
		{"SeverityValue", 2},
		{"Severity", "INFO"},
		{"EventID", r.ID},
		{"SourceName", r.Provider},
		{"Version", r.Version},
		{"Task", r.ID},
		{"OpcodeValue", 0},
		{"RecordNumber", r.RecordID},
		{"ProcessID", 3120},
		{"ThreadID", 4211},
		{"Channel", r.Channel},
		{"Message", r.Message},
		{"Category", "-"},
		{"Opcode", "Info"},
	}
	if !r.IsClassic() {
		for i, name := range r.Names {
			if !headerNames[strings.ToLower(name)] {
				line = append(line, pair{name, r.Values[i]})
			}
		}
	}
	return written(t, append(line, pair{"EventReceivedTime", at}, pair{"SourceModuleName", "eventlog"}, pair{"SourceModuleType", "im_msvistalog"}))
}

// decimal reads a decimal number as Windows writes a win:UInt32.
func decimal(text string) (n uint64, ok bool) {
	if text == "" || len(text) > 19 || len(text) > 1 && text[0] == '0' {
		return 0, false
	}
	for _, digit := range []byte(text) {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		n = n*10 + uint64(digit-'0')
	}
	return n, true
}

// typed is a fact as the readers of .evtx files give it: by the type it has in
// the file.
func typed(name, text string) any {
	if strings.HasSuffix(name, "Guid") || strings.HasSuffix(name, "GUID") {
		return strings.ToUpper(strings.Trim(text, "{}"))
	}
	if strings.HasSuffix(name, "Id") || strings.HasSuffix(name, "Port") {
		if n, ok := decimal(text); ok {
			return n
		}
	}
	return text
}

// classic are the texts of a classic record, and its binary data.
func (r *Record) classic() (texts []any, binary string) {
	for i, name := range r.Names {
		if name == "Binary" {
			binary = r.Values[i]
		} else {
			texts = append(texts, r.Values[i])
		}
	}
	return texts, binary
}

func encodeEvtxDump(t testing.TB, r *Record, _ int) []byte {
	data, id := any(r.facts(typed)), any(r.ID)
	if r.IsClassic() {
		texts, binary := r.classic()
		list := pairs{{"Data", object{"#text": texts}}}
		if binary != "" {
			list = append(list, pair{"Binary", strings.ToUpper(binary)})
		}
		data, id = list, object{"#attributes": object{"Qualifiers": 0}, "#text": r.ID}
	}
	return written(t, object{"Event": pairs{
		{"#attributes", object{"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"}},
		{"System", pairs{
			{"Provider", object{"#attributes": object{"Name": r.Provider}}},
			{"EventID", id},
			{"Version", r.Version},
			{"Level", 4},
			{"Task", r.ID},
			{"Opcode", 0},
			{"Keywords", "0x8000000000000000"},
			{"TimeCreated", object{"#attributes": object{"SystemTime": r.At.Format("2006-01-02T15:04:05.000000Z")}}},
			{"EventRecordID", r.RecordID},
			{"Correlation", nil},
			{"Execution", object{"#attributes": object{"ProcessID": 3120, "ThreadID": 4211}}},
			{"Channel", r.Channel},
			{"Computer", r.Host},
			{"Security", object{"#attributes": object{"UserID": "S-1-5-18"}}},
		}},
		{"EventData", data},
	}})
}

func encodeVelociraptor(t testing.TB, r *Record, _ int) []byte {
	data := any(r.facts(func(name, text string) any {
		if n := number(text); n != nil && strings.HasPrefix(text, "0x") {
			return n
		}
		return typed(name, text)
	}))
	if r.IsClassic() {
		texts, binary := r.classic()
		list := pairs{{"Data", texts}}
		if bytes, err := hex.DecodeString(binary); err == nil && binary != "" {
			list = append(list, pair{"Binary", base64.StdEncoding.EncodeToString(bytes)})
		}
		data = list
	}
	return written(t, object{"Event": pairs{
		{"System", pairs{
			{"Provider", object{"Name": r.Provider}},
			{"EventID", object{"Value": r.ID}},
			{"Version", r.Version},
			{"Level", 4},
			{"Task", r.ID},
			{"Opcode", 0},
			{"Keywords", uint64(9223372036854775808)},
			{"TimeCreated", object{"SystemTime": float64(r.At.UnixMilli()) / 1000}},
			{"EventRecordID", r.RecordID},
			{"Correlation", object{}},
			{"Execution", object{"ProcessID": 3120, "ThreadID": 4211}},
			{"Channel", r.Channel},
			{"Computer", r.Host},
			{"Security", object{"UserID": "S-1-5-18"}},
		}},
		{"EventData", data},
	}})
}

func encodeEventXML(_ testing.TB, r *Record, _ int) []byte { return []byte(r.XML()) }

// XML is the record's rendered XML.
func (r *Record) XML() string {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
	var b strings.Builder
	fmt.Fprintf(&b, `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='%s'/><EventID Qualifiers="0">%d</EventID>`, escape.Replace(r.Provider), r.ID)
	fmt.Fprintf(&b, `<TimeCreated SystemTime='%s'/><EventRecordID>%d</EventRecordID><Channel>%s</Channel><Computer>%s</Computer></System><EventData>`,
		r.At.Format(time.RFC3339Nano), r.RecordID, r.Channel, r.Host)
	for i, name := range r.Names {
		switch value := escape.Replace(r.Values[i]); {
		case name == "Binary":
			fmt.Fprintf(&b, "<Binary>%s</Binary>", value)
		case r.IsClassic():
			fmt.Fprintf(&b, "<Data>%s</Data>", value)
		default:
			fmt.Fprintf(&b, "<Data Name='%s'>%s</Data>", name, value)
		}
	}
	b.WriteString("</EventData></Event>")
	return b.String()
}
