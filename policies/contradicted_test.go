package policies_test

import (
	"context"
	"testing"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// decidedBy decides what was told of a host, at the time of its event.
func decidedBy(s *policy.Snapshot, c *install.Context) policy.Answer {
	return s.Decide(context.Background(), policy.Trigger{Stream: "EVENTS", Sequence: 1, Cause: policy.CauseEvent},
		policy.Facts{Context: c, Host: "ws01", Now: c.Event.Time}).Answer
}

func TestRecordsThatMustNotContradictAClientDoNot(t *testing.T) {
	const product = "{0D7A3C51-90AA-4F3E-8A44-1C2D3E4F5A6B}"
	s := approving(t, helperHash)
	setup := running(2500, `D:\stage\setup.exe`, "setup.exe /s", system)
	for _, test := range []struct {
		name   string
		client event.Process
		named  []string
		want   bool
	}{
		{"the package it was told to install", client, []string{cached}, false},
		{"another case and a short name", client, []string{`c:\WINDOWS\CCMCAC~1\7\KESTREL.MSI`}, false},
		{"a removal by the product's code", running(2600, msiexec, "msiexec.exe /x "+product+" /qn", system), []string{product, `C:\Windows\Installer\5e1f07.msi`}, false},
		{"a repair from the copy that is kept", running(2600, msiexec, "msiexec.exe /f "+cached, system), []string{`C:\Windows\Installer\5e1f07.msi`}, false},
		{"an upgrade that names the product it replaces", client, []string{cached, product}, false},
		{"a patch", running(2600, msiexec, `msiexec.exe /p D:\stage\kestrel.msp /qn`, system), []string{product, `D:\stage\kestrel.msp`}, false},
		{"a set-up program that has one after another installed", setup, []string{`D:\stage\a.msi`, `D:\stage\b.msi`}, false},
		{"another package", client, []string{cached, `C:\Windows\ccmcache\8\merlin.msi`}, true},
		{"a package for a removal", running(2600, msiexec, "msiexec.exe /x "+product, system), []string{`C:\Users\Public\x.msi`}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := &told{tracker: install.NewTracker(install.Limits{}), at: exampleTime}
			h.start(ccm, services)
			started := h.start(test.client, ccm)
			h.tracker.Watch(&started, install.Position{Stream: "EVENTS", Sequence: h.n})
			at := install.Position{Stream: "EVENTS", Sequence: h.n}
			recorded := false
			for _, name := range test.named {
				c := h.tell(event.Event{
					Kind: event.KindInstall, EventID: 1040, Provider: event.ProviderInstaller,
					Installer: event.Installer{Package: name, ClientPID: test.client.PID},
				})
				answer := decidedBy(s, &c)
				recorded = recorded || find(answer, "contradicted_package") != nil
			}
			again, ok := h.tracker.Again("ws01.corp.example", at)
			if !ok {
				t.Fatal("the client's start is not watched")
			}
			answer := decidedBy(s, &again)
			if got := find(answer, "contradicted_package") != nil; got != test.want || recorded != test.want {
				t.Errorf("the client's start contradicted: %t, a record: %t, want %t", got, recorded, test.want)
			}
			if test.want && answer.Disposition != policy.Review {
				t.Errorf("the client's start is %s", answer.Disposition)
			}
		})
	}
}
