package policy

import (
	"testing"

	"msigate/gateway/event"
	"msigate/gateway/install"
)

func TestTriggerThatAsksWhoWroteTheFileLooksAtTheFileOfTheEvent(t *testing.T) {
	told := &install.Written{By: install.Process{Role: install.RoleService}}
	tests := []struct {
		name            string
		kind            event.Kind
		process, module *install.Written
		want            bool
	}{
		{"a start of what was written", event.KindProcessStart, told, nil, true},
		{"a start of what nobody was seen to write", event.KindProcessStart, nil, nil, false},
		{"a load of what was written", event.KindImageLoad, nil, told, true},
		{"a load by a program that was written", event.KindImageLoad, told, nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			asks := trigger{Kind: test.kind, Written: true}
			c := &install.Context{Event: &event.Event{Kind: test.kind}, Process: install.Process{Written: test.process}, ModuleWritten: test.module}
			if got := asks.matches(c); got != test.want {
				t.Errorf("matches: %t, want %t", got, test.want)
			}
		})
	}
}

func TestPathsOfATriggerAreLookedForAnywhere(t *testing.T) {
	wanted := trigger{Kind: event.KindRegistry, Paths: []string{`\currentversion\run`, `\winlogon\`}}
	if err := wanted.validate(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		key  string
		want bool
	}{
		{`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\RunOnce\x`, true},
		{`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\x`, true},
		{`HKLM\SOFTWARE\Orrery\x`, false},
		{``, false},
	} {
		c := &install.Context{Event: &event.Event{Kind: event.KindRegistry, Registry: event.Registry{Key: test.key}}}
		if wanted.matches(c) != test.want {
			t.Errorf("%s: matches is %t", test.key, !test.want)
		}
	}
	for _, part := range []string{"", `\Run`} {
		if err := (trigger{Kind: event.KindRegistry, Paths: []string{part}}).validate(); err == nil {
			t.Errorf("%q is taken", part)
		}
	}
}

func TestNamesOfATriggerAreNotWantedWhereItSaysOutside(t *testing.T) {
	wanted := trigger{Kind: event.KindImageLoad, Names: []string{"version.dll"}, Outside: []string{`c:\windows\`}}
	if err := wanted.validate(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		`C:\Program Files\Orrery\VERSION.dll`: true,
		`C:\WindowsX\version.dll`:             true,
		`C:\Windows\System32\version.dll`:     false,
		`C:\Program Files\Orrery\orrery.dll`:  false,
	} {
		c := &install.Context{Event: &event.Event{Kind: event.KindImageLoad, Module: event.Module{Path: path}}}
		if wanted.matches(c) != want {
			t.Errorf("%s: matches is %t", path, !want)
		}
	}
	for _, beginning := range []string{"", `C:\Windows\`} {
		if err := (trigger{Kind: event.KindImageLoad, Outside: []string{beginning}}).validate(); err == nil {
			t.Errorf("%q is taken", beginning)
		}
	}
}
