package policytest

import (
	"context"
	"errors"
	"maps"
	"path"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"

	"msigate/gateway/governance"
)

// ErrCompile says that a policy is refused before any test can run.
var ErrCompile = errors.New("the policy does not compile")

// FirstFailure runs what [Run] runs on the pack with one of its rule files
// changed, but for coverage, and stops at the first failure. The Rego tests of that
// file's own folder come first, since they are the likeliest to fail; then all
// others, the stories, the canaries, and whether a rule walks or searches. It returns nil where nothing
// fails, and an error that is [ErrCompile] where the policy, or its tests, would
// not compile.
func (p *Pack) FirstFailure(ctx context.Context, file string, changed []byte) (*Result, error) {
	rules := maps.Clone(p.rules)
	if err := parse(rules, file, changed); err != nil {
		return nil, errors.Join(ErrCompile, err)
	}
	near, anyNear := map[string]*ast.Module{}, false
	for name, module := range p.tests {
		own := path.Dir(name) == path.Dir(file)
		if own || strings.HasSuffix(module.Package.Path.String(), "fixtures_test") {
			near[name] = module
		}
		anyNear = anyNear || own
	}
	if anyNear {
		if failed, err := p.firstRego(ctx, rules, near); failed != nil || err != nil {
			return failed, err
		}
	}
	if failed, err := p.firstRego(ctx, rules, p.tests); failed != nil || err != nil {
		return failed, err
	}
	return p.firstElsewhere(ctx, file, changed)
}

// firstRego gives the first Rego test that fails; the rest are given up.
func (p *Pack) firstRego(ctx context.Context, rules, tests map[string]*ast.Module) (*Result, error) {
	within, stop := context.WithCancel(ctx)
	defer stop()
	var first *Result
	err := p.runTests(within, newRunner(rules, tests).SetParallel(1), func(r Result) {
		if first == nil && r.Failed() {
			first = &r
			stop() // what still comes was interrupted
		}
	})
	if err != nil {
		return nil, errors.Join(ErrCompile, err)
	}
	return first, ctx.Err()
}

// firstElsewhere gives the first story, canary or check of costs that fails.
func (p *Pack) firstElsewhere(ctx context.Context, file string, changed []byte) (*Result, error) {
	bundles := make([]*governance.Bundle, len(p.Bundles))
	for i, b := range p.Bundles {
		if bundles[i] = b; b.Name != governance.NamePolicy {
			continue
		}
		content := *b.Content
		content.Modules = append([]bundle.ModuleFile(nil), content.Modules...)
		for j := range content.Modules {
			if strings.TrimPrefix(content.Modules[j].Path, "/") == file {
				content.Modules[j] = bundle.ModuleFile{URL: content.Modules[j].URL, Path: content.Modules[j].Path, Raw: changed}
			}
		}
		whole := *b
		whole.Content = &content
		bundles[i] = &whole
	}
	other, err := Open(ctx, bundles, p.Stories)
	if err != nil {
		return nil, errors.Join(ErrCompile, err)
	}
	within, stop := context.WithCancel(ctx)
	defer stop()
	var first *Result
	look := func(results ...Result) {
		for _, r := range results {
			if r.Failed() && first == nil {
				first = &r
				stop()
			}
		}
	}
	if _, err := other.tellStories(within, Options{}, look); first != nil || err != nil {
		return first, ctx.Err()
	}
	if err := other.tryCanaries(within, Options{}, look); first != nil {
		return first, nil
	} else if err != nil {
		return nil, err
	}
	costs, err := other.checkCosts(Options{})
	look(costs...)
	return first, err
}

// RuleFiles are the policy's own files of Rego, by path, with their text.
func (p *Pack) RuleFiles() map[string][]byte {
	files := map[string][]byte{}
	for _, b := range p.Bundles {
		if b.Name == governance.NamePolicy {
			for _, m := range b.Content.Modules {
				files[strings.TrimPrefix(m.Path, "/")] = m.Raw
			}
		}
	}
	return files
}
