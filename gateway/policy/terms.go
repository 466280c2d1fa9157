package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// sharedDepth is how far down documents are taken apart to find what is as it was:
// data.governance.index.installers.sha256[…] and what lies above it.
const sharedDepth = 5

// terms are the data as the evaluation reads them. What is the same in the Snapshot
// before is shared with it: of 100,000 entries a hundred changed ones are made anew,
// which takes a fraction of the time and of the memory.
func terms(data map[string]any, before *Snapshot) (ast.Object, error) {
	var was any
	var made ast.Value
	if before != nil {
		was, made = before.data, before.terms
	}
	value, err := shared(data, was, made, sharedDepth)
	if err != nil {
		return nil, fmt.Errorf("read the data: %w", err)
	}
	return value.(ast.Object), nil
}

// shared is what a document is to the evaluation; was and made are those of
// the same place before, nil where there is nothing.
func shared(document, was any, made ast.Value, depth int) (ast.Value, error) {
	now, ok := document.(map[string]any)
	if !ok || depth == 0 {
		if made != nil && same(document, was) {
			return made, nil
		}
		return ast.InterfaceToValue(document)
	}
	old, _ := was.(map[string]any)
	oldMade, _ := made.(ast.Object)
	members := make([][2]*ast.Term, 0, len(now))
	for key, member := range now {
		name := ast.StringTerm(key)
		var there ast.Value
		if oldMade != nil {
			if term := oldMade.Get(name); term != nil {
				there = term.Value
			}
		}
		value, err := shared(member, old[key], there, depth-1)
		if err != nil {
			return nil, err
		}
		members = append(members, [2]*ast.Term{name, ast.NewTerm(value)})
	}
	return ast.NewObject(members...), nil
}

// same tells whether two JSON documents are equal; reflection over whole
// documents would take most of the time that sharing saves.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, same)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	default:
		return reflect.DeepEqual(a, b)
	}
}
