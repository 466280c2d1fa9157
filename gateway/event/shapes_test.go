package event

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"msigate/gateway/event/eventtest"
)

// The story in testdata/shapes: the same records on ws01.corp.example, told in
// each shape. Its numbers are the line numbers, from 0.
const (
	storyProcessStart = 0
	storySecurity     = 20 // 4688 and 4689
	storyInstaller    = 22
	storyOthers       = 31 // other providers under MsiInstaller's ids
)

// storyShapes are the shapes that the story is told in; .evtx has its own test.
var storyShapes = []Shape{
	ShapeWinlogbeat, ShapeWinlogbeatECS, ShapeWinlogbeat6, ShapeNXLog,
	ShapeEvtxDump, ShapeVelociraptor, ShapeEventXML,
	ShapeFluentBit, ShapeOTel, ShapeOTelRaw, ShapeWazuh,
	ShapeDefender, ShapeElastic, ShapeOCSF,
}

// filed are those that have a file of their own in testdata/shapes, written
// after what such shippers send; eventtest tells the story in the others.
var filed = []Shape{
	ShapeWinlogbeat, ShapeWinlogbeatECS, ShapeWinlogbeat6, ShapeNXLog, ShapeEvtxDump, ShapeVelociraptor, ShapeEventXML,
}

// storyTold is the story's records as they were before any shipper.
func storyTold(t testing.TB) []eventtest.Record {
	t.Helper()
	all := eventtest.Read(t, storyLines(t, ShapeWinlogbeat))
	for i, line := range storyLines(t, ShapeNXLog) { // winlogbeat's sample has no rendered text
		document := newJSONDocument()
		if fault := parseJSON(line, document); fault != nil {
			t.Fatal(fault)
		}
		all[i].Message = document.root().member("Message").value().string()
		document.release()
	}
	return all
}

