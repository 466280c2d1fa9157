package policytest

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"msigate/gateway/policy"
)

// Kind says what a test is of.
type Kind string

// The kinds, in the order in which they run.
const (
	Rego     Kind = "rego"
	Stories  Kind = "story"
	Canaries Kind = "canary"
	Cover    Kind = "coverage"
	Costs    Kind = "cost"
)

// Result is what came of one test.
type Result struct {
	Kind    Kind          `json:"kind"`
	Name    string        `json:"name"` // unique among those of its kind; with the kind before it, what --run matches
	File    string        `json:"file,omitempty"`
	Line    int           `json:"line,omitempty"` // of File, from 1
	Took    time.Duration `json:"took_ns"`
	Failure string        `json:"failure,omitempty"` // why it failed; "": it passed, or was skipped
	Skipped string        `json:"skipped,omitempty"` // why it was not run
}

// Failed tells whether the test failed.
func (r *Result) Failed() bool { return r.Failure != "" }

// FullName is the kind and the name: rego/an0940.signals.denied_test.test_….
func (r *Result) FullName() string { return string(r.Kind) + "/" + r.Name }

// Place is the file, with its line where there is one; "" where a test has none.
func (r *Result) Place() string {
	if r.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("%s:%d", r.File, r.Line)
}

// Report is what came of all tests.
type Report struct {
	Bundles  []policy.BundleStamp `json:"bundles"`
	Results  []Result             `json:"results"`
	Coverage *Coverage            `json:"coverage"` // nil where a pattern left tests out
	Costs    *CostProfile         `json:"costs"`    // nil where no story was told whole
	Took     time.Duration        `json:"took_ns"`
}

// Failed is how many tests failed.
func (r *Report) Failed() int {
	failed := 0
	for i := range r.Results {
		if r.Results[i].Failed() {
			failed++
		}
	}
	return failed
}

// Skipped is how many tests were not run.
func (r *Report) Skipped() int {
	skipped := 0
	for i := range r.Results {
		if r.Results[i].Skipped != "" {
			skipped++
		}
	}
	return skipped
}

// Options say which tests run.
type Options struct {
	// Run is matched against full names. nil: all. Where it is set, coverage is not
	// judged: it is of all Rego tests or says nothing.
	Run *regexp.Regexp
	// Each, if not nil, is called with every Result, in order, as soon as it is there.
	Each func(Result)
}

func (o Options) wants(kind Kind, name string) bool {
	return o.Run == nil || o.Run.MatchString(string(kind)+"/"+name)
}

// Run runs the tests of a pack. An error means that they could not be run; what
// failed is in the Report.
func Run(ctx context.Context, p *Pack, o Options) (*Report, error) {
	began := time.Now()
	report := &Report{Bundles: p.snapshot.Bundles(), Results: []Result{}}
	add := func(results ...Result) {
		for _, r := range results {
			report.Results = append(report.Results, r)
			if o.Each != nil {
				o.Each(r)
			}
		}
	}
	results, coverage, err := p.runRego(ctx, o)
	if err != nil {
		return nil, err
	}
	add(results...)
	told, err := p.tellStories(ctx, o, add)
	if err != nil {
		return nil, err
	}
	if err := p.tryCanaries(ctx, o, add); err != nil {
		return nil, err
	}
	if o.Run == nil {
		report.Coverage = coverage
		add(coverage.judge()...)
	}
	costs, err := p.checkCosts(o)
	if err != nil {
		return nil, err
	}
	add(costs...)
	if report.Costs, err = p.profile(ctx, told); err != nil {
		return nil, err
	}
	report.Took = time.Since(began)
	return report, ctx.Err()
}
