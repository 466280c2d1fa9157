package event

import (
	"strings"
	"testing"
)

func TestAProcessStartThatNamesNoProcessIsNoSilence(t *testing.T) {
	winlogbeat := func(data string) string {
		return `{"@timestamp":"2026-11-20T09:00:00Z","winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":"1",` +
			`"computer_name":"ws01","provider_name":"Microsoft-Windows-Sysmon"` + data + `}}`
	}
	for name, message := range map[string]string{
		"no event data":         winlogbeat(``),
		"event data as a list":  winlogbeat(`,"event_data":[{"Image":"C:\\x.exe","ProcessId":"5"}]`),
		"event data as a text":  winlogbeat(`,"event_data":"Image: C:\\x.exe"`),
		"event data renamed":    winlogbeat(`,"eventData":{"Image":"C:\\x.exe"}`),
		"facts in another case": winlogbeat(`,"event_data":{"image":"C:\\x.exe","parentimage":"C:\\Windows\\System32\\msiexec.exe"}`),
		"XML with other tags":   strings.ReplaceAll(sysmonXML(`C:\x.exe`), "Data", "data"),
		"a start of nothing":    winlogbeat(`,"event_data":{"Image":"-","ProcessId":"0","ProcessGuid":"{00000000-0000-0000-0000-000000000000}"}`),
	} {
		records, fault := Decode([]byte(message))
		if fault == nil && (len(records) != 1 || records[0].Fault == nil) {
			t.Errorf("%s: %+v, want a fault", name, records)
		}
	}
	records, fault := Decode([]byte(winlogbeat(`,"event_data":{"Image":"-","ProcessId":"5"}`)))
	if fault != nil || records[0].Fault != nil || records[0].Event.Process.PID != 5 {
		t.Errorf("a process of which only the id is known: %+v, %v", records, fault)
	}
}

func sysmonXML(image string) string {
	return `<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><Channel>Microsoft-Windows-Sysmon/Operational</Channel>` +
		`<Computer>ws01</Computer></System><EventData><Data Name='Image'>` + image + `</Data></EventData></Event>`
}
