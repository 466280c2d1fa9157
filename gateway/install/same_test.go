package install

import (
	"testing"

	"msigate/gateway/event"
)

func TestNeighboursDifferInWhatTheyAreAndNotInWhoTellsOfThem(t *testing.T) {
	tool := proc(700, `C:\Windows\CCM\CcmExec.exe`, `C:\Windows\CCM\CcmExec.exe`)
	tool.User = `NT AUTHORITY\SYSTEM`
	scm := services
	scm.CommandLine, scm.User = scm.Image, `NT AUTHORITY\SYSTEM`
	signed := event.Signature{Known: true, Signed: true, Subject: "Contoso Ltd"}
	for _, test := range []struct {
		name string
		told Process
		now  func(*Process)
		same bool
	}{
		{"a GUID", Process{Process: tool, Role: RoleDescendant}, func(p *Process) { p.GUID = "" }, true},
		{"a PID", Process{Process: tool, Role: RoleDescendant}, func(p *Process) { p.PID = 0 }, true},
		{"where its start stands", Process{Process: tool}, func(p *Process) { p.Sequence = 7 }, true},
		{"the account of a stranger", Process{Process: tool}, func(p *Process) { p.User = "" }, true},
		{"the account of a member", Process{Process: tool, Role: RoleDescendant}, func(p *Process) { p.User = "" }, false},
		{"the account of something without a name", Process{Process: event.Process{PID: 700, User: tool.User}}, func(p *Process) { p.User = "" }, false},
		{"another GUID", Process{Process: tool}, func(p *Process) { p.GUID = guid(8) }, false},
		{"another PID", Process{Process: tool}, func(p *Process) { p.PID = 8 }, false},
		{"another account", Process{Process: tool}, func(p *Process) { p.User = `CORP\alice` }, false},
		{"an image", Process{Process: tool}, func(p *Process) { p.Image = "" }, false},
		{"a command line", Process{Process: tool}, func(p *Process) { p.CommandLine = "" }, false},
		{"the command line of services.exe", Process{Process: scm}, func(p *Process) { p.CommandLine, p.User = "", "" }, true},
		{"the command line of another services.exe", Process{Process: proc(700, `C:\Temp\services.exe`, "services")}, func(p *Process) { p.CommandLine = "" }, false},
		{"another command line of services.exe", Process{Process: scm}, func(p *Process) { p.CommandLine = "x" }, false},
		{"a signer", Process{Process: tool}, func(p *Process) { p.Signature = signed }, false},
		{"a hash", Process{Process: tool}, func(p *Process) { p.Hashes.SHA256 = "aa" }, false},
		{"a role", Process{Process: tool}, func(p *Process) { p.Role = RoleWrapper }, false},
		{"a role and an account", Process{Process: tool}, func(p *Process) { p.Role, p.User = RoleWrapper, "" }, false},
		{"who wrote its file", Process{Process: tool}, func(p *Process) { p.Written = &Written{By: Process{Process: scm}, At: begin} }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := test.told
			test.now(&now)
			if sameNeighbour(&test.told, &now) != test.same || sameNeighbour(&now, &test.told) != test.same {
				t.Errorf("the same: %t, want %t, of\n%+v\nand\n%+v", !test.same, test.same, test.told, now)
			}
		})
	}
}

// The service's start tells more of services.exe, above which the deployment
// tool stands: of that tool's client nothing new is known.
func TestMoreOfServicesIsNoNews(t *testing.T) {
	bare := services
	bare.CommandLine, bare.User, bare.GUID = "", "", ""
	full := services
	full.CommandLine, full.User = full.Image, `NT AUTHORITY\SYSTEM`
	s := watching(t)
	s.remember(ccm, bare)
	s.start(client, ccm)
	s.start(service, full)
	if late := s.tracker.Late(testHost); len(late) != 0 {
		t.Errorf("%v are told anew", places(late))
	}
	c, _ := s.tracker.Again(testHost, place(2))
	if top := c.Lineage[len(c.Lineage)-1]; top.User != full.User {
		t.Errorf("services.exe is known as %+v: the test says nothing", top)
	}
}
