package install

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"msigate/gateway/event"
)

func TestATransactionWhoseEndWasLostEndsWithTheNext(t *testing.T) {
	bundle := proc(2400, `C:\ProgramData\Package Cache\{5C0F}\bundle.exe`, `bundle.exe /quiet`)
	s := newScene(t)
	s.remember(bundle, explorer)
	s.start(service, services)
	s.begins(`C:\1.msi`, bundle.PID)
	s.start(serverOf(1300), service)
	s.wait(time.Minute)
	s.begins(`C:\2.msi`, bundle.PID)
	s.wait(time.Minute)
	s.start(serverOf(1310), service)
	both := ` of C:\1.msi (claimed) | C:\2.msi (claimed)`
	wantSession(t, "the second action", s.sessionOf(serverOf(1310)), `C:\2.msi (claimed) by transaction`+both)
	wantSession(t, "the first action", s.sessionOf(serverOf(1300)), `C:\1.msi (claimed) by sole`)
}

func TestAClientWhoseEndWasNotToldIsNoCandidateForEver(t *testing.T) {
	t.Run("on a host that tells of ends", func(t *testing.T) {
		s := newScene(t)
		s.start(service, services)
		s.start(evil, explorer)
		s.exits(evil)
		s.start(client, ccm)
		s.wait(2 * time.Hour)
		s.start(approvedClient, ccm)
		wantSession(t, "two hours later", s.start(server, service).Session, "ambiguous, doubts clients of "+cachedMSI+" | "+approvedMSI)
		s.wait(3 * time.Hour)
		s.exits(approvedClient)
		other := proc(1160, msiexecPath, `msiexec /i C:\other.msi /qn`)
		s.start(other, ccm)
		wantSession(t, "five hours later", s.start(serverOf(1310), service).Session, `C:\other.msi by sole`)
	})
	t.Run("on a host that does not", func(t *testing.T) {
		s := newScene(t)
		s.start(service, services)
		s.start(client, ccm)
		s.wait(45 * time.Minute)
		s.start(approvedClient, ccm)
		wantSession(t, "45 minutes later", s.start(server, service).Session, approvedMSI+" by sole")
	})
}

// Windows gives a PID to one process at a time: what another does with it tells
// that the first is gone, also where nobody told of the other's start.
func TestASessionEndsWithItsProcessWhenAnotherActsUnderItsPID(t *testing.T) {
	s := newScene(t)
	s.start(service, services)
	s.start(server, service)
	s.start(shell, server)
	connects := func() *Session {
		c, _ := s.act(event.KindNetwork, shell, nil)
		return c.Session
	}
	if v := connects(); v.OpenedBy != OpenedByServiceChild || !v.End.IsZero() {
		t.Fatalf("opened by %s, ended at %v", v.OpenedBy, v.End)
	}
	other := proc(service.PID, `C:\Users\alice\browser.exe`, "")
	other.GUID = guid(9001)
	c, _ := s.act(event.KindImageLoad, other, func(e *event.Event) { e.Module.Path = `C:\Windows\Temp\MSI77.tmp` })
	if v := connects(); !v.End.Equal(c.Event.Time) {
		t.Errorf("ended at %v, and another had its PID at %v", v.End, c.Event.Time)
	}
}

func TestAKilledClientsOpenTransactionStaysACandidate(t *testing.T) {
	s := newScene(t)
	s.start(service, services)
	s.start(evil, explorer)
	s.begins(evilMSI, evil.PID)
	s.exits(evil)
	s.wait(time.Minute)
	s.start(approvedClient, ccm)
	wantSession(t, "the server", s.start(server, service).Session, evilMSI+" by transaction of "+evilMSI+" | "+approvedMSI)
	s.wait(10 * time.Minute)
	wantSession(t, "a server long after", s.start(serverOf(1310), service).Session, approvedMSI+" by sole")
}

