package finding

import (
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write testdata/*.golden.* anew")

// golden compares got with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with: go test ./gateway/finding -update)", err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs; compare with git diff after: go test ./gateway/finding -update\ngot:\n%s", path, got)
	}
}

// pretty is a JSON text as people compare it.
func pretty(t *testing.T, raw []byte) []byte {
	t.Helper()
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, raw)
	}
	out, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

const schemaPath = "../../../shared/ocsf/detection_finding-1.8.0.schema.json"

// ocsfSchema is nil where the compiled OCSF schema is not at hand.
func ocsfSchema(tb testing.TB) *jsonschema.Schema {
	tb.Helper()
	raw, err := os.Open(schemaPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		tb.Fatal(err)
	}
	defer raw.Close()
	doc, err := jsonschema.UnmarshalJSON(raw)
	if err != nil {
		tb.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("detection_finding.json", doc); err != nil {
		tb.Fatal(err)
	}
	schema, err := compiler.Compile("detection_finding.json")
	if err != nil {
		tb.Fatal(err)
	}
	return schema
}

func needSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema := ocsfSchema(t)
	if schema == nil {
		if os.Getenv("MSIGATE_SHARED") == "required" {
			t.Fatal("the OCSF schema is required here, at " + schemaPath)
		}
		t.Skip("skipped: no OCSF schema at " + schemaPath)
	}
	return schema
}

func invalid(schema *jsonschema.Schema, raw []byte) error {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return err
	}
	return schema.Validate(value)
}