// storyLines gives the messages of the story in one shape, without the records
// that the shape has no like of.
func storyLines(t testing.TB, shape Shape) [][]byte {
	t.Helper()
	if !slices.Contains(filed, shape) {
		var lines [][]byte
		for i, r := range storyTold(t) {
			if line := r.Write(t, string(shape), i); line != nil {
				lines = append(lines, line)
			}
		}
		return lines
	}
	name := string(shape) + ".jsonl"
	if shape == ShapeEventXML {
		name = string(shape) + ".xml"
	}
	text, err := os.ReadFile("testdata/shapes/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}

// decodeOne decodes a message that must hold exactly one good record.
func decodeOne(t testing.TB, message []byte) *Event {
	t.Helper()
	records, fault := Decode(message)
	if fault != nil {
		t.Fatalf("Decode(%.200s): %v", message, fault)
	}
	if len(records) != 1 || records[0].Fault != nil {
		t.Fatalf("Decode(%.200s) = %d records, %v; want one good record", message, len(records), records)
	}
	return records[0].Event
}

func clock(millis int) time.Time {
	return time.Date(2026, 3, 2, 9, 14, 0, millis*int(time.Millisecond), time.UTC)
}

const (
	installerGUID = "7b1d4c02-5002-67c4-0102-000000000a00"
	childGUID     = "7b1d4c02-5003-67c4-0103-000000000a00"
	browserGUID   = "7b1d4c02-5004-67c4-0104-000000000a00"
	powershell    = `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`
	msiexec       = `C:\Windows\System32\msiexec.exe`
	aliceTemp     = `C:\Users\alice\AppData\Local\Temp\`
)

func hashesOf(c string) Hashes {
	return Hashes{MD5: strings.Repeat(c, 32), SHA256: strings.Repeat(c, 64), Imphash: strings.Repeat(c, 31) + "1"}
}

// story is what winlogbeat's plain form of it decodes to.
func story() []Event {
	alice := func(guid string, pid uint32, image string) Process {
		return Process{GUID: guid, PID: pid, Image: image, User: `CORP\alice`}
	}
	system := Process{GUID: installerGUID, PID: 5320, Image: msiexec, User: `NT AUTHORITY\SYSTEM`}
	server := alice(installerGUID, 5320, msiexec)
	child := alice(childGUID, 6612, powershell)
	started := child
	started.CommandLine = `"` + powershell + `" -NoProfile -File "` + aliceTemp + `übung & <setup>.ps1"`
	started.CurrentDirectory = `C:\Windows\System32\`
	started.LogonID, started.IntegrityLevel = "0xf412f", "Medium"
	started.OriginalFileName, started.Company = "PowerShell.EXE", "Microsoft Corporation"
	started.Product, started.Description = "Microsoft® Windows® Operating System", "Windows PowerShell"
	started.FileVersion, started.Hashes = "10.0.22621.3085 (WinBuild.160101.0800)", hashesOf("a")
	services := `HKLM\System\CurrentControlSet\Services\ContosoUpdate`
	product := Installer{
		Product: "Contoso Reader", Version: "3.11.2", Language: "1033", Status: "0",
		Manufacturer: "Contoso Software Ltd.", ProductCode: "{4D6E2B1A-93C5-4F0E-A7D8-1B2C3D4E5F60}",
	}
	transaction := Installer{Package: `C:\Users\alice\Downloads\reader.msi`, ClientPID: 5316}
	outcome := Installer{Product: product.Product, ProductCode: product.ProductCode}
	events := []Event{
		{
			Kind: KindProcessStart, EventID: 1, Time: clock(5127), Process: started,
			Parent: Process{
				GUID: installerGUID, PID: 5320, Image: msiexec, User: `CORP\alice`,
				CommandLine: `C:\Windows\System32\MsiExec.exe -Embedding 0A1B2C3D4E5F60718293A4B5C6D7E8F9 C`,
			},
		},
		{Kind: KindFileCreate, EventID: 2, Time: clock(5200), Process: system, File: File{Path: `C:\Program Files\Contoso\Reader\reader.exe`}},
		{Kind: KindNetwork, EventID: 3, Time: clock(5300), Process: child, Network: Network{Protocol: "tcp", DestinationIP: "203.0.113.7", DestinationHost: "cdn.contoso.example", DestinationPort: 443}},
		{Kind: KindSensor, EventID: 4, Time: clock(5400), Sensor: Sensor{State: "Started"}},
		{Kind: KindProcessEnd, EventID: 5, Time: clock(5500), Process: child},
		{Kind: KindImageLoad, EventID: 6, Time: clock(5600), Module: Module{
			Path: `C:\Windows\System32\drivers\contosoflt.sys`, Hashes: hashesOf("b"),
			Signature: Signature{Known: true, Signed: true, Subject: "Contoso Software Ltd.", Status: "Valid"},
		}, Missing: []string{"module.company", "module.description", "module.file_version", "module.original_file_name", "module.product"}},
		{Kind: KindImageLoad, EventID: 7, Time: clock(5700), Process: server, Module: Module{
			Path: aliceTemp + `MSI4C1F.tmp`, OriginalFileName: "CustomActions.dll", Company: "Contoso Software Ltd.",
			Product: "Contoso Reader", Description: "Custom actions", FileVersion: "3.11.2.4516", Hashes: hashesOf("c"),
			Signature: Signature{Status: "Unavailable"},
		}, Missing: []string{"module.signer"}},
		{Kind: KindOther, EventID: 10, Time: clock(5800), Process: server},
		{Kind: KindFileCreate, EventID: 11, Time: clock(5900), Process: server, File: File{Path: aliceTemp + `MSI4C1F.tmp`}},
		{Kind: KindRegistry, EventID: 12, Time: clock(6000), Process: system, Registry: Registry{Operation: "CreateKey", Key: services}},
		{Kind: KindRegistry, EventID: 13, Time: clock(6100), Process: system, Registry: Registry{
			Operation: "SetValue", Key: services + `\ImagePath`, Value: `"C:\Program Files\Contoso\Reader\update.exe" /svc`,
		}},
		{Kind: KindRegistry, EventID: 14, Time: clock(6200), Process: system, Registry: Registry{
			Operation: "RenameKey", Key: `HKLM\SOFTWARE\Contoso\Old`, NewName: `HKLM\SOFTWARE\Contoso\New`,
		}},
		{Kind: KindFileStream, EventID: 15, Time: clock(6300), Process: alice(browserGUID, 4012, `C:\Program Files\Google\Chrome\Application\chrome.exe`), File: File{
			Path: `C:\Users\alice\Downloads\reader.msi`, Stream: "Zone.Identifier", Hashes: hashesOf("d"),
			Contents: `[ZoneTransfer]  ZoneId=3  HostUrl=https://downloads.contoso.example/reader.msi`,
		}},
		{Kind: KindSensor, EventID: 16, Time: clock(6400), Sensor: Sensor{Configuration: `C:\Windows\sysmon.xml`}},
		{Kind: KindOther, EventID: 17, Time: clock(6500), Process: server},
		{Kind: KindDNS, EventID: 22, Time: clock(6600), Process: child, Network: Network{QueryName: "cdn.contoso.example", QueryStatus: "0", QueryResults: "203.0.113.7;203.0.113.8;"}},
		{Kind: KindFileDelete, EventID: 23, Time: clock(6700), Process: server, File: File{Path: aliceTemp + `MSI4C1F.tmp`, Hashes: hashesOf("c")}},
		{Kind: KindFileDelete, EventID: 26, Time: clock(6800), Process: server, File: File{Path: aliceTemp + `payload.exe`, Hashes: hashesOf("f")}},
		{Kind: KindFileExecutable, EventID: 29, Time: clock(6900), Process: server, File: File{Path: aliceTemp + `payload.exe`, Hashes: hashesOf("f")}},
		{Kind: KindSensor, EventID: 255, Time: clock(7000), Sensor: Sensor{Error: "QUEUE", Description: "Events dropped from driver queue: 12"}},
		{
			Kind: KindProcessStart, EventID: 4688, Time: clock(7104),
			Process: Process{PID: 0x19d4, Image: `C:\Windows\System32\cmd.exe`, CommandLine: "cmd.exe /c ver", User: `CORP\WS01$`, LogonID: "0x3e7", IntegrityLevel: "System"},
			Parent:  Process{PID: 0x14c8, Image: msiexec, User: `CORP\WS01$`, LogonID: "0x3e7"},
			Missing: []string{
				"parent.command_line", "parent.guid", "process.company", "process.current_directory", "process.description",
				"process.file_version", "process.guid", "process.original_file_name", "process.product", "process.sha256",
			},
		},
		{
			Kind: KindProcessEnd, EventID: 4689, Time: clock(7204),
			Process: Process{PID: 0x19d4, Image: `C:\Windows\System32\cmd.exe`, User: `CORP\WS01$`, LogonID: "0x3e7"},
			Missing: []string{"process.guid"},
		},
		{Kind: KindInstall, EventID: 1033, Time: clock(7304), Installer: product},
		{Kind: KindInstall, EventID: 1034, Time: clock(7404), Installer: product},
		{Kind: KindInstall, EventID: 1035, Time: clock(7504), Installer: product},
		{Kind: KindInstall, EventID: 1036, Time: clock(7604), Installer: product},
		{Kind: KindInstall, EventID: 1040, Time: clock(7704), Installer: transaction},
		{Kind: KindInstall, EventID: 1042, Time: clock(7804), Installer: transaction},
		{Kind: KindInstall, EventID: 11707, Time: clock(7904), Installer: outcome},
		{Kind: KindInstall, EventID: 11708, Time: clock(8004), Installer: outcome},
		{Kind: KindInstall, EventID: 11724, Time: clock(8104), Installer: outcome},
		{Kind: KindOther, EventID: 1033, Time: clock(8204), Provider: "Microsoft-Windows-Security-SPP"},
		{Kind: KindOther, EventID: 1040, Time: clock(8304), Provider: "Microsoft-Windows-RestartManager"},
	}
	for i := range events {
		e := &events[i]
		e.Host, e.RecordID, e.Shape = "ws01.corp.example", uint64(4100+i), ShapeWinlogbeat
		switch {
		case i < storySecurity:
			e.Provider, e.Channel = ProviderSysmon, "Microsoft-Windows-Sysmon/Operational"
		case i < storyInstaller:
			e.Provider, e.Channel = ProviderSecurity, "Security"
		default:
			e.Channel = "Application"
			if i < storyOthers {
				e.Provider = ProviderInstaller
			}
		}
	}
	return events
}