func TestTheRecordsOfAReusedPIDJoinWhoHadItThen(t *testing.T) {
	first := client
	notepad := proc(client.PID, systemFolder+`notepad.exe`, "")
	notepad.GUID = guid(9001)
	second := proc(client.PID, msiexecPath, `msiexec /i C:\second.msi /qn`)
	second.GUID = guid(9002)
	for _, ends := range []bool{true, false} {
		t.Run(fmt.Sprintf("ends told %v", ends), func(t *testing.T) {
			s := newScene(t)
			s.start(service, services)
			s.start(first, ccm)
			begins, finishes := s.installer(idBegins, event.Installer{Package: cachedMSI, ClientPID: client.PID}), s.installer(idEnds, event.Installer{Package: cachedMSI, ClientPID: client.PID})
			if ends {
				s.exits(first)
			}
			s.wait(time.Minute)
			s.remember(notepad, explorer)
			odd := s.installer(idBegins, event.Installer{Package: evilMSI, ClientPID: client.PID})
			if ends {
				s.exits(notepad)
			}
			s.wait(time.Minute)
			s.start(second, ccm)
			third := s.installer(idBegins, event.Installer{Package: `C:\second.msi`, ClientPID: client.PID})
			s.wait(time.Minute)
			// The Application log comes last.
			for _, e := range []*event.Event{third, odd, finishes, begins} {
				s.feed(e)
			}
			one := s.sessionOf(first)
			two := s.sessionOf(second)
			if one.Ambiguous || two.Ambiguous || one.ID == two.ID {
				t.Errorf("%s and %s", tell(one), tell(two))
			}
			h := s.tracker.hosts[testHost]
			if n := len(h.installs().sessions); n != 3 {
				t.Errorf("%d sessions, want 3", n)
			}
			c, _ := s.feed(odd)
			if c.Session.Client == nil || c.Session.Client.GUID != notepad.GUID || c.Session.Via != ViaAPI {
				t.Errorf("the record between: %+v", c.Session)
			}
		})
	}
}

func TestChannelsMayDifferOnTheTime(t *testing.T) {
	for _, skew := range []time.Duration{-1500 * time.Millisecond, 1500 * time.Millisecond} {
		s := newScene(t)
		s.start(service, services)
		started := s.startOf(client, ccm)
		begins := s.installer(idBegins, event.Installer{Package: cachedMSI, ClientPID: client.PID})
		begins.Time = started.Time.Add(100*time.Millisecond + skew)
		finishes := s.installer(idEnds, event.Installer{Package: cachedMSI, ClientPID: client.PID})
		finishes.Time = begins.Time.Add(time.Second)
		s.feed(started)
		s.feed(begins)
		s.exits(client)
		v := s.sessionOf(client)
		if c, _ := s.feed(finishes); c.Session.ID != v.ID || len(s.tracker.hosts[testHost].installs().sessions) != 1 {
			t.Errorf("skew %v: %s apart from %s", skew, tell(c.Session), tell(v))
		}
	}
}

func TestTheApplicationLogMinutesLateReattributes(t *testing.T) {
	s := newScene(t)
	s.watch = true
	s.remember(script, explorer)
	s.start(service, services)
	s.start(approvedClient, ccm)
	begins := s.installer(idBegins, event.Installer{Package: evilMSI, ClientPID: script.PID})
	wantSession(t, "the server at once", s.start(server, service).Session, approvedMSI+" by sole")
	s.start(shell, server)
	s.exits(approvedClient)
	s.wait(9 * time.Minute)
	s.feed(begins)
	want := evilMSI + " (claimed) by transaction of " + approvedMSI + " | " + evilMSI + " (claimed)"
	wantSession(t, "the server nine minutes later", s.sessionOf(server), want)
	changes := s.tracker.Late(testHost)
	if len(changes) != 3 { // the service's start, a second before the client's, is one of that, too
		t.Fatalf("%d changes", len(changes))
	}
	for n, p := range []event.Process{server, shell} {
		if got := changes[n+1].Context; got.Process.PID != p.PID || tell(got.Session) != want || got.Process.Sequence == 0 {
			t.Errorf("%d: now %s", got.Process.PID, tell(got.Session))
		}
	}
}

