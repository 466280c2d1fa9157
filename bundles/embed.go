// Package bundles holds what security governance owns, as reviewable YAML:
// approved installers, signers, deployment tools, sources and the deny list,
// and the JSON Schemas that each file is held to. README.md says who changes
// them and how.
package bundles

import "embed"

// FS holds governance/*.yaml and schemas/*.schema.json as they were when the
// binary was built.
//
//go:embed governance/*.yaml schemas/*.schema.json
var FS embed.FS
