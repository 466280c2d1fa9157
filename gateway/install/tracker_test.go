package install

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"msigate/gateway/event"
)

func TestAnInstallIsOneTreeDownToDescendantsThatNeverMentionIt(t *testing.T) {
	s := newScene(t)
	s.remember(services, event.Process{PID: 500, GUID: guid(500)})
	s.remember(ccm, services)
	s.remember(setup, ccm)
	c := s.start(client, setup)
	if c.Process.Role != RoleClient || c.Process.Msiexec == nil || c.Process.Msiexec.Verb != VerbInstall {
		t.Errorf("client: %+v", c.Process)
	}
	if got, want := names(c.Lineage), []string{"setup.exe:wrapper", "CcmExec.exe:", "services.exe:"}; !reflect.DeepEqual(got, want) {
		t.Errorf("lineage %v, want %v", got, want)
	}
	if c.Root.GUID != setup.GUID || c.Parent.CommandLine != setup.CommandLine || c.Lineage[1].Sequence == 0 {
		t.Errorf("root %+v, parent %+v", c.Root, c.Parent)
	}
	if c := s.start(service, services); c.Process.Role != RoleService || c.Root.GUID != service.GUID {
		t.Errorf("service: %+v", c.Process)
	}
	if c := s.start(server, service); c.Process.Role != RoleCustomActionServer || c.Root.GUID != service.GUID {
		t.Errorf("server: %+v", c.Process)
	}
	if c := s.start(managed, server); c.Process.Role != RoleManagedAction {
		t.Errorf("managed action: %+v", c.Process)
	}
	if c := s.start(shell, managed); c.Process.Role != RoleDescendant {
		t.Errorf("shell: %+v", c.Process)
	}
	c = s.start(whoami, shell)
	want := []string{"cmd.exe:descendant", "rundll32.exe:managed_custom_action", "msiexec.exe:custom_action_server", "msiexec.exe:service", "services.exe:"}
	if got := names(c.Lineage); !reflect.DeepEqual(got, want) || c.Root.GUID != service.GUID {
		t.Errorf("lineage %v, want %v; root %v", got, want, c.Root.Image)
	}
	if c, ok := s.act(event.KindNetwork, whoami, nil); !ok || c.Process.Role != RoleDescendant || c.Process.CommandLine != "whoami" {
		t.Errorf("a descendant's connection: %v %+v", ok, c.Process)
	}
	if _, ok := s.act(event.KindNetwork, ccm, nil); ok {
		t.Error("an ancestor outside the tree is in scope")
	}
	if c, ok := s.act(event.KindNetwork, setup, nil); !ok || c.Process.Role != RoleWrapper {
		t.Errorf("the wrapper above the installer: %v %s", ok, c.Process.Role)
	}
}

func TestRolesGoByCommandLineAndParent(t *testing.T) {
	explorer := proc(700, `C:\Windows\explorer.exe`, "")
	tests := []struct {
		name            string
		process, parent event.Process
		want            Role
	}{
		{"the service", service, services, RoleService},
		{"the service, parent unknown", service, event.Process{}, RoleService},
		{"/V from the desktop is a client", service, explorer, RoleClient},
		{"/V from another services.exe is a client", service, proc(601, `C:\Temp\services.exe`, ""), RoleClient},
		{"a server, parent unknown", server, event.Process{}, RoleCustomActionServer},
		{"-Embedding from the desktop is a client", server, explorer, RoleClient},
		{"no command line, from services.exe", proc(1200, msiexecPath, ""), services, RoleService},
		{"no command line, from the desktop", proc(1200, msiexecPath, ""), explorer, RoleClient},
		{"outside System32", proc(1200, `C:\Users\alice\msiexec.exe`, "msiexec /i a.msi"), explorer, RoleClient},
		{"extracted, parent outside any tree", proc(1200, `C:\Temp\MSIA1.tmp`, ""), explorer, RoleExtracted},
		{"extracted, by the service", proc(1250, `C:\Windows\Installer\msi1f2e3.TMP`, ""), service, RoleExtracted},
		{"six digits are none Windows Installer makes", proc(1250, `C:\Windows\Installer\MSI123456.tmp`, ""), service, RoleDescendant},
		{"a managed action without an assembly", proc(1400, managed.Image, managed.CommandLine[:100]), server, RoleDescendant},
		{"a managed action with more behind", proc(1400, managed.Image, managed.CommandLine+" & calc"), server, RoleDescendant},
		{"a managed action by another rundll32", proc(1400, `C:\Temp\rundll32.exe`, managed.CommandLine), server, RoleDescendant},
		{"a managed action of the client", managed, client, RoleDescendant},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			if c := s.start(test.process, test.parent); c.Process.Role != test.want {
				t.Errorf("got %q, want %q", c.Process.Role, test.want)
			}
		})
	}
	t.Run("renamed", func(t *testing.T) {
		renamed := proc(1200, `C:\Users\alice\up.exe`, "up /i http://dl.example/a")
		renamed.OriginalFileName = "msiexec.exe"
		s := newScene(t)
		c := s.start(renamed, explorer)
		if c.Process.Role != RoleClient || c.Process.Msiexec.Package.Kind != PackageURL || c.Process.OriginalFileName != "msiexec.exe" {
			t.Errorf("%+v", c.Process)
		}
		if c := s.start(shell, renamed); c.Process.Role != RoleDescendant {
			t.Errorf("its child: %+v", c.Process)
		}
	})
}

