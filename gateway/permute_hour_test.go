package gateway

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"msigate/gateway/event"
)

// hour is a made-up time of one host, with installs of many kinds in it, told
// by Sysmon and the Application log, or by the Security log alone.
type hour struct {
	*rapid.T
	at       time.Time
	arrivals []arrival
	made     int
	bare     bool // Security 4688 and 4689 only, no GUIDs, no files, no signers
	command  bool // with command lines, where bare
	running  []program
	service  program
	dropped  []drop
	prompt   bool // the next record is not late
}

// drop is a file that a process of a tree wrote, to be run by and by.
type drop struct {
	path string
	by   program
	due  time.Time
}

// program is a process of the hour.
type program struct {
	guid, image, line, user, folder string
	name                            string // OriginalFileName
	pid                             int
}

const (
	hourHost    = "ws77.corp.example"
	hourMsiexec = `C:\Windows\System32\msiexec.exe`
	system      = `NT AUTHORITY\SYSTEM`
	alice       = `CORP\alice`
	embedding   = `C:\Windows\System32\MsiExec.exe -Embedding 5B1D9A3C7E2F40618A9B0C1D2E3F4A5B`
	aliceFiles  = `C:\Users\alice\Downloads\`
)

var (
	serviceControl = program{guid: hourGUID(1), image: `C:\Windows\System32\services.exe`, line: `C:\Windows\System32\services.exe`, user: system, pid: 700}
	explorer       = program{guid: hourGUID(2), image: `C:\Windows\explorer.exe`, line: `C:\Windows\explorer.exe`, user: alice, pid: 5000}
	scheduler      = program{guid: hourGUID(3), image: `C:\Windows\System32\svchost.exe`, line: `C:\Windows\System32\svchost.exe -k netsvcs -p -s Schedule`, user: system, pid: 1204}
	ccmExec        = program{guid: hourGUID(4), image: `C:\Windows\CCM\CcmExec.exe`, line: `C:\Windows\CCM\CcmExec.exe`, user: system, pid: 2200}
	wmiHost        = program{guid: hourGUID(5), image: `C:\Windows\System32\wbem\WmiPrvSE.exe`, line: `C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding`, user: system, pid: 3004}
)

func hourGUID(n int) string { return fmt.Sprintf("{0A1B2C3D-0000-0000-0000-%012X}", n) }

func newHour(t *rapid.T) *hour {
	h := &hour{T: t, at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), made: 100}
	h.bare = h.chance(8, "bare")
	h.command = h.bare && h.chance(2, "command lines")
	return h
}

// chance is true once in n times.
func (h *hour) chance(n int, what string) bool { return rapid.IntRange(1, n).Draw(h.T, what) == n }

func (h *hour) pick(what string, from ...string) string {
	return rapid.SampledFrom(from).Draw(h.T, what)
}

func (h *hour) wait(least, most time.Duration) {
	const unit = 10 * time.Millisecond
	h.at = h.at.Add(time.Duration(rapid.IntRange(int(least/unit), int(most/unit)).Draw(h.T, "wait")) * unit)
}

func (h *hour) soon() { h.wait(10*time.Millisecond, 2*time.Second) }

// tell adds a record; words are for people.
func (h *hour) tell(channel, provider string, id int, data map[string]string, words string) {
	most := sensorLate
	if channel == "Application" {
		most = applicationLate
	} else {
		data["UtcTime"] = h.at.Format("2006-01-02 15:04:05.000")
	}
	raw, err := json.Marshal(map[string]any{
		"@timestamp": h.at.Format("2006-01-02T15:04:05.000Z"),
		"winlog": map[string]any{
			"channel": channel, "event_id": fmt.Sprint(id), "computer_name": hourHost, "provider_name": provider,
			"record_id": len(h.arrivals) + 1, "event_data": data,
		},
	})
	if err != nil {
		h.Fatal(err)
	}
	late := time.Duration(rapid.IntRange(0, int(most/time.Second)).Draw(h.T, "late")) * time.Second
	if h.prompt {
		late, h.prompt = 0, false
	}
	h.arrivals = append(h.arrivals, arrival{at: h.at, late: late, words: fmt.Sprintf("%d %s", id, words), sent: sent{subject: "events.host." + hourHost, host: hourHost, data: raw}})
}

func (h *hour) sysmon(id int, by program, data map[string]string, words string) {
	if h.bare {
		return
	}
	data["ProcessGuid"], data["ProcessId"], data["Image"], data["User"] = by.guid, fmt.Sprint(by.pid), by.image, by.user
	h.tell("Microsoft-Windows-Sysmon/Operational", event.ProviderSysmon, id, data, fmt.Sprintf("%s %d %s", event.Base(by.image), by.pid, words))
}

// hashes are made of a file's path, so that one path has one content.
func hashes(path string) string {
	sum := fmt.Sprintf("%x", []byte(strings.ToLower(path)))
	sum = (sum + strings.Repeat("ab", 32))[max(0, len(sum)-48):]
	return "SHA1=" + strings.ToUpper(sum[:40]) + ",SHA256=" + strings.ToUpper((sum + strings.Repeat("cd", 32))[:64])
}

// starts has a program started. Its PID may be one that was used before, where
// GUIDs keep the two apart.
func (h *hour) starts(image, line string, parent program) program {
	h.made++
	one := program{guid: hourGUID(h.made), image: image, line: line, user: parent.user, folder: `C:\Windows\System32\`, pid: 6000 + 4*h.made, name: event.Base(image)}
	if !h.bare {
		reused := 6000 + 4*(h.made%h.pickInt("pids", 9, 400))
		if !slices.ContainsFunc(h.running, func(other program) bool { return other.pid == reused }) {
			one.pid = reused
		}
	}
	h.soon()
	words := fmt.Sprintf("%s %d starts %s %d: %s", event.Base(parent.image), parent.pid, event.Base(image), one.pid, line)
	if h.bare {
		data := map[string]string{
			"SubjectUserName": event.Base(one.user), "SubjectDomainName": "CORP", "SubjectLogonId": "0x3e7", "NewProcessId": fmt.Sprintf("0x%x", one.pid),
			"NewProcessName": image, "ProcessId": fmt.Sprintf("0x%x", parent.pid), "ParentProcessName": parent.image, "CommandLine": "",
		}
		if h.command {
			data["CommandLine"] = line
		}
		h.tell("Security", event.ProviderSecurity, 4688, data, words)
	} else {
		h.sysmon(1, one, map[string]string{
			"CommandLine": line, "CurrentDirectory": one.folder, "IntegrityLevel": "High", "Hashes": hashes(image), "OriginalFileName": one.name,
			"Company": "-", "Product": "-", "Description": "-", "FileVersion": "-",
			"ParentProcessGuid": parent.guid, "ParentProcessId": fmt.Sprint(parent.pid), "ParentImage": parent.image, "ParentCommandLine": parent.line, "ParentUser": parent.user,
		}, words)
	}
	h.running = append(h.running, one)
	return one
}

func (h *hour) pickInt(what string, from ...int) int { return rapid.SampledFrom(from).Draw(h.T, what) }

// ends has a process end; now and then nobody tells.
func (h *hour) ends(one program) {
	h.soon()
	if h.chance(8, "end not told") {
		return // its PID stays in use
	}
	h.running = slices.DeleteFunc(h.running, func(other program) bool { return other == one })
	if h.bare {
		h.tell("Security", event.ProviderSecurity, 4689, map[string]string{
			"SubjectUserName": event.Base(one.user), "SubjectDomainName": "CORP", "SubjectLogonId": "0x3e7", "Status": "0x0",
			"ProcessId": fmt.Sprintf("0x%x", one.pid), "ProcessName": one.image,
		}, fmt.Sprintf("%s %d ends", event.Base(one.image), one.pid))
		return
	}
	h.sysmon(5, one, map[string]string{}, "ends")
}

// loads has a process load a module, with its signer or none.
func (h *hour) loads(by program, path string) {
	h.soon()
	signer := h.pick("signer", "Google LLC", "Contoso Ltd", "", "?")
	data := map[string]string{"ImageLoaded": path, "Hashes": hashes(path), "Signed": "true", "Signature": signer, "SignatureStatus": "Valid", "OriginalFileName": event.Base(path)}
	switch signer {
	case "":
		data["Signed"], data["SignatureStatus"] = "false", "Unavailable"
	case "?":
		data["Signed"], data["Signature"], data["SignatureStatus"] = "false", "-", "Unavailable"
	}
	h.sysmon(7, by, data, fmt.Sprintf("loads %s signed %q", path, signer))
}

func (h *hour) writes(by program, path string) {
	h.soon()
	h.sysmon(11, by, map[string]string{"TargetFilename": path, "CreationUtcTime": h.at.Format("2006-01-02 15:04:05.000")}, "writes "+path)
}

func (h *hour) downloaded(path string) {
	h.soon()
	h.sysmon(15, explorer, map[string]string{
		"TargetFilename": path + ":Zone.Identifier", "CreationUtcTime": h.at.Format("2006-01-02 15:04:05.000"), "Hash": hashes(path), "Contents": "[ZoneTransfer]  ZoneId=3",
	}, "marks "+path)
}

// record is one of MsiInstaller's; now and then it is lost.
func (h *hour) record(id int, params ...string) {
	if h.chance(10, "record lost") {
		return
	}
	h.wait(10*time.Millisecond, 300*time.Millisecond)
	data := map[string]string{}
	for n := range 6 {
		data[fmt.Sprintf("param%d", n+1)] = "(NULL)"
		if n < len(params) {
			data[fmt.Sprintf("param%d", n+1)] = params[n]
		}
	}
	h.tell("Application", event.ProviderInstaller, id, data, strings.Join(params, " "))
}

func (h *hour) String() string { return comings(h.arrivals) }
