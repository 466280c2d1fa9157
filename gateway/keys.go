package gateway

import (
	"maps"
	"slices"

	"msigate/gateway/governance"
)

// readKeys reads public keys, one a file.
func readKeys(files []string) (governance.Keys, error) {
	keys := governance.Keys{}
	for _, file := range files {
		key, err := governance.ReadKey(file)
		if err != nil {
			return nil, err
		}
		keys[key.ID] = key
	}
	return keys, nil
}

// keyIDs are the ids of keys, sorted.
func keyIDs(keys governance.Keys) []string { return slices.Sorted(maps.Keys(keys)) }
