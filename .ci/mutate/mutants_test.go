package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

const source = `package an0940.x

import data.lib.y

names := {"a", "b"}

held if {
	some name in y.names
	name in names
	input.count > 3
	not y.known(name)
	every other in input.all {
		other != name
	}
	input.kind in {"p", "q"}
}

counted := n if {
	n := count([x | some x in input.all; x == 1])
}
`

func TestEveryOperatorIsAppliedToEveryExpression(t *testing.T) {
	mutants, err := mutantsOf("x.rego", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range mutants {
		got = append(got, fmt.Sprintf("%d %s", m.Line, m))
		if _, err := ast.ParseModuleWithOpts("x.rego", string(m.text), ast.ParserOptions{RegoVersion: ast.RegoV1}); err != nil {
			t.Errorf("%s: %v in\n%s", m, err, m.text)
		}
		if string(m.text) == source {
			t.Errorf("%s changes nothing", m)
		}
	}
	for _, want := range []string{
		`5: empty: {"a", "b"} → set()`,
		`8: delete: some name in y.names → true`,
		`9: widen: name in names → name in (names | {name})`,
		`9: negate: name in names → not name in names`,
		`10: swap: input.count > 3 → input.count >= 3`,
		`10: delete: input.count > 3 → true`,
		`11: negate: not y.known(name) → y.known(name)`,
		`13: swap: other != name → other == name`,
		`15: widen: input.kind in {"p", "q"} → input.kind in {input.kind, "p", "q"}`,
		`15: empty: {"p", "q"} → set()`,
		`19: delete: n := count([x | some x in input.all; x == 1]) → true`,
		`19: swap: x == 1 → x != 1`,
	} {
		if !slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, "x.rego:"+want) }) {
			t.Errorf("no mutant %s", want)
		}
	}
	if t.Failed() {
		t.Log("\n" + strings.Join(got, "\n"))
	}
	again, err := mutantsOf("x.rego", []byte(source))
	if err != nil || len(again) != len(mutants) {
		t.Fatal(err, len(again))
	}
	for i := range again {
		if again[i].String() != mutants[i].String() {
			t.Errorf("the order differs: %s and %s", again[i], mutants[i])
		}
	}
}

func TestVerdictsAreKeptForTheSamePackOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results")
	one := Mutant{File: "x.rego", Line: 3, Column: 2, Operator: swap, Before: "a", After: "b"}
	two := one
	two.Column = 9
	r, err := openResults(path, "pack")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.add(Judged{Mutant: one, Verdict: killed, By: "rego/t"}); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if r, err = openResults(path, "pack"); err != nil {
		t.Fatal(err)
	}
	if missing := r.missing([]Mutant{one, two}); len(missing) != 1 || missing[0].Column != 9 {
		t.Errorf("missing %v", missing)
	}
	if all := r.all([]Mutant{one}); all[0].Verdict != killed || all[0].By != "rego/t" {
		t.Errorf("%+v", all)
	}
	r.Close()
	if r, err = openResults(path, "another"); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n := r.of([]Mutant{one, two}); n != 0 {
		t.Errorf("%d are known of another pack", n)
	}
}

func TestWhatAnEarlierRunKilledIsNotJudgedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results")
	at := func(line int, before string) Mutant {
		return Mutant{File: "x.rego", Line: line, Operator: swap, Before: before, After: "b"}
	}
	earlier, err := openResults(path, "a pack")
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range []Judged{
		{Mutant: at(1, "killed"), Verdict: killed, By: "rego/t"},
		{Mutant: at(2, "refused"), Verdict: refused},
		{Mutant: at(3, "survived"), Verdict: survived},
		{Mutant: at(4, "twice"), Verdict: survived},
		{Mutant: at(5, "twice"), Verdict: killed},
	} {
		if err := earlier.add(j); err != nil {
			t.Fatal(err)
		}
	}
	earlier.Close()
	known, err := openResults("", "another pack")
	if err != nil {
		t.Fatal(err)
	}
	moved := []Mutant{at(11, "killed"), at(12, "refused"), at(13, "survived"), at(14, "twice"), at(15, "twice"), at(16, "new")}
	if err := known.takeOver(path, moved); err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, m := range known.missing(moved) {
		lines = append(lines, m.Line)
	}
	if !slices.Equal(lines, []int{13, 14, 15, 16}) {
		t.Errorf("lines %v are to be judged", lines)
	}
	if all := known.all(moved); all[0].Verdict != killed || all[0].By != "rego/t" || all[0].Line != 11 || all[1].Verdict != refused {
		t.Errorf("%+v", all)
	}
	if err := known.takeOver(path+" that is not there", moved); err == nil {
		t.Error("a file that is missing says that all is to be judged")
	}
}

func TestASampleIsTheSameForTheSameSeed(t *testing.T) {
	var all []Mutant
	for line := range 100 {
		all = append(all, Mutant{File: "x.rego", Line: line})
	}
	lines := func(seed uint64) (lines []int) {
		for _, m := range sampled(all, 10, seed) {
			lines = append(lines, m.Line)
		}
		return lines
	}
	if !slices.Equal(lines(1), lines(1)) || slices.Equal(lines(1), lines(2)) || !slices.IsSorted(lines(1)) || len(lines(1)) != 10 {
		t.Errorf("%v, %v, %v", lines(1), lines(1), lines(2))
	}
}

func TestTheShareThatSurvivesDecidesTheExitCode(t *testing.T) {
	of := func(k, r, s int) []Judged {
		var all []Judged
		for verdict, n := range map[string]int{killed: k, refused: r, survived: s} {
			for range n {
				all = append(all, Judged{Mutant: Mutant{File: verdict}, Verdict: verdict})
			}
		}
		return all
	}
	var out strings.Builder
	if code, err := report(&out, of(19, 5, 1), 5, false); code != 0 || err != nil {
		t.Errorf("5 %%: %d, %v", code, err)
	}
	if !strings.Contains(out.String(), "19 killed by a test, 5 refused by the compiler, 1 survive: 5.0 %") || strings.Count(out.String(), "\n") != 2 {
		t.Error(out.String())
	}
	if code, err := report(&out, of(18, 5, 1), 5, false); code != 1 || err == nil {
		t.Errorf("more than 5 %%: %d, %v", code, err)
	}
	if code, err := report(&out, of(0, 5, 0), 5, false); code != 1 || err == nil {
		t.Errorf("nothing compiled: %d, %v", code, err)
	}
}
