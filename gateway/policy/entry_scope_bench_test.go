package policy

import (
	"encoding/json"
	"fmt"
	"testing"
)

// BenchmarkFillings is what 100,000 entries cost at each activation, most of
// which share a scope: docs/decisions/0011.
func BenchmarkFillings(b *testing.B) {
	const entries = 100_000
	installers := map[string]any{}
	for i := range entries {
		installers[fmt.Sprintf("entry-%06d", i)] = map[string]any{
			"created": json.Number("1000"), "expires": json.Number("9000"),
			"sha256": map[string]any{fmt.Sprintf("%064x", i): true}, "deployment_tools": map[string]any{fmt.Sprintf("tool-%d", i%10): true},
		}
	}
	tools, images := map[string]any{}, map[string]any{}
	for i := range 10 {
		id := fmt.Sprintf("tool-%d", i)
		tools[id] = map[string]any{"created": json.Number("1000"), "expires": json.Number("9000")}
		images[`c:\program files\orrery\`+id+`.exe`] = map[string]any{id: true}
	}
	s := &Snapshot{data: map[string]any{"governance": map[string]any{
		"installers": installers, "deployment_tools": tools, "index": map[string]any{"deployment_tools": map[string]any{"image": images}},
	}}}
	for b.Loop() {
		if got := len(s.Fillings()); got != 23 { // ten whole, ten tools alone, one hash alone, a change window alone as each
			b.Fatalf("%d scopes", got)
		}
	}
}
