package policies_test

import (
	"context"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"msigate/bundles"
	"msigate/gateway/event"
	"msigate/gateway/governance"
	"msigate/gateway/install"
	"msigate/gateway/policy"
	"msigate/policies"
)

// snapshot compiles the bundles of the binary as the gateway does.
func snapshot(t testing.TB) *policy.Snapshot {
	t.Helper()
	_, entries, err := governance.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	return snapshotUnder(t, entries)
}

// governed compiles the policy of the binary with the governance data of the
// binary, but for its approvals: these are installers, an installers.yaml. adjust,
// if not nil, has its way with each other file.
func governed(t testing.TB, installers string, adjust func(name string, raw []byte) []byte) *policy.Snapshot {
	t.Helper()
	files := fstest.MapFS{"installers.yaml": {Data: []byte(installers)}}
	for _, name := range []string{"deny.yaml", "deployment_tools.yaml", "signers.yaml", "sources.yaml"} {
		raw, err := fs.ReadFile(bundles.FS, "governance/"+name)
		if err != nil {
			t.Fatal(err)
		}
		if adjust != nil {
			raw = adjust(name, raw)
		}
		files[name] = &fstest.MapFile{Data: raw}
	}
	entries, err := governance.Build(files, governance.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return snapshotUnder(t, entries)
}

// snapshotUnder compiles the policy of the binary with governance data.
func snapshotUnder(t testing.TB, entries *governance.Bundle) *policy.Snapshot {
	t.Helper()
	rules, _, err := governance.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	s, err := policy.Compile(context.Background(), []policy.Bundle{
		{Stamp: policy.BundleStamp{Name: governance.NamePolicy}, Content: rules.Content},
		{Stamp: policy.BundleStamp{Name: governance.NameGovernance}, Content: entries.Content},
	}, policy.Options{Deadline: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// decided runs messages through decoding and correlation, and decides those
// that a trigger fits; it gives back the last one's Decision, and none of its
// own where the last message is only context.
func decided(t testing.TB, s *policy.Snapshot, messages []string) policy.Decision {
	t.Helper()
	tracker := install.NewTracker(install.Limits{})
	var last policy.Decision
	for i, message := range messages {
		records, fault := event.Decode([]byte(message))
		if fault != nil {
			t.Fatalf("message %d: %v", i+1, fault)
		}
		for _, record := range records {
			if record.Fault != nil {
				t.Fatalf("message %d: %v", i+1, record.Fault)
			}
			at := install.Position{Stream: "canary", Sequence: uint64(i + 1)}
			last = policy.Decision{}
			switch s.Scope().Outcome(record.Event, tracker.Tracks) {
			case event.InScope:
			case event.Remembered:
				tracker.Remember(record.Event, at)
				continue
			case event.Out:
				t.Fatalf("message %d is not in scope", i+1)
			}
			around := tracker.Apply(record.Event, at)
			if !s.Triggers(&around) {
				continue
			}
			last = s.Decide(context.Background(), policy.Trigger{Stream: "canary", Sequence: uint64(i + 1), Cause: policy.CauseEvent},
				policy.Facts{Context: &around, Host: "ws01", Now: record.Event.Time})
			if last.Fault != "" {
				t.Fatalf("message %d: %s", i+1, last.Fault)
			}
		}
	}
	return last
}

func TestLastMessageOfEachCanaryFiresItsSignalAndNoneBeforeAlarms(t *testing.T) {
	s := snapshot(t)
	for _, canary := range s.Canaries() {
		t.Run(canary.Name, func(t *testing.T) {
			// What an exclusion hides may stand below what is an alert itself.
			if before := canary.Messages[:len(canary.Messages)-1]; len(before) > 0 && canary.Exclusion == "" {
				if d := decided(t, s, before); d.Answer.Disposition == policy.Alert && canary.Name != "child_of_extracted" {
					t.Errorf("the message before the last is an alert already: %+v", d.Answer.Signals)
				}
			}
			d := decided(t, s, canary.Messages)
			if !d.Answer.Disposition.AtLeast(canary.Least) {
				t.Errorf("disposition %s, want %s at least: %+v", d.Answer.Disposition, canary.Least, d.Answer.Signals)
			}
			fired := false
			for _, signal := range d.Answer.Signals {
				fired = fired || signal.ID == canary.Signal
			}
			if !fired {
				t.Errorf("signal %s does not hold: %+v", canary.Signal, d.Answer.Signals)
			}
		})
	}
}

// exclusions are what attackers know from other rule sets as ways round a
// detector: none of them may ever be inherited.
var exclusions = []string{
	`any \Windows\Installer\MSI*.tmp path`,
	`any parent ending E Global\MSI0000`,
	`any child of msiexec /V`,
	`any parent in Temp`,
	`the managed-action export by name alone`,
	`an unsigned path prefix`,
	`/i C:\`,
}

func TestFloorSetCoversEveryExclusionAndWhatNothingExcuses(t *testing.T) {
	byExclusion, floor := map[string]bool{}, map[string]bool{}
	excusable := map[string]bool{"unexplained": true}
	for _, s := range signals(t) {
		excusable[s.ID] = s.Excusable
	}
	for _, canary := range snapshot(t).Canaries() {
		if canary.Exclusion != "" && !slices.Contains(exclusions, canary.Exclusion) {
			t.Errorf("%s: no such exclusion: %q", canary.Name, canary.Exclusion)
		}
		if canary.Floor {
			byExclusion[canary.Exclusion] = true
			floor[canary.Signal] = floor[canary.Signal] || !canary.Excusable
		}
		if canary.Excusable && !excusable[canary.Signal] {
			t.Errorf("%s may be excused, but its signal %s never", canary.Name, canary.Signal)
		}
	}
	for _, exclusion := range exclusions {
		if !byExclusion[exclusion] {
			t.Errorf("no canary of the floor set is hidden by %q", exclusion)
		}
	}
	for _, s := range signals(t) {
		if !s.Excusable && !s.Governance && !floor[s.ID] {
			t.Errorf("%s is excused by nothing, and has no canary in the floor set that says so", s.ID)
		}
	}
}

// An event of its own kind shows no file that an entry could list: what an entry
// has besides, its tool, package, hash of the package and change window, is put in
// before it (gateway/policy/deployment.yaml). Everything else takes a file's facts.
var withoutFile = map[string]string{
	"clientless_install":   "it is about a record of MsiInstaller",
	"contradicted_package": "it is about a record of MsiInstaller",
	"planted_temporary":    "it is about a file that is written",
	"recorded_url":         "it is about a record of MsiInstaller",
	"rollback_tampering":   "it is about a file or a value that is written",
}

func TestEachCanaryTakesWhatAnEntryCanHave(t *testing.T) {
	files, err := fs.Glob(policies.FS, "canaries/*/data.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d canaries, %v", len(files), err)
	}
	unused := maps.Clone(withoutFile)
	for _, file := range files {
		raw, err := fs.ReadFile(policies.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		text, name := string(raw), path.Base(path.Dir(file))
		slot := func(name string) bool { return strings.Contains(text, "{{"+name+"|") }
		if !slot("host") {
			t.Errorf("%s: has no slot host: an entry's install would be on another host", name)
		}
		files := slot("sha256") && slot("sha1")
		if _, said := withoutFile[name]; said {
			delete(unused, name)
			if files {
				t.Errorf("%s: has slots for a file, and is listed as one without", name)
			}
		} else if !files {
			t.Errorf("%s: has no slots sha256 and sha1, and no reason is listed", name)
		}
		// A version resource that is claimed narrows an entry: what claims a company claims a product.
		if slot("company") != slot("product") {
			t.Errorf("%s: has one of the slots company and product", name)
		}
	}
	for name := range unused {
		t.Errorf("%s is listed, and there is no such canary", name)
	}
}
