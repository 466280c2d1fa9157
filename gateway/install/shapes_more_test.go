package install_test

import (
	"fmt"
	"strings"
	"time"
)

// quoted is a list of JSON texts.
func (s *scribe) quoted(texts ...string) raw {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = s.text(text)
	}
	return raw("[" + strings.Join(all, ","+s.blank()) + "]")
}

// fluentBit writes the facts by position; a start as Sysmon 15 lays it out.
func fluentBit(s *scribe, r record) string {
	layout := map[int]string{
		1:  "RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company OriginalFileName CommandLine CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes ParentProcessGuid ParentProcessId ParentImage ParentCommandLine ParentUser",
		3:  "RuleName UtcTime ProcessGuid ProcessId Image User Protocol Initiated SourceIsIpv6 SourceIp SourceHostname SourcePort SourcePortName DestinationIsIpv6 DestinationIp DestinationHostname DestinationPort DestinationPortName",
		5:  "RuleName UtcTime ProcessGuid ProcessId Image User",
		7:  "RuleName UtcTime ProcessGuid ProcessId Image ImageLoaded FileVersion Description Product Company OriginalFileName Hashes Signed Signature SignatureStatus User",
		11: "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime User",
	}[r.id]
	version := map[int]int{1: 5, 3: 5, 5: 3, 7: 3, 11: 2}[r.id]
	if r.id == 4688 {
		layout = "SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId NewProcessId NewProcessName TokenElevationType ProcessId CommandLine TargetUserSid TargetUserName TargetDomainName TargetLogonId ParentProcessName MandatoryLabel"
		version = 2
	}
	var inserts []string
	for _, name := range strings.Fields(layout) {
		value := r.get(name)
		if name == "SubjectUserSid" {
			value = "S-1-5-18"
		}
		inserts = append(inserts, value)
	}
	for _, f := range r.data {
		if layout == "" {
			inserts = append(inserts, f.value)
		}
	}
	members := []any{
		"ProviderName", r.provider, "EventID", r.id, "Version", version, "TimeCreated", r.at.UTC().Format("2006-01-02 15:04:05 -0700"),
		"Channel", r.channel, "Computer", r.host, "Message", "", "StringInserts", s.quoted(inserts...),
	}
	return string(s.object(members...))
}

// otelBody is the receiver's event, its facts as a map or as a list.
func otelBody(s *scribe, r record) raw {
	data := s.facts(r.data)
	if s.IntN(2) == 0 || r.data[0].name == "" {
		entries := make([]string, len(r.data))
		for i, f := range r.data {
			entries[i] = string(s.object(f.name, f.value))
		}
		data = s.object("name", "", "data", raw("["+strings.Join(entries, ",")+"]"))
	}
	id := s.object("id", r.id, "qualifiers", 0)
	if s.sometimes() {
		id = s.object("qualifiers", 16384, "id", r.id)
	}
	return s.object(
		"channel", r.channel, "computer", r.host, "event_id", id, "provider", s.object("name", r.provider, "guid", ""), "system_time", zoned(r.at), "event_data", data,
	)
}

func otel(s *scribe, r record) string {
	if s.IntN(2) == 0 {
		return string(otelBody(s, r))
	}
	return string(s.object("timestamp", zoned(r.at), "body", otelBody(s, r)))
}

// otlp is OTLP's JSON: every value is typed.
func otlp(s *scribe, r record) string {
	pair := func(key string, value raw) string {
		if s.sometimes() {
			return string(s.object("value", value, "key", key))
		}
		return string(s.object("key", key, "value", value))
	}
	text := func(value string) raw { return s.object("stringValue", value) }
	list := func(pairs ...string) raw {
		return s.object("kvlistValue", s.object("values", raw("["+strings.Join(pairs, ",")+"]")))
	}
	number := func(n int) raw { return s.object("intValue", fmt.Sprint(n)) }
	var facts []string
	for i, f := range r.data {
		if f.name == "" {
			f.name = fmt.Sprintf("param%d", i+1)
		}
		facts = append(facts, pair(f.name, text(f.value)))
	}
	body := list(
		pair("channel", text(r.channel)), pair("computer", text(r.host)), pair("provider", list(pair("name", text(r.provider)))),
		pair("event_id", list(pair("id", number(r.id)), pair("qualifiers", number(0)))), pair("system_time", text(zoned(r.at))), pair("event_data", list(facts...)),
	)
	return otlpRequest(s, body)
}

func otlpRequest(s *scribe, body raw) string {
	one := s.object("timeUnixNano", "1772442845000000000", "body", body)
	// A batch is told by its first member.
	return `{"resourceLogs":[` + string(s.object("scopeLogs", raw("["+string(s.object("logRecords", raw("["+string(one)+"]")))+"]"))) + `]}`
}

// otelRaw has the rendered event as a text.
func otelRaw(s *scribe, r record) string {
	xml := eventXML(s, r)
	if s.IntN(2) == 0 {
		return otlpRequest(s, s.object("stringValue", xml))
	}
	return string(s.object("body", xml))
}

// structureInText is JSON of the event's structure as a JSON text.
func structureInText(s *scribe, r record) string {
	return string(s.object("type", "raw", "body", evtxDump(s, r)))
}

