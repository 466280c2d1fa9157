package coverage_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"msigate/gateway"
	"msigate/gateway/coverage"
)

// corpusFolder holds public Windows events that the project measures itself on
// and does not carry.
const corpusFolder = "../../../shared/corpus"

// corpus gives a folder of it; without the corpus the test is skipped, which the
// project's own check does not allow.
func corpus(t testing.TB, folder string) string {
	t.Helper()
	path := filepath.Join(corpusFolder, folder)
	_, err := os.Stat(path)
	switch {
	case err == nil:
		return path
	case os.Getenv("MSIGATE_SHARED") == "required":
		t.Fatalf("the corpus is required here: %v", err)
	}
	t.Skipf("no corpus in %s: what coverage says of real hosts is not checked", corpusFolder)
	return ""
}

// expected is what a person counted of one host of the corpus, with other tools
// than msigate. A host goes by the first digits of its name's SHA-256.
type expected struct {
	folder  string
	host    string
	records map[string]uint64            // by source
	lacks   map[string]map[string]uint64 // source → fact → in how many records it is absent
	never   []string
	blind   []string // these signals, among others
	half    []string
	sees    []string
}

var byHand = []expected{
	{
		// A server: process starts and ends, and what MsiInstaller says. A sixth of
		// the starts name no parent but its PID.
		folder: "labelled", host: "8f77d16c5716",
		records: map[string]uint64{"Sysmon 1": 400, "Sysmon 5": 395, "MsiInstaller 1040": 18, "MsiInstaller 1042": 20, "MsiInstaller 1033": 7, "MsiInstaller 1035": 2, "MsiInstaller 11707": 7},
		lacks:   map[string]map[string]uint64{"Sysmon 1": {"parent.image": 63, "parent.command_line": 63, "parent.guid": 63, "process.original_file_name": 8}},
		never:   []string{"Sysmon 11", "Sysmon 7", "Sysmon 12, 13, 14", "Sysmon 3", "Sysmon 29", "Sysmon 23, 26", "Sysmon 15", "Security 4688"},
		blind:   []string{"custom_action_dll", "dropped_then_run", "dropped_then_loaded", "planted_temporary", "persistence", "network_connection", "root_certificate", "security_tooling", "rollback_tampering"},
		half:    []string{"wrapper_dropped_package", "child_image_path"},
		sees:    []string{"shell_child", "unexpected_child", "recorded_url", "clientless_install", "package_url"},
	},
	{
		// A workstation with an old Sysmon: no version resources, no modules, no MsiInstaller.
		folder: "labelled", host: "20740e8e6890",
		records: map[string]uint64{"Sysmon 1": 227, "Sysmon 11": 34, "Sysmon 13": 24, "Sysmon 12": 8, "Sysmon 15": 2, "Sysmon 3": 2, "Sysmon 16": 1},
		lacks:   map[string]map[string]uint64{"Sysmon 1": {"process.original_file_name": 227, "process.company": 227, "parent.user": 227}},
		never:   []string{"Sysmon 7", "Sysmon 5", "MsiInstaller 1040, 1042", "MsiInstaller 1033, 11707", "Sysmon 29", "Security 4688"},
		blind:   []string{"custom_action_dll", "dropped_then_loaded", "recorded_url", "clientless_install", "contradicted_package"},
		half:    []string{"renamed_msiexec", "package_url", "package_share", "rollback_tampering"},
		sees:    []string{"unexpected_child", "dropped_then_run", "root_certificate", "network_connection"},
	},
	{
		// A domain controller with 4688 alone; nearly a tenth has no command line.
		folder: "background", host: "1b560eb6aa3d",
		records: map[string]uint64{"Security 4688": 107, "Security 4689": 83},
		lacks:   map[string]map[string]uint64{"Security 4688": {"process.command_line": 10, "parent.image": 1, "process.sha256": 107, "process.guid": 107, "process.original_file_name": 107}},
		never:   []string{"Sysmon 1", "Sysmon 11", "Sysmon 7", "MsiInstaller 1040, 1042"},
		blind:   []string{"dropped_then_run", "custom_action_dll", "recorded_url", "persistence"},
		half:    []string{"property_abuse", "package_url", "renamed_msiexec", "system_tool_child"},
		sees:    []string{"unexpected_child", "child_of_extracted"},
	},
	{
		// 4688 with no command line at all.
		folder: "background", host: "7abc79fc9e6b",
		records: map[string]uint64{"Security 4688": 11},
		lacks:   map[string]map[string]uint64{"Security 4688": {"process.command_line": 11, "parent.image": 2}},
		never:   []string{"Sysmon 1", "Sysmon 11"},
		blind:   []string{"property_abuse", "package_url", "package_share", "remote_transform", "forged_managed_action", "unusual_verb", "register_dll"},
		half:    []string{"system_tool_child", "shell_child", "extracted_program"},
		sees:    []string{"unexpected_child", "child_of_extracted"},
	},
	{
		// Process starts of Sysmon, and nothing else.
		folder: "background", host: "0443e33222d7",
		records: map[string]uint64{"Sysmon 1": 9},
		never:   []string{"Sysmon 11", "Sysmon 5", "Sysmon 7", "Sysmon 4, 16, 255"},
		blind:   []string{"dropped_then_run", "custom_action_dll", "root_certificate"},
		sees:    []string{"shell_child", "property_abuse", "forged_managed_action"},
	},
	{
		// No process start of any source: nearly everything is blind.
		folder: "background", host: "99e1d880e8be",
		records: map[string]uint64{"Sysmon 7": 6, "Sysmon 3": 5, "Sysmon 12": 7, "Sysmon 13": 13},
		never:   []string{"Sysmon 1", "Sysmon 11", "Security 4688"},
		blind:   []string{"unexpected_child", "shell_child", "child_image_path", "dropped_then_run", "dropped_then_loaded", "root_certificate"},
		half:    []string{"network_connection", "persistence"},
		sees:    []string{"custom_action_dll"},
	},
	{
		// Everything of Sysmon and 4688 besides, but no MsiInstaller.
		folder: "background", host: "62db29e96f3c",
		records: map[string]uint64{"Sysmon 1": 25, "Sysmon 11": 60, "Sysmon 7": 978, "Sysmon 12": 1766, "Sysmon 13": 2000, "Sysmon 3": 16, "Sysmon 5": 28, "Sysmon 22": 3, "Sysmon 23": 4, "Security 4688": 42, "Security 4689": 35},
		lacks:   map[string]map[string]uint64{"Security 4688": {"process.sha256": 42}, "Sysmon 7": {"module.signer": 6}},
		never:   []string{"MsiInstaller 1040, 1042", "MsiInstaller 1033, 11707", "Sysmon 29", "Sysmon 15"},
		blind:   []string{"recorded_url", "clientless_install", "contradicted_package"},
		half:    []string{"package_url"},
		sees:    []string{"unexpected_child", "dropped_then_run", "custom_action_dll", "root_certificate", "renamed_msiexec", "property_abuse"},
	},
	{
		// Process starts of which a tenth names no parent's image, some modules, no network.
		folder: "background", host: "36bfc483c940",
		records: map[string]uint64{"Sysmon 1": 77, "Sysmon 11": 13, "Sysmon 12": 1, "Sysmon 13": 9, "Sysmon 7": 4},
		lacks:   map[string]map[string]uint64{"Sysmon 1": {"parent.image": 7, "parent.command_line": 7, "process.original_file_name": 7}, "Sysmon 7": {"module.signer": 1}},
		never:   []string{"Sysmon 3", "MsiInstaller 1040, 1042", "Sysmon 5"},
		blind:   []string{"network_connection", "recorded_url"},
		half:    []string{"custom_action_dll", "renamed_msiexec"},
		sees:    []string{"unexpected_child", "root_certificate"},
	},
}

