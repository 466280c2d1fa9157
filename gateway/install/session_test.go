package install

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"msigate/gateway/event"
)

func TestAManagedInstallIsOneSessionFromClientToDescendant(t *testing.T) {
	s := newScene(t)
	s.remember(services, event.Process{PID: 500, GUID: guid(500)})
	s.remember(ccm, services)
	s.remember(setup, ccm)
	opened := s.start(client, setup).Session
	wantSession(t, "the client", opened, cachedMSI+" by lineage")
	if opened.OpenedBy != OpenedByClient || opened.Via != ViaMsiexec || opened.Verb != VerbInstall || opened.Quiet != "none" ||
		opened.User != client.User || opened.Client.GUID != client.GUID || !opened.Begin.Equal(begin.Add(4*time.Second)) || !opened.End.IsZero() || opened.Claimed != nil {
		t.Errorf("%+v", opened)
	}
	if got, want := names(opened.Launcher), []string{"setup.exe:wrapper", "CcmExec.exe:", "services.exe:"}; !reflect.DeepEqual(got, want) {
		t.Errorf("launcher %v, want %v", got, want)
	}
	s.start(service, services)
	wantSession(t, "1040", s.begins(cachedMSI, client.PID).Session, cachedMSI+" by record")
	for _, step := range []struct{ process, parent event.Process }{{server, service}, {managed, server}, {shell, managed}, {whoami, shell}} {
		c := s.start(step.process, step.parent)
		wantSession(t, step.process.Image, c.Session, cachedMSI+" by sole")
		if c.Session.ID != opened.ID {
			t.Errorf("%s is of session %s, want %s", step.process.Image, c.Session.ID, opened.ID)
		}
	}
	s.record(idSuccess, event.Installer{Product: "Contoso Agent"})
	s.record(idInstalled, event.Installer{Product: "Contoso Agent", Version: "2.1", Manufacturer: "Contoso", Status: "0", ProductCode: "{0A}"})
	s.ends(cachedMSI, client.PID)
	s.exits(client)
	done := s.sessionOf(whoami)
	want := []Product{{Name: "Contoso Agent", Version: "2.1", Manufacturer: "Contoso", Code: "{0A}", Action: ActionInstalled, Status: "0"}}
	if !reflect.DeepEqual(done.Products, want) || done.Outcome != OutcomeSuccess || done.Status != "0" ||
		!done.End.Equal(begin.Add(time.Duration(s.seconds)*time.Second)) || !reflect.DeepEqual(done.Claimed, []string{"outcome", "products"}) {
		t.Errorf("%+v", done)
	}
	if opened.Products != nil || !opened.End.IsZero() {
		t.Error("the session of the first Context moved")
	}
}

func TestASessionSaysHowItWasAskedFor(t *testing.T) {
	const burn = `C:\ProgramData\Package Cache\{5C0F}\bundle.exe`
	for _, test := range []struct {
		name   string
		client event.Process
		want   Via
	}{
		{"WMI", wmi, ViaWMI},
		{"a script", script, ViaCOM},
		{"PowerShell", proc(2100, systemFolder+`WindowsPowerShell\v1.0\powershell.exe`, "powershell"), ViaCOM},
		{"a bundle's elevated engine", proc(2100, `C:\Temp\{5C0F}\.be\bundle.exe`, `bundle.exe -q -burn.elevated BurnPipe.{1} {2} 44`), ViaBurn},
		{"a cached bundle", proc(2100, burn, `"`+burn+`" /uninstall`), ViaBurn},
		{"Group Policy", proc(2100, systemFolder+`svchost.exe`, `svchost.exe -k netsvcs -p -s gpsvc`), ViaGroupPolicy},
		{"a service host of something else", proc(2100, systemFolder+`svchost.exe`, `svchost.exe -k netsvcs -p -s Schedule`), ViaAPI},
		{"an updater", proc(2100, `C:\Program Files\Contoso\updater.exe`, `updater.exe`), ViaAPI},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			s.remember(test.client, explorer)
			s.start(service, services)
			opened := s.begins(evilMSI, test.client.PID).Session
			if opened.Via != test.want || opened.OpenedBy != OpenedByMsiInstaller || opened.Client == nil || len(opened.Launcher) != 1 {
				t.Errorf("%+v", opened)
			}
			if want := []string{"begin", "client", "launcher", "package", "user", "via"}; !reflect.DeepEqual(opened.Claimed, want) {
				t.Errorf("claimed %v, want %v", opened.Claimed, want)
			}
			wantSession(t, "the server", s.start(server, service).Session, evilMSI+" (claimed) by sole")
		})
	}
}

