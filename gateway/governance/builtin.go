package governance

import (
	"fmt"
	"io/fs"

	"msigate/bundles"
	"msigate/policies"
)

// BuiltIn gives the bundles of the binary, which count where none is configured.
// Both are unsigned: their revision is their content's SHA-256.
func BuiltIn() (policy, governance *Bundle, err error) {
	policy, err = ReadDir(policies.FS, NamePolicy)
	if err != nil {
		return nil, nil, fmt.Errorf("read the policy built in: %w", err)
	}
	yaml, err := fs.Sub(bundles.FS, "governance")
	if err != nil {
		return nil, nil, fmt.Errorf("read the governance built in: %w", err)
	}
	// No clock: what the binary carries must not depend on the machine's.
	governance, err = Build(yaml, Options{})
	if err != nil {
		return nil, nil, fmt.Errorf("read the governance built in: %w", err)
	}
	return policy, governance, nil
}
