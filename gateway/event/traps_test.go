package event

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Each test here is a way in which one shape of the wire misleads a reader.

func TestNXLogHeaderProcessIDIsNotTheEvents(t *testing.T) {
	start := string(storyLines(t, ShapeNXLog)[storyProcessStart])
	if e := decodeOne(t, []byte(start)); e.Process.PID != 6612 {
		t.Errorf("pid %d, want the message's 6612", e.Process.PID)
	}
	silent := strings.Replace(start, `\r\nProcessId: 6612`, "", 1)
	e := decodeOne(t, []byte(silent))
	if e.Process.PID != 0 || !slices.Contains(e.Missing, "process.pid") {
		t.Errorf("pid %d, missing %v: the header's 3120 is Sysmon's own process", e.Process.PID, e.Missing)
	}
	if e.Process.GUID != childGUID {
		t.Errorf("guid %q", e.Process.GUID)
	}
}

func TestNXLogRenamedHeaderLeavesTheEventsProcessID(t *testing.T) {
	start := string(storyLines(t, ShapeNXLog)[storyProcessStart])
	renamed := strings.Replace(start, `"ProcessID":3120`, `"ExecutionProcessID":3120,"ProcessId":"6613"`, 1)
	if e := decodeOne(t, []byte(renamed)); e.Process.PID != 6613 {
		t.Errorf("pid %d, want 6613", e.Process.PID)
	}
}

func TestNXLogCommandLineCannotForgeAnID(t *testing.T) {
	start := string(storyLines(t, ShapeNXLog)[storyProcessStart])
	forged := strings.Replace(start, `-NoProfile -File`, `x\r\nProcessId: 4\r\n`, 2)
	if e := decodeOne(t, []byte(forged)); e.Process.PID != 6612 {
		t.Errorf("pid %d, want 6612: the first line of that name counts", e.Process.PID)
	}
}

func TestNXLogEventTypeIsNotSysmons(t *testing.T) {
	line := `{"EventTime":"2026-03-02 10:14:05","Hostname":"ws01","EventType":"INFO","EventID":13,"SourceName":"Microsoft-Windows-Sysmon","ProcessID":3120,"TargetObject":"HKLM\\x","Details":"1"}`
	e := decodeOne(t, []byte(line))
	if e.Registry.Operation != "" || !slices.Contains(e.Missing, "event.registry.operation") {
		t.Errorf("operation %q, missing %v", e.Registry.Operation, e.Missing)
	}
}

func TestNXLogLocalTimeYieldsToUtcTime(t *testing.T) {
	lines := storyLines(t, ShapeNXLog)
	if e := decodeOne(t, lines[storyProcessStart]); !e.Time.Equal(clock(5127)) || slices.Contains(e.Missing, "event.time") {
		t.Errorf("Sysmon: %v, missing %v", e.Time, e.Missing)
	}
}

func TestTimeWithoutAZoneIsMissing(t *testing.T) {
	security := `{"EventTime":"2026-03-02 10:14:05","Hostname":"ws01","EventID":4688,"SourceName":"Microsoft-Windows-Security-Auditing","NewProcessId":"0x7"`
	local := time.Date(2026, 3, 2, 10, 14, 5, 0, time.UTC)
	e := decodeOne(t, []byte(security+"}"))
	if !e.Time.Equal(local) || !slices.Contains(e.Missing, "event.time") {
		t.Errorf("local time alone: %v, missing %v", e.Time, e.Missing)
	}
	e = decodeOne(t, []byte(security+`,"@timestamp":"2026-03-02T09:14:06.5Z"}`))
	if !e.Time.Equal(clock(6500)) || slices.Contains(e.Missing, "event.time") {
		t.Errorf("beside a zoned one: %v, missing %v", e.Time, e.Missing)
	}
	e = decodeOne(t, []byte(strings.Replace(security, "10:14:05", "10:14:05+01:00", 1)+"}"))
	if !e.Time.Equal(clock(5000)) || slices.Contains(e.Missing, "event.time") {
		t.Errorf("with a zone of its own: %v, missing %v", e.Time, e.Missing)
	}
	e = decodeOne(t, []byte(strings.Replace(security, "2026-03-02 10:14:05", "soon", 1)+"}"))
	if !e.Time.IsZero() || !slices.Contains(e.Missing, "event.time") {
		t.Errorf("unreadable: %v, missing %v", e.Time, e.Missing)
	}
}

