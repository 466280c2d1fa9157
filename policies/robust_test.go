package policies_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// An evaluation that fails is a review: whoever can make it fail can turn an
// alert into one. So no input may.
func TestNoInputMakesTheEvaluationFail(t *testing.T) {
	s := snapshot(t)
	words := []string{
		"schtasks.exe", "-create", "/create", "-tn", "-tn", "-xml", "/tn", "a.xml", `microsoft\windows\a`, "-f", "net", "user", "/add", "",
		"certutil", "-decode", "-addstore", "root", "msiexec", "/i", "/p", "/y", "http://h/x", `\\h\s\x.msi`, `c:\users\public\x.msi`, "TRANSFORMS=a;b", "PATCH=x",
		"/DontWait", "/HideWindow", "/dir", `"C:\Program Files\Orrery\" agent`, "zzzzInvokeManagedCustomActionOutOfProc", "/a", "/fa", "REINSTALL=ALL", "ACTION=ADMIN", "/qn",
		"reg", "add", `\currentversion\run`, "0x4", "-forcev1", `\??\c:\windows\system32\conhost.exe`, "..", `"`, "^", "\t", "é", "/c", "rd", "cmd",
	}
	images := []string{
		"", "x", `\`, `C:\Windows\System32\msiexec.exe`, `C:\Windows\System32\schtasks.exe`, `C:\Windows\System32\cmd.exe`, `C:\Windows\System32\services.exe`,
		`C:\Windows\System32\conhost.exe`, `C:\Windows\Installer\MSI1.tmp`, `C:\Users\Public\reg.exe`, `C:\Windows\Temp\rundll32.exe`, `\\h\s\net.exe`,
		`C:\ProgramData\Package Cache\{0}\setup.exe`, `C:\Windows\CCM\CcmExec.exe`, `D:\mshta.exe`,
	}
	roles := []install.Role{
		install.RoleNone, install.RoleClient, install.RoleService, install.RoleCustomActionServer,
		install.RoleManagedAction, install.RoleExtracted, install.RoleDescendant, install.RoleWrapper,
	}
	folders := []string{"", `C:\Program Files\rempl\`, `C:\Windows\ccmcache`}
	names := []string{"", "-", "msiexec.exe", "Cmd.Exe", "PowerShell.EXE.MUI", "ISBEW64.exe"}
	drawn := func(t *rapid.T, label string) install.Process {
		line := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 12).Draw(t, label+" command line"), " ")
		p := install.Process{
			Process: event.Process{
				Image: rapid.SampledFrom(images).Draw(t, label+" image"), CommandLine: line,
				CurrentDirectory: rapid.SampledFrom(folders).Draw(t, label+" folder"),
				OriginalFileName: rapid.SampledFrom(names).Draw(t, label+" original name"),
				Company:          rapid.SampledFrom([]string{"", "-", "Flexera"}).Draw(t, label+" company"),
				User:             `NT AUTHORITY\SYSTEM`,
			},
			Role: rapid.SampledFrom(roles).Draw(t, label+" role"),
		}
		if rapid.Bool().Draw(t, label+" is parsed") {
			p.Msiexec = install.ParseCommandLine(line, p.CurrentDirectory)
		}
		return p
	}
	wrote := func(t *rapid.T, label string) *install.Written {
		if !rapid.Bool().Draw(t, label+" was seen to be written") {
			return nil
		}
		ago := rapid.SampledFrom([]time.Duration{-time.Second, 0, time.Minute, time.Hour}).Draw(t, label+" written before")
		return &install.Written{By: drawn(t, label+" writer"), At: time.Unix(1780000000, 0).Add(-ago)}
	}
	session := func(t *rapid.T) *install.Session {
		if !rapid.Bool().Draw(t, "session known") {
			return nil
		}
		client, writer := drawn(t, "client"), drawn(t, "package writer")
		one := install.Session{OpenedBy: install.OpenedByClient, Client: &client, Inventory: rapid.Bool().Draw(t, "inventory")}
		if rapid.Bool().Draw(t, "package writer known") {
			one.PackageFile = &install.PackageFile{Writer: &writer}
		}
		if rapid.Bool().Draw(t, "session ambiguous") {
			return &install.Session{Ambiguous: true, Doubts: []string{install.DoubtClients}, Candidates: []install.Session{one, {OpenedBy: install.OpenedByServiceChild}}}
		}
		return &one
	}
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]event.Kind{event.KindProcessStart, event.KindImageLoad, event.KindInstall, event.KindFileCreate}).Draw(t, "kind")
		e := &event.Event{Kind: kind, EventID: 1, Host: "ws01", Time: time.Unix(1780000000, 0)}
		around := install.Context{Event: e, Process: drawn(t, "process"), Parent: drawn(t, "parent")}
		around.Lineage = []install.Process{around.Parent, drawn(t, "grandparent")}
		around.Session = session(t)
		switch kind {
		case event.KindProcessStart:
			around.Process.Written = wrote(t, "image")
		case event.KindFileCreate:
			e.File.Path = rapid.SampledFrom(images).Draw(t, "file")
		case event.KindImageLoad:
			around.ModuleWritten = wrote(t, "module")
			e.Module.Path = rapid.SampledFrom(images).Draw(t, "module")
			e.Module.Signature = event.Signature{Known: rapid.Bool().Draw(t, "signature known"), Signed: rapid.Bool().Draw(t, "signed"), Status: "Valid", Subject: "Microsoft Corporation"}
		case event.KindInstall:
			pkg := install.ParsePackage(rapid.SampledFrom(words).Draw(t, "package"), "")
			around.Package = &pkg
		}
		d := s.Decide(context.Background(), policy.Trigger{Stream: "s", Sequence: 1, Cause: policy.CauseEvent},
			policy.Facts{Context: &around, Host: "ws01", Now: e.Time})
		// A machine under load may take longer than the deadline; that is not the policy's failing.
		if d.Fault != "" && !strings.HasPrefix(d.Fault, policy.FaultTimeout) {
			t.Fatal(d.Fault)
		}
		if d.Answer.Disposition == policy.Approved && kind != event.KindProcessStart {
			t.Fatalf("a %s that no entry speaks of was approved: %+v", kind, d.Answer.Approval)
		}
	})
}
