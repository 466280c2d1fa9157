package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"msigate/gateway/event/eventtest"
)

// Each test here is a way in which one of the later shapes misleads a reader.

type object = map[string]any

// inserted changes a Fluent Bit record of the story's first start.
func inserted(t *testing.T, change func(record object)) []byte {
	t.Helper()
	r := storyTold(t)[storyProcessStart]
	var record object
	if err := json.Unmarshal(r.Write(t, string(ShapeFluentBit), 0), &record); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("Process Create:\r\n")
	for i, name := range r.Names {
		fmt.Fprintf(&text, "%s: %s\r\n", name, r.Values[i])
	}
	record["Message"] = text.String()
	change(record)
	return written(t, record)
}

func written(t *testing.T, o object) []byte {
	t.Helper()
	message, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func TestPositionsOfAnUnknownLayoutAreReadFromTheMessage(t *testing.T) {
	want := decodeOne(t, inserted(t, func(object) {}))
	if want.Process.Image != powershell || want.Parent.User != `CORP\alice` || want.Missing != nil {
		t.Fatalf("%+v, missing %v", want.Process, want.Missing)
	}
	for name, change := range map[string]func(object){
		"a later version":   func(r object) { r["Version"] = 6 },
		"no version":        func(r object) { delete(r, "Version") },
		"one fact more":     func(r object) { r["StringInserts"] = append(r["StringInserts"].([]any), "x") },
		"facts moved by 1":  func(r object) { l := r["StringInserts"].([]any); r["StringInserts"] = append(l[1:], l[0]) },
		"no facts":          func(r object) { delete(r, "StringInserts") },
		"a time that is no": func(r object) { r["StringInserts"].([]any)[1] = "soon" },
	} {
		t.Run(name, func(t *testing.T) { assertEvent(t, decodeOne(t, inserted(t, change)), want) })
	}
}

func TestPositionsOfEarlierSysmonsAreKnown(t *testing.T) {
	cut := decodeOne(t, inserted(t, func(r object) { r["Message"] = ""; r["StringInserts"] = r["StringInserts"].([]any)[:22] }))
	if cut.Parent.Image != msiexec || !slices.Equal(cut.Missing, []string{"parent.user"}) {
		t.Errorf("before ParentUser: %+v, missing %v", cut.Parent, cut.Missing)
	}
	older := decodeOne(t, inserted(t, func(r object) {
		r["Message"] = ""
		r["StringInserts"] = slices.Delete(r["StringInserts"].([]any)[:22], 9, 10)
	}))
	if older.Process.CommandLine != cut.Process.CommandLine || !slices.Equal(older.Missing, []string{"parent.user", "process.original_file_name"}) {
		t.Errorf("before OriginalFileName: %+v, missing %v", older.Process, older.Missing)
	}
}

func TestALineInACommandLineForgesNoFactOfTheMessage(t *testing.T) {
	forged := inserted(t, func(r object) {
		delete(r, "StringInserts")
		r["Message"] = strings.Replace(r["Message"].(string), "-NoProfile", "\r\nParentImage: C:\\Windows\\CCM\\CcmExec.exe\r\n", 1)
	})
	e := decodeOne(t, forged)
	if e.Parent.Image != "" || !slices.Contains(e.Missing, "parent.image") || e.Process.Image != powershell {
		t.Errorf("parent %q, missing %v", e.Parent.Image, e.Missing)
	}
}

func TestSecurityMessagesGiveWhatTheirLabelsNameOnce(t *testing.T) {
	line := `{"ProviderName":"Microsoft-Windows-Security-Auditing","EventID":4688,"Version":9,"TimeCreated":"2026-03-02 10:14:05 +0100","Channel":"Security","Computer":"ws01","Message":"A new process has been created.\r\n\r\nCreator Subject:\r\n\tAccount Name:\t\tWS01$\r\n\r\nTarget Subject:\r\n\tAccount Name:\t\t-\r\n\r\nProcess Information:\r\n\tNew Process ID:\t\t0x19d4\r\n\tNew Process Name:\tC:\\Windows\\System32\\cmd.exe\r\n\tMandatory Label:\t\tMandatory Label\\High Mandatory Level\r\n\tCreator Process ID:\t0x14c8\r\n\tCreator Process Name:\tC:\\Windows\\System32\\msiexec.exe\r\n\tProcess Command Line:\tcmd.exe /c ver"}`
	e := decodeOne(t, []byte(line))
	if e.Process.PID != 0x19d4 || e.Parent.PID != 0x14c8 || e.Parent.Image != msiexec || e.Process.CommandLine != "cmd.exe /c ver" ||
		e.Process.IntegrityLevel != "High" || e.Process.User != "" || !e.Time.Equal(clock(5000)) {
		t.Errorf("%+v, parent %+v, %v", e.Process, e.Parent, e.Time)
	}
}

func TestFluentBitMayRenderXML(t *testing.T) {
	line := `{"System":` + string(quoteJSON(smallXML(7))) + `,"Message":"Beginning a Windows Installer transaction"}`
	if e := decodeOne(t, []byte(line)); e.Shape != ShapeFluentBit || e.RecordID != 7 || e.Installer.ClientPID != 77 {
		t.Errorf("%s %+v", e.Shape, e.Installer)
	}
}

func TestEventDataOfOTelIsAMapOrAList(t *testing.T) {
	head := `{"provider":{"name":"MsiInstaller"},"event_id":{"id":1040,"qualifiers":0},"computer":"ws01","system_time":"2026-03-02T09:14:05Z","event_data":`
	for _, data := range []string{
		`{"data":[{"":"C:\\a.msi"},{"":"77"}]}`, `{"name":"","data":[{"":"C:\\a.msi"},{"":"77"},{"":"(NULL)"}],"binary":""}`,
		`{"param1":"C:\\a.msi","param2":"77"}`,
	} {
		if e := decodeOne(t, []byte(head+data+"}")); e.Installer != (Installer{Package: `C:\a.msi`, ClientPID: 77}) || e.Missing != nil {
			t.Errorf("%s: %+v, missing %v", data, e.Installer, e.Missing)
		}
	}
	e := decodeOne(t, []byte(head+`{},"message":"Beginning a Windows Installer transaction: C:\\a.msi. Client Process Id: 77."}`))
	if e.Installer != (Installer{Package: `C:\a.msi`, ClientPID: 77}) {
		t.Errorf("a map that lost its nameless facts: %+v", e.Installer)
	}
	twice := strings.Replace(head, "1040", "1", 1) + `{"data":[{"Image":"C:\\a.exe"},{"Image":"C:\\b.exe"}]}}`
	twice = strings.Replace(twice, "MsiInstaller", "Microsoft-Windows-Sysmon", 1)
	if got := outline(t, twice); got != "duplicate_key" {
		t.Errorf("a name twice in the list: %s", got)
	}
}

func TestAKeyTwiceInOTLPIsAFault(t *testing.T) {
	message, _ := eventtest.Batch(t, string(ShapeOTel), storyTold(t)[:1])
	for _, key := range []string{"computer", "Image", "id"} {
		pair := []byte(`{"key":"` + key + `",`)
		if bytes.Count(message, pair) != 1 {
			t.Fatalf("%s is not there once", key)
		}
		again := bytes.Replace(message, pair, append([]byte(`{"key":"`+key+`","value":{"stringValue":"9"}},`), pair...), 1)
		if got := outline(t, string(again)); got != "duplicate_key" {
			t.Errorf("%s: %s", key, got)
		}
	}
}

func TestIllegalCharactersInEmbeddedTextsAreMangled(t *testing.T) {
	xml := strings.Replace(smallXML(1), `C:\a.msi`, `C:\a\u0001.msi`, 1)
	xml = strings.NewReplacer(`"`, `\"`, `C:\a`, `C:\\a`).Replace(xml)
	e := decodeOne(t, []byte(`{"body":"`+xml+`"}`))
	if !slices.Equal(e.Mangled, []string{"event.install.package"}) || e.Installer.Package != "C:\\a\uFFFD.msi" {
		t.Errorf("%q, mangled %v", e.Installer.Package, e.Mangled)
	}
}

func TestEmbeddedXMLIsOneEvent(t *testing.T) {
	for text, want := range map[string]string{
		smallXML(1): "1", "\n <?xml version='1.0'?>" + smallXML(1) + "\n": "1", smallXML(1) + smallXML(2): "fault syntax",
		smallXML(1) + "x": "fault syntax", "<Events>" + smallXML(1) + "</Events>": "shape", "<!DOCTYPE a>" + smallXML(1): "fault syntax", "<Event>": "fault syntax",
	} {
		if got := outline(t, `{"body":`+string(quoteJSON(text))+`}`); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestStructureAsTextInABodyIsRead(t *testing.T) {
	inner := `{"Event":{"System":{"Provider":{"Name":"Microsoft-Windows-Sysmon"},"EventID":"5","TimeCreated":{"SystemTime":"2026-03-02T09:14:05Z"},"Computer":"ws01"},"EventData":{"Data":[{"text":"77","Name":"ProcessId"},{"text":"C:\\a.exe","Name":"Image"}]}}}`
	line := `{"body":` + string(quoteJSON(inner)) + `,"mime":"application/x-pt-eventlog","type":"raw"}`
	if e := decodeOne(t, []byte(line)); e.Kind != KindProcessEnd || e.Process.PID != 77 || e.Process.Image != `C:\a.exe` {
		t.Errorf("%+v", e)
	}
	twice := strings.Replace(inner, `"text":"77"`, `"text":"77","text":"78"`, 1)
	if got := outline(t, `{"body":`+string(quoteJSON(twice))+`}`); got != "duplicate_key" {
		t.Errorf("a name twice inside the text: %s", got)
	}
}

func TestWazuhTakesApartOnlyWhatIsCertain(t *testing.T) {
	line := func(id int, data, message string) []byte {
		return written(t, object{"win": object{"eventdata": object{"data": data}, "system": object{
			"providerName": "MsiInstaller", "eventID": fmt.Sprint(id), "computer": "ws01", "systemTime": "2026-03-02T09:14:05.1Z", "message": `"` + message + `"`,
		}}})
	}
	for _, test := range []struct {
		id            int
		data, message string
		want          Installer
	}{
		{1040, `C:\a, b.msi, 77, (NULL), (NULL)`, "", Installer{Package: `C:\a, b.msi`, ClientPID: 77}},
		{1040, `C:\a.msi`, "Beginning a Windows Installer transaction: C:\\a.msi. Client Process Id: 78.", Installer{Package: `C:\a.msi`, ClientPID: 78}},
		{1033, "Contoso, 1.2, 1033, 0, Contoso Ltd.", "", Installer{Product: "Contoso", Version: "1.2", Language: "1033", Status: "0", Manufacturer: "Contoso Ltd."}},
		{
			1033, "Contoso, 1.2, 1033, 0, Contoso, Inc.",
			"Windows Installer installed the product. Product Name: Contoso. Product Version: 1.2. Product Language: 1033. Manufacturer: Contoso, Inc.. Installation success or error status: 0.",
			Installer{Product: "Contoso", Version: "1.2", Language: "1033", Status: "0", Manufacturer: "Contoso, Inc."},
		},
		{1033, "A, B, 1.2, 1033, 0", "", Installer{}},
		{11707, "Product: A, B -- Installation completed successfully.", "", Installer{Product: "A, B"}},
	} {
		if e := decodeOne(t, line(test.id, test.data, test.message)); e.Installer != test.want {
			t.Errorf("%s: %+v", test.data, e.Installer)
		}
	}
}

func TestDefenderProcessesAreKnownByIDAndCreationTime(t *testing.T) {
	start := `{"DeviceName":"ws01","ActionType":"ProcessCreated","Timestamp":"2026-03-02T09:14:06Z","ProcessId":77,"ProcessCreationTime":"2026-03-02T09:14:05Z","FolderPath":"C:\\Windows\\System32\\cmd.exe","InitiatingProcessId":66,"InitiatingProcessCreationTime":"2026-03-02T09:00:00Z","InitiatingProcessFolderPath":"c:\\windows\\system32\\msiexec.exe","InitiatingProcessUniqueId":"151715012447044204","InitiatingProcessLogonId":999,"LogonId":999,"InitiatingProcessAccountDomain":"nt authority","InitiatingProcessAccountName":"system"}`
	e := decodeOne(t, []byte(start))
	if e.Process.GUID != "77@2026-03-02T09:14:05Z" || e.Parent.GUID != "66@2026-03-02T09:00:00Z" || !e.Time.Equal(clock(5000)) {
		t.Errorf("%q, parent %q, %v", e.Process.GUID, e.Parent.GUID, e.Time)
	}
	if e.Process.LogonID != "0x3e7" || e.Parent.LogonID != "0x3e7" || e.Parent.User != `nt authority\system` || e.Parent.Signature.Known {
		t.Errorf("%+v, parent %+v", e.Process, e.Parent)
	}
	written := strings.NewReplacer("ProcessCreated", "FileRenamed", `"InitiatingProcessId":66,"InitiatingProcessCreationTime":"2026-03-02T09:00:00Z"`, `"InitiatingProcessId":77,"InitiatingProcessCreationTime":"2026-03-02T09:14:05Z"`).Replace(start)
	if a := decodeOne(t, []byte(written)); a.Kind != KindFileCreate || a.Process.GUID != e.Process.GUID || !a.Time.Equal(clock(6000)) {
		t.Errorf("what it did: %s by %q at %v", a.Kind, a.Process.GUID, a.Time)
	}
	bare := decodeOne(t, []byte(strings.Replace(start, `"ProcessCreationTime":"2026-03-02T09:14:05Z",`, `"ProcessCreationTime":null,`, 1)))
	if bare.Process.GUID != "" || !slices.Contains(bare.Missing, "process.guid") {
		t.Errorf("no creation time: %q", bare.Process.GUID)
	}
}

func TestDefendersFolderPathMayEndInAFolder(t *testing.T) {
	for path, want := range map[string]string{
		`C:\\x\\a.exe`: `C:\x\a.exe`, `C:\\x\\`: `C:\x\a.exe`, `C:\\x`: `C:\x\a.exe`, `C:\\x.1`: `C:\x.1\a.exe`, ``: `a.exe`, `C:\\x\\AB~1.EXE`: `C:\x\AB~1.EXE`,
	} {
		e := decodeOne(t, []byte(`{"DeviceName":"ws01","ActionType":"FileCreated","FolderPath":"`+path+`","FileName":"a.exe"}`))
		if e.File.Path != want {
			t.Errorf("%s: %q", path, e.File.Path)
		}
	}
}

// A row that names who acted by the file alone, or by folder and file, is as
// much an installer's as one with the whole path.
func TestDefendersProcessesAreKnownByTheNameAlone(t *testing.T) {
	for folder, want := range map[string]string{
		``: `msiexec.exe`, `"InitiatingProcessFolderPath":"",`: `msiexec.exe`, `"InitiatingProcessFolderPath":"C:\\Windows\\System32",`: `C:\Windows\System32\msiexec.exe`,
	} {
		start := decodeOne(t, []byte(`{"DeviceName":"ws01","ActionType":"ProcessCreated",`+folder+`"FolderPath":"C:\\x\\a.exe","FileName":"a.exe","InitiatingProcessFileName":"msiexec.exe"}`))
		load := decodeOne(t, []byte(`{"DeviceName":"ws01","ActionType":"ImageLoaded",`+folder+`"FolderPath":"C:\\x\\a.dll","FileName":"a.dll","InitiatingProcessFileName":"msiexec.exe"}`))
		if start.Parent.Image != want || start.Process.Image != `C:\x\a.exe` || load.Process.Image != want {
			t.Errorf("%s: parent %q, process %q, loads in %q", folder, start.Parent.Image, start.Process.Image, load.Process.Image)
		}
	}
	if own := decodeOne(t, []byte(`{"DeviceName":"ws01","ActionType":"ProcessCreated","FileName":"msiexec.exe"}`)); own.Process.Image != `msiexec.exe` {
		t.Errorf("its own name: %q", own.Process.Image)
	}
}

func TestDefendersOtherTablesAreRead(t *testing.T) {
	for _, row := range []string{
		`{"category":"AdvancedHunting-DeviceEvents","properties":{"DeviceName":"ws01","ActionType":"ProcessCreated"}}`,
		`{"category":"AdvancedHunting-DeviceFileEvents","properties":{"DeviceName":"ws01","ActionType":"ImageLoaded"}}`,
		`{"DeviceName":"ws01","ActionType":"processcreated"}`,
	} {
		if e := decodeOne(t, []byte(row)); e.Kind != KindOther || e.Shape != ShapeDefender {
			t.Errorf("%s: %s", row, e.Kind)
		}
	}
}

func TestElasticSignaturesAreKnownWhereTheSensorSays(t *testing.T) {
	for signature, want := range map[string]Signature{
		`"code_signature":{"exists":true,"trusted":true,"status":"trusted","subject_name":"Contoso"}`: {Known: true, Signed: true, Subject: "Contoso", Status: "trusted"},
		`"code_signature":{"status":"trusted","subject_name":"Contoso"}`:                              {Known: true, Signed: true, Subject: "Contoso", Status: "trusted"},
		`"code_signature":{"exists":true,"status":"errorExpired","subject_name":"Contoso"}`:           {Known: true, Signed: true, Subject: "Contoso", Status: "errorExpired"},
		`"code_signature":{"exists":false}`:                                                           {Known: true, Status: "unsigned"},
		`"Ext":{"code_signature":[{"exists":true,"subject_name":"Contoso"}]}`:                         {Known: true, Signed: true, Subject: "Contoso"},
		`"code_signature":{}`: {},
		`"name":"a"`:          {},
	} {
		line := `{"event":{"module":"endpoint","category":["process"],"type":["start"]},"host":{"name":"ws01"},"process":{"pid":4,"executable":"C:\\a.exe","entity_id":"QWJj+/=",` + signature + `}}`
		e := decodeOne(t, []byte(line))
		if e.Process.Signature != want || e.Process.GUID != "QWJj+/=" {
			t.Errorf("%s: %+v, id %q", signature, e.Process.Signature, e.Process.GUID)
		}
	}
}

func TestElasticTellsWhoActedWithItsSigner(t *testing.T) {
	line := `{"event":{"dataset":"endpoint.events.file","category":"file","action":"rename","type":"change"},"host":{"hostname":"WS01"},"process":{"pid":4,"executable":"C:\\a.exe","code_signature":{"exists":true,"status":"trusted","subject_name":"Contoso"}},"file":{"path":"C:\\b.exe"}}`
	e := decodeOne(t, []byte(line))
	if e.Kind != KindFileCreate || e.Process.Signature.Subject != "Contoso" || e.File.Path != `C:\b.exe` || e.Host != "ws01" {
		t.Errorf("%+v", e)
	}
}

func TestOCSFDetails(t *testing.T) {
	line := `{"time":1772442845000,"class_uid":1007,"activity_id":1,"device":{"name":"ws01"},"metadata":{"product":{"name":"x"}},
		"process":{"pid":77,"file":{"name":"cmd.exe","parent_folder":"C:\\Windows\\System32","fingerprints":[{"algorithm":"SHA-256","value":"` + strings.Repeat("A", 64) + `"}],
			"signature":{"state_id":2,"certificate":{"subject":"C=US, CN=Contoso\\, Inc., O=x","issuer":"Contoso CA","fingerprints":[{"algorithm_id":2,"value":"ABCD"}]}}},"user":{"name":"-","domain":"-"}},
		"actor":{"process":{"pid":66,"file":{"path":"C:\\b.exe"}},"user":{"name":"alice","domain":"CORP"}}}`
	e := decodeOne(t, []byte(line))
	want := Signature{Known: true, Signed: true, Subject: "Contoso, Inc.", Status: "Expired", Issuer: "Contoso CA", Thumbprint: "abcd"}
	if e.Process.Signature != want || e.Process.Image != `C:\Windows\System32\cmd.exe` || e.Process.Hashes.SHA256 != strings.Repeat("a", 64) ||
		e.Process.User != "" || e.Parent.User != `CORP\alice` || !e.Time.Equal(clock(5000)) {
		t.Errorf("%+v, parent %+v, %v", e.Process, e.Parent, e.Time)
	}
	unknown := decodeOne(t, []byte(strings.Replace(line, `"state_id":2`, `"state_id":0`, 1)))
	if unknown.Process.Signature.Known {
		t.Errorf("state 0: %+v", unknown.Process.Signature)
	}
	rename := decodeOne(t, []byte(`{"class_uid":1001,"activity_id":5,"device":{"hostname":"ws01"},"actor":{"process":{"pid":4}},"file":{"path":"C:\\a.tmp"},"file_result":{"path":"C:\\a.exe"}}`))
	if rename.Kind != KindFileCreate || rename.File.Path != `C:\a.exe` {
		t.Errorf("rename: %s %q", rename.Kind, rename.File.Path)
	}
}

func TestCommonName(t *testing.T) {
	for subject, want := range map[string]string{
		"Contoso": "Contoso", "CN=Contoso": "Contoso", `CN="Contoso, Inc.", O=x`: "Contoso, Inc.", `O=CN\=x, cn=Contoso`: "Contoso",
		"O=x, C=DE": "O=x, C=DE", `CN="x`: `CN="x`, "": "", "a=b=c, CN=d": "d",
	} {
		if got := commonName(textValue(subject)).string(); got != want {
			t.Errorf("%q: %q, want %q", subject, got, want)
		}
	}
}
