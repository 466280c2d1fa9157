package install

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"msigate/gateway/event"
)

func (s *scene) writes(by event.Process, path string) (Context, bool) {
	return s.act(event.KindFileCreate, by, func(e *event.Event) { e.File.Path = path })
}

func (s *scene) loads(by event.Process, path string) (Context, bool) {
	return s.act(event.KindImageLoad, by, func(e *event.Event) { e.Module.Path = path })
}

func author(w *Written) string {
	if w == nil {
		return "nobody"
	}
	return fmt.Sprintf("%s (%s) at %s", event.Base(w.By.Image), w.By.Role, w.At.Sub(begin))
}

func TestWhoWroteWhatRunsIsTold(t *testing.T) {
	const payload = `C:\ProgramData\agent.exe`
	scheduler, agent := proc(800, systemFolder+`svchost.exe`, ""), proc(1800, payload, "agent")
	s := newScene(t)
	s.start(service, services)
	s.start(server, service)
	s.writes(server, payload)
	s.writes(server, `C:\ProgramData\agent.dll`)
	c := s.start(agent, scheduler)
	if got := author(c.Process.Written); got != "msiexec.exe (custom_action_server) at 3s" || c.Process.Written.By.Written != nil {
		t.Errorf("the agent is written by %s", got)
	}
	c = s.start(whoami, agent)
	if c.Process.Written != nil || author(c.Parent.Written) != author(c.Lineage[0].Written) || c.Parent.Written == nil {
		t.Errorf("its child by %s, it as a parent by %s", author(c.Process.Written), author(c.Parent.Written))
	}
	if c, ok := s.loads(scheduler, `c:\programdata\AGENT.dll`); !ok || author(c.ModuleWritten) != "msiexec.exe (custom_action_server) at 4s" || c.Process.Written != nil {
		t.Errorf("the module is written by %s", author(c.ModuleWritten))
	}
	if c, _ := s.writes(agent, `C:\x.txt`); c.ModuleWritten != nil || author(c.Process.Written) == "nobody" {
		t.Errorf("its doings: %s", author(c.Process.Written))
	}
	s.wait(DefaultExecutionTimeWindow + time.Minute)
	if c, _ := s.loads(agent, `C:\ProgramData\agent.dll`); c.ModuleWritten != nil {
		t.Errorf("past the window: %s", author(c.ModuleWritten))
	}
}

func TestAnInstallersFileOfAStrangerIsNoticed(t *testing.T) {
	const path = `C:\Windows\Installer\MSI77AA.tmp`
	word := proc(2000, `C:\Program Files\Contoso\word.exe`, "word")
	s := newScene(t)
	s.remember(word, explorer)
	s.writes(word, path)
	s.writes(word, `C:\Windows\Installer\other.tmp`)
	if s.tracker.HasTrees(testHost) {
		t.Error("a stranger's file makes a tree")
	}
	s.start(service, services)
	s.start(server, service)
	c, ok := s.loads(server, path)
	if !ok || author(c.ModuleWritten) != "word.exe () at 2s" || c.ModuleWritten.By.CommandLine != "word" {
		t.Errorf("the module is written by %s", author(c.ModuleWritten))
	}
	extracted := proc(2100, path, "x")
	c = s.start(extracted, explorer)
	if author(c.Process.Written) != "word.exe () at 2s" || c.Process.Role != RoleExtracted || c.Root.GUID != extracted.GUID {
		t.Errorf("%s, written by %s, root %s", c.Process.Role, author(c.Process.Written), c.Root.Image)
	}
	if c.Session != nil && c.Session.Attribution == AttributionFile {
		t.Errorf("a stranger's file leads to a session: %s", tell(c.Session))
	}
	// The installer writes the same file again: from then on it is its own.
	s.writes(server, path)
	if c, _ := s.loads(server, path); author(c.ModuleWritten) != "msiexec.exe (custom_action_server) at 8s" {
		t.Errorf("then by %s", author(c.ModuleWritten))
	}
	// Someone unseen writes one.
	unseen := proc(2200, `C:\x\unseen.exe`, "")
	s.writes(unseen, `C:\Temp\MSI1.tmp`)
	unseen.CommandLine = "unseen"
	late := s.startOf(unseen, explorer)
	late.Time = begin.Add(time.Second)
	s.feed(late)
	if c, _ := s.loads(server, `C:\Temp\MSI1.tmp`); c.ModuleWritten == nil || c.ModuleWritten.By.CommandLine != "unseen" {
		t.Errorf("by %+v", c.ModuleWritten)
	}
}

