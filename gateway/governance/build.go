package governance

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// MaxYAMLFile bounds one governance file, in bytes: 100,000 entries are about 36 MB.
const MaxYAMLFile = 128 << 20

// Options tune Build; the zero value is ready to use.
type Options struct {
	// Now is the clock against which created is held: an entry dated ahead would
	// count for longer than 366 days from today. Zero: not checked.
	Now time.Time
}

// Build makes the governance bundle from a folder of YAML (installers.yaml,
// signers.yaml, deployment_tools.yaml, sources.yaml, deny.yaml, all five
// present): held to the schemas and rules, indexed for lookup, unsigned. The
// same content gives the same bundle, byte for byte.
//
// Content that cannot be right is refused with Problems, all of the folder at
// once; another error means that the folder could not be read.
func Build(fsys fs.FS, options Options) (*Bundle, error) {
	schemas, err := builtInSchemas()
	if err != nil {
		return nil, fmt.Errorf("build governance: %w", err)
	}
	problems, err := strangers(fsys)
	if err != nil {
		return nil, err
	}
	documents := map[string]document{}
	for _, kind := range kinds {
		content, err := readYAML(fsys, fileName(kind))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			problems = append(problems, Problem{File: fileName(kind), Why: "the file is missing", Want: kind + ": [] where there is no entry"})
			continue
		case err != nil:
			return nil, err
		}
		document, faults := parseDocument(kind, content)
		if document.root != nil {
			faults = append(faults, unlessSaid(faults, schemas.check(document))...)
			documents[kind] = document
		}
		problems = append(problems, faults...)
	}
	checker := checker{documents: documents, now: options.Now}
	checker.check()
	if problems = append(problems, unlessSaid(problems, checker.problems)...); len(problems) > 0 {
		return nil, problems.sorted()
	}
	return seal(NameGovernance, &bundle.Bundle{Data: map[string]any{"governance": data(documents)}})
}

// unlessSaid leaves out what is wrong with a value whose form is refused already.
func unlessSaid(said, more Problems) Problems {
	type place struct {
		file, field string
		line        int
	}
	places := make(map[place]bool, len(said))
	for _, p := range said {
		places[place{p.File, p.Field, p.Line}] = true
	}
	return slices.DeleteFunc(more, func(p Problem) bool { return places[place{p.File, p.Field, p.Line}] })
}

// strangers names the YAML files that nobody would read: a misspelt name must
// not leave an entry out unnoticed.
func strangers(fsys fs.FS) (Problems, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("build governance: list the folder: %w", err)
	}
	var problems Problems
	for _, entry := range entries {
		name := entry.Name()
		extension := strings.ToLower(path.Ext(name))
		if entry.IsDir() || strings.HasPrefix(name, ".") || extension != ".yaml" && extension != ".yml" {
			continue
		}
		if !slices.Contains(kinds, strings.TrimSuffix(name, ".yaml")) {
			problems = append(problems, Problem{File: name, Why: "is no governance file", Want: "the names " + strings.Join(kinds, ".yaml, ") + ".yaml"})
		}
	}
	return problems, nil
}

func readYAML(fsys fs.FS, name string) ([]byte, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("build governance: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, MaxYAMLFile+1))
	if err != nil {
		return nil, fmt.Errorf("build governance: read %s: %w", name, err)
	}
	if len(content) > MaxYAMLFile {
		return nil, fmt.Errorf("build governance: %s is larger than %d bytes", name, MaxYAMLFile)
	}
	return content, nil
}

// hasYAML says whether a folder is one that Build reads.
func hasYAML(fsys fs.FS) bool {
	for _, kind := range kinds {
		if _, err := fs.Stat(fsys, fileName(kind)); err == nil {
			return true
		}
	}
	return false
}
