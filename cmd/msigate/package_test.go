package main

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"msigate/bundles"
	"msigate/gateway/governance"
	"msigate/gateway/msi"
)

func proposed(t *testing.T, name string, entry msi.Entry) string {
	t.Helper()
	content, err := os.ReadFile("../../testdata/packages/" + name)
	if err != nil {
		t.Fatal(err)
	}
	report, err := msi.Inspect(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	report.File = name
	entry.Created = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	entry.Expires = entry.Created.AddDate(0, 0, 366)
	text, err := report.Propose(entry)
	if err != nil {
		t.Fatal(err)
	}
	return "installers:\n" + text
}

// build builds the shipped governance with these installers.
func build(t *testing.T, installers string) error {
	t.Helper()
	folder := fstest.MapFS{"installers.yaml": {Data: []byte(installers)}}
	for _, name := range []string{"signers.yaml", "deployment_tools.yaml", "sources.yaml", "deny.yaml"} {
		content, err := fs.ReadFile(bundles.FS, "governance/"+name)
		if err != nil {
			t.Fatal(err)
		}
		folder[name] = &fstest.MapFile{Data: content}
	}
	_, err := governance.Build(folder, governance.Options{})
	return err
}

var filled = msi.Entry{
	Owner: "endpoint-engineering", Reason: "Monitoring agent, read and rolled out by the change", Ticket: "CHG-1042",
	Sources: []string{"configuration-manager-cache"}, DeploymentTools: []string{"configuration-manager"},
}

func TestAProposedEntryIsAcceptedWhenAPersonFilledItIn(t *testing.T) {
	for _, name := range []string{"agent.msi", "agent-ex.msi", "actions.msi", "attack.msi"} {
		if err := build(t, proposed(t, name, filled)); err != nil {
			t.Errorf("%s: %v\n%s", name, err, proposed(t, name, filled))
		}
	}
}

func TestAProposedEntryIsRefusedUntilThen(t *testing.T) {
	err := build(t, proposed(t, "agent.msi", msi.Entry{}))
	if err == nil {
		t.Fatal("it is accepted")
	}
	for _, want := range []string{"owner", "reason", "sources"} {
		if !strings.Contains(err.Error(), ": "+want+":") {
			t.Errorf("%s is not named in: %v", want, err)
		}
	}
}

// The author of a package chooses its names; none ends a line or a string.
func TestNamesOfAPackageStayInTheirPlace(t *testing.T) {
	hostile := "\"\n    sources: [everywhere]\n#\u2028\x1b[2J\u009b\\" + strings.Repeat("ü", 200)
	report := &msi.Report{
		File: "x.msi", Kind: msi.Package, Product: msi.Product{Name: hostile, Version: hostile, Manufacturer: hostile},
		Actions:  []msi.Action{{Name: hostile, Basic: 34, Runs: hostile, Scheduled: []msi.Schedule{{Table: "InstallExecuteSequence"}}}},
		Binaries: []msi.Binary{{Name: hostile, Extracted: true, RunBy: []string{hostile}}},
		Notes:    []msi.Note{{Serious: true, About: hostile, Says: hostile}},
	}
	report.SHA256, report.Binaries[0].SHA256 = strings.Repeat("1", 64), strings.Repeat("2", 64)
	entry := filled
	entry.Created = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	entry.Expires = entry.Created.AddDate(0, 0, 30)
	text, err := report.Propose(entry)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text, "\x1b\u009b\u2028") {
		t.Errorf("a character that a terminal obeys is in it: %q", text)
	}
	if err := build(t, "installers:\n"+text); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}
