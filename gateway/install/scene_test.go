package install

import (
	"fmt"
	"testing"
	"time"

	"msigate/gateway/event"
)

// begin is when the stories of these tests begin.
var begin = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const (
	systemFolder = `C:\Windows\System32\`
	msiexecPath  = systemFolder + `msiexec.exe`
	servicesPath = systemFolder + `services.exe`
	testHost     = "ws01.corp.example"
)

// scene makes events of one host, a second apart, and feeds a Tracker.
type scene struct {
	t       *testing.T
	tracker *Tracker
	seconds int
	noGUIDs bool // as Security 4688 tells it
	watch   bool // every event in scope is decided
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, tracker: NewTracker(Limits{})}
	s.tracker.Configure(Parameters{InstallerParents: []string{"msiexec.exe", "Setup.exe"}})
	return s
}

func guid(pid uint32) string {
	if pid == 0 {
		return ""
	}
	return fmt.Sprintf("0a1b2c3d-0000-0000-0000-%012x", pid)
}

// proc is a process with a GUID that goes with its PID.
func proc(pid uint32, image, line string) event.Process {
	return event.Process{GUID: guid(pid), PID: pid, Image: image, CommandLine: line, User: `CORP\alice`}
}

func (s *scene) event(kind event.Kind) *event.Event {
	s.seconds++
	return &event.Event{Kind: kind, Host: testHost, Time: begin.Add(time.Duration(s.seconds) * time.Second)}
}

// startOf is a process start; parent's own facts are those its child tells.
func (s *scene) startOf(process, parent event.Process) *event.Event {
	e := s.event(event.KindProcessStart)
	e.Process, e.Parent = process, parent
	e.Parent.CurrentDirectory, e.Parent.OriginalFileName = "", ""
	if s.noGUIDs {
		e.Process.GUID, e.Parent.GUID, e.Parent.CommandLine = "", "", ""
	}
	return e
}

// feed does what the pipeline does; inScope says what became of the event.
func (s *scene) feed(e *event.Event) (c Context, inScope bool) {
	if scope.Matches(e) || s.tracker.Tracks(e) {
		c = s.tracker.Apply(e, place(s.seconds))
		if s.watch {
			s.tracker.Watch(&c, place(s.seconds))
		}
		return c, true
	}
	s.tracker.Remember(e, place(s.seconds))
	return Context{}, false
}

func (s *scene) start(process, parent event.Process) Context {
	s.t.Helper()
	c, ok := s.feed(s.startOf(process, parent))
	if !ok {
		s.t.Fatalf("%s is not in scope", process.Image)
	}
	return c
}

func (s *scene) remember(process, parent event.Process) {
	s.t.Helper()
	if _, ok := s.feed(s.startOf(process, parent)); ok {
		s.t.Fatalf("%s is in scope", process.Image)
	}
}

func (s *scene) act(kind event.Kind, process event.Process, change func(*event.Event)) (Context, bool) {
	e := s.event(kind)
	e.Process = event.Process{GUID: process.GUID, PID: process.PID, Image: process.Image}
	if s.noGUIDs {
		e.Process.GUID = ""
	}
	if change != nil {
		change(e)
	}
	return s.feed(e)
}

var scope = func() *event.Scope {
	s, err := event.CompileScope(event.ScopeDocument{
		InstallerImages: []string{"msiexec.exe"}, OriginalFileNames: []string{"msiexec.exe"},
		Providers: []string{"MsiInstaller"}, TempModules: []string{"msi*.tmp"}, PackageFiles: []string{"*.msi", "*.msp", "*.mst"},
	})
	if err != nil {
		panic(err)
	}
	return s
}()

// The processes of an install by CCM.
var (
	services = proc(600, servicesPath, "")
	ccm      = proc(900, `C:\Windows\CCM\CcmExec.exe`, `C:\Windows\CCM\CcmExec.exe`)
	setup    = proc(1000, `C:\Windows\ccmcache\1\setup.exe`, `setup.exe /quiet`)
	client   = proc(1100, msiexecPath, `msiexec /i C:\Windows\ccmcache\1\a.msi /qn`)
	service  = proc(1200, msiexecPath, `C:\Windows\system32\msiexec.exe /V`)
	server   = proc(1300, msiexecPath, `MsiExec.exe -Embedding `+serverID+` E Global\MSI0000`)
	managed  = proc(1400, systemFolder+`rundll32.exe`, `rundll32.exe "C:\Windows\Installer\MSI4F2A.tmp",zzzzInvokeManagedCustomActionOutOfProc SfxCA_1234567 12 Contoso.Actions!Contoso.Actions.Setup.Run`)
	shell    = proc(1500, systemFolder+`cmd.exe`, `cmd /c whoami`)
	whoami   = proc(1600, systemFolder+`whoami.exe`, `whoami`)
)

func names(processes []Process) (all []string) {
	for _, p := range processes {
		all = append(all, event.Base(p.Image)+":"+string(p.Role))
	}
	return all
}

// place is the position of the n-th record of a scene.
func place[N ~int | ~int64 | ~uint64](n N) Position {
	return Position{Stream: "EVENTS", Sequence: uint64(n)}
}
