package main

import (
	"bufio"
	"fmt"
	"strings"
	"time"

	"msigate/gateway/policytest"
)

// printTests writes what a person needs of a report: what failed and where, then
// how much there was, what the tests reach and what the signals cost.
func (c *command) printTests(r *policytest.Report) {
	w := bufio.NewWriter(c.out)
	defer w.Flush()
	say := &speaker{w: w, colour: c.out.colour}
	kinds := []policytest.Kind{}
	passed, all := map[policytest.Kind]int{}, map[policytest.Kind]int{}
	for i := range r.Results {
		result := &r.Results[i]
		if all[result.Kind]++; all[result.Kind] == 1 {
			kinds = append(kinds, result.Kind)
		}
		switch {
		case result.Failed():
			say.line("%s  %s%s", say.paint(red, "FAIL"), result.FullName(), atPlace(result))
			for line := range strings.SplitSeq(result.Failure, "\n") {
				say.line("      %s", line)
			}
		case result.Skipped != "":
			say.line("%s  %s: %s", say.paint(yellow, "SKIP"), result.FullName(), result.Skipped)
		default:
			passed[result.Kind]++
		}
	}
	for _, kind := range kinds {
		verdict := say.paint(green, "ok  ")
		if passed[kind] < all[kind] {
			verdict = say.paint(yellow, "    ")
		}
		say.line("%s  %-9s %d of %d passed", verdict, kind, passed[kind], all[kind])
	}
	if coverage := r.Coverage; coverage != nil {
		say.line("\ncoverage by Rego tests: %.1f %% of %d rules, %.1f %% of %d lines", coverage.RulesShare, coverage.Rules, coverage.LinesShare, coverage.Lines)
	}
	if costs := r.Costs; costs != nil {
		printCosts(say, costs)
	}
	say.line("\n%d tests in %s", len(r.Results), r.Took.Round(10*time.Millisecond))
}

func atPlace(r *policytest.Result) string {
	if r.File == "" {
		return ""
	}
	return " (" + r.Place() + ")"
}

func printCosts(say *speaker, costs *policytest.CostProfile) {
	say.line("\ncost as a multiple of an empty evaluation (%s), over %d events of the stories", costs.Empty.Round(time.Microsecond), costs.Events)
	say.line("  %-28s %6s %6s", "", "mean", "most")
	for _, cost := range append([]policytest.Cost{costs.Decision}, costs.Signals...) {
		say.line("  %-28s %6s %6s", cost.ID, multiple(cost.Mean), multiple(cost.Most))
	}
}

func multiple(m float64) string { return fmt.Sprintf("%.2f", m) }