func TestCorpusIsToldAsCountedByHand(t *testing.T) {
	signals, err := gateway.CoverageSignals(nil)
	if err != nil {
		t.Fatal(err)
	}
	reports := map[string]map[string]coverage.Host{}
	for _, folder := range []string{"labelled", "background"} {
		r, _, undecodable, err := gateway.CoverageOfFiles(context.Background(), []string{corpus(t, folder)}, strings.NewReader(""), nil, nil)
		if err != nil || len(undecodable) > 0 {
			t.Fatalf("%s: %v, undecodable: %v", folder, err, undecodable)
		}
		reports[folder] = map[string]coverage.Host{}
		for _, h := range coverage.Of(coverage.Options{Signals: signals}, r).Hosts {
			sum := sha256.Sum256([]byte(h.Host))
			reports[folder][hex.EncodeToString(sum[:])[:12]] = h
		}
	}
	for _, want := range byHand {
		t.Run(want.host, func(t *testing.T) {
			h, ok := reports[want.folder][want.host]
			if !ok {
				t.Fatal("the host is not told of")
			}
			want.check(t, &h)
		})
	}
}

func (want *expected) check(t *testing.T, h *coverage.Host) {
	t.Helper()
	came := map[string]coverage.Arriving{}
	for _, a := range h.Arrives {
		came[a.Name] = a
	}
	for name, n := range want.records {
		if came[name].Count != n {
			t.Errorf("%s: %d records, not %d", name, came[name].Count, n)
		}
	}
	for name := range came {
		if _, counted := want.records[name]; !counted {
			t.Errorf("%s is said to arrive", name)
		}
	}
	for name, facts := range want.lacks {
		told := map[string]float64{}
		for _, f := range came[name].Missing {
			told[f.Fact] = f.Share
		}
		for fact, n := range facts {
			if got := uint64(told[fact]*float64(came[name].Decoded) + 0.5); got != n {
				t.Errorf("%s: %s is absent in %d records, not %d", name, fact, got, n)
			}
		}
	}
	for _, name := range want.never {
		if !slices.ContainsFunc(h.Never, func(n coverage.Never) bool { return n.Name == name }) {
			t.Errorf("%s is not said to be absent", name)
		}
	}
	for sight, ids := range map[string][]string{coverage.Blind: want.blind, coverage.HalfBlind: want.half, coverage.Sees: want.sees} {
		for _, id := range ids {
			is := coverage.Sees
			for _, s := range h.Signals {
				if s.Signal == id {
					is = s.Sight
				}
			}
			if is != sight {
				t.Errorf("%s: %s, not %s", id, is, sight)
			}
		}
	}
	if len(want.blind) > 0 && len(h.SwitchOn) == 0 {
		t.Error("nothing is said to be switched on")
	}
}
