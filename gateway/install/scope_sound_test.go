package install_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"msigate/gateway/event"
	"msigate/gateway/install"
)

// modelProcess is a process of a made-up host, with what is true of it.
type modelProcess struct {
	guid, image, line, original string
	pid                         int
	inTree                      bool // it or an ancestor is an installer process: msiexec or MSIxxxx.tmp
	parent                      *modelProcess
}

type model struct {
	hosts []*modelHost
	at    time.Time
	made  int
	quiet bool // no installer runs yet; only names of files and providers are in scope
}

type modelHost struct {
	name  string
	alive []*modelProcess
	paths []string // of files written so far
}

// ordinary are programs that have nothing to do with the installer.
var ordinary = []string{
	`C:\Windows\System32\cmd.exe`, `C:\Windows\System32\svchost.exe`, `C:\Program Files\Contoso\agent.exe`, `C:\Users\alice\setup.exe`,
}

// images are the installer's own in odd case, and names that look like them
// and are not.
var images = []string{
	`C:\Windows\System32\msiexec.exe`, `C:\WINDOWS\SysWOW64\MSIEXEC.EXE`, `C:\Windows\system32\MsiExec.exe`, `C:\Windows\Installer\MSI4F2A.tmp`,
	`C:\Users\alice\AppData\Local\Temp\msi1.TMP`, `\??\C:\Windows\System32\msiexec.exe`, `C:\Windows\System32\rundll32.exe`,
	"C:\\x\\m\u017Fiexec.exe", "C:\\x\\ms\u0131exec.exe", "C:\\x\\\uFF4D\uFF53iexec.exe", "C:\\x\\msie\u212Aec.exe", `C:\x\msiexec.exe.bak`, `C:\msiexec.exe\a.exe`,
	`C:\x\msi'1".tmp`, `C:\x\amsi.dll`, `C:\x\` + "\u00fc\U0001F600" + `.exe`,
}

var lines = []string{
	"", `cmd /c "msiexec /i a.msi"`, `msiexec /V`, `MsiExec.exe -Embedding 0F1E2D3C4B5A69788796A5B4C3D2E1F0 E Global\MSI0000`,
	`msiexec /i https://dl.example/a /qn`, `setup.exe --event_id=1 "EventID":1 <b>&amp;</b>`, "tab\tand\u0001control",
}

var modules = []string{`C:\Windows\System32\ntdll.dll`, `C:\Windows\Installer\MSI77.tmp`, `C:\Windows\Temp\MsiABCDE.TMP`, `C:\x\msi.dll`}

