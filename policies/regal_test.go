package policies_test

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// regalConfig is where Regal looks for its configuration, from policies/ upward.
const regalConfig = "../.regal/config.yaml"

// What differs from Regal's defaults is said why; and what is excepted is there.
func TestRegalConfigurationSaysWhy(t *testing.T) {
	text, err := os.ReadFile(regalConfig)
	if err != nil {
		t.Fatal(err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	rules := child(t, document.Content[0], "rules")
	seen := 0
	for i := 0; i < len(rules.Content); i += 2 {
		category := rules.Content[i+1]
		for j := 0; j < len(category.Content); j += 2 {
			name, rule := category.Content[j], category.Content[j+1]
			seen++
			if name.HeadComment == "" && !commented(rule) {
				t.Errorf("%s: nothing says why it differs from Regal's default", name.Value)
			}
			checkExcepted(t, name.Value, rule)
		}
	}
	if seen == 0 {
		t.Error("no rule is configured")
	}
	roots := child(t, child(t, document.Content[0], "project"), "roots")
	for _, root := range roots.Content {
		if _, err := os.Stat("../" + root.Value + "/.manifest"); err != nil {
			t.Errorf("the root %s is no bundle: %v", root.Value, err)
		}
	}
}

// child is the value of a key that must be there.
func child(t *testing.T, mapping *yaml.Node, key string) *yaml.Node {
	t.Helper()
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	t.Fatalf("%s has no %s", regalConfig, key)
	return nil
}

// commented tells whether a comment stands somewhere inside.
func commented(node *yaml.Node) bool {
	if node.HeadComment != "" {
		return true
	}
	for _, inner := range node.Content {
		if commented(inner) {
			return true
		}
	}
	return false
}

// checkExcepted looks whether files that are left out by their path are there.
func checkExcepted(t *testing.T, name string, node *yaml.Node) {
	t.Helper()
	for _, inner := range node.Content {
		checkExcepted(t, name, inner)
	}
	path, excepted := strings.CutPrefix(node.Value, "policies/")
	if node.Kind != yaml.ScalarNode || !excepted || !strings.HasSuffix(path, ".rego") {
		return
	}
	if _, err := os.Stat(strings.TrimSuffix(path, "/*.rego")); err != nil {
		t.Errorf("%s leaves out %s: %v", name, node.Value, err)
	}
}
