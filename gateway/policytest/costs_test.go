package policytest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

func compiledRules(t *testing.T, rules string) *ast.Compiler {
	t.Helper()
	modules := map[string]*ast.Module{"x.rego": ast.MustParseModuleWithOpts("package lib.x\n\n"+rules, ast.ParserOptions{RegoVersion: ast.RegoV1})}
	for _, rule := range modules["x.rego"].Rules {
		rule.Module = modules["x.rego"]
	}
	compiler := ast.NewCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	return compiler
}

func TestWaysThroughGovernanceDataAreFound(t *testing.T) {
	tests := map[string]string{
		"some in":                     `r if { some entry in data.governance.installers; entry.owner == "x" }`,
		"wildcard":                    `r if data.governance.installers[_].owner == "x"`,
		"some key":                    `r if { some id; data.governance.installers[id].sha256[input.process.sha256] }`,
		"local name":                  "r if {\n\tall := data.governance.installers\n\tsome entry in all\n\tentry.owner == \"x\"\n}",
		"local name twice":            "r if {\n\tall := data.governance\n\tthese := all.signers\n\tthese[_]\n}",
		"import":                      "import data.governance.deny as list\n\nr if some entry in list",
		"every":                       `r if every id, entry in data.governance.sources { entry.owner != id }`,
		"comprehension":               `r := {id | some id, _ in data.governance.installers}`,
		"membership":                  `r if input.process.name in data.governance.installers`,
		"object.keys":                 `r := object.keys(data.governance.signers)`,
		"union":                       `r := object.union(data.governance.signers, {})`,
		"a rule's value":              "all := data.governance.installers\n\nr if some entry in all",
		"a function's argument":       "walk_it(entries) if some entry in entries\n\nr if walk_it(data.governance.installers)",
		"a function's result":         "these(_) := data.governance.deny\n\nr if some entry in these(1)",
		"put into another value":      `r := {"all": data.governance.installers}`,
		"handed on by a partial rule": `r contains data.governance.installers`,
		"object.get":                  `r if some entry in object.get(data.governance, "installers", {})`,
		"object.get by a path":        `r if some entry in object.get(data.governance, ["deny"], {})`,
		"a whole fact of the index":   `r if some hash, ids in data.governance.index.installers.sha256`,
		"two steps of the index":      `r if data.governance.index.installers.sha256[_][_]`,
		"all hashes of one entry":     `r if { some hash, _ in data.governance.installers[input.id].sha256; hash != "" }`,
		"the baseline":                `r if some child in data.baseline.children`,
		"inside a negated expression": `r if not any_of` + "\n\n" + `any_of if data.governance.deny[_]`,
		"a comprehension in a call":   `r if count([1 | data.governance.deny[_]]) > 0`,
		"else":                        `r := 1 if input.x` + "\n\n" + `else := 2 if data.governance.deny[_]`,
	}
	for name, rules := range tests {
		t.Run(name, func(t *testing.T) {
			if found := walks(compiledRules(t, rules)); len(found) == 0 {
				t.Errorf("nothing was found in\n%s", rules)
			}
		})
	}
}

func TestLookupsInGovernanceDataAreNotWalks(t *testing.T) {
	rules := `import data.governance.installers

ids contains id if some id, _ in data.governance.index.installers.sha256[input.process.sha256]

r if {
	some id in ids
	entry := data.governance.installers[id]
	entry.sha256[input.process.sha256]
	entry.created <= input.now
	count(entry.signers) > 0
	installers[id].owner == "x"
}

narrowing(entry) := {fact: entry.narrow[fact] | some fact in ["company"]}

s if {
	some id in ids
	some fact, wanted in narrowing(data.governance.installers[id])
	wanted[fact]
}

known if data.baseline.children[input.child].hosts > 3

t := {"owner": data.governance.installers[id].owner} if some id in ids

some_denied if count(data.governance.deny) > 0
`
	if found := walks(compiledRules(t, rules)); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func TestRegexesThatSearchAreFound(t *testing.T) {
	data := map[string]any{"lib": map[string]any{"p": map[string]any{"good": []any{"^a", "^(?:b|c)"}, "bad": []any{"^a", "b"}}}}
	tests := []struct {
		rules string
		found int
	}{
		{"r if regex.match(`^abc`, input.x)", 0},
		{"r if regex.match(`abc`, input.x)", 1},
		{"r if regex.match(`^a|b`, input.x)", 1},
		{"r if regex.match(`^a|^b`, input.x)", 0},
		{"r if regex.match(`(?m)^a`, input.x)", 1},
		{"r if regex.match(`(`, input.x)", 1},
		{"r if {\n\tp := `abc`\n\tregex.match(p, input.x)\n}", 1},
		{"r if {\n\tsome p in [`^a`, `b`]\n\tregex.match(p, input.x)\n}", 1},
		{"ps := {`^a`, `b`}\n\nr if {\n\tsome p in ps\n\tregex.match(p, input.x)\n}", 1},
		{"ps contains `b`\n\nr if {\n\tsome p in ps\n\tregex.match(p, input.x)\n}", 1},
		{"f(p) if regex.match(p, input.x)\n\nr if f(`b`)\n\ns if f(`^b`)", 1},
		{"r if {\n\tsome p in data.lib.p.good\n\tregex.match(p, input.x)\n}", 0},
		{"r if {\n\tsome p in data.lib.p.bad\n\tregex.match(p, input.x)\n}", 1},
		{"r if regex.match(input.p, input.x)", 1},
		{"r if regex.match(sprintf(`^%s`, [input.p]), input.x)", 1},
		{"r if regex.match(data.lib.p.none, input.x)", 1},
		{"r if count([1 | regex.match(`abc`, input.x)]) > 0", 1},
		{"r := regex.replace(input.x, `abc`, ``)", 1},
		{"r if every p in [`^a`, `b`] { regex.match(p, input.x) }", 1},
	}
	for _, test := range tests {
		t.Run(test.rules, func(t *testing.T) {
			if found := searches(compiledRules(t, test.rules), data); len(found) != test.found {
				t.Errorf("found %v", found)
			}
		})
	}
}

func TestFindingsAreTheSameEachTime(t *testing.T) {
	compiler := compiledRules(t, "r if data.governance.deny[_]\n\ns if data.governance.signers[_]\n\nt if data.governance.sources[_]")
	first := walks(compiler)
	for range 5 {
		if again := walks(compiler); !slices.Equal(again, first) || len(again) != 3 {
			t.Fatal(fmt.Sprint(first, again))
		}
	}
}
