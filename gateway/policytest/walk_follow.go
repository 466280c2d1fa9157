package policytest

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// walkScope is what is known of local names inside one body.
type walkScope struct {
	bound  map[ast.Var]bool
	places map[ast.Var][]place
}

func newWalkScope() *walkScope {
	return &walkScope{bound: map[ast.Var]bool{}, places: map[ast.Var][]place{}}
}

func (s *walkScope) inner() *walkScope {
	return &walkScope{bound: maps.Clone(s.bound), places: maps.Clone(s.places)}
}

func (s *walkScope) name(v ast.Var, at []place) {
	s.bound[v] = true
	for _, p := range at {
		if !slices.ContainsFunc(s.places[v], func(q place) bool { return slices.Equal(p, q) }) {
			s.places[v] = append(slices.Clone(s.places[v]), p)
		}
	}
}

func varsOf(x any) []ast.Var {
	visitor := ast.NewVarVisitor().WithParams(ast.VarVisitorParams{SkipClosures: true, SkipRefHead: true})
	visitor.Walk(x)
	return slices.Collect(maps.Keys(visitor.Vars()))
}

// body follows the expressions in the order in which they are evaluated, which
// is the order in a compiled body: a name that stands in none before is unbound,
// and a reference goes through all that it could be.
func (w *walkCheck) body(body ast.Body, scope *walkScope) {
	for _, e := range body {
		if e.Location != nil && e.Location.Row > 0 {
			w.near = e.Location
		}
		switch terms := e.Terms.(type) {
		case *ast.Every:
			at := w.term(terms.Domain, scope)
			w.walked(terms.Domain, at, "goes through")
			inner := scope.inner()
			if v, ok := keyVar(terms.Key); ok {
				inner.bound[v] = true
			}
			if v, ok := keyVar(terms.Value); ok {
				inner.name(v, belowAll(at, "*"))
			}
			w.body(terms.Body, inner)
		case []*ast.Term:
			w.call(terms, scope)
		case *ast.Term:
			w.term(terms, scope)
		}
		for _, v := range varsOf(e) {
			scope.bound[v] = true
		}
	}
}

func keyVar(t *ast.Term) (ast.Var, bool) {
	if t == nil {
		return "", false
	}
	v, ok := t.Value.(ast.Var)
	return v, ok
}

func belowAll(at []place, step string) []place {
	all := make([]place, len(at))
	for i, p := range at {
		all[i] = p.below(step)
	}
	return all
}

// lookups are built-ins that do not go through their arguments, or take no
// collection.
var lookups = []string{
	"count", "is_array", "is_boolean", "is_null", "is_number", "is_object", "is_set", "is_string", "type_name",
	"lt", "lte", "gt", "gte", "neq", "plus", "minus", "mul", "div", "rem", "abs", "round",
	"contains", "startswith", "endswith", "indexof", "lower", "split", "substring", "replace", "regex.match",
	"trim", "trim_left", "trim_right", "trim_prefix", "trim_suffix", "trim_space", "format_int", "to_number",
}

func (w *walkCheck) call(terms []*ast.Term, scope *walkScope) (result []place) {
	name := terms[0].Value.String()
	args := terms[1:]
	at := make([][]place, len(args))
	for i, arg := range args {
		at[i] = w.term(arg, scope)
	}
	switch {
	case name == "eq" || name == "equal" || name == "assign":
		w.same(args, at, scope)
		return nil
	case w.isRule[name]:
		for i := range args {
			w.give(name, i, at[i])
		}
		result = w.values[name]
	case name == "object.get":
		if key, ok := args[1].Value.(*ast.Array); ok {
			result = at[0]
			for i := range key.Len() {
				result = belowAll(result, step(key.Elem(i)))
			}
		} else {
			result = belowAll(at[0], step(args[1]))
		}
		result = append(result, at[2]...)
	case slices.Contains(lookups, name):
	default:
		for i, arg := range args {
			w.walked(arg, at[i], "gives "+strings.TrimPrefix(name, "internal.")+" all of")
		}
	}
	// A call's output is its last operand, where it has one more than arguments.
	if last := args[len(args)-1]; len(result) > 0 {
		if v, ok := last.Value.(ast.Var); ok && !scope.bound[v] {
			scope.name(v, result)
		}
	}
	return result
}

