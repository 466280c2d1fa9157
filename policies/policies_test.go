package policies_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"

	"msigate/policies"
)

// modules parses every Rego file of the folder, tests among them when asked for.
func modules(t testing.TB, tests bool) map[string]*ast.Module {
	t.Helper()
	parsed := map[string]*ast.Module{}
	err := fs.WalkDir(policies.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".rego") || (!tests && !policies.InBundle(name)) {
			return err
		}
		raw, err := policies.FS.ReadFile(name)
		if err != nil {
			return err
		}
		parsed[name], err = ast.ParseModuleWithOpts(name, string(raw), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// schemas is the input schema at the root of input.
func schemas(t testing.TB) *ast.SchemaSet {
	t.Helper()
	raw, err := policies.FS.ReadFile("schemas/input.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, schema)
	return set
}

func compile(t testing.TB, parsed map[string]*ast.Module) *ast.Compiler {
	t.Helper()
	compiler := ast.NewCompiler().WithSchemas(schemas(t)).WithStrict(true)
	if compiler.Compile(parsed); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	return compiler
}

func TestPolicyCompilesStrictlyAgainstTheInputSchema(t *testing.T) {
	compile(t, modules(t, false))
}

// documents reads the data of the bundle as OPA does: each data.yaml at the path of its folder.
func documents(t testing.TB) map[string]any {
	t.Helper()
	root := map[string]any{}
	err := fs.WalkDir(policies.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "data.yaml" {
			return err
		}
		raw, err := policies.FS.ReadFile(name)
		if err != nil {
			return err
		}
		var document map[string]any
		if err := yaml.Unmarshal(raw, &document); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		node := root
		parts := strings.Split(path.Dir(name), "/")
		for _, part := range parts[:len(parts)-1] {
			child, ok := node[part].(map[string]any)
			if !ok {
				child = map[string]any{}
				node[part] = child
			}
			node = child
		}
		node[parts[len(parts)-1]] = document
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return root
}