func TestWhatLivesOnKeepsTheSessionItCameFrom(t *testing.T) {
	quiet := proc(1110, msiexecPath, `msiexec /i C:\Windows\ccmcache\2\b.msi /qn`)
	keep := func(t *testing.T, s *scene, hours int) {
		for range hours * 4 {
			s.wait(15 * time.Minute)
			s.act(event.KindNetwork, shell, nil)
		}
	}
	t.Run("sure", func(t *testing.T) {
		s := newScene(t)
		s.start(service, services)
		s.start(client, ccm)
		s.start(shell, service)
		s.exits(client)
		keep(t, s, 2)
		if h := s.tracker.hosts[testHost]; len(h.clients) != 0 {
			t.Error("the client's session is still kept")
		}
		s.start(approvedClient, ccm)
		wantSession(t, "it", s.sessionOf(shell), cachedMSI+" by sole")
		wantSession(t, "what it starts", s.start(whoami, shell).Session, cachedMSI+" by sole")
	})
	t.Run("ambiguous stays so when one candidate is forgotten", func(t *testing.T) {
		s := newScene(t)
		s.start(service, services)
		s.start(quiet, ccm)
		s.start(client, ccm)
		s.start(shell, service)
		s.exits(quiet)
		keep(t, s, 2)
		if h := s.tracker.hosts[testHost]; len(h.clients) != 1 {
			t.Errorf("%d clients are kept, want the one that lives", len(h.clients))
		}
		wantSession(t, "what it starts", s.start(whoami, shell).Session, `ambiguous, doubts clients of C:\Windows\ccmcache\2\b.msi | `+cachedMSI)
	})
	t.Run("so does the child of a client", func(t *testing.T) {
		s := newScene(t)
		s.start(client, ccm)
		s.start(shell, client)
		s.exits(client)
		keep(t, s, 2)
		wantSession(t, "what it starts", s.start(whoami, shell).Session, cachedMSI+" by lineage")
	})
}

func TestTheServiceDoesNotAgeWhileItsTreeLives(t *testing.T) {
	s := newScene(t)
	s.start(service, services)
	s.start(server, service)
	s.start(shell, server)
	for range 60 { // 60 hours in which only the shell is heard of
		s.wait(time.Hour)
		if _, ok := s.act(event.KindNetwork, shell, nil); !ok {
			t.Fatal("the shell left its tree")
		}
	}
	h := s.tracker.hosts[testHost]
	if p := h.byGUID[parseIdentity(service.GUID)]; p == nil || p.member == nil {
		t.Fatal("the service is forgotten")
	}
	s.exits(shell)
	s.passes(40 * time.Hour)
	if h.byGUID[parseIdentity(service.GUID)] == nil {
		t.Error("the service is forgotten, though nobody told of its end")
	}
	other := proc(1201, msiexecPath, service.CommandLine)
	s.start(other, services)
	s.passes(25 * time.Hour)
	if h.byGUID[parseIdentity(service.GUID)] != nil {
		t.Error("the service is kept, though another one has started since")
	}
	s.exits(other)
	s.passes(time.Hour)
	if s.tracker.HasTrees(testHost) {
		t.Error("a service that ended is kept")
	}
}

func TestAServiceOfAHostThatTellsOfNoEndsAges(t *testing.T) {
	s := newScene(t)
	s.start(service, services)
	s.passes(25 * time.Hour)
	if s.tracker.HasTrees(testHost) {
		t.Error("the service is kept for ever")
	}
}

// A deployment tool is started with the system and starts nothing for days; what
// it starts then must still find it, however much else has started meanwhile.
func TestWhatServicesExeStartedDoesNotAge(t *testing.T) {
	s := newScene(t)
	s.tracker = NewTracker(Limits{ProcessesPerHost: minProcesses})
	s.remember(ccm, services)
	for n := range 100 {
		s.feed(strangerStart(testHost, n))
	}
	s.passes(5 * 24 * time.Hour)
	c := s.start(client, ccm)
	if len(c.Lineage) < 1 || c.Lineage[0].Sequence == 0 || c.Lineage[0].CommandLine != ccm.CommandLine {
		t.Errorf("lineage %+v", c.Lineage)
	}
	// They are bounded nevertheless.
	for n := range 1000 {
		s.remember(proc(uint32(20_000+n), systemFolder+`svchost.exe`, ""), services)
	}
	if n := s.tracker.hosts[testHost].remembered.n; n > minProcesses {
		t.Errorf("%d remembered", n)
	}
}