func TestAnInstallNobodyAskedForIsOpenedByTheServicesChild(t *testing.T) {
	s := newScene(t)
	s.watch = true
	s.start(service, services)
	c := s.start(server, service)
	wantSession(t, "the server", c.Session, "service_child by sole")
	if c.Session.Client != nil || c.Session.Via != ViaUnknown || !slices.Contains(c.Missing, "session.package") {
		t.Errorf("%+v, missing %v", c.Session, c.Missing)
	}
	if again := s.start(shell, server).Session; again.ID != c.Session.ID {
		t.Errorf("its child is of session %s, want %s", again.ID, c.Session.ID)
	}
	// The client's record turns out to have been late.
	late := s.startOf(client, setup)
	late.Time = begin
	s.feed(late)
	wantSession(t, "the server", s.sessionOf(server), cachedMSI+" by sole")
	changes := s.tracker.Late(testHost)
	if len(changes) != 3 { // the service, its server and that one's child
		t.Fatalf("%d changes: %+v", len(changes), changes)
	}
	for n, p := range []event.Process{service, server, shell} {
		if got := changes[n].Context; got.Process.PID != p.PID || tell(got.Session) != cachedMSI+" by sole" {
			t.Errorf("%d: %s", got.Process.PID, tell(got.Session))
		}
	}
	if more := s.tracker.Late(testHost); more != nil {
		t.Errorf("told twice: %+v", more)
	}
}

func TestTwoInstallsAtOnceAreAttributedOnlyWhereTheRecordsSingleOneOut(t *testing.T) {
	quiet := proc(1110, msiexecPath, `msiexec /i C:\Windows\ccmcache\2\b.msi /qn`)
	const quietMSI = `C:\Windows\ccmcache\2\b.msi`
	both := cachedMSI + " | " + quietMSI
	start := func(t *testing.T, second event.Process) *scene {
		s := newScene(t)
		s.start(service, services)
		s.start(client, ccm)
		s.start(second, ccm)
		return s
	}
	t.Run("no record: ambiguous", func(t *testing.T) {
		s := start(t, quiet)
		c := s.start(server, service)
		wantSession(t, "the server", c.Session, "ambiguous, doubts clients of "+both)
		if c.Session.ID != "" || !slices.Contains(c.Missing, "session") {
			t.Errorf("%+v, missing %v", c.Session, c.Missing)
		}
		wantSession(t, "its child", s.start(shell, server).Session, "ambiguous, doubts clients of "+both)
	})
	t.Run("a server below the client is the client's", func(t *testing.T) {
		s := start(t, quiet)
		wantSession(t, "the server", s.start(server, quiet).Session, quietMSI+" by lineage")
	})
	t.Run("one transaction after the other", func(t *testing.T) {
		s := start(t, quiet)
		s.begins(cachedMSI, client.PID)
		first := s.start(server, service)
		wantSession(t, "the first server", first.Session, cachedMSI+" by transaction of "+both)
		s.ends(cachedMSI, client.PID)
		s.begins(quietMSI, quiet.PID)
		wantSession(t, "the second server", s.start(serverOf(1310), service).Session, quietMSI+" by transaction of "+both)
		wantSession(t, "a late child of the first", s.start(shell, server).Session, cachedMSI+" by transaction of "+both)
	})
	t.Run("a transaction while the other shows dialogs", func(t *testing.T) {
		s := start(t, evil)
		s.begins(cachedMSI, client.PID)
		wantSession(t, "the server", s.start(server, service).Session, "ambiguous, doubts clients of "+cachedMSI+" | "+evilMSI)
	})
	t.Run("both at once, as told", func(t *testing.T) {
		s := start(t, quiet)
		s.begins(cachedMSI, client.PID)
		s.begins(quietMSI, quiet.PID)
		s.wait(5 * time.Second)
		s.start(server, service)
		s.ends(cachedMSI, client.PID)
		s.ends(quietMSI, quiet.PID)
		wantSession(t, "the server", s.sessionOf(server), "ambiguous, doubts clients of "+both)
	})
	t.Run("one after the other, without overlap", func(t *testing.T) {
		s := newScene(t)
		s.start(service, services)
		s.start(client, ccm)
		s.start(server, service)
		s.exits(client)
		s.wait(5 * time.Second)
		s.start(quiet, ccm)
		wantSession(t, "the second server", s.start(serverOf(1310), service).Session, quietMSI+" by sole")
		wantSession(t, "the first server", s.sessionOf(server), cachedMSI+" by sole")
	})
}