func TestUtcTimeOfAnotherProviderIsNotTrusted(t *testing.T) {
	line := `{"@timestamp":"2026-03-02T09:14:05Z","winlog":{"provider_name":"MsiInstaller","event_id":1040,"computer_name":"ws01","event_data":{"UtcTime":"2020-01-01 00:00:00.000"}}}`
	if e := decodeOne(t, []byte(line)); !e.Time.Equal(clock(5000)) {
		t.Errorf("time %v", e.Time)
	}
}

func TestECSFactsAreReadWhereEventDataLacksThem(t *testing.T) {
	line := storyLines(t, ShapeWinlogbeatECS)[storyProcessStart]
	if strings.Contains(string(line), `"Image"`) || strings.Contains(string(line), `"ParentImage"`) {
		t.Fatal("the sample is no longer what the module writes")
	}
	e := decodeOne(t, line)
	if e.Process.Image != powershell || e.Parent.Image != msiexec || e.Parent.User != `CORP\alice` {
		t.Errorf("%+v, parent %+v", e.Process, e.Parent)
	}
}

func TestECSHashesOfADeletedFileAreTheFiles(t *testing.T) {
	for _, line := range storyLines(t, ShapeWinlogbeatECS) {
		if e := decodeOne(t, line); e.Kind == KindFileDelete && (e.File.Hashes.SHA256 == "" || e.Process.Hashes != Hashes{}) {
			t.Errorf("event %d: file %+v, process %+v", e.EventID, e.File.Hashes, e.Process.Hashes)
		}
	}
}

func TestECSWithoutTheModulesNameIsToldByItsFacts(t *testing.T) {
	line := strings.Replace(string(storyLines(t, ShapeWinlogbeatECS)[storyProcessStart]), `"module":"sysmon"`, `"module":"x"`, 1)
	if e := decodeOne(t, []byte(line)); e.Shape != ShapeWinlogbeatECS || e.Process.Image != powershell {
		t.Errorf("%s %q", e.Shape, e.Process.Image)
	}
}

func TestEventIDAsStringNumberOrObject(t *testing.T) {
	for _, id := range []string{`"1040"`, `1040`, `1040.0`, `{"id":1040,"qualifiers":0}`, `{"Value":1040}`, `{"#attributes":{"Qualifiers":0},"#text":1040}`, `" 1040 "`} {
		line := strings.Replace(small(1), "1040", id, 1)
		if e := decodeOne(t, []byte(line)); e.EventID != 1040 || e.Kind != KindInstall {
			t.Errorf("%s: %d, %s", id, e.EventID, e.Kind)
		}
	}
	for _, id := range []string{`"x"`, `-1`, `null`, `1.5`, `[1040]`, `99999999999`, `true`, `""`} {
		records, fault := Decode([]byte(strings.Replace(small(1), "1040", id, 1)))
		if fault != nil || len(records) != 1 || records[0].Fault == nil || records[0].Fault.Reason != ReasonField {
			t.Errorf("%s: %v %v, want a field fault", id, records, fault)
		}
	}
}

func TestGUIDsWithAndWithoutBraces(t *testing.T) {
	for guid, want := range map[string]string{
		"{7B1D4C02-5002-67C4-0102-000000000A00}":  installerGUID,
		"7B1D4C02-5002-67C4-0102-000000000A00":    installerGUID,
		" {7b1d4c02-5002-67c4-0102-000000000a00}": installerGUID,
		"{00000000-0000-0000-0000-000000000000}":  "",
		"{7B1D4C02-5002-67C4-0102-000000000A00":   "",
		"7B1D4C02_5002-67C4-0102-000000000A00":    "",
		"7B1D4C02-5002-67C4-0102-000000000A0G":    "",
		"-":                                       "",
		"":                                        "",
	} {
		if got := parseGUID(guid); got != want {
			t.Errorf("parseGUID(%q) = %q, want %q", guid, got, want)
		}
	}
}

func TestSystemTimeAsFloatEpochKeepsItsMicroseconds(t *testing.T) {
	line := `{"Event":{"System":{"Provider":{"Name":"MsiInstaller"},"EventID":{"Value":1040},"TimeCreated":{"SystemTime":1772442845.1234567},"Computer":"ws01"},"EventData":{"Data":["C:\\a.msi","77"]}}}`
	want := time.Date(2026, 3, 2, 9, 14, 5, 123456700, time.UTC)
	e := decodeOne(t, []byte(line))
	if !e.Time.Equal(want) || e.Shape != ShapeVelociraptor || e.Installer.ClientPID != 77 {
		t.Errorf("%v %s %+v, want %v", e.Time, e.Shape, e.Installer, want)
	}
}

