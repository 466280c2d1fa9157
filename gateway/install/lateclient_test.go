package install

import (
	"testing"
	"time"

	"msigate/gateway/event"
)

// A client whose start never comes keeps the package that records name for it,
// in the one session, also when its end is told.
func TestClientOfWhichOnlyTheEndIsSeenKeepsThePackage(t *testing.T) {
	s := newScene(t)
	s.start(service, services)
	s.start(server, service)
	child := s.start(shell, server)
	wantSession(t, "the shell at first", child.Session, "service_child by sole")
	s.seconds -= 2 // the record tells of what was before the shell
	s.begins(evilMSI, evil.PID)
	s.seconds += 2
	const want = evilMSI + " (claimed) by sole"
	named := s.sessionOf(shell)
	wantSession(t, "the shell", named, want)
	s.exits(evil)
	ended := s.sessionOf(shell)
	wantSession(t, "the shell after the client's end", ended, want)
	if ended.ID != named.ID || ended.OpenedBy != OpenedByMsiInstaller {
		t.Errorf("session %s (%s) became %s (%s)", named.ID, named.OpenedBy, ended.ID, ended.OpenedBy)
	}
	wantSession(t, "the client itself", s.sessionOf(evil), evilMSI+" (claimed) by lineage")
	if _, over := s.tracker.Ended(testHost, named.ID); over {
		t.Error("it is over at once, though nobody told that its transaction is")
	}
	more := s.ends(evilMSI, evil.PID)
	wantSession(t, "the end of its transaction", more.Session, evilMSI+" (claimed) by record")
	if s.sessionOf(shell).ID != named.ID {
		t.Error("the end of the transaction makes it another session")
	}
}

// Such a client must not be a candidate for what was before its transaction.
func TestClientOfWhichOnlyTheEndIsSeenIsNoCandidateBeforeItsTransaction(t *testing.T) {
	s := newScene(t)
	s.start(client, ccm)
	s.start(service, services)
	s.start(server, service)
	s.start(shell, server)
	s.exits(client)
	s.wait(10 * time.Minute)
	s.begins(evilMSI, evil.PID)
	s.exits(evil)
	wantSession(t, "the shell", s.sessionOf(shell), cachedMSI+" by sole")
}

// A record that names a msiexec which was not asked to install makes it a
// candidate: what it loads can call the installer, too.
func TestMsiexecThatOnlyRegistersIsACandidateWhereARecordNamesIt(t *testing.T) {
	registering := proc(2350, msiexecPath, `msiexec /y C:\Users\alice\x.dll`)
	s := newScene(t)
	s.start(client, ccm)
	s.start(registering, explorer)
	s.start(service, services)
	s.start(server, service)
	wantSession(t, "the server", s.sessionOf(server), cachedMSI+" by sole")
	s.record(idBegins, event.Installer{Package: evilMSI, ClientPID: registering.PID})
	wantSession(t, "the server, with the record", s.sessionOf(server), `C:\Users\alice\x.dll by transaction, doubts package of `+cachedMSI+` | C:\Users\alice\x.dll, doubts package`)
}
