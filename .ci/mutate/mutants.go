package main

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
)

// The operators. They are fixed, so that figures of different days compare.
const (
	negate = "negate" // an expression holds where it did not
	remove = "delete" // an expression asks nothing
	swap   = "swap"   // == and !=, < and <=, > and >= for each other
	empty  = "empty"  // a set, an array or a table of constants has no element
	widen  = "widen"  // whatever is asked for is an element
)

// Mutant is one file of the policy with one change.
type Mutant struct {
	File     string `json:"file"`
	Line     int    `json:"line"`   // of the original, from 1
	Column   int    `json:"column"` // from 1
	Operator string `json:"operator"`
	Before   string `json:"before"`
	After    string `json:"after"`
	text     []byte // of the whole file
}

func (m Mutant) String() string {
	return fmt.Sprintf("%s:%d: %s: %s → %s", m.File, m.Line, m.Operator, m.Before, m.After)
}

// site is one place where an operator applies, with what it does there.
type site struct {
	operator string
	at       *ast.Location
	before   func() string
	apply    func()
}

// mutantsOf makes every mutant of a file, in the order of its text.
func mutantsOf(file string, source []byte) ([]Mutant, error) {
	count := 0
	var all []Mutant
	for n := 0; n == 0 || n < count; n++ {
		// A tree of its own for each: an operator changes it for good.
		module, err := ast.ParseModuleWithOpts(file, string(source), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", file, err)
		}
		sites := sitesOf(module)
		if count = len(sites); count == 0 {
			return nil, nil
		}
		s := sites[n]
		m := Mutant{File: file, Line: s.at.Row, Column: s.at.Col, Operator: s.operator, Before: s.before()}
		s.apply()
		m.After = s.before()
		if m.text, err = format.AstWithOpts(module, format.Opts{RegoVersion: ast.RegoV1}); err != nil {
			return nil, fmt.Errorf("write %s: %w", m, err)
		}
		all = append(all, m)
	}
	return all, nil
}

func sitesOf(module *ast.Module) []site {
	var sites []site
	for _, rule := range module.Rules {
		ast.NewGenericVisitor(func(x any) bool {
			switch v := x.(type) {
			case *ast.Annotations:
				return true
			case ast.Body:
				for _, e := range v {
					sites = append(sites, expressionSites(e)...)
				}
			case *ast.Term:
				if s, ok := emptySite(v); ok {
					sites = append(sites, s)
				}
			}
			return false
		}).Walk(rule)
	}
	return sites
}

func expressionSites(e *ast.Expr) []site {
	if term, ok := e.Terms.(*ast.Term); ok && term.Value.Compare(ast.Boolean(true)) == 0 {
		return nil // a rule without a body
	}
	text := func() string { return written(e) }
	sites := []site{{remove, e.Location, text, func() {
		e.Terms, e.Negated, e.With = ast.BooleanTerm(true).SetLocation(e.Location), false, nil
	}}}
	switch terms := e.Terms.(type) {
	case *ast.SomeDecl:
		if _, in := terms.Symbols[0].Value.(ast.Call); !in {
			return nil // only names its variables
		}
	case *ast.Every:
	case *ast.Term:
		sites = append(sites, site{negate, e.Location, text, func() { e.Negated = !e.Negated }})
	case []*ast.Term:
		if !e.IsAssignment() {
			sites = append(sites, site{negate, e.Location, text, func() { e.Negated = !e.Negated }})
		}
		if other, ok := swapped[terms[0].Value.String()]; ok {
			sites = append(sites, site{swap, e.Location, text, func() {
				terms[0] = ast.NewTerm(ast.RefTerm(ast.VarTerm(other)).Value).SetLocation(terms[0].Location)
			}})
		}
		if terms[0].Value.String() == ast.Member.Name && len(terms) == 3 {
			sites = append(sites, site{widen, e.Location, text, func() { terms[2] = with(terms[2], terms[1]) }})
		}
	}
	return sites
}

var swapped = map[string]string{"equal": "neq", "neq": "equal", "lt": "lte", "lte": "lt", "gt": "gte", "gte": "gt"}

// with is a collection with one element more.
func with(collection, element *ast.Term) *ast.Term {
	element = element.Copy()
	var wider ast.Value
	switch v := collection.Value.(type) {
	case ast.Set:
		wider = v.Union(ast.NewSet(element))
	case *ast.Array:
		wider = v.Append(element)
	default:
		one := ast.SetTerm(element).SetLocation(collection.Location)
		or := ast.NewTerm(ast.Or.Ref()).SetLocation(collection.Location)
		return ast.CallTerm(or, collection, one).SetLocation(collection.Location)
	}
	return ast.NewTerm(wider).SetLocation(collection.Location)
}

func emptySite(t *ast.Term) (site, bool) {
	var none ast.Value
	switch v := t.Value.(type) {
	case ast.Set:
		if v.Len() > 0 {
			none = ast.NewSet()
		}
	case *ast.Array:
		if v.Len() > 0 && v.IsGround() {
			none = ast.NewArray()
		}
	case ast.Object:
		if v.Len() > 2 && v.IsGround() {
			none = ast.NewObject()
		}
	}
	if none == nil || t.Location == nil {
		return site{}, false
	}
	return site{empty, t.Location, func() string { return written(t) }, func() { t.Value = none }}, true
}

// written is a node as the policy's authors write it.
func written(node any) string {
	text, err := format.AstWithOpts(node, format.Opts{RegoVersion: ast.RegoV1})
	if err != nil {
		return short(fmt.Sprint(node))
	}
	return short(string(text))
}

// short is a text on one line, cut where it is long.
func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 160 {
		return string(runes[:157]) + "..."
	}
	return text
}
