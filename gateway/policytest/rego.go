package policytest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// runRego runs the Rego tests over the data of the policy alone, as opa test
// does: what governance says is theirs to invent.
func (p *Pack) runRego(ctx context.Context, o Options) ([]Result, *Coverage, error) {
	covered := cover.New()
	runner := newRunner(p.rules, p.tests).SetCoverageQueryTracer(covered).SetCoverageRuns(nil)
	if o.Run != nil {
		names := p.wantedTests(o)
		if len(names) == 0 {
			return nil, nil, nil
		}
		runner.SetPrefixMatchers(names...)
	}
	var results []Result
	if err := p.runTests(ctx, runner, func(r Result) { results = append(results, r) }); err != nil {
		return nil, nil, fmt.Errorf("compile the Rego tests: %w", err)
	}
	slices.SortFunc(results, func(a, b Result) int { return cmp.Compare(a.Name, b.Name) })
	if o.Run == nil && len(results) == 0 {
		results = []Result{{Kind: Rego, Name: "tests", Failure: "the policy has no Rego test (files that end in _test.rego, beside the rules)"}}
	}
	return results, newCoverage(p.rules, covered.Report(p.rules)), nil
}

func newRunner(rules, tests map[string]*ast.Module) *tester.Runner {
	modules := maps.Clone(rules)
	maps.Copy(modules, tests)
	return tester.NewRunner().
		SetCompiler(ast.NewCompiler().WithEnablePrintStatements(true)).
		SetModules(modules).
		CapturePrintOutput(true)
}

// wantedTests are the full references of those whose name the pattern matches.
func (p *Pack) wantedTests(o Options) []ast.Ref {
	var wanted []ast.Ref
	for _, module := range p.tests {
		for _, rule := range module.Rules {
			ref := rule.Ref().GroundPrefix()
			if o.wants(Rego, strings.TrimPrefix(ref.String(), "data.")) {
				wanted = append(wanted, ref)
			}
		}
	}
	return wanted
}

// runTests runs a runner's tests over the data of the policy and hands over what
// came of each, in any order. An error means that they do not compile.
func (p *Pack) runTests(ctx context.Context, runner *tester.Runner, each func(Result)) error {
	store := newStore(p.data)
	txn, err := store.NewTransaction(ctx, storage.TransactionParams{})
	if err != nil {
		return fmt.Errorf("open the data of the policy: %w", err)
	}
	defer store.Abort(ctx, txn)
	channel, err := runner.SetStore(store).RunTests(ctx, txn)
	if err != nil {
		return err
	}
	for r := range channel {
		each(regoResult(r))
	}
	return nil
}

// newStore holds data as the gateway's does, read as AST values.
func newStore(data map[string]any) storage.Store {
	return inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
}

func regoResult(r *tester.Result) Result {
	result := Result{Kind: Rego, Name: strings.TrimPrefix(r.Package, "data.") + "." + r.Name, Took: r.Duration}
	if r.Location != nil {
		result.File, result.Line = r.Location.File, r.Location.Row
	}
	switch {
	case r.Skip:
		result.Skipped = "its name begins with todo_"
	case topdown.IsCancel(r.Error):
		result.Failure = "took longer than a test may"
	case r.Error != nil:
		result.Failure = r.Error.Error()
	case r.Fail:
		result.Failure = "is not true"
		for name, sub := range r.SubResults.Iter {
			if sub.Fail {
				result.Failure += "\ncase " + strings.Join(name, ".")
			}
		}
	}
	if result.Failed() && len(r.Output) > 0 {
		result.Failure += "\nprinted:\n" + strings.TrimSpace(string(r.Output))
	}
	return result
}
