package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"msigate/gateway/event"
)

// SignalNeeds is what a signal's METADATA says of what it has to be sent.
type SignalNeeds struct {
	ID, Title, Severity, Disposition string
	// Needs are groups of kinds of records and of facts; the signal is blind on a
	// host that sends none of a group. WeakerWithout tells what it sees less without.
	Needs         [][]string
	WeakerWithout []string
}

// ReadNeeds collects the METADATA of the signals of bundles, sorted by id,
// without compiling them. A signal that states no needs needs one of the kinds
// that its triggers name, and sees less without any of them.
func ReadNeeds(bundles []Bundle) ([]SignalNeeds, error) {
	var all []SignalNeeds
	for _, b := range bundles {
		for _, m := range b.Content.Modules {
			if !bytes.Contains(m.Raw, []byte("trigger:")) {
				continue // a signal declares one
			}
			parsed, err := ast.ParseModuleWithOpts(b.Stamp.Name+"/"+strings.TrimPrefix(m.Path, "/"), string(m.Raw),
				ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1, Capabilities: Capabilities()})
			if err != nil {
				return nil, fmt.Errorf("read what signals need: %w", err)
			}
			for _, a := range parsed.Annotations {
				if a.Custom["id"] == nil || a.Custom["trigger"] == nil {
					continue
				}
				n, err := needsOf(a)
				if err != nil {
					return nil, fmt.Errorf("read what signals need: %s: METADATA custom: %w", m.Path, err)
				}
				all = append(all, n)
			}
		}
	}
	slices.SortFunc(all, func(a, b SignalNeeds) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

func needsOf(a *ast.Annotations) (SignalNeeds, error) {
	raw, err := json.Marshal(a.Custom)
	if err != nil {
		return SignalNeeds{}, err
	}
	var custom struct {
		ID, Severity, Disposition string
		Needs                     [][]string
		WeakerWithout             []string `json:"weaker_without"`
		Trigger                   []struct{ Kind event.Kind }
	}
	if err := json.Unmarshal(raw, &custom); err != nil {
		return SignalNeeds{}, fmt.Errorf("needs must be a list of lists of kinds and facts, weaker_without a list: %w", err)
	}
	n := SignalNeeds{
		ID: custom.ID, Title: a.Title, Severity: custom.Severity, Disposition: custom.Disposition,
		Needs: custom.Needs, WeakerWithout: custom.WeakerWithout,
	}
	if len(n.Needs) == 0 {
		var kinds []string
		for _, t := range custom.Trigger {
			if !slices.Contains(kinds, string(t.Kind)) {
				kinds = append(kinds, string(t.Kind))
			}
		}
		n.Needs = [][]string{kinds}
		if len(kinds) > 1 {
			n.WeakerWithout = kinds
		}
	}
	return n, nil
}