func TestSystemTimeWithoutZIsUTC(t *testing.T) {
	e := decodeOne(t, []byte(strings.Replace(smallXML(1), "2026-03-02T09:14:05Z", "2026-03-02 09:14:05.5", 1)))
	if !e.Time.Equal(clock(5500)) || e.Missing != nil {
		t.Errorf("%v, missing %v", e.Time, e.Missing)
	}
}

func TestOld4688HasNoParentAndNoCommandLine(t *testing.T) {
	line := `{"@timestamp":"2026-03-02T09:14:05Z","winlog":{"provider_name":"Microsoft-Windows-Security-Auditing","channel":"Security","event_id":"4688","computer_name":"ws01","event_data":{"SubjectUserName":"alice","SubjectDomainName":"CORP","SubjectLogonId":"0x00000000000f412f","NewProcessId":"0x19d4","NewProcessName":"C:\\Windows\\System32\\cmd.exe","TokenElevationType":"%%1938","ProcessId":"0x14c8"}}}`
	e := decodeOne(t, []byte(line))
	want := []string{
		"parent.command_line", "parent.guid", "parent.image", "process.command_line", "process.company", "process.current_directory",
		"process.description", "process.file_version", "process.guid", "process.integrity_level", "process.original_file_name",
		"process.product", "process.sha256",
	}
	if !slices.Equal(e.Missing, want) {
		t.Errorf("missing %q", e.Missing)
	}
	if e.Process.PID != 0x19d4 || e.Parent.PID != 0x14c8 || e.Process.LogonID != "0xf412f" || e.Process.User != `CORP\alice` {
		t.Errorf("%+v, parent %+v", e.Process, e.Parent)
	}
}

func Test4688OfAnotherUserNamesTheTarget(t *testing.T) {
	line := `{"winlog":{"provider_name":"Microsoft-Windows-Security-Auditing","event_id":4688,"computer_name":"ws01","event_data":{"NewProcessId":"0x7","SubjectUserName":"alice","SubjectDomainName":"CORP","SubjectLogonId":"0xf412f","TargetUserName":"adm-alice","TargetDomainName":"CORP","TargetLogonId":"0x1a2b3c"}}}`
	e := decodeOne(t, []byte(line))
	if e.Process.User != `CORP\adm-alice` || e.Process.LogonID != "0x1a2b3c" || e.Parent.User != `CORP\alice` || e.Parent.LogonID != "0xf412f" {
		t.Errorf("%+v, parent %+v", e.Process, e.Parent)
	}
}

func TestDashAndNULLAreAbsent(t *testing.T) {
	for _, nothing := range []string{"-", "(NULL)", "", " "} {
		line := `{"winlog":{"provider_name":"Microsoft-Windows-Sysmon","event_id":1,"computer_name":"ws01","event_data":{"UtcTime":"2026-03-02 09:14:05.000","ProcessId":"7","ParentImage":"` + nothing + `","OriginalFileName":"` + nothing + `"}}}`
		e := decodeOne(t, []byte(line))
		if e.Parent.Image != "" || e.Process.OriginalFileName != "" || !slices.Contains(e.Missing, "parent.image") || !slices.Contains(e.Missing, "process.original_file_name") {
			t.Errorf("%q: %+v, missing %v", nothing, e.Process, e.Missing)
		}
	}
}

func TestXMLToDictListsAreRead(t *testing.T) {
	line := `{"Event":{"System":{"Provider":{"@Name":"Microsoft-Windows-Sysmon"},"EventID":"1","TimeCreated":{"@SystemTime":"2026-03-02 09:14:05.0"},"EventRecordID":"7","Computer":"WS01"},"EventData":{"Data":[{"@Name":"ProcessId","#text":"6612"},{"@Name":"Description"},{"@Name":"Image","#text":"C:\\a.exe"}]}}}`
	e := decodeOne(t, []byte(line))
	if e.Shape != ShapeEvtxDump || e.Process.PID != 6612 || e.Process.Image != `C:\a.exe` || e.RecordID != 7 || !e.Time.Equal(clock(5000)) {
		t.Errorf("%+v", e)
	}
	twice := strings.Replace(line, `"@Name":"Description"`, `"@Name":"Image","#text":"C:\\b.exe"`, 1)
	if got := outline(t, twice); got != "duplicate_key" {
		t.Errorf("a name twice in the list: %s", got)
	}
}