func TestAReusedPIDIsAnotherProcess(t *testing.T) {
	s := newScene(t)
	s.noGUIDs = true
	s.start(client, setup)
	s.start(shell, client)
	other := proc(shell.PID, systemFolder+`notepad.exe`, "")
	s.remember(other, proc(700, `C:\Windows\explorer.exe`, ""))
	s.remember(whoami, other)
	// A record of the first holder that comes late still joins by its time.
	late := s.event(event.KindNetwork)
	late.Time = begin.Add(2 * time.Second)
	late.Process = event.Process{PID: shell.PID}
	if c, ok := s.feed(late); !ok || c.Process.Image != shell.Image {
		t.Errorf("late: %v %+v", ok, c.Process)
	}
	// So does the PID after an end, where no new start was told.
	s.act(event.KindProcessEnd, client, nil)
	s.seconds += 60
	if c, _ := s.act(event.KindNetwork, event.Process{PID: client.PID}, nil); c.Process.Role != RoleNone || c.Process.Image != "" {
		t.Error("the PID of a process that ended a minute ago still joins")
	}
}

func TestAParentThatWasNeverSeenIsWhatItsChildTells(t *testing.T) {
	s := newScene(t)
	c := s.start(shell, server)
	if c.Parent.Role != RoleCustomActionServer || c.Parent.CommandLine != server.CommandLine || c.Parent.Sequence != 0 {
		t.Errorf("parent %+v", c.Parent)
	}
	if c.Root.GUID != server.GUID || !slices.Contains(c.Missing, "lineage") {
		t.Errorf("root %v, missing %v", c.Root.GUID, c.Missing)
	}
	second := s.start(proc(1501, systemFolder+`sc.exe`, "sc query"), server)
	if second.Root.GUID != c.Root.GUID {
		t.Error("the second child has another root")
	}
	// Its start comes late: the same record takes the rest of its facts.
	s.start(server, service)
	c = s.start(whoami, shell)
	if got := names(c.Lineage); len(got) < 3 || got[2] != "msiexec.exe:service" || c.Lineage[1].Sequence == 0 {
		t.Errorf("lineage %v", got)
	}
}

func TestAnAncestorNobodySawStartIsWhatItsChildTold(t *testing.T) {
	s := newScene(t)
	s.remember(ccm, services)
	c := s.start(client, ccm)
	if got := names(c.Lineage); !reflect.DeepEqual(got, []string{"CcmExec.exe:", "services.exe:"}) || c.Lineage[1].Sequence != 0 {
		t.Errorf("lineage %v", got)
	}
	if slices.Contains(c.Missing, "lineage") {
		t.Errorf("missing %v, but services.exe is where it ends", c.Missing)
	}
	s.remember(services, proc(500, systemFolder+`wininit.exe`, ""))
	c = s.start(shell, client)
	want := []string{"msiexec.exe:client", "CcmExec.exe:", "services.exe:", "wininit.exe:"}
	if got := names(c.Lineage); !reflect.DeepEqual(got, want) || c.Lineage[2].Sequence == 0 {
		t.Errorf("lineage %v, want %v", got, want)
	}
}

func TestAChildThatCameBeforeItsParentJoinsItsOwnChildren(t *testing.T) {
	s := newScene(t)
	hidden := proc(1450, systemFolder+`conhost.exe`, "")
	hidden.CommandLine = ""
	orphan := s.startOf(shell, hidden)
	if _, ok := s.feed(orphan); ok {
		t.Fatal("nothing told yet that the shell is of a tree")
	}
	s.start(hidden, server)
	c := s.start(whoami, shell)
	if got := names(c.Lineage); !reflect.DeepEqual(got[:3], []string{"cmd.exe:descendant", "conhost.exe:descendant", "msiexec.exe:custom_action_server"}) {
		t.Errorf("lineage %v", got)
	}
}