func TestEachPackageOfABundleIsASessionOfTheSameClient(t *testing.T) {
	bundle := proc(2400, `C:\ProgramData\Package Cache\{5C0F}\bundle.exe`, `bundle.exe /quiet`)
	s := newScene(t)
	s.remember(bundle, explorer)
	s.start(service, services)
	ids := map[string]bool{}
	for n := range 3 {
		pkg := fmt.Sprintf(`C:\ProgramData\Package Cache\{%d}\part%d.msi`, n, n)
		opened := s.begins(pkg, bundle.PID).Session
		action := serverOf(uint32(1300 + 10*n))
		s.start(action, service)
		s.record(idInstalled, event.Installer{Product: fmt.Sprintf("Part %d", n), Status: "0"})
		s.exits(action)
		s.ends(pkg, bundle.PID)
		v := s.sessionOf(action)
		if v.Package.Name != pkg || v.Ambiguous || v.ID != opened.ID || v.Client.GUID != bundle.GUID || len(v.Products) != 1 || v.Via != ViaBurn {
			t.Errorf("part %d: %s %+v", n, tell(v), v)
		}
		ids[v.ID] = true
	}
	if len(ids) != 3 {
		t.Errorf("%d sessions, want 3", len(ids))
	}
}

func TestAMajorUpgradeHasSeveralProductsInOneSession(t *testing.T) {
	s := newScene(t)
	s.start(client, setup)
	s.start(service, services)
	s.begins(cachedMSI, client.PID)
	old := s.start(server, service) // an action of the old product
	s.record(idRemoved, event.Installer{Product: "Contoso Agent 1", Status: "0"})
	s.record(idRemoval, event.Installer{Product: "Contoso Agent 1"})
	s.start(serverOf(1310), service)
	s.record(idInstalled, event.Installer{Product: "Contoso Agent 2", Status: "0"})
	s.ends(cachedMSI, client.PID)
	v := s.sessionOf(server)
	if got, want := productNames(v), []string{"removed Contoso Agent 1", "installed Contoso Agent 2"}; !reflect.DeepEqual(got, want) {
		t.Errorf("products %v, want %v", got, want)
	}
	if v.ID != old.Session.ID || s.sessionOf(serverOf(1310)).ID != v.ID || v.Outcome != OutcomeSuccess {
		t.Errorf("%+v", v)
	}
}

func TestOutcomesAreWhatTheInstallersCodesSay(t *testing.T) {
	for status, want := range map[string]Outcome{"0": OutcomeSuccess, "3010": OutcomeSuccess, "1641": OutcomeSuccess, "1602": OutcomeUserExit, "1603": OutcomeFailure, "1618": OutcomeFailure, "": OutcomeUnknown} {
		s := newScene(t)
		s.start(client, setup)
		s.begins(cachedMSI, client.PID)
		s.record(idInstalled, event.Installer{Product: "Contoso Agent", Status: status})
		if v := s.ends(cachedMSI, client.PID).Session; v.Outcome != want || v.Status != status {
			t.Errorf("%q: %s %q, want %s", status, v.Outcome, v.Status, want)
		}
	}
	t.Run("11708 before the exact code", func(t *testing.T) {
		s := newScene(t)
		s.start(client, setup)
		s.begins(cachedMSI, client.PID)
		s.record(idFailure, event.Installer{Product: "Contoso Agent"})
		v := s.record(idInstalled, event.Installer{Product: "Contoso Agent", Status: "1602"}).Session
		if v.Outcome != OutcomeUserExit || len(v.Products) != 1 {
			t.Errorf("%s %+v", v.Outcome, v.Products)
		}
	})
	t.Run("a failed attack ends with no product", func(t *testing.T) {
		s := newScene(t)
		s.start(client, setup)
		s.begins(cachedMSI, client.PID)
		if v := s.ends(cachedMSI, client.PID).Session; v.Outcome != OutcomeUnknown || v.Products != nil {
			t.Errorf("%s %+v", v.Outcome, v.Products)
		}
	})
}

