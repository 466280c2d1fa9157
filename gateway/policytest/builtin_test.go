package policytest

import (
	"context"
	"io/fs"
	"regexp"
	"testing"

	"msigate/gateway"
	"msigate/gateway/governance"
	"msigate/testdata"
)

// shipped are the bundles and the stories of the binary.
func shipped(t testing.TB) ([]*governance.Bundle, fs.FS) {
	t.Helper()
	bundles, err := gateway.ReadBundles(nil)
	if err != nil {
		t.Fatal(err)
	}
	stories, err := fs.Sub(testdata.Stories, "stories")
	if err != nil {
		t.Fatal(err)
	}
	return bundles, stories
}

func TestThePackThatIsShippedPasses(t *testing.T) {
	bundles, stories := shipped(t)
	pack, err := Open(context.Background(), bundles, stories)
	if err != nil {
		t.Fatal(err)
	}
	report, err := Run(context.Background(), pack, Options{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[Kind]int{}
	for _, r := range report.Results {
		kinds[r.Kind]++
		if r.Failed() {
			t.Errorf("%s (%s:%d): %s", r.FullName(), r.File, r.Line, r.Failure)
		}
	}
	for _, kind := range []Kind{Rego, Stories, Canaries, Cover, Costs} {
		if kinds[kind] == 0 {
			t.Errorf("no %s test ran", kind)
		}
	}
	t.Logf("%d tests in %s: %v; coverage %.1f %% of lines", len(report.Results), report.Took, kinds, report.Coverage.LinesShare)
	if report.Costs == nil || len(report.Costs.Signals) == 0 {
		t.Fatal("no signal has a cost")
	}
	t.Logf("empty %s, decision %+v", report.Costs.Empty, report.Costs.Decision)
	for _, cost := range report.Costs.Signals {
		t.Logf("%-26s %5.1f %5.1f", cost.ID, cost.Mean, cost.Most)
	}
}

func TestAPatternNarrowsWhatRuns(t *testing.T) {
	bundles, stories := shipped(t)
	pack, err := Open(context.Background(), bundles, stories)
	if err != nil {
		t.Fatal(err)
	}
	report, err := Run(context.Background(), pack, Options{Run: regexp.MustCompile(`^canary/shell_child$|story/extracted-exe/|denied_test\.test_`)})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[Kind]int{}
	for _, r := range report.Results {
		kinds[r.Kind]++
	}
	if kinds[Canaries] != 1 || kinds[Stories] != 2 || kinds[Rego] == 0 || kinds[Rego] > 20 || kinds[Cover]+kinds[Costs] != 0 || report.Coverage != nil {
		t.Errorf("%v ran; coverage %v", kinds, report.Coverage)
	}
}
