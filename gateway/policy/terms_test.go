package policy

import (
	"encoding/json"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

func TestDataIsReadAsOPAReadsItAndSharedWhereItIsTheSame(t *testing.T) {
	parse := func(text string) map[string]any {
		t.Helper()
		var data map[string]any
		if err := json.Unmarshal([]byte(text), &data); err != nil {
			t.Fatal(err)
		}
		return data
	}
	const one = `{"governance": {"installers": {"a": {"sha256": {"x": true}, "expires": 5, "narrow": null, "list": ["p", {"q": 1}]}, "b": {"expires": 6}}, "index": {"installers": {"sha256": {"x": {"a": true}}}}}, "scope": {"names": ["msiexec.exe"]}}`
	const two = `{"governance": {"installers": {"a": {"sha256": {"x": true}, "expires": 5, "narrow": null, "list": ["p", {"q": 1}]}, "b": {"expires": 7}, "c": {}}, "index": {"installers": {"sha256": {"x": {"a": true}, "y": {"c": true}}}}}, "scope": {"names": ["msiexec.exe", "x"]}}`
	before := &Snapshot{data: parse(one)}
	var err error
	if before.terms, err = terms(before.data, nil); err != nil {
		t.Fatal(err)
	}
	after, err := terms(parse(two), before)
	if err != nil {
		t.Fatal(err)
	}
	for text, made := range map[string]ast.Object{one: before.terms, two: after} {
		want, err := ast.InterfaceToValue(parse(text))
		if err != nil {
			t.Fatal(err)
		}
		if made.Compare(want) != 0 {
			t.Errorf("got %v\nwant %v", made, want)
		}
	}
	at := func(root ast.Object, path ...string) ast.Value {
		var value ast.Value = root
		for _, key := range path {
			value = value.(ast.Object).Get(ast.StringTerm(key)).Value
		}
		return value
	}
	sameList := func(path ...string) bool { return at(before.terms, path...) == at(after, path...) }
	if !sameList("governance", "installers", "a", "list") {
		t.Error("what is the same was made anew")
	}
	if sameList("scope", "names") {
		t.Error("what changed is what it was")
	}
}