func TestFilesOfATreeAreItsOwnForTheWindow(t *testing.T) {
	const payload = `C:\ProgramData\Contoso\agent.exe`
	scheduler := proc(800, systemFolder+`svchost.exe`, "")
	agent := proc(1800, `c:\programdata\contoso\AGENT.EXE`, "")
	write := func(e *event.Event) { e.File.Path = payload }
	s := newScene(t)
	s.start(service, services)
	s.start(server, service)
	if _, ok := s.act(event.KindFileCreate, server, write); !ok {
		t.Fatal("the write is not in scope")
	}
	load := func(e *event.Event) { e.Module.Path = payload }
	if c, ok := s.act(event.KindImageLoad, scheduler, load); !ok || c.Process.Role != RoleNone || c.Root.GUID != service.GUID {
		t.Errorf("load: %v %+v", ok, c.Root)
	}
	c := s.start(agent, scheduler)
	if c.Process.Role != RoleDescendant || c.Root.GUID != service.GUID {
		t.Errorf("%q, root %+v", c.Process.Role, c.Root)
	}
	if c := s.start(whoami, agent); c.Root.GUID != service.GUID {
		t.Errorf("its child's root %+v", c.Root)
	}
	s.seconds += int(DefaultExecutionTimeWindow/time.Second) + 5
	s.remember(proc(1801, payload, ""), scheduler)
}

func TestAStrangerWhoWritesAnInstallersFileIsTheRoot(t *testing.T) {
	s := newScene(t)
	word := proc(2000, `C:\Program Files\Contoso\word.exe`, "")
	s.remember(word, proc(700, `C:\Windows\explorer.exe`, ""))
	c, ok := s.act(event.KindFileCreate, word, func(e *event.Event) { e.File.Path = `C:\Windows\Installer\MSI77AA.tmp` })
	if !ok || c.Root.GUID != word.GUID || c.Root.Role != RoleNone || s.tracker.HasTrees(testHost) {
		t.Errorf("%v %+v", ok, c.Root)
	}
}

func TestAProcessIsSignedAsItsOwnImageLoadSays(t *testing.T) {
	s := newScene(t)
	c := s.start(shell, server)
	if c.Process.Signature.Known || !slices.Contains(c.Missing, "process.signer") {
		t.Errorf("known before it was told: %+v, missing %v", c.Process.Signature, c.Missing)
	}
	signed := event.Signature{Known: true, Signed: true, Subject: "Contoso Ltd", Status: "Valid"}
	s.act(event.KindImageLoad, shell, func(e *event.Event) {
		e.Module = event.Module{Path: `C:\Windows\System32\other.dll`, Signature: event.Signature{Known: true}}
	})
	s.act(event.KindImageLoad, shell, func(e *event.Event) {
		e.Module = event.Module{Path: `c:\windows\system32\CMD.EXE`, Signature: signed, Hashes: event.Hashes{SHA256: "aa"}}
	})
	c, _ = s.act(event.KindNetwork, shell, nil)
	if c.Process.Signature != signed || c.Process.Hashes.SHA256 != "aa" || slices.Contains(c.Missing, "process.signer") {
		t.Errorf("%+v, missing %v", c.Process.Signature, c.Missing)
	}
	if c := s.start(whoami, shell); c.Parent.Signature != signed {
		t.Errorf("as a parent: %+v", c.Parent.Signature)
	}
}

func TestTwoSensorsTellOfOneProcess(t *testing.T) {
	s := newScene(t)
	s.start(service, services)
	s.start(server, service)
	bare := s.startOf(server, service)
	bare.Time = bare.Time.Add(-time.Second)
	bare.Process.GUID, bare.Parent.GUID, bare.Process.CommandLine, bare.Parent.CommandLine = "", "", "", ""
	bare.Missing = []string{"parent.command_line", "process.command_line", "process.sha256"}
	c, ok := s.feed(bare)
	if !ok || c.Process.GUID != server.GUID || c.Process.Role != RoleCustomActionServer || c.Process.CommandLine != server.CommandLine {
		t.Errorf("%v %+v", ok, c.Process)
	}
	if want := []string{"process.sha256", "process.signer", "session.package"}; !reflect.DeepEqual(c.Missing, want) {
		t.Errorf("missing %v, want %v", c.Missing, want)
	}
}

