package policytest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// governed are the documents that grow with what a company approves and sees:
// a rule that goes through one costs more with every entry.
var governed = []string{"governance", "baseline"}

// place is where a value stands in the data: data.governance.installers[id] is
// governance, installers, *.
type place []string

func (p place) String() string { return "data." + strings.Join(p, ".") }

// mayWalk tells whether going through what is at p is bounded by one entry: the
// entries that one value of the index leads to, the fields of one entry, one
// record of the baseline. Anything above grows with the number of entries, and a
// list of an entry can hold as many hashes as its owner likes.
func (p place) mayWalk() bool {
	switch {
	case len(p) == 0 || !slices.Contains(governed, p[0]):
		return len(p) > 0
	case p[0] == "governance" && len(p) > 1 && p[1] == "index":
		return len(p) >= 5 // index, whose, which fact, its value
	case p[0] == "governance":
		return len(p) == 3 || len(p) > 3 && p[3] == "narrow"
	default:
		return len(p) >= 3
	}
}

func (p place) below(step string) place { return append(slices.Clone(p), step) }

// walkCheck follows governed values through the compiled rules: by references,
// local names, complete rules, and functions' arguments and results. Where a
// collection of them is put into another value it cannot be followed, and that
// is told as well.
type walkCheck struct {
	compiler *ast.Compiler
	values   map[string][]place          // of complete rules and functions, by reference
	params   map[*ast.Rule][]ast.Var     // of functions
	given    map[string]map[int][]place  // to functions, by reference and argument
	isRule   map[string]bool             // every rule's reference
	found    map[string]map[Finding]bool // nil: not yet collected
	changed  bool
	near     *ast.Location // of the rule or expression that is looked at: what the compiler makes has none
}

// Finding is what a cost check has against one line of the policy.
type Finding struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Text string `json:"text"`
}

func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text) }

// walks finds where the rules go through governance data or the baseline.
func walks(compiler *ast.Compiler) []Finding {
	w := &walkCheck{
		compiler: compiler, values: map[string][]place{}, params: map[*ast.Rule][]ast.Var{},
		given: map[string]map[int][]place{}, isRule: map[string]bool{},
	}
	for _, module := range compiler.Modules {
		for _, rule := range module.Rules {
			w.isRule[rule.Ref().GroundPrefix().String()] = true
		}
	}
	// What is known of rules' values only grows, and a path is no longer than the
	// rules that lead to it: a few rounds do.
	for range 20 {
		if w.changed = false; !w.round() {
			break
		}
	}
	w.found = map[string]map[Finding]bool{}
	w.round()
	var all []Finding
	for _, of := range w.found {
		for finding := range of {
			all = append(all, finding)
		}
	}
	slices.SortFunc(all, func(a, b Finding) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(a.Text, b.Text)
	})
	return all
}

func (w *walkCheck) round() bool {
	for _, module := range w.compiler.Modules {
		for _, rule := range module.Rules {
			for r := rule; r != nil; r = r.Else {
				w.rule(r)
			}
		}
	}
	return w.changed
}

func (w *walkCheck) rule(r *ast.Rule) {
	ref := r.Ref().GroundPrefix().String()
	scope := newWalkScope()
	for i, arg := range r.Head.Args {
		for _, v := range varsOf(arg) {
			scope.bound[v] = true
		}
		if v, ok := arg.Value.(ast.Var); ok {
			scope.places[v] = w.given[ref][i]
		}
	}
	w.near = r.Location
	w.body(r.Body, scope)
	w.near = r.Location
	complete := r.Head.RuleKind() == ast.SingleValue && len(r.Ref()) == len(r.Ref().GroundPrefix())
	for _, term := range []*ast.Term{r.Head.Key, r.Head.Value} {
		if term == nil {
			continue
		}
		at := w.term(term, scope)
		if complete {
			w.learn(ref, at)
		} else {
			w.handedOn(term, at)
		}
	}
}

func (w *walkCheck) learn(ref string, at []place) {
	for _, p := range at {
		if !slices.ContainsFunc(w.values[ref], func(q place) bool { return slices.Equal(p, q) }) && len(p) < 12 {
			w.values[ref] = append(w.values[ref], p)
			w.changed = true
		}
	}
}

func (w *walkCheck) tell(term *ast.Term, format string, args ...any) {
	if w.found == nil {
		return
	}
	at := w.near
	if term.Location != nil && term.Location.Row > 0 {
		at = term.Location
	}
	f := Finding{File: at.File, Line: at.Row, Text: fmt.Sprintf(format, args...)}
	if w.found[f.File] == nil {
		w.found[f.File] = map[Finding]bool{}
	}
	w.found[f.File][f] = true
}

// walked tells of each place that may not be gone through.
func (w *walkCheck) walked(term *ast.Term, at []place, how string) {
	for _, p := range at {
		if !p.mayWalk() {
			w.tell(term, "%s %s; look up in data.governance.index, or by the entry's id", how, p)
		}
	}
}

// handedOn tells of collections that become part of another value. A part of one
// entry may: it is most often a name or a date.
func (w *walkCheck) handedOn(term *ast.Term, at []place) {
	for _, p := range at {
		if !p.mayWalk() && (len(p) < 3 || p[1] == "index") {
			w.walked(term, []place{p}, "hands on all of")
		}
	}
}