// inShape is what the shape truly tells of the story's i-th event.
func inShape(e Event, shape Shape) Event {
	e.Shape = shape
	e.Missing = slices.Clone(e.Missing)
	lose := func(facts ...string) {
		e.Missing = append(e.Missing, facts...)
		slices.Sort(e.Missing)
	}
	switch {
	case shape == ShapeWinlogbeatECS && e.EventID == 22:
		// The pipeline names the status and splits the results.
		e.Network.QueryStatus, e.Network.QueryResults = "SUCCESS", "203.0.113.7;203.0.113.8"
	case shape == ShapeFluentBit && e.Provider != ProviderSysmon:
		e.Time = e.Time.Truncate(time.Second) // TimeCreated has no fraction
	case shape == ShapeNXLog && e.Kind == KindInstall && e.EventID != 1040 && e.EventID != 1042:
		// Only the rendered text is left of a classic record, so its binary
		// data, the product's code, is gone.
		e.Installer.ProductCode = ""
		lose("event.install.product_code")
	}
	return e
}

func TestEveryShapeTellsTheSameFacts(t *testing.T) {
	for _, shape := range storyShapes {
		t.Run(string(shape), func(t *testing.T) {
			lines := storyLines(t, shape)
			want := story()
			switch {
			case shape == ShapeWinlogbeatECS:
				want = want[:storySecurity] // the module is Sysmon's
			case isSensor(shape):
				var sensed []Event
				for i, r := range storyTold(t) {
					if r.Write(t, string(shape), i) != nil {
						sensed = append(sensed, sensorForm(want[i], &r, shape))
					}
				}
				want = sensed
			}
			if len(lines) != len(want) {
				t.Fatalf("%d lines, want %d", len(lines), len(want))
			}
			for i, line := range lines {
				want := inShape(want[i], shape)
				t.Run(fmt.Sprintf("%s_%d", want.Provider, want.EventID), func(t *testing.T) {
					assertEvent(t, decodeOne(t, line), &want)
				})
			}
		})
	}
}

// assertEvent compares two Events field by field, so that a failure names the
// field.
func assertEvent(t *testing.T, got, want *Event) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	g, w := reflect.ValueOf(*got), reflect.ValueOf(*want)
	for i := range g.NumField() {
		a, b := g.Field(i).Interface(), w.Field(i).Interface()
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s:\n got %+v\nwant %+v", g.Type().Field(i).Name, a, b)
		}
	}
}