// same is what stands on the two sides of an equation.
func (w *walkCheck) same(args []*ast.Term, at [][]place, scope *walkScope) {
	for i, arg := range args[:2] {
		other := at[1-i]
		if v, ok := arg.Value.(ast.Var); ok {
			scope.name(v, other)
			continue
		}
		for _, v := range varsOf(arg) {
			scope.name(v, belowAll(other, "*"))
		}
	}
}

func (w *walkCheck) give(name string, arg int, at []place) {
	if w.given[name] == nil {
		w.given[name] = map[int][]place{}
	}
	for _, p := range at {
		if !slices.ContainsFunc(w.given[name][arg], func(q place) bool { return slices.Equal(p, q) }) && len(p) < 12 {
			w.given[name][arg] = append(w.given[name][arg], p)
			w.changed = true
		}
	}
}

func step(t *ast.Term) string {
	if s, ok := t.Value.(ast.String); ok {
		return string(s)
	}
	return "*"
}

// term gives where a term's value stands, and tells of what it goes through.
func (w *walkCheck) term(t *ast.Term, scope *walkScope) []place {
	switch v := t.Value.(type) {
	case ast.Var:
		return scope.places[v]
	case ast.Ref:
		return w.ref(t, v, scope)
	case ast.Call:
		return w.call(v, scope)
	case *ast.ArrayComprehension:
		w.closure(v.Body, scope, v.Term)
	case *ast.SetComprehension:
		w.closure(v.Body, scope, v.Term)
	case *ast.ObjectComprehension:
		w.closure(v.Body, scope, v.Key, v.Value)
	case *ast.Array:
		v.Foreach(func(e *ast.Term) { w.handedOn(e, w.term(e, scope)) })
	case ast.Set:
		v.Foreach(func(e *ast.Term) { w.handedOn(e, w.term(e, scope)) })
	case ast.Object:
		v.Foreach(func(k, e *ast.Term) {
			w.handedOn(k, w.term(k, scope))
			w.handedOn(e, w.term(e, scope))
		})
	}
	return nil
}

func (w *walkCheck) closure(body ast.Body, scope *walkScope, heads ...*ast.Term) {
	inner := scope.inner()
	w.body(body, inner)
	for _, head := range heads {
		w.handedOn(head, w.term(head, inner))
	}
}

// ref follows a reference from its head, step by step.
func (w *walkCheck) ref(t *ast.Term, ref ast.Ref, scope *walkScope) []place {
	head, ok := ref[0].Value.(ast.Var)
	if !ok {
		return nil
	}
	at, rest := scope.places[head], ref[1:]
	if ref[0].Equal(ast.DefaultRootDocument) {
		at = []place{{}}
		for n := len(ref.ConstantPrefix()); n > 1; n-- {
			if name := ref[:n].String(); w.isRule[name] {
				at, rest = w.values[name], ref[n:]
				break
			}
		}
	}
	for _, one := range rest {
		next := step(one)
		if v, isVar := one.Value.(ast.Var); isVar && !scope.bound[v] {
			w.walked(t, at, "goes through")
			scope.bound[v] = true
		} else {
			w.term(one, scope)
		}
		at = governedOnly(belowAll(at, next))
	}
	return governedOnly(at)
}

// governedOnly drops places that are neither governed nor may still become so.
func governedOnly(at []place) []place {
	return slices.DeleteFunc(slices.Clone(at), func(p place) bool {
		return len(p) > 0 && p[0] != "*" && !slices.Contains(governed, p[0])
	})
}
