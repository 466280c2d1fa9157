// Package policies carries the policy bundle inside the binary: Rego and data
// as they stand in this folder, and the schema of the policy input.
//
// The folder is an OPA bundle: `opa eval --bundle policies` reads it. What is
// no part of the bundle, though it lies beside it, [InBundle] tells.
package policies

import (
	"embed"
	"path"
	"strings"
)

// FS holds this folder without its Go files: .manifest, Rego (tests among
// them), data.yaml documents and schemas/input.json.
//
//go:embed .manifest an0940 lib scope masking canaries schemas
var FS embed.FS

// InBundle tells whether the file at a slash-separated path below this folder
// belongs to the bundle: the manifest, data documents and Rego that is no test.
func InBundle(name string) bool {
	base := path.Base(name)
	switch {
	case strings.HasPrefix(name, "schemas/"):
		return false
	case strings.HasSuffix(base, ".rego"):
		return !strings.HasSuffix(base, "_test.rego")
	default:
		return name == ".manifest" || base == "data.yaml" || base == "data.json"
	}
}
