package policies_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"

	"msigate/policies"
)

// leastCoverage is the least share of lines, in per cent, that the Rego tests must reach.
const leastCoverage = 95.0

func TestRegoTestsPassAndCoverThePolicy(t *testing.T) {
	ctx := context.Background()
	parsed := modules(t, true)
	store := bundleStore(t)
	txn := storage.NewTransactionOrDie(ctx, store)
	defer store.Abort(ctx, txn)

	coverage := cover.New()
	results, err := tester.NewRunner().
		SetCompiler(ast.NewCompiler()).
		SetModules(parsed).
		SetStore(store).
		SetCoverageQueryTracer(coverage).
		CapturePrintOutput(true).
		RunTests(ctx, txn)
	if err != nil {
		t.Fatal(err)
	}
	tests := 0
	for result := range results {
		tests++
		if !result.Pass() {
			t.Errorf("%s: %s.%s: fail=%t error=%v failed at %v\n%s",
				result.Location, result.Package, result.Name, result.Fail, result.Error, result.FailedAt, result.Output)
		}
	}
	if tests == 0 {
		t.Fatal("no Rego test was found")
	}

	production := modules(t, false)
	report := coverage.Report(production)
	covered, all := 0, 0
	for name := range production {
		file := report.Files[name]
		if file == nil {
			t.Errorf("%s: no line is covered", name)
			continue
		}
		covered, all = covered+file.CoveredLines, all+file.CoveredLines+file.NotCoveredLines
		for _, gap := range file.NotCovered {
			t.Logf("%s:%d-%d: not covered", name, gap.Start.Row, gap.End.Row)
		}
	}
	for name, module := range production {
		for _, rule := range module.Rules {
			if file := report.Files[name]; file != nil && !reached(file, rule) {
				t.Errorf("%s:%d: rule %s is never reached by a test", name, rule.Location.Row, rule.Head.Ref())
			}
		}
	}
	share := 100 * float64(covered) / float64(all)
	t.Logf("%d tests, %.1f %% of %d lines", tests, share, all)
	if share < leastCoverage {
		t.Errorf("the tests cover %.1f %% of the lines; at least %.0f %% are wanted", share, leastCoverage)
	}
}

// reached tells whether a test came into a rule: its head held, or a line of its body did.
func reached(file *cover.FileReport, rule *ast.Rule) bool {
	if file.IsCovered(rule.Head.Location.Row) {
		return true
	}
	for _, expr := range rule.Body {
		if file.IsCovered(expr.Location.Row) {
			return true
		}
	}
	return false
}

func TestRegoIsFormatted(t *testing.T) {
	for name := range modules(t, true) {
		raw, err := policies.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.SourceWithOpts(name, raw, format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(raw, formatted) {
			t.Errorf("%s is not as opa fmt writes it", name)
		}
	}
}

func TestMisspeltInputIsRefused(t *testing.T) {
	parsed := modules(t, false)
	parsed["misspelt.rego"] = ast.MustParseModule("package an0940.misspelt\n\nheld if input.proces.image\n")
	compiler := ast.NewCompiler().WithSchemas(schemas(t)).WithStrict(true)
	compiler.Compile(parsed)
	if text := fmt.Sprint(compiler.Errors); !strings.Contains(text, "input.proces") {
		t.Errorf("a misspelt input was not refused: %s", text)
	}
}
