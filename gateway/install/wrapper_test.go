package install

import (
	"reflect"
	"testing"
	"time"

	"msigate/gateway/event"
)

var (
	registry = proc(1700, systemFolder+`reg.exe`, `reg add HKLM\SOFTWARE\Contoso`)
	payload  = proc(1800, `C:\Contoso\agent.exe`, `agent.exe`)
)

// wrapped is the scene after setup.exe has started the installer.
func wrapped(t *testing.T) *scene {
	s := newScene(t)
	s.remember(ccm, services)
	s.remember(setup, ccm)
	s.start(client, setup)
	return s
}

func TestWhatAWrapperStartsOnceItIsAboveTheInstallerIsOfTheTree(t *testing.T) {
	s := wrapped(t)
	c := s.start(registry, setup)
	if c.Process.Role != RoleDescendant || c.Parent.Role != RoleWrapper || event.Base(c.Root.Image) != "setup.exe" {
		t.Errorf("%s below %s, root %s", c.Process.Role, c.Parent.Role, c.Root.Image)
	}
	wantSession(t, "reg.exe", c.Session, cachedMSI+" by wrapper")
	below := s.start(whoami, registry)
	wantSession(t, "what it starts", below.Session, cachedMSI+" by wrapper")
	if got, want := names(below.Lineage), []string{"reg.exe:descendant", "setup.exe:wrapper", "CcmExec.exe:", "services.exe:"}; !reflect.DeepEqual(got, want) {
		t.Errorf("lineage is %v, want %v", got, want)
	}
}

func TestWhatAWrapperStartedBeforeIsNotOfTheTree(t *testing.T) {
	s := newScene(t)
	s.remember(setup, ccm)
	s.remember(registry, setup)
	s.start(client, setup)
	s.remember(whoami, registry)
	if _, ok := s.act(event.KindFileCreate, registry, func(e *event.Event) { e.File.Path = `C:\Contoso\x.exe` }); ok {
		t.Error("what it does is in scope")
	}
	if late := s.tracker.hosts[testHost].late; len(late) != 1 || late[0].role() != RoleClient { // the first of the host's tree
		t.Errorf("%d joined the tree late", len(late))
	}
}

// A name alone puts nothing into a tree, nor does the program of a tree below it.
func TestWrapperThatIsAboveNoInstallerIsNotOfTheTree(t *testing.T) {
	s := newScene(t)
	s.remember(setup, explorer)
	s.remember(registry, setup)
	s = newScene(t)
	s.start(client, ccm)
	s.act(event.KindFileCreate, client, func(e *event.Event) { e.File.Path = payload.Image })
	s.remember(setup, explorer)
	s.start(payload, setup) // written by the tree
	s.remember(registry, setup)
}

func TestFilesThatAWrapperWritesOnceItIsOfTheTreeAreTheTrees(t *testing.T) {
	s := wrapped(t)
	write := func(path string, earlier time.Duration) {
		s.act(event.KindFileCreate, setup, func(e *event.Event) {
			e.File.Path, e.Time = path, e.Time.Add(-earlier)
		})
	}
	write(`C:\Contoso\early.exe`, time.Minute)
	write(payload.Image, 0)
	s.remember(proc(1900, `C:\Contoso\early.exe`, ""), services)
	c := s.start(payload, services)
	if c.Process.Written == nil || c.Process.Written.By.Role != RoleWrapper || c.Process.Written.By.PID != setup.PID {
		t.Errorf("written: %+v", c.Process.Written)
	}
	wantSession(t, "the program", c.Session, cachedMSI+" by wrapper")
}

func TestWrapperKeepsItsFactsInFullFromThenOn(t *testing.T) {
	s := wrapped(t)
	s.act(event.KindImageLoad, setup, func(e *event.Event) {
		e.Module = event.Module{
			Path: setup.Image, OriginalFileName: "contososetup.exe", Company: "Contoso", Hashes: event.Hashes{SHA256: "ab"},
			Signature: event.Signature{Known: true, Signed: true, Status: "Valid", Subject: "Contoso"},
		}
	})
	parent := s.start(registry, setup).Parent
	if parent.Role != RoleWrapper || parent.OriginalFileName != "contososetup.exe" || parent.Hashes.SHA256 != "ab" || parent.Signature.Subject != "Contoso" {
		t.Errorf("%+v", parent)
	}
}

// The installer's start comes last: what the wrapper started after it is read again.
func TestWhatAWrapperStartedJoinsLateWhenTheInstallersStartComesLate(t *testing.T) {
	s := newScene(t)
	s.remember(setup, ccm)
	s.remember(registry, setup)
	asked := s.startOf(client, setup)
	asked.Time = asked.Time.Add(-1500 * time.Millisecond) // before reg.exe
	s.feed(asked)
	from, late := s.tracker.Joined(testHost)
	if !late || from != place(1) { // what setup.exe itself did since was passed over, too
		t.Fatalf("joined late: %t, from %+v", late, from)
	}
	for _, one := range s.tracker.Heard(testHost) {
		wantSession(t, one.Context.Process.Image, one.Context.Session, cachedMSI+" by wrapper")
	}
}

func TestWrapperOfSeveralInstallsIsOfNoneForSure(t *testing.T) {
	s := wrapped(t)
	s.exits(client)
	s.start(proc(1101, msiexecPath, `msiexec /i C:\Windows\ccmcache\1\b.msi /qn`), setup)
	c := s.start(registry, setup)
	wantSession(t, "reg.exe", c.Session, `ambiguous, doubts clients of `+cachedMSI+` | C:\Windows\ccmcache\1\b.msi`)
	if within := s.sessionOf(proc(1101, msiexecPath, "")).Within; within != "" {
		t.Errorf("the second install is within %s", within)
	}
}

func TestWrapperThatIsTheInstallersOwnChildIsADescendant(t *testing.T) {
	s := newScene(t)
	s.start(client, ccm)
	s.start(setup, client)
	nested := proc(1102, msiexecPath, `msiexec /i C:\b.msi`)
	c := s.start(nested, setup)
	if got, want := names(c.Lineage)[:2], []string{"setup.exe:descendant", "msiexec.exe:client"}; !reflect.DeepEqual(got, want) {
		t.Errorf("lineage is %v, want %v", got, want)
	}
}

func TestWrapperIsTheSameAfterARestart(t *testing.T) {
	s := wrapped(t)
	state, ok := s.tracker.Export(testHost)
	if !ok {
		t.Fatal("nothing to export")
	}
	again := newScene(t)
	again.seconds = s.seconds
	if err := again.tracker.Import(testHost, state); err != nil {
		t.Fatal(err)
	}
	wantSession(t, "reg.exe", again.start(registry, setup).Session, cachedMSI+" by wrapper")
}
