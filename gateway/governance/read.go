package governance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/loader/filter"
	"github.com/open-policy-agent/opa/v1/util"
)

const manifestFile = ".manifest"

// counts says whether a file is part of a bundle, by its base name. What OPA
// would read and msigate refuses counts too, so that it is refused, not ignored.
func counts(base string) bool {
	switch {
	case base == "data.json", base == "data.yaml", base == "data.yml", base == manifestFile:
		return true
	case strings.HasPrefix(base, "."):
		return base == ".manifest.pb"
	}
	return strings.HasSuffix(base, ".rego") || forbidden(base) != ""
}

// forbidden says why a file has no place in any bundle of ours.
func forbidden(base string) string {
	switch {
	case strings.HasSuffix(base, ".wasm"), base == "plan.json", base == "plan.pb":
		return "compiled code, which nobody can review"
	case base == "patch.json":
		return "a delta bundle, which OPA does not verify"
	case base != manifestFile && (strings.HasSuffix(base, manifestFile) || strings.HasSuffix(base, ".manifest.pb")):
		return "a second form of the manifest"
	}
	return ""
}

// read makes a Bundle of capped files through OPA's own reader, and holds it to its name.
func read(name string, files []file) (*Bundle, error) {
	if name == "" {
		var err error
		if name, err = nameOf(files); err != nil {
			return nil, err
		}
	}
	owner, known := owners[name]
	if !known {
		return nil, fmt.Errorf("read bundle %s: no such bundle; it is policy, governance or baseline", name)
	}
	kept := make([]file, 0, len(files))
	tests := map[string][]byte{}
	for _, f := range files {
		base := path.Base(f.path)
		if !counts(base) {
			continue
		}
		if why := forbidden(base); why != "" {
			return nil, refuse(ErrContent, "read bundle %s: %s is %s", name, f.path, why)
		}
		if base == manifestFile && f.path != manifestFile {
			return nil, refuse(ErrContent, "read bundle %s: %s is a manifest below the top", name, f.path)
		}
		if strings.HasSuffix(base, ".rego") && !owner.code {
			return nil, refuse(ErrContent, "read bundle %s: %s is Rego, and this bundle holds data only", name, f.path)
		}
		if strings.HasSuffix(base, "_test.rego") {
			tests[f.path] = f.content
			continue
		}
		if strings.HasPrefix(f.path, "schemas/") {
			continue
		}
		kept = append(kept, f)
	}
	if len(kept) == 0 {
		return nil, refuse(ErrContent, "read bundle %s: holds neither Rego nor data", name)
	}
	if err := checkManifest(owner, kept); err != nil {
		return nil, fmt.Errorf("read bundle %s: %w", name, err)
	}
	content, err := bundle.NewCustomReader(&fileLoader{files: kept}).
		WithSkipBundleVerification(true).
		WithProcessAnnotations(true).
		WithLazyLoadingMode(false).
		WithRegoVersion(ast.RegoV1).
		WithSizeLimitBytes(DefaultLimits.Unpacked).
		Read()
	if err != nil {
		if faults := syntaxFaults(kept); len(faults) > 0 {
			err = faults
		}
		return nil, refuse(ErrContent, "read bundle %s: %w", name, err)
	}
	if err := checkRoots(owner, &content); err != nil {
		return nil, fmt.Errorf("read bundle %s: %w", name, err)
	}
	b, err := seal(name, &content)
	if err == nil {
		b.Tests = tests
	}
	return b, err
}

// readManifest reads the manifest as OPA will; nil where there is none.
func readManifest(files []file) (*bundle.Manifest, error) {
	for _, f := range files {
		if f.path == manifestFile {
			var m bundle.Manifest
			if err := util.NewJSONDecoder(bytes.NewReader(f.content)).Decode(&m); err != nil {
				return nil, refuse(ErrManifest, "read .manifest: %w", err)
			}
			return &m, nil
		}
	}
	return nil, nil
}