func TestARedeliveredEventHasTheSameContext(t *testing.T) {
	s := newScene(t)
	s.remember(setup, ccm)
	s.start(client, setup)
	e := s.startOf(shell, client)
	first, _ := s.feed(e)
	again, ok := s.feed(e)
	if !ok || !reflect.DeepEqual(first, again) {
		t.Errorf("%v\n%+v\n%+v", ok, first, again)
	}
}

func TestAnInstallerRecordNamesItsClient(t *testing.T) {
	s := newScene(t)
	s.start(client, setup)
	begun := s.event(event.KindInstall)
	begun.Provider, begun.EventID = event.ProviderInstaller, 1040
	begun.Installer = event.Installer{Package: `https://dl.example/a`, ClientPID: client.PID}
	c, _ := s.feed(begun)
	if c.Process.GUID != client.GUID || c.Root.GUID != setup.GUID || *c.Package != (Package{PackageURL, `https://dl.example/a`}) {
		t.Errorf("%+v %+v", c.Process, c.Package)
	}
	begun.Installer.ClientPID = 4242
	if c, _ := s.feed(begun); c.Process.PID != 0 || !slices.Contains(c.Missing, "process") {
		t.Errorf("a client nobody saw: %+v, missing %v", c.Process, c.Missing)
	}
}

func TestATreeIsForgottenSomeTimeAfterItsEnd(t *testing.T) {
	s := newScene(t)
	s.start(client, proc(700, `C:\Windows\explorer.exe`, ""))
	s.start(shell, client)
	s.act(event.KindProcessEnd, shell, nil)
	s.act(event.KindProcessEnd, client, nil)
	if !s.tracker.HasTrees(testHost) {
		t.Error("forgotten at once: late records would not join")
	}
	for range 4 {
		s.seconds += 600
		s.remember(proc(uint32(3000+s.seconds), systemFolder+`notepad.exe`, ""), event.Process{})
	}
	if s.tracker.HasTrees(testHost) {
		t.Error("still known 40 minutes after the end")
	}
	if n := s.tracker.Evictions(); n["tree_processes"] != 0 {
		t.Errorf("ageing counts as eviction: %v", n)
	}
}

func TestOneWrongTimeStampAgesNothing(t *testing.T) {
	s := newScene(t)
	s.start(client, setup)
	wrong := s.startOf(proc(3000, systemFolder+`notepad.exe`, ""), event.Process{})
	wrong.Time = wrong.Time.AddDate(50, 0, 0)
	s.feed(wrong)
	s.start(shell, client)
	if c := s.start(whoami, shell); c.Root.GUID != setup.GUID {
		t.Errorf("root %+v", c.Root)
	}
}

func TestAProcessOfTheSameNameElsewhereIsAnother(t *testing.T) {
	s := newScene(t)
	s.noGUIDs = true
	tool := proc(100, `C:\Windows\CCM\CcmExec.exe`, "")
	s.feed(s.startOf(tool, proc(50, servicesPath, "")))
	// The tool ended and its PID went to a copy elsewhere, of which neither was heard.
	copied := proc(100, `C:\Users\alice\CcmExec.exe`, "")
	client := proc(200, msiexecPath, `msiexec /i C:\Windows\ccmcache\1\a.msi`)
	s.start(client, copied)
	c := s.start(proc(300, `D:\x\a.exe`, ""), client)
	for _, ancestor := range c.Lineage {
		if ancestor.Image == tool.Image {
			t.Errorf("%s is above a child of %s", ancestor.Image, copied.Image)
		}
	}
	if !sameImage(`C:\PROGRA~1\x\a.exe`, `C:\Program Files\x\A.exe`) || !sameImage(`\Device\HarddiskVolume3\a.exe`, `C:\a.exe`) {
		t.Error("two spellings of one path are two programs")
	}
}

func TestAProgramInAStreamThatATreeWroteIsOfTheTree(t *testing.T) {
	s := newScene(t)
	service := proc(10, msiexecPath, "msiexec /V")
	s.start(service, proc(5, servicesPath, ""))
	wrote := s.event(event.KindFileStream)
	wrote.Process, wrote.File = service, event.File{Path: `C:\x\c.txt`, Stream: "e.exe"}
	s.feed(wrote)
	if c := s.start(proc(30, `C:\X\c.txt:E.exe`, ""), proc(20, `C:\Windows\explorer.exe`, "")); c.Process.Role != RoleDescendant {
		t.Errorf("role %q, want a descendant of the tree that wrote it", c.Process.Role)
	}
}
