package install_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf16"
)

// record is one Windows record before any shipper wrote it down.
type record struct {
	provider, channel, host string
	id                      int
	at                      time.Time
	data                    []fact // a classic provider's facts have no names
}

type fact struct{ name, value string }

// scribe writes records down in every shape, as awkwardly as the shape allows:
// escapes where none are needed, odd blanks, odd case.
type scribe struct {
	*rand.Rand
	awkward bool
	oneLine bool                 // blanks must not end the line
	trick   int                  // the one way this message hides XML text
	born    map[string]time.Time // when each process started, where a shape tells it
}

func (s *scribe) sometimes() bool { return s.awkward && s.IntN(4) == 0 }

func (s *scribe) seldom() bool { return s.awkward && s.IntN(16) == 0 }

// shapes are the writers of one record each; rendered XML is the last, and
// defender, which identifies processes in its own way, is not among them.
var shapes = []func(*scribe, record) string{
	winlogbeat, winlogbeatECS, winlogbeat6, nxlog, evtxDump, velociraptor,
	fluentBit, otel, otlp, otelRaw, structureInText, wazuh, elastic, ocsf,
	eventXML,
}

func (r *record) get(name string) string {
	for _, f := range r.data {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// members writes name and value pairs; a value of the form raw is JSON itself.
type raw string

func (s *scribe) object(members ...any) raw {
	var b strings.Builder
	b.WriteString("{" + s.blank())
	for i := 0; i < len(members); i += 2 {
		if i > 0 {
			b.WriteString("," + s.blank())
		}
		b.WriteString(s.text(members[i].(string)) + s.blank() + ":" + s.blank())
		switch v := members[i+1].(type) {
		case raw:
			b.WriteString(string(v))
		case int:
			if s.sometimes() {
				fmt.Fprintf(&b, "%q", fmt.Sprint(v))
			} else {
				fmt.Fprint(&b, v)
			}
		case string:
			b.WriteString(s.text(v))
		}
	}
	b.WriteString(s.blank() + "}")
	return raw(b.String())
}

func (s *scribe) blank() string {
	if s.sometimes() {
		blank := []string{" ", "\n", "\t ", "\r\n  "}[s.IntN(4)]
		if s.oneLine {
			blank = strings.Trim(blank, "\r\n")
		}
		return blank
	}
	return ""
}

// text writes a JSON string; any character may be escaped.
func (s *scribe) text(value string) string {
	escape := s.seldom()
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range value {
		switch {
		case escape && s.IntN(3) == 0 || r < ' ':
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, []string{`\u%04x`, `\u%04X`}[s.IntN(2)], unit)
			}
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '/' && s.sometimes():
			b.WriteString(`\/`)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func (s *scribe) facts(data []fact) raw {
	var members []any
	for i, f := range data {
		if f.name == "" {
			f.name = fmt.Sprintf("param%d", i+1)
		}
		members = append(members, f.name, f.value)
	}
	return s.object(members...)
}

func zoned(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

func winlogbeat(s *scribe, r record) string {
	return string(s.object(
		"@timestamp", zoned(r.at),
		"event", s.object("code", r.id, "kind", "event", "provider", r.provider),
		"winlog", s.object("channel", r.channel, "computer_name", r.host, "event_id", r.id, "provider_name", r.provider, "event_data", s.facts(r.data)),
	))
}

// winlogbeatECS names the event id under event.code alone, and a Sysmon
// process under process.
func winlogbeatECS(s *scribe, r record) string {
	if r.id != 1 || len(r.data) == 0 || r.data[0].name != "UtcTime" {
		return winlogbeat(s, r)
	}
	return string(s.object(
		"@timestamp", zoned(r.at),
		"event", s.object("kind", "event", "module", "sysmon", "code", r.id, "provider", r.provider),
		"process", s.object(
			"entity_id", r.get("ProcessGuid"), "pid", r.get("ProcessId"), "executable", r.get("Image"), "command_line", r.get("CommandLine"),
			"pe", s.object("original_file_name", r.get("OriginalFileName")),
			"parent", s.object("entity_id", r.get("ParentProcessGuid"), "pid", r.get("ParentProcessId"), "executable", r.get("ParentImage"), "command_line", r.get("ParentCommandLine")),
		),
		"winlog", s.object("channel", r.channel, "computer_name", r.host, "provider_name", r.provider, "event_data", s.facts(r.data[:1])),
	))
}

func winlogbeat6(s *scribe, r record) string {
	return string(s.object(
		"@timestamp", zoned(r.at), "event_id", r.id, "log_name", r.channel, "source_name", r.provider, "computer_name", r.host, "event_data", s.facts(r.data),
	))
}

func nxlog(s *scribe, r record) string {
	members := []any{
		"EventTime", zoned(r.at), "Hostname", r.host, "EventID", r.id, "SourceName", r.provider, "Channel", r.channel, "ExecutionProcessID", 2200,
	}
	for i, f := range r.data {
		if f.name == "" {
			f.name = fmt.Sprintf("param%d", i+1)
		}
		members = append(members, f.name, f.value)
	}
	return string(s.object(members...))
}

func evtxDump(s *scribe, r record) string {
	id := any(r.id)
	if s.sometimes() || r.data[0].name == "" {
		id = s.object("#attributes", s.object("Qualifiers", 0), "#text", r.id)
	}
	data := s.facts(r.data)
	if r.data[0].name == "" {
		texts := make([]string, len(r.data))
		for i, f := range r.data {
			texts[i] = s.text(f.value)
		}
		data = s.object("Data", s.object("#text", raw("["+strings.Join(texts, ",")+"]")))
	}
	return string(s.object("Event", s.object(
		"System", s.object(
			"Provider", s.object("#attributes", s.object("Name", r.provider)), "EventID", id, "EventRecordID", 7,
			"TimeCreated", s.object("#attributes", s.object("SystemTime", zoned(r.at))), "Channel", r.channel, "Computer", r.host,
		),
		"EventData", data,
	)))
}

func velociraptor(s *scribe, r record) string {
	return string(s.object(
		"System", s.object(
			"Provider", s.object("Name", r.provider), "EventID", s.object("Value", r.id), "EventRecordID", 7,
			"TimeCreated", s.object("SystemTime", raw(fmt.Sprintf("%d.%06d", r.at.Unix(), r.at.Nanosecond()/1000))), "Channel", r.channel, "Computer", r.host,
		),
		"EventData", s.facts(r.data),
	))
}

func eventXML(s *scribe, r record) string {
	var b strings.Builder
	if s.sometimes() {
		b.WriteString(`<?xml version="1.0" encoding="utf-8"?>`)
	}
	fmt.Fprintf(&b, `<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="%s"/>`, s.xmlAttribute(r.provider))
	fmt.Fprintf(&b, `<EventID%s>%s%s</EventID><EventRecordID>7</EventRecordID><TimeCreated SystemTime="%s"/>`,
		[]string{"", ` Qualifiers="0"`, ` Qualifiers='16384' `}[s.IntN(3)], s.blank(), s.xmlText(fmt.Sprint(r.id)), zoned(r.at))
	fmt.Fprintf(&b, `<Channel>%s</Channel><Computer>%s</Computer></System>%s<EventData>`, s.xmlText(r.channel), s.xmlText(r.host), s.blank())
	for _, f := range r.data {
		name := ""
		if f.name != "" {
			name = fmt.Sprintf(` Name="%s"`, s.xmlAttribute(f.name))
		}
		fmt.Fprintf(&b, `<Data%s>%s</Data>%s`, name, s.xmlText(f.value), s.blank())
	}
	b.WriteString(`</EventData></Event>`)
	return b.String()
}

var xmlReserved = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")

func (s *scribe) xmlAttribute(value string) string {
	if !s.sometimes() || s.trick != 3 {
		return xmlReserved.Replace(value)
	}
	return s.references(value)
}

// references writes some characters as numeric references.
func (s *scribe) references(value string) string {
	var b strings.Builder
	for _, r := range value {
		switch s.IntN(4) {
		case 0:
			fmt.Fprintf(&b, "&#%d;", r)
		case 1:
			fmt.Fprintf(&b, "&#x%x;", r)
		default:
			b.WriteString(xmlReserved.Replace(string(r)))
		}
	}
	return b.String()
}

func (s *scribe) xmlText(value string) string {
	if !s.sometimes() || value == "" {
		return xmlReserved.Replace(value)
	}
	cut := s.IntN(len([]rune(value)))
	before, after := string([]rune(value)[:cut]), string([]rune(value)[cut:])
	switch s.trick {
	case 0:
		return xmlReserved.Replace(before) + "<![CDATA[" + after + "]]>"
	case 1:
		return xmlReserved.Replace(before) + "<!-- - -->" + xmlReserved.Replace(after)
	case 2:
		return xmlReserved.Replace(before) + "<?p?>" + xmlReserved.Replace(after)
	}
	return s.references(value)
}

// utf16Text is a message as a shipper of UTF-16 sends it.
func utf16Text(message string) []byte {
	b := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(message)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return b
}
