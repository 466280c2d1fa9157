package install

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"msigate/gateway/event"
)

const approvedMSI = `\\files.corp.example\packages\approved.msi`

// approvedClient installs from an approved source without any dialog.
var approvedClient = proc(1150, msiexecPath, `msiexec /i `+approvedMSI+` /qn`)

func TestForgedInstallerRecordsRaiseAndNeverLower(t *testing.T) {
	t.Run("another package under an approved client's PID", func(t *testing.T) {
		s := newScene(t)
		s.start(approvedClient, ccm)
		s.start(service, services)
		v := s.begins(evilMSI, approvedClient.PID).Session
		wantSession(t, "the forged record", v, approvedMSI+" by record, doubts package")
		if !v.Ambiguous || !reflect.DeepEqual(v.Named, []Package{{PackagePath, evilMSI}}) || slices.Contains(v.Claimed, "package") {
			t.Errorf("%+v", v)
		}
		wantSession(t, "the server", s.start(server, service).Session, approvedMSI+" by sole, doubts package")
	})
	t.Run("an approved package under somebody else's client", func(t *testing.T) {
		s := newScene(t)
		s.start(evil, explorer)
		s.start(service, services)
		s.begins(approvedMSI, evil.PID)
		v := s.start(server, service).Session
		wantSession(t, "the server", v, evilMSI+" by sole, doubts package")
	})
	t.Run("an approved package where nobody's package is known", func(t *testing.T) {
		s := newScene(t)
		s.remember(script, explorer)
		s.start(service, services)
		s.begins(approvedMSI, script.PID)
		v := s.start(server, service).Session
		wantSession(t, "the server", v, approvedMSI+" (claimed) by sole")
		if !slices.Contains(v.Claimed, "client") || !slices.Contains(v.Claimed, "launcher") {
			t.Errorf("claimed %v", v.Claimed)
		}
	})
	t.Run("under the deployment tool's PID", func(t *testing.T) {
		s := newScene(t)
		s.remember(ccm, services)
		s.start(service, services)
		s.begins(approvedMSI, ccm.PID)
		if v := s.start(server, service).Session; !slices.Contains(v.Claimed, "client") || !slices.Contains(v.Claimed, "launcher") || v.OpenedBy != OpenedByMsiInstaller {
			t.Errorf("%+v", v)
		}
	})
	t.Run("under a PID that nobody has", func(t *testing.T) {
		s := newScene(t)
		s.start(evil, explorer)
		s.start(service, services)
		s.begins(approvedMSI, 65000)
		// It makes doubtful what was sure; it does not take the work over.
		wantSession(t, "the server", s.start(server, service).Session, "ambiguous, doubts clients of "+evilMSI+" | "+approvedMSI+" (claimed)")
	})
	t.Run("under the PID of a client that is gone", func(t *testing.T) {
		s := newScene(t)
		s.start(approvedClient, ccm)
		s.exits(approvedClient)
		s.wait(time.Minute)
		v := s.begins(approvedMSI, approvedClient.PID).Session
		if v.OpenedBy != OpenedByMsiInstaller || v.Client != nil || v.ID == s.sessionOf(approvedClient).ID {
			t.Errorf("%+v", v)
		}
	})
	t.Run("under the service's own PID", func(t *testing.T) {
		s := newScene(t)
		s.start(evil, explorer)
		s.start(service, services)
		s.begins(approvedMSI, service.PID)
		wantSession(t, "the server", s.start(server, service).Session, "ambiguous, doubts clients of "+evilMSI+" | "+approvedMSI+" (claimed)")
	})
	t.Run("a transaction of a waiting approved client", func(t *testing.T) {
		s := newScene(t)
		s.start(evil, explorer)
		s.start(approvedClient, ccm)
		s.start(service, services)
		s.begins(approvedMSI, approvedClient.PID)
		wantSession(t, "the server", s.start(server, service).Session, "ambiguous, doubts clients of "+evilMSI+" | "+approvedMSI)
	})
	t.Run("the same while the attack shows no dialogs", func(t *testing.T) {
		s := newScene(t)
		s.start(proc(evil.PID, msiexecPath, evil.CommandLine+" /qn"), explorer)
		s.start(approvedClient, ccm)
		s.start(service, services)
		s.begins(approvedMSI, approvedClient.PID)
		// Named, so that people read a story; but the other one is told beside
		// it, and an approval has to hold for both.
		wantSession(t, "the server", s.start(server, service).Session, approvedMSI+" by transaction of "+evilMSI+" | "+approvedMSI)
	})
	t.Run("the end of a transaction that goes on", func(t *testing.T) {
		s := newScene(t)
		s.remember(script, explorer)
		s.start(service, services)
		s.begins(evilMSI, script.PID)
		s.ends(evilMSI, script.PID)
		s.wait(10 * time.Second)
		s.start(approvedClient, ccm)
		wantSession(t, "the server", s.start(server, service).Session, approvedMSI+" by transaction of "+evilMSI+" (claimed) | "+approvedMSI)
	})
	t.Run("success of an approved product", func(t *testing.T) {
		s := newScene(t)
		s.start(evil, explorer)
		s.start(service, services)
		v := s.record(idInstalled, event.Installer{Product: "Approved", Manufacturer: "Contoso", Status: "0"}).Session
		if want := []string{"outcome", "products"}; !reflect.DeepEqual(v.Claimed, want) {
			t.Errorf("claimed %v, want %v", v.Claimed, want)
		}
	})
	t.Run("an inventory", func(t *testing.T) {
		s := newScene(t)
		s.start(evil, explorer)
		s.start(service, services)
		for n := range 10 {
			s.record(idReconfigured, event.Installer{Product: fmt.Sprintf("Product %d", n), Status: "0"})
		}
		if v := s.start(server, service).Session; v.Inventory {
			t.Errorf("the server belongs to the inventory: %+v", v)
		}
	})
	t.Run("more than are kept", func(t *testing.T) {
		s := newScene(t)
		s.tracker = NewTracker(Limits{SessionsPerHost: 8})
		s.remember(script, explorer)
		s.start(service, services)
		s.begins(evilMSI, script.PID)
		for n := range 100 {
			e := s.installer(idBegins, event.Installer{Package: fmt.Sprintf(`C:\%d.msi`, n), ClientPID: uint32(70_000 + n)})
			s.feed(e)
		}
		for n := range 200 {
			s.record(idReconfigured, event.Installer{Product: fmt.Sprintf("Product %d", n), Status: "0"})
		}
		s.wait(4 * time.Minute)
		s.start(approvedClient, ccm)
		v := s.start(server, service).Session
		if !v.Ambiguous || !slices.Contains(v.Doubts, DoubtEvictions) {
			t.Errorf("what was pushed out is no doubt: %s", tell(v))
		}
		if s.tracker.Evictions()["sessions"] == 0 {
			t.Error("no eviction is counted")
		}
	})
}

