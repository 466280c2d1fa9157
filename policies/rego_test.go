package policies_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"

	"msigate/gateway"
	"msigate/gateway/policytest"
	"msigate/policies"
)

// What msigate test runs without a story.
func TestRegoTestsAndCanariesPassAndCoverThePolicy(t *testing.T) {
	ctx := context.Background()
	bundles, err := gateway.ReadBundles(nil)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := policytest.Open(ctx, bundles, nil)
	if err != nil {
		t.Fatal(err)
	}
	report, err := policytest.Run(ctx, pack, policytest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range report.Results {
		if r := &report.Results[i]; r.Failed() {
			t.Errorf("%s: %s: %s", r.Place(), r.FullName(), r.Failure)
		}
	}
	t.Logf("%d tests, %.1f %% of %d lines", len(report.Results), report.Coverage.LinesShare, report.Coverage.Lines)
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
