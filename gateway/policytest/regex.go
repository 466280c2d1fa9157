package policytest

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// patternArgument is which argument of a built-in is its pattern.
var patternArgument = map[string]int{
	"regex.match": 0, "regex.is_valid": 0, "regex.find_n": 0, "regex.find_all_string_submatch_n": 0,
	"regex.split": 0, "regex.template_match": 0, "regex.replace": 1,
}

// regexCheck finds regular expressions that search: a pattern must say where it
// begins. One that does not costs a pass over the whole value, and fits in the
// middle of what an attacker writes.
type regexCheck struct {
	compiler *ast.Compiler
	data     map[string]any
	found    []Finding
}

func searches(compiler *ast.Compiler, data map[string]any) []Finding {
	c := &regexCheck{compiler: compiler, data: data}
	for _, module := range compiler.Modules {
		for _, rule := range module.Rules {
			ast.WalkRules(rule, func(r *ast.Rule) bool {
				c.rule(r)
				return false
			})
		}
	}
	slices.SortFunc(c.found, func(a, b Finding) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(c.found)
}

func (c *regexCheck) rule(r *ast.Rule) {
	eachCall(r, func(terms []*ast.Term) {
		name := terms[0].Value.String()
		if !strings.HasPrefix(name, "regex.") {
			return
		}
		at, known := patternArgument[name]
		if !known || len(terms) < at+2 {
			c.tell(terms[0], "%s: which of its arguments is a pattern is not known here", name)
			return
		}
		patterns, whole := c.constants(terms[at+1], r, map[string]bool{})
		if !whole || len(patterns) == 0 {
			c.tell(terms[0], "%s: the pattern is put together while it is evaluated, so that nobody can say what it fits", name)
		}
		for _, pattern := range patterns {
			parsed, err := syntax.Parse(pattern, syntax.Perl)
			switch {
			case err != nil:
				c.tell(terms[0], "%s: `%s` is no pattern: %v", name, pattern, err)
			case !begins(parsed):
				c.tell(terms[0], "%s: `%s` does not say where it begins; put ^ before it", name, pattern)
			}
		}
	})
}

func (c *regexCheck) tell(at *ast.Term, format string, args ...any) {
	f := Finding{Text: fmt.Sprintf(format, args...)}
	if at.Location != nil {
		f.File, f.Line = at.Location.File, at.Location.Row
	}
	c.found = append(c.found, f)
}

// begins tells whether a pattern can only fit where the text begins.
func begins(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginText:
		return true
	case syntax.OpConcat, syntax.OpCapture, syntax.OpPlus:
		return len(re.Sub) > 0 && begins(re.Sub[0])
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !begins(sub) })
	default:
		return false
	}
}

// eachCall calls with every call below x: built-ins and functions, as an
// expression or inside a term.
func eachCall(x any, call func([]*ast.Term)) {
	ast.NewGenericVisitor(func(x any) bool {
		switch v := x.(type) {
		case *ast.Expr:
			if terms, ok := v.Terms.([]*ast.Term); ok {
				call(terms)
			}
		case ast.Call:
			call(v)
		}
		return false
	}).Walk(x)
}
