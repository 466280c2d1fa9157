package policies_test

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"msigate/gateway/governance"
	"msigate/gateway/policy"
)

// A bundle of root baseline is read, compiled beside the others and shown in the
// answer; the disposition is that of a gateway without one.
func TestABaselineIsShownAndLowersTheSeverityAlone(t *testing.T) {
	files := fstest.MapFS{".manifest": {Data: []byte(`{"roots": ["baseline"]}`)}, "baseline/data.json": {Data: []byte(`{"packages": {"kestrel.msi": {"children": {"sha256:` + helperHash + `":
		{"hosts": 412, "first_seen": 1767225600000000000, "last_seen": 1795046400000000000}}}}}`)}}
	known, err := governance.ReadDir(files, "")
	if err != nil {
		t.Fatal(err)
	}
	if known.Name != governance.NameBaseline {
		t.Fatalf("it is read as %s", known.Name)
	}
	rules, entries, err := governance.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	all := []policy.Bundle{
		{Stamp: policy.BundleStamp{Name: governance.NamePolicy}, Content: rules.Content},
		{Stamp: policy.BundleStamp{Name: governance.NameGovernance}, Content: entries.Content},
		{Stamp: policy.BundleStamp{Name: governance.NameBaseline}, Content: known.Content},
	}
	var answers []policy.Answer
	for _, bundles := range [][]policy.Bundle{all[:2], all} {
		s, err := policy.Compile(context.Background(), bundles, policy.Options{Deadline: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		h := newTold()
		h.start(explorer, services)
		h.start(own, explorer)
		asked := running(2500, msiexec, `msiexec.exe /i D:\stage\kestrel.msi`, `CORP\alice`)
		h.start(asked, explorer)
		p := running(2600, `D:\stage\helper.exe`, "helper.exe /s", `CORP\alice`)
		p.Hashes.SHA256 = helperHash
		c := h.start(p, asked)
		d := s.Decide(t.Context(), policy.Trigger{Stream: "EVENTS", Sequence: h.n, Cause: policy.CauseEvent}, policy.Facts{Context: &c, Host: "ws01", Now: h.at})
		if d.Fault != "" {
			t.Fatal(d.Fault)
		}
		answers = append(answers, d.Answer)
	}
	without, with := answers[0], answers[1]
	if without.Baseline != nil || without.Severity != policy.High || without.Disposition != policy.Alert {
		t.Errorf("without a baseline: %s, %s, %+v", without.Disposition, without.Severity, without.Baseline)
	}
	want := policy.Prevalence{
		Package: "kestrel.msi", Child: "sha256:" + helperHash, Hosts: 412,
		FirstSeen: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), LastSeen: time.Unix(0, 1795046400000000000).UTC(),
	}
	if with.Baseline == nil || *with.Baseline != want || with.Severity != policy.Medium || with.Disposition != policy.Alert || with.Approval != nil {
		t.Errorf("with one: %s, %s, %+v; want an alert at medium severity and %+v", with.Disposition, with.Severity, with.Baseline, want)
	}
}