func TestSeparateAttributesAreRead(t *testing.T) {
	line := `{"Event":{"System":{"Provider":null,"Provider_attributes":{"Name":"MsiInstaller"},"EventID":1040,"EventID_attributes":{"Qualifiers":0},"TimeCreated":null,"TimeCreated_attributes":{"SystemTime":"2026-03-02T09:14:05Z"},"Computer":"ws01"},"EventData":{"Data":{"#text":["C:\\a.msi","77"]}}}}`
	e := decodeOne(t, []byte(line))
	if e.Provider != ProviderInstaller || !e.Time.Equal(clock(5000)) || e.Installer.Package != `C:\a.msi` {
		t.Errorf("%+v", e)
	}
}

func TestVelociraptorArtifactsWithoutTheOuterEvent(t *testing.T) {
	line := strings.TrimSuffix(strings.TrimPrefix(string(storyLines(t, ShapeVelociraptor)[storyProcessStart]), `{"Event":`), "}")
	if e := decodeOne(t, []byte(line)); e.Shape != ShapeVelociraptor || e.Process.Image != powershell {
		t.Errorf("%s %q", e.Shape, e.Process.Image)
	}
}

func TestXMLNamesTwiceAreAFault(t *testing.T) {
	line := string(storyLines(t, ShapeEventXML)[storyProcessStart])
	twice := strings.Replace(line, "<Data Name='Image'>", "<Data Name='Image'>C:\\other.exe</Data><Data Name='Image'>", 1)
	if got := outline(t, twice); got != "duplicate_key" {
		t.Errorf("a Data name twice: %s", got)
	}
	twice = strings.Replace(line, "<Computer>", "<Computer>other</Computer><Computer>", 1)
	if got := outline(t, twice); got != "duplicate_key" {
		t.Errorf("a header element twice: %s", got)
	}
}

func TestProviderIsMatchedAsWellAsTheID(t *testing.T) {
	for _, provider := range []string{"Microsoft-Windows-Security-SPP", "Microsoft-Windows-RestartManager", "MsiInstaller2", "Contoso"} {
		for _, id := range []string{"1033", "1035", "1040", "1042", "1", "4688"} {
			line := strings.Replace(strings.Replace(small(1), "MsiInstaller", provider, 1), "1040", id, 1)
			if e := decodeOne(t, []byte(line)); e.Kind != KindOther || e.Installer != (Installer{}) || e.Provider != provider {
				t.Errorf("%s %s: %s %+v", provider, id, e.Kind, e.Installer)
			}
		}
	}
	line := strings.Replace(small(1), "MsiInstaller", "MSIINSTALLER", 1)
	if e := decodeOne(t, []byte(line)); e.Kind != KindInstall || e.Provider != ProviderInstaller {
		t.Errorf("other case: %s %q", e.Kind, e.Provider)
	}
}

func TestRecordsThatCannotBeUsedHaveAFieldFault(t *testing.T) {
	for name, line := range map[string]string{
		"no host":         strings.Replace(small(1), `"computer_name":"ws01",`, "", 1),
		"empty host":      strings.Replace(small(1), `"ws01"`, `"-"`, 1),
		"host no text":    strings.Replace(small(1), `"ws01"`, `{"a":1}`, 1),
		"no event id":     strings.Replace(small(1), `"event_id":1040,`, "", 1),
		"no provider":     strings.Replace(small(1), `"provider_name":"MsiInstaller",`, "", 1),
		"xml, no host":    strings.Replace(smallXML(1), "ws01", "", 1),
		"xml, no System":  "<Event><EventData/></Event>",
		"xml, empty":      "<Event/>",
		"forwarder alone": `{"host":{"name":"wec01"},"winlog":{"provider_name":"MsiInstaller","event_id":1040}}`,
	} {
		if got := outline(t, line); got != "field" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestSysmonsChannelNamesItsProvider(t *testing.T) {
	line := `{"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":5,"computer_name":"WS01.corp.example","event_data":{"ProcessId":"77"}}}`
	if e := decodeOne(t, []byte(line)); e.Provider != ProviderSysmon || e.Kind != KindProcessEnd || e.Host != "ws01.corp.example" {
		t.Errorf("%+v", e)
	}
}