// checkManifest holds what the manifest declares to the owner. Roots that are
// missing mean all roots to OPA; here they mean nothing, and the content is
// held to the owner's all the same.
func checkManifest(owner owned, files []file) error {
	m, err := readManifest(files)
	if err != nil || m == nil {
		return err
	}
	if m.Roots != nil {
		for _, root := range *m.Roots {
			root = strings.Trim(root, "/")
			if first, _, _ := strings.Cut(root, "/"); !slices.Contains(owner.roots, first) {
				return refuse(ErrRoots, "the manifest claims the root %q; its owner has %s", root, strings.Join(owner.roots, ", "))
			}
		}
	}
	if m.RegoVersion != nil && *m.RegoVersion != 1 {
		return refuse(ErrContent, "the manifest says rego_version %d; msigate reads Rego v1", *m.RegoVersion)
	}
	for file, version := range m.FileRegoVersions {
		if version != 1 {
			return refuse(ErrContent, "the manifest says rego_version %d for %s; msigate reads Rego v1", version, file)
		}
	}
	if len(m.WasmResolvers) > 0 {
		return refuse(ErrContent, "the manifest names Wasm: compiled code, which nobody can review")
	}
	return nil
}

// checkRoots holds what was really read to the owner's roots.
func checkRoots(owner owned, b *bundle.Bundle) error {
	where := "its owner has " + strings.Join(owner.roots, ", ")
	for _, key := range sortedKeys(b.Data) {
		if !slices.Contains(owner.roots, key) {
			return refuse(ErrRoots, "holds data.%s; %s", key, where)
		}
	}
	for _, m := range b.Modules {
		// A package path is data, then its steps.
		steps := m.Parsed.Package.Path
		if len(steps) < 2 {
			return refuse(ErrRoots, "%s has no package; %s", m.Path, where)
		}
		if root, ok := steps[1].Value.(ast.String); !ok || !slices.Contains(owner.roots, string(root)) {
			return refuse(ErrRoots, "%s is %s; %s", m.Path, m.Parsed.Package, where)
		}
	}
	if len(b.WasmModules) > 0 || len(b.PlanModules) > 0 || len(b.Wasm) > 0 || len(b.Patch.Data) > 0 {
		return refuse(ErrContent, "holds compiled code or a patch")
	}
	return nil
}

// nameOf tells a bundle that nobody named by its manifest, or by holding Rego.
func nameOf(files []file) (string, error) {
	m, err := readManifest(files)
	if err != nil {
		return "", fmt.Errorf("read bundle: %w", err)
	}
	if m != nil && m.Roots != nil && len(*m.Roots) > 0 {
		first, _, _ := strings.Cut(strings.Trim((*m.Roots)[0], "/"), "/")
		for name, owner := range owners {
			if slices.Contains(owner.roots, first) {
				return name, nil
			}
		}
	}
	for _, f := range files {
		if strings.HasSuffix(f.path, ".rego") {
			return NamePolicy, nil
		}
	}
	return "", errors.New("read bundle: cannot tell whether it is policy, governance or baseline: it has no manifest with roots, no Rego and no governance YAML")
}

// syntaxFaults are the parse errors of every module, in order, each with file
// and line; OPA's reader, which parses in parallel, returns those of one file.
func syntaxFaults(files []file) ast.Errors {
	var faults ast.Errors
	for _, f := range files {
		if !strings.HasSuffix(f.path, ".rego") {
			continue
		}
		_, err := ast.ParseModuleWithOpts(f.path, string(f.content), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
		var errs ast.Errors
		if errors.As(err, &errs) {
			faults = append(faults, errs...)
		}
	}
	// One slip in a string gives the same error for each of its letters.
	return slices.CompactFunc(faults, func(a, b *ast.Error) bool { return a.Error() == b.Error() })
}

// fileLoader hands capped files to OPA's reader.
type fileLoader struct {
	files []file
	next  int
}

func (l *fileLoader) NextFile() (*bundle.Descriptor, error) {
	if l.next == len(l.files) {
		return nil, io.EOF
	}
	f := l.files[l.next]
	l.next++
	return bundle.NewDescriptor(f.path, f.path, bytes.NewBuffer(f.content)), nil // a Buffer is not copied
}

// The files are chosen, named and capped before they come here.

func (l *fileLoader) WithFilter(filter.LoaderFilter) bundle.DirectoryLoader   { return l }
func (l *fileLoader) WithPathFormat(bundle.PathFormat) bundle.DirectoryLoader { return l }
func (l *fileLoader) WithSizeLimitBytes(int64) bundle.DirectoryLoader         { return l }
func (l *fileLoader) WithFollowSymlinks(bool) bundle.DirectoryLoader          { return l }