func TestReadingWin32ProductIsAnInventory(t *testing.T) {
	reconfigured := func(s *scene, n int) Context {
		return s.record(idReconfigured, event.Installer{Product: fmt.Sprintf("Product %d", n), Status: "0"})
	}
	t.Run("while nothing is installed", func(t *testing.T) {
		s := newScene(t)
		s.remember(wmi, services)
		first := reconfigured(s, 0).Session
		if first.Inventory {
			t.Error("one product is no inventory")
		}
		var last *Session
		for n := 1; n < 100; n++ {
			last = reconfigured(s, n).Session
		}
		if !last.Inventory || last.Package != nil || last.ID != first.ID || len(last.Products) != MaxProducts {
			t.Errorf("%+v", last)
		}
	})
	t.Run("while a client waits", func(t *testing.T) {
		s := newScene(t)
		s.start(client, setup)
		wantSession(t, "one", reconfigured(s, 0).Session, cachedMSI+" by record")
		reconfigured(s, 1)
		if v := reconfigured(s, 2).Session; !v.Inventory {
			t.Errorf("three are %s", tell(v))
		}
		if v := s.sessionOf(client); len(v.Products) != 0 {
			t.Errorf("the client's session has %v", productNames(v))
		}
	})
	t.Run("a repair is none", func(t *testing.T) {
		s := newScene(t)
		s.start(client, setup)
		s.begins(cachedMSI, client.PID)
		for n := range 5 {
			if v := reconfigured(s, n).Session; v.Inventory || v.Package == nil {
				t.Errorf("%s", tell(v))
			}
		}
	})
	t.Run("it is no candidate for what the service starts", func(t *testing.T) {
		s := newScene(t)
		s.start(service, services)
		for n := range 5 {
			reconfigured(s, n)
		}
		wantSession(t, "a server meanwhile", s.start(server, service).Session, "service_child by sole")
	})
}

func TestAnInstallTheApplicationLogAloneTellsOf(t *testing.T) {
	s := newScene(t)
	opened := s.begins(evilMSI, 4242).Session
	wantSession(t, "1040", opened, evilMSI+" (claimed) by record")
	s.record(idInstalled, event.Installer{Product: "Free", Status: "0"})
	v := s.ends(evilMSI, 4242).Session
	if v.ID != opened.ID || v.Client != nil || v.User != "" || v.Via != ViaUnknown || len(v.Products) != 1 || v.End.IsZero() {
		t.Errorf("%+v", v)
	}
	if !slices.Contains(v.Claimed, "begin") || !slices.Contains(v.Claimed, "end") {
		t.Errorf("claimed %v", v.Claimed)
	}
	t.Run("from the middle", func(t *testing.T) {
		s := newScene(t)
		s.start(service, services)
		s.start(server, service)
		s.ends(evilMSI, 4242)
		wantSession(t, "the server before the only record", s.sessionOf(server), evilMSI+" (claimed) by sole")
	})
	t.Run("without a transaction", func(t *testing.T) {
		s := newScene(t)
		v := s.record(idInstalled, event.Installer{Product: "Free", Status: "0"}).Session
		if v == nil || v.OpenedBy != OpenedByMsiInstaller || v.Package != nil || len(v.Products) != 1 || v.Inventory {
			t.Errorf("%+v", v)
		}
		w := s.record(idInstalled, event.Installer{Product: "Other", Status: "0"}).Session
		if w.ID == v.ID {
			t.Error("two products that nothing connects are one session")
		}
	})
}

func TestAnInstallThatOnlySecurity4688TellsOf(t *testing.T) {
	bare := func(p event.Process) event.Process { p.CommandLine = ""; return p }
	t.Run("with the client seen", func(t *testing.T) {
		s := newScene(t)
		s.noGUIDs = true
		s.remember(explorer, event.Process{})
		c := s.start(bare(client), explorer)
		if c.Session.OpenedBy != OpenedByClient || c.Session.Package != nil || c.Session.Verb != "" || !slices.Contains(c.Missing, "session.package") {
			t.Errorf("%+v, missing %v", c.Session, c.Missing)
		}
		s.start(bare(service), services)
		for _, step := range []struct{ process, parent event.Process }{{bare(server), service}, {bare(shell), server}} {
			if v := s.start(step.process, step.parent).Session; v.ID != c.Session.ID || v.Attribution != AttributionSole {
				t.Errorf("%s: %s", step.process.Image, tell(v))
			}
		}
	})
	t.Run("with a msiexec that ran before", func(t *testing.T) {
		s := newScene(t)
		s.noGUIDs = true
		s.start(bare(client), explorer)
		// The service, or some other client: nobody can tell from its path.
		wantSession(t, "its shell", s.start(bare(shell), service).Session, "ambiguous, doubts clients msiexec of client | client")
	})
	t.Run("the 1040 names what it installs", func(t *testing.T) {
		s := newScene(t)
		s.noGUIDs = true
		s.start(bare(client), explorer)
		v := s.begins(cachedMSI, client.PID).Session
		if tell(v) != cachedMSI+" (claimed) by record" || v.OpenedBy != OpenedByClient || v.Ambiguous {
			t.Errorf("%s %+v", tell(v), v)
		}
	})
}
