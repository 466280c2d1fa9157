package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

// builtins is the allow list. All of them are pure: no clock but input.now,
// no network, no environment, no randomness, so that the same input under the
// same Snapshot always gets the same answer.
var builtins = []string{
	// comparison, arithmetic, membership
	"eq", "equal", "neq", "lt", "lte", "gt", "gte", "assign",
	"plus", "minus", "mul", "div", "rem", "abs", "round",
	"internal.member_2", "internal.member_3", "internal.template_string",
	"numbers.range",
	// aggregates
	"count", "sum", "max", "min", "sort",
	// sets, arrays, objects
	"and", "or", "intersection", "union",
	"array.concat", "array.slice", "array.reverse", "array.flatten",
	"object.get", "object.keys", "object.union", "object.union_n", "object.filter", "object.remove", "object.subset",
	// strings
	"concat", "contains", "startswith", "endswith", "indexof", "lower", "split", "sprintf", "substring",
	"trim", "trim_left", "trim_right", "trim_prefix", "trim_suffix", "trim_space", "replace",
	"strings.any_prefix_match", "strings.any_suffix_match", "strings.count", "strings.replace_n",
	"format_int", "to_number",
	"regex.match",
	// types
	"is_array", "is_boolean", "is_null", "is_number", "is_object", "is_set", "is_string", "type_name",
}

// Builtins returns the names of the built-in functions that a policy may call, sorted.
func Builtins() []string {
	names := slices.Clone(builtins)
	slices.Sort(names)
	return names
}

// Capabilities returns OPA's capabilities cut down to [Builtins], with no host
// that may be reached. Use it to compile, check or test a policy as the
// gateway does.
//
// Each call returns declarations of its own: OPA's type checker merges what it
// learns of a rule into the type that a built-in function is declared to
// return, so two compilations at the same time must not share it.
func Capabilities() *ast.Capabilities {
	capabilities := ast.CapabilitiesForThisVersion()
	var allowed []*ast.Builtin
	for _, b := range capabilities.Builtins {
		if written, ok := declarations()[b.Name]; ok {
			own := *b
			own.Decl = new(types.Function)
			if err := own.Decl.UnmarshalJSON(written); err != nil {
				panic(fmt.Sprintf("read OPA's declaration of %s: %v", b.Name, err))
			}
			allowed = append(allowed, &own)
		}
	}
	capabilities.Builtins = allowed
	capabilities.AllowNet = []string{}
	capabilities.WasmABIVersions = nil
	return capabilities
}

// declarations of the allowed functions, as JSON: the one way in which OPA
// copies a type.
var declarations = sync.OnceValue(func() map[string][]byte {
	written := map[string][]byte{}
	for _, b := range ast.CapabilitiesForThisVersion().Builtins {
		if !slices.Contains(builtins, b.Name) {
			continue
		}
		raw, err := json.Marshal(b.Decl)
		if err != nil {
			panic(fmt.Sprintf("write OPA's declaration of %s: %v", b.Name, err))
		}
		written[b.Name] = raw
	}
	return written
})