func newModel(hosts int) *model {
	m := &model{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	for i := range hosts {
		m.hosts = append(m.hosts, &modelHost{name: fmt.Sprintf("ws%02d.corp.example", i+1)})
	}
	return m
}

func isInstaller(image, original string) bool {
	name := event.LowerASCII(event.Base(image))
	return name == "msiexec.exe" || event.LowerASCII(original) == "msiexec.exe" || name == "msi4f2a.tmp" || name == "msi1.tmp"
}

// step lets one thing happen on one host. told is the process it is about,
// where the record names it by GUID.
func (m *model) step(t *rapid.T) (r record, told *modelProcess) {
	h := rapid.SampledFrom(m.hosts).Draw(t, "host")
	m.at = m.at.Add(time.Duration(rapid.IntRange(1, 30_000).Draw(t, "ms")) * time.Millisecond)
	r = record{provider: event.ProviderSysmon, channel: "Microsoft-Windows-Sysmon/Operational", host: h.name, at: m.at}
	happening := rapid.IntRange(0, 12).Draw(t, "happening")
	if len(h.alive) == 0 {
		happening = 0
	}
	if happening <= 3 {
		return m.starts(t, h, r)
	}
	p := rapid.SampledFrom(h.alive).Draw(t, "process")
	actor := []fact{
		{"UtcTime", m.at.Format("2006-01-02 15:04:05.000")}, {"ProcessGuid", "{" + p.guid + "}"}, {"ProcessId", fmt.Sprint(p.pid)}, {"Image", p.image},
	}
	switch happening {
	case 4:
		r.id, r.data = 5, actor
		for i, one := range h.alive {
			if one == p {
				h.alive = append(h.alive[:i:i], h.alive[i+1:]...)
				break
			}
		}
	case 5:
		path := rapid.SampledFrom(append([]string{fmt.Sprintf(`C:\ProgramData\drop%d.exe`, m.made), `C:\x\a.log`, `C:\x\Pack.MSI`}, modules...)).Draw(t, "file")
		h.paths = append(h.paths, path)
		r.id, r.data = 11, append(actor, fact{"TargetFilename", path})
	case 6:
		module := rapid.SampledFrom(append(append([]string{p.image}, modules...), h.paths...)).Draw(t, "module")
		r.id, r.data = 7, append(actor, fact{"ImageLoaded", module}, fact{"Signed", "true"}, fact{"Signature", "Contoso"}, fact{"SignatureStatus", "Valid"})
	case 7:
		r.provider, r.channel, r.id = rapid.SampledFrom([]string{"Microsoft-Windows-Security-SPP", "MsiInstaller", "MSIINSTALLER"}).Draw(t, "provider"), "Application", 1040
		r.data = []fact{{"", `C:\pkg\a.msi`}, {"", fmt.Sprint(p.pid)}}
		return r, nil
	default:
		r.id, r.data = 3, append(actor, fact{"DestinationIp", "192.0.2.7"}, fact{"DestinationPort", "443"})
	}
	return r, p
}

// starts lets a process start, told by Sysmon or by the Security log.
func (m *model) starts(t *rapid.T, h *modelHost, r record) (record, *modelProcess) {
	m.made++
	p := &modelProcess{
		guid: fmt.Sprintf("0a1b2c3d-1111-2222-3333-%012x", m.made), pid: 4 * (100 + m.made%rapid.SampledFrom([]int{7, 5000}).Draw(t, "pids")),
		image: rapid.SampledFrom(ordinary).Draw(t, "image"), line: rapid.SampledFrom(lines).Draw(t, "line"),
	}
	kind := rapid.IntRange(0, 9).Draw(t, "kind of program")
	if m.quiet {
		kind = 9
	}
	switch kind {
	case 0, 1:
		p.image = rapid.SampledFrom(images).Draw(t, "image")
	case 2:
		p.image = rapid.SampledFrom(append(h.paths, p.image)).Draw(t, "image")
	case 3:
		p.original = rapid.SampledFrom([]string{"tool.exe", "MSIEXEC.exe", "msiexec.exe.mui"}).Draw(t, "original")
	}
	if len(h.alive) > 0 && rapid.IntRange(0, 4).Draw(t, "orphan") > 0 {
		p.parent = rapid.SampledFrom(h.alive).Draw(t, "parent")
	}
	h.alive = append(h.alive, p)
	parent := p.parent
	if parent == nil {
		parent = &modelProcess{guid: "0a1b2c3d-1111-2222-3333-ffffffffffff", pid: 4, image: `C:\Windows\explorer.exe`}
	}
	if rapid.IntRange(0, 5).Draw(t, "sensor") == 0 {
		r.provider, r.channel, r.id = event.ProviderSecurity, "Security", 4688
		r.data = []fact{
			{"NewProcessId", fmt.Sprintf("0x%x", p.pid)},
			{"NewProcessName", p.image},
			{"CommandLine", p.line},
			{"ProcessId", fmt.Sprintf("0x%x", parent.pid)},
			{"ParentProcessName", parent.image},
		}
		p.original = "" // it cannot be told, so what the model knows by it is not either
		p.inTree = isInstaller(p.image, "")
		p.guid = "" // the GUID that later events name was never told with its parent
		h.alive = h.alive[:len(h.alive)-1]
		return r, nil
	}
	p.inTree = isInstaller(p.image, p.original) || parent.inTree
	r.id = 1
	r.data = []fact{
		{"UtcTime", m.at.Format("2006-01-02 15:04:05.000")},
		{"ProcessGuid", "{" + strings.ToUpper(p.guid) + "}"},
		{"ProcessId", fmt.Sprint(p.pid)},
		{"Image", p.image},
		{"CommandLine", p.line},
		{"OriginalFileName", p.original},
		{"ParentProcessGuid", "{" + parent.guid + "}"},
		{"ParentProcessId", fmt.Sprint(parent.pid)},
		{"ParentImage", parent.image},
		{"ParentCommandLine", parent.line},
	}
	return r, p
}

// ownIdentity stands for defender, in which a whole run is told.
const ownIdentity = -1

// write puts records of one host into a message, in one shape or another.
func write(s *scribe, shape int, records []record) []byte {
	var parts []string
	s.trick = s.IntN(4)
	xml := shape == len(shapes)-1
	array := !xml && len(records) > 1 && s.IntN(2) == 0
	s.oneLine = !xml && !array // objects after each other are told apart by lines
	if len(records) == 1 && s.IntN(2) == 0 {
		s.oneLine = false
	}
	for _, r := range records {
		if shape == ownIdentity {
			parts = append(parts, defender(s, r))
			continue
		}
		one := shape
		if !xml && s.sometimes() {
			one = s.IntN(len(shapes) - 1) // shapes mixed in a message
		}
		parts = append(parts, shapes[one](s, r))
	}
	if (array || s.oneLine) && s.sometimes() { // a record that does not decode, beside the others
		parts = append(parts, []string{`{"EventID":1,"EventID":2}`, `{"winlog":{}}`}[s.IntN(2)])
	}
	message := strings.Join(parts, "\n")
	if array {
		message = "[" + strings.Join(parts, ",") + "]"
	}
	if s.seldom() {
		return utf16Text(message)
	}
	return []byte(message)
}

// outcome is what became of one record that was in scope.
type outcome struct {
	message, record int
	context         install.Context
}

// gate takes messages through scope and correlation, as the pipeline does;
// with everything, each message is decoded whatever its bytes say.
type gate struct {
	scope      *event.Scope
	tracker    *install.Tracker
	everything bool
	skipped    int
	heard      []string // hosts, the longest silent first
}

func (g *gate) pass(number int, host string, message []byte) (all []outcome) {
	if !g.everything && g.scope.Skips(message, g.tracker.HasTrees(host)) {
		g.skipped++
		return nil
	}
	records, _ := event.Decode(message)
	for _, r := range records {
		if r.Event == nil {
			continue
		}
		becomes := g.scope.Outcome(r.Event, g.tracker.Tracks)
		if becomes != event.Out {
			g.heard = append(slices.DeleteFunc(g.heard, func(one string) bool { return one == r.Event.Host }), r.Event.Host)
		}
		switch becomes {
		case event.InScope:
			all = append(all, outcome{number, r.Index, g.tracker.Apply(r.Event, install.Position{Stream: "EVENTS", Sequence: uint64(number)})})
		case event.Remembered:
			g.tracker.Remember(r.Event, install.Position{Stream: "EVENTS", Sequence: uint64(number)})
		case event.Out:
		}
	}
	return all
}

var parameters = install.Parameters{InstallerParents: []string{"setup.exe"}, ExecutionTimeWindow: time.Minute}

func newGate(t *rapid.T, limits install.Limits, everything bool) *gate {
	scope, err := event.CompileScope(event.ScopeDocument{
		InstallerImages: []string{"msiexec.exe"}, OriginalFileNames: []string{"msiexec.exe"},
		Providers: []string{"MsiInstaller"}, TempModules: []string{"msi*.tmp"}, PackageFiles: []string{"*.msi", "*.msp", "*.mst"},
	})
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{scope: scope, tracker: install.NewTracker(limits), everything: everything}
	g.tracker.Configure(parameters)
	return g
}

// Nothing that would be in scope if every message were decoded is cut by the
// test on raw bytes, and each comes out in the same context.
func TestTheScopeTestCutsNothingThatMatters(t *testing.T) {
	skipped, inScope, descendants := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		limits := install.Limits{}
		tight := rapid.IntRange(0, 3).Draw(t, "tight") == 0
		if tight {
			limits = install.Limits{Hosts: 2, TreeProcessesPerHost: 3, FilesPerHost: 2, ProcessTTL: 5 * time.Minute}
		}
		fast, full := newGate(t, limits, false), newGate(t, limits, true)
		m := newModel(rapid.IntRange(1, 3).Draw(t, "hosts"))
		s := &scribe{Rand: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "noise"), 1)), awkward: rapid.Bool().Draw(t, "awkward")}
		shape := rapid.IntRange(0, len(shapes)-1)
		if rapid.IntRange(0, 7).Draw(t, "defender alone") == 0 {
			shape = rapid.Just(ownIdentity)
		}
		messages := rapid.IntRange(5, 60).Draw(t, "messages")
		loud := rapid.IntRange(0, messages).Draw(t, "loud from")
		for number := range messages {
			m.quiet = number < loud
			r, told := m.step(t)
			records := []record{r}
			if rapid.IntRange(0, 9).Draw(t, "again") == 0 {
				records = append(records, r) // delivered twice
			}
			form := shape.Draw(t, "shape")
			if form == ownIdentity && (r.id == 3 || r.id == 5 || r.id == 4688 || r.id == 1040) {
				told = nil // it has no table for that
			}
			message := write(s, form, records)
			got := fast.pass(number+1, r.host, message)
			want := full.pass(number+1, r.host, message)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("message %d\n%s\ndecoding everything gives\n%s\nthe scope test leaves\n%s", number+1, message, show(want), show(got))
			}
			inScope += len(got)
			// What the model knows to be in a tree is, also when it and its
			// parent never mention the installer.
			if told != nil && told.inTree && len(got) == 0 && !tight {
				t.Fatalf("message %d is of a tree and was left out\n%s", number+1, message)
			}
			if told != nil && told.inTree && !isInstaller(told.image, told.original) {
				descendants++
			}
		}
		skipped += fast.skipped
	})
	t.Logf("%d messages skipped, %d records in scope, %d of them of plain descendants", skipped, inScope, descendants)
	if skipped == 0 || inScope == 0 || descendants == 0 {
		t.Error("the property says nothing: one of these never happened")
	}
}

func show(all []outcome) string {
	var b strings.Builder
	for _, o := range all {
		c := o.context
		fmt.Fprintf(&b, "%d.%d %s %s role %q, root %s, lineage %d, missing %v\n", o.message, o.record, c.Event.Kind, c.Process.Image, c.Process.Role, c.Root.Image, len(c.Lineage), c.Missing)
	}
	return b.String()
}