// wazuh names the facts in camel case, and may escape them twice.
func wazuh(s *scribe, r record) string {
	twice := func(value string) string { return value }
	if r.get("Image")+r.get("NewProcessName") != "" && s.IntN(2) == 0 && isDrivePath(r.get("Image")+r.get("NewProcessName")) {
		twice = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace
	}
	var members []any
	var classic []string
	for _, f := range r.data {
		if f.name == "" {
			classic = append(classic, f.value)
			continue
		}
		members = append(members, strings.ToLower(f.name[:1])+f.name[1:], twice(f.value))
	}
	if classic != nil {
		members = append(members, "data", strings.Join(classic, ", "))
	}
	win := s.object("eventdata", s.object(members...), "system", s.object(
		"providerName", r.provider, "eventID", fmt.Sprint(r.id), "systemTime", zoned(r.at), "channel", r.channel, "computer", r.host,
	))
	if s.IntN(2) == 0 {
		return string(s.object("win", win))
	}
	return string(s.object("agent", s.object("id", "007"), "data", s.object("win", win)))
}

func isDrivePath(path string) bool { return len(path) > 3 && path[1] == ':' && path[2] == '\\' }

// elastic tells of starts, ends, loads and written files; the rest comes by
// another shipper.
func elastic(s *scribe, r record) string {
	process := []any{"entity_id", r.get("ProcessGuid"), "pid", r.get("ProcessId"), "executable", r.get("Image")}
	var category, action, kind string
	var more []any
	switch r.id {
	case 1:
		category, action, kind = "process", "start", "start"
		process = append(process, "command_line", r.get("CommandLine"), "pe", s.object("original_file_name", r.get("OriginalFileName")), "parent", s.object(
			"entity_id", r.get("ParentProcessGuid"), "pid", r.get("ParentProcessId"), "executable", r.get("ParentImage"), "command_line", r.get("ParentCommandLine"),
		))
	case 5:
		category, action, kind = "process", "end", "end"
	case 7:
		category, action, kind = "library", "load", "start"
		more = []any{"dll", s.object("path", r.get("ImageLoaded"), "code_signature", s.object("exists", raw("true"), "status", "trusted", "subject_name", r.get("Signature")))}
	case 11:
		category, action, kind = "file", "creation", "creation"
		more = []any{"file", s.object("path", r.get("TargetFilename"))}
	default:
		return winlogbeat(s, r)
	}
	event := s.object("kind", "event", "action", action, "category", s.quoted(category), "type", s.quoted(kind), "module", "endpoint", "dataset", "endpoint.events."+category)
	return string(s.object(append([]any{"@timestamp", zoned(r.at), "event", event, "host", s.object("name", r.host), "process", s.object(process...)}, more...)...))
}

// ocsf tells of the same. It has no place for OriginalFileName, by which the
// model may know a process.
func ocsf(s *scribe, r record) string {
	if r.get("OriginalFileName") != "" {
		return nxlog(s, r)
	}
	process := func(role string) raw {
		return s.object("uid", r.get(role+"ProcessGuid"), "pid", r.get(role+"ProcessId"), "cmd_line", r.get(role+"CommandLine"), "file", s.object("path", r.get(role+"Image")))
	}
	class, activity := 1007, 1
	var more []any
	switch r.id {
	case 1:
		more = []any{"process", process(""), "actor", s.object("process", process("Parent"))}
	case 5:
		activity = 2
		more = []any{"process", process(""), "actor", s.object("process", process(""))}
	case 7:
		class = 1005
		more = []any{"module", s.object("file", s.object("path", r.get("ImageLoaded"))), "actor", s.object("process", process(""))}
	case 11:
		class = 1001
		more = []any{"file", s.object("path", r.get("TargetFilename")), "actor", s.object("process", process(""))}
	default:
		return nxlog(s, r)
	}
	return string(s.object(append([]any{
		"time", raw(fmt.Sprint(r.at.UnixMilli())), "class_uid", raw(fmt.Sprint(class)), "activity_id", activity, "device", s.object("hostname", r.host),
	}, more...)...))
}

// defender tells of starts, loads and written files by process id and creation
// time, which no other sensor gives: it is never mixed with others. Whatever it
// has no table for is not told.
func defender(s *scribe, r record) string {
	row := []any{"DeviceName", r.host, "Timestamp", zoned(r.at)}
	initiating := func(role string) {
		row = append(row, "InitiatingProcessId", r.get(role+"ProcessId"), "InitiatingProcessCreationTime", s.createdAt(r.get(role+"ProcessGuid")),
			"InitiatingProcessFolderPath", r.get(role+"Image"), "InitiatingProcessCommandLine", r.get(role+"CommandLine"))
	}
	table := "DeviceFileEvents"
	switch r.id {
	case 1:
		table = "DeviceProcessEvents"
		if s.born == nil {
			s.born = map[string]time.Time{}
		}
		s.born[strings.ToLower(strings.Trim(r.get("ProcessGuid"), "{}"))] = r.at
		row = append(row, "ActionType", "ProcessCreated", "ProcessId", r.get("ProcessId"), "ProcessCreationTime", s.createdAt(r.get("ProcessGuid")),
			"FolderPath", r.get("Image"), "ProcessCommandLine", r.get("CommandLine"), "ProcessVersionInfoOriginalFileName", r.get("OriginalFileName"))
		initiating("Parent")
	case 7:
		table = "DeviceImageLoadEvents"
		row = append(row, "ActionType", "ImageLoaded", "FolderPath", r.get("ImageLoaded"))
		initiating("")
	case 11:
		row = append(row, "ActionType", "FileCreated", "FolderPath", r.get("TargetFilename"))
		initiating("")
	default:
		row = append(row, "ActionType", "Other", "DeviceId", fmt.Sprint(r.id))
	}
	wrapped := s.object("category", "AdvancedHunting-"+table, "properties", s.object(row...))
	if s.IntN(2) == 0 {
		return `{"records":[` + string(wrapped) + `]}`
	}
	return string(wrapped)
}

// createdAt is when the process of that GUID started, as its own start told.
func (s *scribe) createdAt(guid string) string {
	at, known := s.born[strings.ToLower(strings.Trim(guid, "{}"))]
	if !known {
		at = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	}
	return zoned(at)
}
