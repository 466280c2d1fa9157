package event

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

func scopeDocument() ScopeDocument {
	return ScopeDocument{
		InstallerImages:   []string{"msiexec.exe"},
		OriginalFileNames: []string{"msiexec.exe"},
		Providers:         []string{"MsiInstaller"},
		TempModules:       []string{"msi*.tmp"},
		PackageFiles:      []string{"*.msi", "*.msp", "*.mst"},
	}
}

func compiled(t testing.TB) *Scope {
	t.Helper()
	s, err := CompileScope(scopeDocument())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCompileScopeRefusesWhatWouldHide(t *testing.T) {
	tests := []struct {
		name   string
		change func(*ScopeDocument)
		want   string
	}{
		{"no images", func(d *ScopeDocument) { d.InstallerImages = nil }, "installer_images is empty"},
		{"no original names", func(d *ScopeDocument) { d.OriginalFileNames = []string{} }, "original_file_names is empty"},
		{"no providers", func(d *ScopeDocument) { d.Providers = nil }, "providers is empty"},
		{"no temp modules", func(d *ScopeDocument) { d.TempModules = nil }, "temp_modules is empty"},
		{"an empty name", func(d *ScopeDocument) { d.Providers = []string{"MsiInstaller", ""} }, `providers[1] "": it is empty`},
		{"a path", func(d *ScopeDocument) { d.InstallerImages = []string{`C:\msiexec.exe`} }, "not a path"},
		{"a name beyond ASCII", func(d *ScopeDocument) { d.InstallerImages = []string{"m\u017Fiexec.exe"} }, "only printable ASCII"},
		{"blanks around", func(d *ScopeDocument) { d.Providers = []string{"MsiInstaller "} }, "begins or ends with a blank"},
		{"a pattern among names", func(d *ScopeDocument) { d.InstallerImages = []string{"msi*.exe"} }, "only temp_modules and package_files take patterns"},
		{"a pattern of everything", func(d *ScopeDocument) { d.TempModules = []string{"*"} }, "nearly every file"},
		{"a pattern without two letters together", func(d *ScopeDocument) { d.TempModules = []string{"m?s*i"} }, "nearly every file"},
		{"one letter", func(d *ScopeDocument) { d.Providers = []string{"M"} }, "too short"},
		{"a quote", func(d *ScopeDocument) { d.Providers = []string{`Msi"x`} }, "cannot be part of it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			document := scopeDocument()
			test.change(&document)
			if _, err := CompileScope(document); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestMatchesGoesByNamesAndNotByMention(t *testing.T) {
	tests := []struct {
		name  string
		event Event
		want  bool
	}{
		{"msiexec starts", Event{Process: Process{Image: `C:\Windows\System32\MsiExec.EXE`}}, true},
		{"its child starts", Event{Parent: Process{Image: `C:\Windows\System32\msiexec.exe`}}, true},
		{"renamed", Event{Process: Process{Image: `C:\x\a.exe`, OriginalFileName: "MSIEXEC.exe"}}, true},
		{"its provider", Event{Provider: "msiinstaller"}, true},
		{"an extracted module", Event{Module: Module{Path: `C:\Windows\Installer\MSI4F2A.tmp`}}, true},
		{"an extracted file", Event{File: File{Path: `C:\Users\alice\AppData\Local\Temp\msi9.TMP`}}, true},
		{"an extracted program", Event{Process: Process{Image: `C:\Windows\Installer\MSI4F2A.tmp`}}, true},
		{"a path with forward slashes", Event{Process: Process{Image: `C:/Windows/System32/msiexec.exe`}}, true},
		{"a mention", Event{Process: Process{Image: `C:\Windows\System32\cmd.exe`, CommandLine: `cmd /c msiexec /i x.msi`}}, false},
		{"a file written with that name", Event{File: File{Path: `C:\x\msiexec.exe`}}, false},
		{"a folder with that name", Event{Process: Process{Image: `C:\msiexec.exe\a.exe`}}, false},
		{"a longer name", Event{Process: Process{Image: `C:\x\msiexec.exe.bak`}}, false},
		{"a long s", Event{Process: Process{Image: "C:\\x\\m\u017Fiexec.exe"}}, false},
		{"full-width letters", Event{Process: Process{Image: "C:\\x\\\uFF4Dsiexec.exe"}}, false},
		{"the licensing provider", Event{Provider: "Microsoft-Windows-Security-SPP", EventID: 1040}, false},
		{"another temporary file", Event{File: File{Path: `C:\x\tmpmsi.tmp`}}, false},
		{"nothing", Event{}, false},
	}
	s := compiled(t)
	for _, test := range tests {
		if got := s.Matches(&test.event); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}

func TestMayMatchFindsNamesAtEveryOffset(t *testing.T) {
	s := compiled(t)
	for _, name := range []string{"msiexec.exe", "MSIEXEC.EXE", "MsiInstaller", `MSI1A2B.tmp`, "msi.TMP"} {
		for before := range 70 {
			for _, after := range []string{"", `"`, strings.Repeat("m", 40)} {
				message := strings.Repeat("s", before) + name + after
				if !s.MayMatch([]byte(message)) {
					t.Fatalf("not found in %q", message)
				}
			}
		}
	}
}

func TestMayMatchTrustsNoEscape(t *testing.T) {
	utf16le := func(s string) string {
		b := []byte{0xFF, 0xFE}
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return string(b)
	}
	s := compiled(t)
	for _, message := range []string{
		`{"Image":"C:\\x\\\u006dsiexec.exe"}`,
		`{"inner":"{\"Image\":\"\\u006dsiexec.exe\"}"}`,
		`<Data>m&#115;iexec.exe</Data>`, `<Data>m&#x73;iexec.exe</Data>`,
		`{"xml":"<Data>m&#115;iexec.exe</Data>"}`,
		`<Data><![CDATA[msi]]>exec.exe</Data>`, `<Data>msi<!-- -->exec.exe</Data>`, `<Data>msi<?x?>exec.exe</Data>`,
		utf16le(`{"Image":"msiexec.exe"}`), utf16le(`<Event/>`),
	} {
		if !s.MayMatch([]byte(message)) {
			t.Errorf("%q is taken for out of scope", message)
		}
		if !MayStartProcess([]byte(message)) {
			t.Errorf("%q is taken for no process start", message)
		}
	}
}

func TestMayMatchLeavesOrdinaryEventsOut(t *testing.T) {
	s := compiled(t)
	for _, message := range []string{
		`{"Image":"C:\\users\\updates\\under.exe","CommandLine":"a & b ! c ? d # e \/ \"q\" \t"}`,
		`{"Image":"C:\\x\\m` + "\u017F" + `iexec.exe"}`,
		`<?xml version="1.0"?><Event><Data Name="Image">C:\x\a.tmp &amp; msi</Data></Event>`,
		`{"a":"msi","b":"x.exe"}`, `{"a":"x.tmp","b":"msi"}`, `msiexec`, ``, `m`,
	} {
		if s.MayMatch([]byte(message)) {
			t.Errorf("%q is taken for in scope", message)
		}
	}
}

func TestOnlyFileEventsAreInScopeByAPackagesName(t *testing.T) {
	s := compiled(t)
	const path = `C:\Users\alice\Downloads\Agent.MSI`
	for name, test := range map[string]struct {
		e    Event
		want bool
	}{
		"written":           {Event{Kind: KindFileCreate, File: File{Path: path}}, true},
		"marked":            {Event{Kind: KindFileStream, File: File{Path: path, Stream: "Zone.Identifier"}}, true},
		"a patch":           {Event{Kind: KindFileCreate, File: File{Path: `\\srv\pkg\a.msp`}}, true},
		"another ending":    {Event{Kind: KindFileCreate, File: File{Path: path + "x"}}, false},
		"run as a program":  {Event{Kind: KindProcessStart, Process: Process{Image: path}}, false},
		"on a command line": {Event{Kind: KindProcessStart, Process: Process{Image: `C:\a.exe`, CommandLine: path}}, false},
		"loaded":            {Event{Kind: KindImageLoad, Module: Module{Path: path}}, false},
	} {
		if got := s.Matches(&test.e); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestMayMatchFindsWhateverNamesTheDocumentHas(t *testing.T) {
	name := rapid.StringMatching(`[a-zA-Z][a-zA-Z0-9_.-]{1,11}`)
	rapid.Check(t, func(t *rapid.T) {
		document := ScopeDocument{
			InstallerImages:   rapid.SliceOfN(name, 1, 4).Draw(t, "images"),
			OriginalFileNames: rapid.SliceOfN(name, 1, 2).Draw(t, "originals"),
			Providers:         rapid.SliceOfN(name, 1, 2).Draw(t, "providers"),
			TempModules:       rapid.SliceOfN(rapid.StringMatching(`[a-z?*]{0,3}[a-z]{2}[a-z?*]{0,4}(\.tmp)?`), 1, 2).Draw(t, "patterns"),
			PackageFiles:      rapid.SliceOfN(rapid.StringMatching(`[*]\.[a-z]{1,4}`), 0, 2).Draw(t, "packages"),
		}
		s, err := CompileScope(document)
		if err != nil {
			t.Fatal(err)
		}
		all := append(append(document.InstallerImages, document.OriginalFileNames...), document.Providers...)
		for _, pattern := range append(document.TempModules, document.PackageFiles...) {
			all = append(all, strings.NewReplacer("*", rapid.StringMatching(`[A-Za-z0-9 ]{0,5}`).Draw(t, "star"), "?", "q").Replace(pattern))
		}
		picked := rapid.SampledFrom(all).Draw(t, "name")
		if rapid.Bool().Draw(t, "upper") {
			picked = strings.ToUpper(picked)
		}
		message := rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "before") + picked + rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "after")
		if !s.MayMatch([]byte(message)) {
			t.Fatalf("%q is not found in %q", picked, message)
		}
	})
}

func TestMayStartProcessReadsEveryFormOfAnEventID(t *testing.T) {
	tests := []struct {
		message string
		want    bool
	}{
		{`{"EventID":1}`, true},
		{`{"EventID":4688}`, true},
		{`{"event_id":"1"}`, true},
		{`{"event_id" : "4688" }`, true},
		{`{"EventID":{"Value":1}}`, true},
		{`{"EventID":{"#attributes":{"Qualifiers":0},"#text":"4688"}}`, true},
		{`{"event":{"code":"1"}}`, true},
		{`{"event":{"kind":"x","code":4688}}`, true},
		{`<Event><EventID>1</EventID></Event>`, true},
		{`<EventID Qualifiers="0"> 4688 </EventID>`, true},
		{`<EventID a=">5</">1</EventID>`, true},
		{`{"EventID":1.0}`, true},
		{`{"EventID":1e0}`, true},
		{`{"EventID":"0x1"}`, true},
		{`{"EventID":" 1"}`, true},
		{`{"EventID":01}`, true},
		{`{"EventID":{"Value":100e-2}}`, true},
		{`{"event_id":null}`, true},
		{`{"event_id":`, true},
		{`{"EventID"`, true},
		{`[{"EventID":5},{"EventID":1}]`, true},
		{`{"EventID":5}{"event":{"code":"1"}}`, true},
		{`{"body":"{\"EventID\":1}"}`, true},
		{`{}`, true},
		{``, true},
		{`{"event":{"original":{"a":1},"code":"1"}}`, true},
		{`{"event_id":{"id":1,"qualifiers":0}}`, true},
		{`{"event_id":{"qualifiers":0,"id":4688}}`, true},
		{`{"key":"event_id","value":{"kvlistValue":{"values":[{"key":"id","value":{"intValue":"1"}}]}}}`, true},
		{`{"value":{"intValue":"5"},"key":"event_id"}`, true},
		{`{"key":"event_id","value":{"stringValue":"\u0031"}}`, true},
		{`{"win":{"system":{"eventID":"1"}}}`, true},
		{`{"body":"<Event><System><EventID Qualifiers=\"0\">1</EventID></System></Event>"}`, true},
		{`{"body":"<Event><System><EventID\n>5</EventID></System></Event>"}`, true},
		{`{"body":"{\"Event\":{\"System\":{\"EventID\":\"5\"}}}"}`, true},
		{`{"records":[{"properties":{"DeviceName":"a","ActionType":"FileCreated"}},{"properties":{"DeviceName":"a","ActionType":"ProcessCreated"}}]}`, true},
		{`{"EventID":5}{"DeviceName":"a","ActionType":"ProcessCreated"}`, true},
		{`{"event":{"category":["process"],"type":["start"],"module":"endpoint"}}`, true},
		{`{"event":{"category":"Process","action":"Creation","dataset":"endpoint.events.process","code":5}}`, true},
		{`{"device":{"hostname":"a"},"class_uid":1007,"activity_id":1}`, true},
		{`{"class_uid":1007.0,"device":{},"activity_id":"1"}`, true},
		{`{"class_uid":1.007e3,"device":{},"activity_id":"0x1"}`, true},
		{`{"class_uid": 1007 ,"device":{},"activity_id":01}`, true},
		{`{"EventID":5}{"class_uid":1007,"device":{},"activity_id":1}`, true},

		{`{"EventID":3}`, false},
		{`{"EventID":11,"EventType":"INFO"}`, false},
		{`{"event_id":"10"}`, false},
		{`{"event_id": "22" , "x":1}`, false},
		{`{"EventID":{"Value":10}}`, false},
		{`{"EventID":{"#attributes":{"Qualifiers":16384},"#text":7045}}`, false},
		{`{"event":{"code":"11","kind":"event"},"winlog":{"event_id":"11"}}`, false},
		{`<Event><EventID>11</EventID></Event>`, false},
		{`<EventID Qualifiers="16384">7036</EventID>`, false},
		{`{"EventID":5,"CommandLine":"EventID=1 <b>EventID</b>"}`, false},
		{`{"EventID":0}`, false},
		{`{"event_id":{"id":11,"qualifiers":0}}`, false},
		{`{"key":"event_id","value":{"kvlistValue":{"values":[{"key":"id","value":{"intValue":"11"}},{"key":"qualifiers","value":{"intValue":"0"}}]}}}`, false},
		{`{"win":{"system":{"eventID":"11"}}}`, false},
		{`{"body":"<Event><System><EventID Qualifiers=\"0\">11</EventID></System></Event>"}`, false},
		{`{"properties":{"DeviceName":"a","ActionType":"ProcessCreatedUsingWmiQuery"}}`, false},
		{`{"event":{"category":["library"],"type":["start"],"action":"load","module":"endpoint"}}`, false},
		{`{"event":{"category":["process"],"type":["end"],"action":"end","module":"endpoint"}}`, false},
		{`{"device":{"hostname":"a"},"class_uid":1001,"activity_id":1}`, false},
		{`{"device":{"hostname":"a"},"class_uid":1007,"activity_id":2}`, false},
	}
	for _, test := range tests {
		if got := MayStartProcess([]byte(test.message)); got != test.want {
			t.Errorf("%s: got %v", test.message, got)
		}
	}
}

func TestOutcomeTellsTheThreeApart(t *testing.T) {
	s := compiled(t)
	never := func(*Event) bool { return false }
	always := func(*Event) bool { return true }
	start := &Event{Kind: KindProcessStart, Process: Process{Image: `C:\a.exe`}}
	load := &Event{Kind: KindImageLoad, Process: Process{Image: `C:\a.exe`}}
	installer := &Event{Kind: KindInstall, Provider: "MsiInstaller"}
	for _, test := range []struct {
		name   string
		event  *Event
		tracks func(*Event) bool
		want   Outcome
	}{
		{"a start", start, never, Remembered},
		{"a start of a tree", start, always, InScope},
		{"a load", load, nil, Out},
		{"a load of a tree", load, always, InScope},
		{"the installer's own", installer, nil, InScope},
	} {
		if got := s.Outcome(test.event, test.tracks); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestScopeTestsAllocateNothing(t *testing.T) {
	s := compiled(t)
	message := outOfScope(storyLines(t, ShapeWinlogbeat)[storyProcessStart])
	if n := testing.AllocsPerRun(100, func() { s.MayMatch(message); MayStartProcess(message); s.Skips(message, false) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

var installerNames = regexp.MustCompile(`(?i)msi`)

// outOfScope is a message without the installer's names.
func outOfScope(message []byte) []byte { return installerNames.ReplaceAll(message, []byte("upd")) }

// What decodes to a process start, the test on bytes lets through, in every shape
// and however its records are put together; most of the rest it can tell.
func TestEveryStartOfTheStoryIsSeenInTheBytes(t *testing.T) {
	for _, shape := range storyShapes {
		told := 0
		for _, line := range storyLines(t, shape) {
			e := decodeOne(t, line)
			if may := MayStartProcess(line); e.Kind == KindProcessStart && !may {
				t.Errorf("%s: a start is not seen in %s", shape, line)
			} else if !may {
				told++
			}
		}
		if told < 3 {
			t.Errorf("%s: only %d records are told to be no start", shape, told)
		}
	}
}

// BenchmarkScope is the test on raw bytes of a message in each shape, by what
// becomes of it: out (an event 3), remembered (a process start) and in scope.
func BenchmarkScope(b *testing.B) {
	s := compiled(b)
	for _, shape := range storyShapes {
		lines := storyLines(b, shape)
		started := lines[storyProcessStart]
		var other []byte
		for _, line := range lines {
			if kind := decodeOne(b, line).Kind; kind == KindNetwork || isSensor(shape) && kind == KindFileCreate {
				other = outOfScope(line)
			}
		}
		for _, test := range []struct {
			outcome string
			message []byte
			skips   bool
		}{
			{"out", other, true},
			{"remembered", outOfScope(started), false},
			{"in_scope", started, false},
		} {
			b.Run(string(shape)+"/"+test.outcome, func(b *testing.B) {
				b.SetBytes(int64(len(test.message)))
				b.ReportAllocs()
				for b.Loop() {
					if s.Skips(test.message, false) != test.skips {
						b.Fatalf("skips: %v\n%s", !test.skips, test.message)
					}
				}
			})
		}
	}
}

// BenchmarkMayMatch is the bare search for names in an event of 1.6 KB.
func BenchmarkMayMatch(b *testing.B) {
	s := compiled(b)
	message := outOfScope(storyLines(b, ShapeWinlogbeat)[storyProcessStart])
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if s.MayMatch(message) {
			b.Fatal("matches")
		}
	}
}