func TestAStrangerThatTurnsOutToBeOfATreeWroteAsOne(t *testing.T) {
	const path = `C:\Windows\Temp\MSI77AA.tmp`
	s := newScene(t)
	helper := proc(2000, `C:\x\helper.exe`, "helper")
	hidden := proc(1450, `C:\x\hidden.exe`, "")
	s.remember(helper, hidden)
	s.writes(helper, path)
	s.start(hidden, server)
	if c, ok := s.loads(explorer, path); !ok || author(c.ModuleWritten) != "helper.exe (descendant) at 2s" || c.Root.GUID != server.GUID {
		t.Errorf("by %s, root %s", author(c.ModuleWritten), c.Root.Image)
	}
	if n := len(s.tracker.hosts[testHost].strange.files); n != 0 {
		t.Errorf("%d files are still strangers'", n)
	}
}

func TestAStrangersFilesAreBoundedAndPushNoOthersOut(t *testing.T) {
	s := newScene(t)
	s.start(service, services)
	s.writes(service, `C:\Windows\Installer\MSI1.tmp`)
	for n := range 2000 {
		s.writes(explorer, fmt.Sprintf(`C:\x%d\MSI%X.tmp`, n, n))
		s.seconds-- // within the window
	}
	h := s.tracker.hosts[testHost]
	if len(h.strange.files) != keptStrange || len(h.strange.fileOrder) != keptStrange || len(h.files) != 1 {
		t.Errorf("%d strangers' files, %d of the tree", len(h.strange.files), len(h.files))
	}
	if n := s.tracker.Evictions()["files"]; n != 2000-keptStrange {
		t.Errorf("%d evicted", n)
	}
}

// What a process ran is the last that was written before it started, whatever
// order the records of the writes came in.
func TestAProcessRanWhatWasWrittenLastBeforeIt(t *testing.T) {
	const path = `C:\ProgramData\a.exe`
	other := proc(1310, msiexecPath, `MsiExec.exe -Embedding `+serverID)
	type step struct {
		by event.Process
		at time.Duration
	}
	first, second, start := step{server, 10 * time.Second}, step{other, 60 * time.Second}, step{at: 30 * time.Second}
	for n, order := range [][]step{{first, second, start}, {second, first, start}, {start, second, first}, {first, start, second}, {second, start, first}} {
		s := newScene(t)
		s.start(service, services)
		s.start(server, service)
		s.start(other, service)
		ran := proc(3000, path, "a")
		for _, one := range order {
			e := s.event(event.KindFileCreate)
			e.Process, e.File.Path = one.by, path
			if one.by.PID == 0 {
				e = s.startOf(ran, explorer)
			}
			e.Time = begin.Add(one.at)
			s.feed(e)
		}
		c, _ := s.act(event.KindNetwork, ran, nil)
		if got := author(c.Process.Written); got != "msiexec.exe (custom_action_server) at 10s" || c.Process.Written.By.PID != server.PID {
			t.Errorf("order %d: written by %s", n, got)
		}
	}
}

func TestAContextSaysWhatTheHostSends(t *testing.T) {
	s := newScene(t)
	if c := s.start(service, services); c.Sends != nil {
		t.Errorf("%v", c.Sends)
	}
	s.act(event.KindNetwork, service, nil)
	s.act(event.KindDNS, service, nil)
	s.act(event.KindNetwork, explorer, nil) // the first of a stranger, nothing new
	s.begins(cachedMSI, 1)
	s.exits(service)
	if c := s.start(server, service); !slices.Equal(c.Sends, []string{"install", "network", "process_end"}) {
		t.Errorf("%v", c.Sends)
	}
	s.loads(server, server.Image)
	s.writes(server, `C:\x`)
	if c, _ := s.act(event.KindRegistry, server, nil); !slices.Equal(c.Sends, []string{"file_create", "image_load", "install", "network", "process_end", "registry"}) {
		t.Errorf("%v", c.Sends)
	}
}
