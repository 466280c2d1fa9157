package gateway

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// morning is when the hosts of these tests are at work.
var morning = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

const (
	system32   = `C:\Windows\System32\`
	msiexec    = system32 + `msiexec.exe`
	powershell = system32 + `WindowsPowerShell\v1.0\powershell.exe`
)

// record is a Windows event as winlogbeat ships it.
type record struct {
	host     string
	channel  string
	provider string
	id       int
	recordID int
	at       time.Time
	data     map[string]string
}

func (r record) json() []byte {
	data := map[string]string{"RuleName": "-", "UtcTime": r.at.Format("2006-01-02 15:04:05.000")}
	for name, value := range r.data {
		data[name] = value
	}
	text, err := json.Marshal(map[string]any{
		"@timestamp": r.at.Format("2006-01-02T15:04:05.000Z"),
		"winlog": map[string]any{
			"channel": r.channel, "provider_name": r.provider, "event_id": fmt.Sprint(r.id),
			"computer_name": r.host, "record_id": r.recordID, "version": 5, "event_data": data,
		},
	})
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	return text
}

// sysmon is the n-th Sysmon event of a host, a second after the one before.
func sysmon(host string, id, n int, data map[string]string) record {
	return record{
		host: host, channel: "Microsoft-Windows-Sysmon/Operational", provider: "Microsoft-Windows-Sysmon",
		id: id, recordID: 5000 + n, at: morning.Add(time.Duration(n) * time.Second), data: data,
	}
}

// testGUID is a ProcessGuid that goes with a number.
func testGUID(n int) string { return fmt.Sprintf("{6b1f4c20-0000-0000-0000-%012x}", n) }

// started is a process start with all that Sysmon says of one.
func started(host string, n int, image, line, parentImage, parentLine string, parent int) record {
	return sysmon(host, 1, n, map[string]string{
		"ProcessGuid": testGUID(n), "ProcessId": fmt.Sprint(4000 + 4*(n%4000)), "Image": image, "CommandLine": line,
		"FileVersion": "10.0.22621.1", "Description": "-", "Product": "Microsoft® Windows® Operating System",
		"Company": "Microsoft Corporation", "OriginalFileName": "-", "CurrentDirectory": system32,
		"User": `NT AUTHORITY\SYSTEM`, "LogonGuid": testGUID(0), "LogonId": "0x3e7", "TerminalSessionId": "0",
		"IntegrityLevel":    "System",
		"Hashes":            fmt.Sprintf("SHA256=%064X,IMPHASH=%032X", n, n),
		"ParentProcessGuid": testGUID(parent), "ParentProcessId": fmt.Sprint(4000 + 4*(parent%4000)),
		"ParentImage": parentImage, "ParentCommandLine": parentLine, "ParentUser": `NT AUTHORITY\SYSTEM`,
	})
}

// attack is a PowerShell that a custom-action server started, the server being
// known from this record alone: an alert by itself. Every n has a tree of its own.
func attack(host string, n int) []byte {
	return started(host, n, powershell, "powershell.exe -NoProfile -File C:\\Windows\\Setup.ps1",
		msiexec, msiexec+" -Embedding 6D1A0B54C9E24F3A8F7716B2C05D9E41 E Global\\MSI0000", 1_000_000+n).json()
}

// ordinary is the n-th event of a host that has nothing to do with an installer.
func ordinary(host string, n int) []byte {
	process := n - n%8
	common := map[string]string{"ProcessGuid": testGUID(process), "ProcessId": fmt.Sprint(4000 + 4*(process%4000)), "Image": `C:\Program Files\Office\WINWORD.EXE`, "User": `CORP\alice`}
	switch n % 8 {
	case 0:
		return started(host, n, `C:\Program Files\Office\WINWORD.EXE`, `"C:\Program Files\Office\WINWORD.EXE" /n report.docx`, `C:\Windows\explorer.exe`, `C:\Windows\Explorer.EXE`, 2_000_000).json()
	case 1, 2, 3:
		common["TargetFilename"], common["CreationUtcTime"] = fmt.Sprintf(`C:\Users\alice\Documents\~%d.tmp`, n), "2026-11-20 08:00:00.000"
		return sysmon(host, 11, n, common).json()
	case 4, 5:
		common["EventType"], common["TargetObject"], common["Details"] = "SetValue", `HKU\S-1-5-21-1-2-3-1001\Software\Office\Recent`, "report.docx"
		return sysmon(host, 13, n, common).json()
	case 6:
		common["QueryName"], common["QueryStatus"], common["QueryResults"] = "files.corp.example", "0", "::ffff:10.0.0.5;"
		return sysmon(host, 22, n, common).json()
	default:
		return sysmon(host, 5, n, common).json()
	}
}

func TestShippedEventsAreWhatTheTestsTakeThemFor(t *testing.T) {
	p := builtIn(t)
	w := NewWorker(WorkerOptions{})
	for n := range 64 {
		steps, out := w.Process(t.Context(), p, &Message{Host: "ws01", Stream: "EVENTS", Sequence: uint64(n) + 1, Data: ordinary("ws01", n)})
		if !out && (len(steps) != 1 || steps[0].Outcome != Remembered || n%8 != 0) {
			t.Errorf("ordinary event %d: %+v", n, steps)
		}
	}
	steps, _ := w.Process(t.Context(), p, &Message{Host: "ws02", Stream: "EVENTS", Sequence: 100, Data: attack("ws02", 1)})
	if len(steps) != 1 || steps[0].Told == nil || steps[0].Told.Decision().Answer.Disposition != "alert" {
		t.Errorf("an attack: %+v", steps)
	}
}