// approves reports whether an approval of a package could rest on what is told:
// the session is sure, by what the sensor saw, and its own command line names
// the package; or else every candidate's does.
func approves(v *Session, pkg string) bool {
	own := func(v *Session) bool {
		return v.Package != nil && v.Package.Name == pkg && !slices.Contains(v.Claimed, "package") && len(v.Named) == 0
	}
	switch {
	case v == nil:
		return false
	case len(v.Candidates) > 0:
		if slices.Contains(v.Doubts, DoubtEvictions) || slices.Contains(v.Doubts, DoubtCandidates) {
			return false
		}
		return !slices.ContainsFunc(v.Candidates, func(c Session) bool { return !own(&c) })
	case v.Ambiguous, v.Attribution != AttributionLineage && v.Attribution != AttributionFile && v.Attribution != AttributionSole:
		return false
	}
	return own(v)
}

// Whatever anybody writes into the Application log, no process gains an
// approving fact by it.
func TestNoForgedRecordGivesAProcessAnApprovingFact(t *testing.T) {
	held := 0
	rapid.Check(t, func(r *rapid.T) {
		honest, forged := newScene(t), newScene(t)
		packages := []string{cachedMSI, evilMSI, approvedMSI, `C:\other.msi`}
		clients := []event.Process{
			client, evil, approvedClient, proc(1111, msiexecPath, `msiexec /i C:\other.msi /qb`), proc(1112, msiexecPath, `msiexec /x `+approvedMSI),
		}
		pids := []uint32{client.PID, evil.PID, approvedClient.PID, 1111, 1112, script.PID, service.PID, server.PID, 65000}
		for _, s := range []*scene{honest, forged} {
			s.remember(script, explorer)
			s.start(service, services)
		}
		var actions []event.Process
		both := func(e *event.Event) {
			honest.feed(e)
			forged.seconds++
			forged.feed(e)
		}
		running := map[uint32]bool{}
		for n := range rapid.IntRange(5, 40).Draw(r, "steps") {
			if honest.seconds > 250 { // a forged end is believed after five minutes
				break
			}
			switch rapid.IntRange(0, 5).Draw(r, "happening") {
			case 0:
				c := rapid.SampledFrom(clients).Draw(r, "client")
				if !running[c.PID] {
					running[c.PID] = true
					both(honest.startOf(c, ccm))
				}
			case 1:
				c := rapid.SampledFrom(clients).Draw(r, "client")
				if running[c.PID] {
					e := honest.event(event.KindProcessEnd)
					e.Process = event.Process{GUID: c.GUID, PID: c.PID, Image: c.Image}
					both(e)
				}
			case 2:
				action := serverOf(uint32(5000 + n))
				actions = append(actions, action)
				both(honest.startOf(action, service))
			case 3: // a true one
				e := honest.installer(idBegins, event.Installer{Package: evilMSI, ClientPID: script.PID})
				both(e)
			default:
				id := rapid.SampledFrom([]int{idBegins, idEnds, idBegins, idEnds, idInstalled, idReconfigured}).Draw(r, "id")
				facts := event.Installer{Package: rapid.SampledFrom(packages).Draw(r, "package"), ClientPID: rapid.SampledFrom(pids).Draw(r, "pid")}
				if id < idBegins {
					facts = event.Installer{Product: rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(r, "product"), Status: "0"}
				}
				e := honest.installer(id, facts)
				e.RecordID += 50_000
				forged.seconds++
				forged.feed(e)
			}
		}
		for _, p := range append(actions, clients...) {
			if p.PID < 5000 && !running[p.PID] {
				continue
			}
			for _, pkg := range packages {
				before, after := approves(honest.sessionOf(p), pkg), approves(forged.sessionOf(p), pkg)
				if after && !before {
					r.Fatalf("%d is %s, and by forged records %s", p.PID, tell(honest.sessionOf(p)), tell(forged.sessionOf(p)))
				}
				if before {
					held++
				}
			}
		}
	})
	if held == 0 {
		t.Error("nothing ever had an approving fact: the property says nothing")
	}
}