// An ancestor outside the tree is found again by what it starts, for as long as
// what it started before lives.
func TestAnAncestorDoesNotAgeWhileItsTreeLives(t *testing.T) {
	s := newScene(t)
	s.remember(setup, explorer)
	s.start(client, setup)
	for range 30 {
		s.wait(time.Hour)
		s.act(event.KindNetwork, client, nil)
		s.feed(s.startOf(proc(uint32(9001+s.seconds), systemFolder+`notepad.exe`, ""), explorer))
	}
	if c := s.start(proc(1101, msiexecPath, `msiexec /i C:\b.msi`), setup); c.Parent.Sequence == 0 || c.Parent.CommandLine != setup.CommandLine {
		t.Errorf("parent %+v", c.Parent)
	}
}

func TestAClientStartedWithinATreeSaysSo(t *testing.T) {
	s := newScene(t)
	s.start(client, ccm)
	s.start(shell, client)
	inner := s.start(proc(2500, msiexecPath, `msiexec /i C:\inner.msi /qn`), shell).Session
	if outer := s.sessionOf(shell); inner.Within != outer.ID || inner.ID == outer.ID || outer.Within != "" {
		t.Errorf("within %q, want %q", inner.Within, outer.ID)
	}
	if got := names(inner.Launcher); !reflect.DeepEqual(got[:2], []string{"cmd.exe:descendant", "msiexec.exe:client"}) {
		t.Errorf("launcher %v", got)
	}
}

func TestAFileOfASessionRunByAnybodyIsItsOwn(t *testing.T) {
	const payload = `C:\ProgramData\Contoso\agent.exe`
	scheduler := proc(800, systemFolder+`svchost.exe`, "")
	for _, test := range []struct {
		name    string
		writer  event.Process
		want    string
		library string
	}{
		{"written by the client's child", shell, cachedMSI + " by file", cachedMSI + " by file"},
		{"written by the service", service, cachedMSI + " by sole", cachedMSI + " by sole"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			s.start(service, services)
			s.start(client, ccm)
			s.start(shell, client)
			s.act(event.KindFileCreate, test.writer, func(e *event.Event) { e.File.Path = payload })
			s.exits(client)
			s.wait(time.Minute)
			load, _ := s.act(event.KindImageLoad, scheduler, func(e *event.Event) { e.Module.Path = payload })
			wantSession(t, "who loads it", load.Session, test.library)
			agent := proc(1800, payload, "")
			wantSession(t, "it", s.start(agent, scheduler).Session, test.want)
			wantSession(t, "its child", s.start(whoami, agent).Session, test.want)
		})
	}
}

func TestSessionsOfAHostAreBounded(t *testing.T) {
	s := newScene(t)
	s.tracker = NewTracker(Limits{SessionsPerHost: 16, PackagesPerHost: 10})
	s.start(service, services)
	for n := range 400 {
		one := proc(uint32(20_000+4*n), msiexecPath, fmt.Sprintf(`msiexec /i C:\%d.msi /qn`, n))
		s.start(one, ccm)
		s.begins(fmt.Sprintf(`C:\%d.msi`, n), one.PID)
		s.record(idInstalled, event.Installer{Product: fmt.Sprintf("Product %d", n), Status: "0"})
		s.act(event.KindFileCreate, explorer, func(e *event.Event) { e.File.Path = fmt.Sprintf(`C:\%d.msi`, n) })
		h := s.tracker.hosts[testHost]
		if len(h.clients) > 16 || len(h.records) > 64 || len(h.packages) > 10 {
			t.Fatalf("%d clients, %d records, %d packages", len(h.clients), len(h.records), len(h.packages))
		}
		wantSession(t, "its own client", s.sessionOf(one), fmt.Sprintf(`C:\%d.msi by lineage`, n))
	}
	evicted := s.tracker.Evictions()
	if evicted["sessions"] == 0 || evicted["packages"] != 390 {
		t.Errorf("evicted %v", evicted)
	}
	v := s.start(server, service).Session
	if !v.Ambiguous || len(v.Candidates) != MaxCandidates || !slices.Contains(v.Doubts, DoubtCandidates) || !slices.Contains(v.Doubts, DoubtEvictions) {
		t.Errorf("%s", tell(v))
	}
}
