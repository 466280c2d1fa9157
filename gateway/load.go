package gateway

import (
	"context"
	"fmt"
	"strings"

	"msigate/gateway/governance"
	"msigate/gateway/policy"
)

// Source is where one bundle comes from.
type Source struct {
	Name string // the configured name, which fixes its roots; "" for a file a person chose: its manifest says
	Path string // a bundle folder, a .tar.gz, or a folder of governance YAML
}

// SourcesFromPaths takes bundles that a person named on a command line for
// what they say they are.
func SourcesFromPaths(paths []string) []Source {
	sources := make([]Source, len(paths))
	for i, path := range paths {
		sources[i] = Source{Path: path}
	}
	return sources
}

// ReadBundles reads the sources. What no source gives, policy and governance,
// comes from the binary, so that one can be tried against the other.
func ReadBundles(sources []Source) ([]*governance.Bundle, error) {
	byName := map[string]*governance.Bundle{}
	var order []string
	for _, source := range sources {
		b, err := governance.Open(source.Path, source.Name)
		if err != nil {
			return nil, err
		}
		if _, twice := byName[b.Name]; twice {
			return nil, fmt.Errorf("read bundle %s: there is a %s bundle already; name one of each", source.Path, b.Name)
		}
		byName[b.Name] = b
		order = append(order, b.Name)
	}
	builtInPolicy, builtInGovernance, err := governance.BuiltIn()
	if err != nil {
		return nil, err
	}
	for _, b := range []*governance.Bundle{builtInPolicy, builtInGovernance} {
		if byName[b.Name] == nil {
			byName[b.Name] = b
			order = append(order, b.Name)
		}
	}
	bundles := make([]*governance.Bundle, len(order))
	for i, name := range order {
		bundles[i] = byName[name]
	}
	return bundles, nil
}

// CompileBundles makes a Snapshot of bundles.
func CompileBundles(ctx context.Context, bundles []*governance.Bundle, o policy.Options) (*policy.Snapshot, error) {
	parts := make([]policy.Bundle, len(bundles))
	for i, b := range bundles {
		parts[i] = policy.Bundle{
			Stamp:   policy.BundleStamp{Name: b.Name, Revision: b.Revision, Serial: b.Serial},
			Content: b.Content,
		}
	}
	return policy.Compile(ctx, parts, o)
}

// LoadPolicy reads, compiles, tries the canaries and activates: what every
// command that decides begins with.
func LoadPolicy(ctx context.Context, sources []Source, o policy.Options) (*Policy, error) {
	bundles, err := ReadBundles(sources)
	if err != nil {
		return nil, err
	}
	s, err := CompileBundles(ctx, bundles, o)
	if err != nil {
		return nil, err
	}
	return NewPolicy(ctx, s)
}

// describe is one line on bundles for a log.
func describe(bundles []*governance.Bundle) string {
	lines := make([]string, len(bundles))
	for i, b := range bundles {
		revision := b.Revision
		if len(revision) > 12 {
			revision = revision[:12]
		}
		lines[i] = fmt.Sprintf("%s %s serial %d (%s)", b.Name, revision, b.Serial, b.Summary)
	}
	return strings.Join(lines, "; ")
}
