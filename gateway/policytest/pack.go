package policytest

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"msigate/gateway"
	"msigate/gateway/governance"
	"msigate/gateway/policy"
)

// Pack is what is tested: a policy with its tests, the governance data it is
// tried with, and stories. It is immutable.
type Pack struct {
	Bundles []*governance.Bundle
	Stories fs.FS // one folder a story; nil: none

	rules    map[string]*ast.Module // of the policy, by path
	tests    map[string]*ast.Module // Rego tests, by path
	data     map[string]any         // of the policy
	policy   *gateway.Policy
	snapshot *policy.Snapshot

	// compiled are the rules, compiled when they are first asked for: imports are
	// resolved and each body is in the order in which it is evaluated.
	compiled func() (*ast.Compiler, error)
}

// Open compiles bundles as the gateway does, and parses the tests. Errors name
// the file and line.
func Open(ctx context.Context, bundles []*governance.Bundle, stories fs.FS) (*Pack, error) {
	p := &Pack{Bundles: bundles, Stories: stories, rules: map[string]*ast.Module{}, tests: map[string]*ast.Module{}}
	for _, b := range bundles {
		if b.Name != governance.NamePolicy {
			continue
		}
		p.data = b.Content.Data
		for _, m := range b.Content.Modules {
			if err := parse(p.rules, strings.TrimPrefix(m.Path, "/"), m.Raw); err != nil {
				return nil, err
			}
		}
		for name, raw := range b.Tests {
			if err := parse(p.tests, name, raw); err != nil {
				return nil, err
			}
		}
	}
	var err error
	if p.snapshot, err = gateway.CompileBundles(ctx, bundles, policy.Options{Deadline: gateway.OfflineDeadline, KeepInput: true}); err != nil {
		return nil, err
	}
	p.compiled = sync.OnceValues(func() (*ast.Compiler, error) { return compile(p.rules) })
	p.policy, err = gateway.NewTrial(p.snapshot)
	return p, err
}

func parse(into map[string]*ast.Module, name string, raw []byte) error {
	m, err := ast.ParseModuleWithOpts(name, string(raw), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
	if err != nil {
		return fmt.Errorf("parse the policy: %w", err)
	}
	into[name] = m
	return nil
}

func compile(rules map[string]*ast.Module) (*ast.Compiler, error) {
	compiler := ast.NewCompiler().WithCapabilities(policy.Capabilities())
	if compiler.Compile(maps.Clone(rules)); compiler.Failed() {
		return nil, fmt.Errorf("compile the policy: %w", compiler.Errors)
	}
	return compiler, nil
}
