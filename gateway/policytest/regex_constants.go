package policytest

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

// constants are the texts that a term of a rule can be, and whether these are
// all. It follows local names, rules, functions' arguments and data.
func (c *regexCheck) constants(t *ast.Term, in *ast.Rule, seen map[string]bool) (texts []string, whole bool) {
	switch v := t.Value.(type) {
	case ast.String:
		return []string{string(v)}, true
	case *ast.Array:
		return c.each(v.Foreach, in, seen)
	case ast.Set:
		return c.each(v.Foreach, in, seen)
	case ast.Object:
		whole = true
		v.Foreach(func(_, value *ast.Term) {
			more, all := c.constants(value, in, seen)
			texts, whole = append(texts, more...), whole && all
		})
		return texts, whole
	case ast.Var:
		return c.variable(v, in, seen)
	case ast.Ref:
		return c.reference(v, in, seen)
	default:
		return nil, false
	}
}

func (c *regexCheck) each(foreach func(func(*ast.Term)), in *ast.Rule, seen map[string]bool) (texts []string, whole bool) {
	whole = true
	foreach(func(e *ast.Term) {
		more, all := c.constants(e, in, seen)
		texts, whole = append(texts, more...), whole && all
	})
	return texts, whole
}

// variable is a local name, or an argument of the function that the rule is.
func (c *regexCheck) variable(v ast.Var, in *ast.Rule, seen map[string]bool) (texts []string, whole bool) {
	key := in.Ref().String() + " " + string(v)
	if seen[key] {
		return nil, true
	}
	seen[key] = true
	for i, arg := range in.Head.Args {
		if arg.Value.Compare(v) == 0 {
			return c.argument(in, i, seen)
		}
	}
	found := 0
	whole = true
	take := func(t *ast.Term) {
		found++
		more, all := c.constants(t, in, seen)
		texts, whole = append(texts, more...), whole && all
	}
	ast.NewGenericVisitor(func(x any) bool {
		switch e := x.(type) {
		case *ast.Every:
			if e.Value != nil && e.Value.Value.Compare(v) == 0 {
				take(e.Domain)
			}
		case *ast.Expr:
			if !e.IsEquality() && !e.IsAssignment() {
				return false
			}
			for i := range 2 {
				if e.Operand(i).Value.Compare(v) == 0 {
					take(e.Operand(1 - i))
				}
			}
		}
		return false
	}).Walk(in.Body)
	return texts, whole && found > 0
}

// argument is what callers give a function.
func (c *regexCheck) argument(function *ast.Rule, i int, seen map[string]bool) (texts []string, whole bool) {
	whole = true
	name := function.Ref().GroundPrefix().String()
	for _, module := range c.compiler.Modules {
		for _, rule := range module.Rules {
			ast.WalkRules(rule, func(caller *ast.Rule) bool {
				eachCall(caller, func(terms []*ast.Term) {
					if terms[0].Value.String() != name || len(terms) < i+2 {
						return
					}
					more, all := c.constants(terms[i+1], caller, seen)
					texts, whole = append(texts, more...), whole && all
				})
				return false
			})
		}
	}
	return texts, whole
}

// reference is a rule's value, a document of the policy's data, or what stands
// below a local name.
func (c *regexCheck) reference(ref ast.Ref, in *ast.Rule, seen map[string]bool) (texts []string, whole bool) {
	if !ref[0].Equal(ast.DefaultRootDocument) {
		if head, ok := ref[0].Value.(ast.Var); ok && head != "input" {
			return c.variable(head, in, seen)
		}
		return nil, false
	}
	constant := ref.ConstantPrefix()
	for n := len(constant); n > 1; n-- {
		rules := c.compiler.GetRulesExact(constant[:n])
		if len(rules) == 0 {
			continue
		}
		whole = true
		for _, rule := range rules {
			ast.WalkRules(rule, func(r *ast.Rule) bool {
				value := r.Head.Value
				if r.Head.RuleKind() == ast.MultiValue {
					value = r.Head.Key
				}
				more, all := c.constants(value, r, seen)
				texts, whole = append(texts, more...), whole && all
				return false
			})
		}
		return texts, whole
	}
	var node any = c.data
	for _, one := range ref[1:] {
		key, ok := one.Value.(ast.String)
		object, isObject := node.(map[string]any)
		if !ok || !isObject {
			break // any below
		}
		if node, ok = object[string(key)]; !ok {
			return nil, false
		}
	}
	return textsBelow(node), true
}

func textsBelow(node any) []string {
	var texts []string
	switch v := node.(type) {
	case string:
		texts = append(texts, v)
	case []any:
		for _, e := range v {
			texts = append(texts, textsBelow(e)...)
		}
	case map[string]any:
		for _, e := range v {
			texts = append(texts, textsBelow(e)...)
		}
	}
	return texts
}
