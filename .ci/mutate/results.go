package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"msigate/gateway/policytest"
)

// results are verdicts by mutant, kept in a file as they come: one JSON object
// a line, the first of which says of what.
type results struct {
	file *os.File // nil: not kept
	by   map[string]Judged
}

type resultsOf struct {
	Pack string `json:"pack"` // fingerprint
}

// openResults reads what is known of that pack; of another one, nothing is.
func openResults(path, pack string) (*results, error) {
	r := &results{by: map[string]Judged{}}
	if path == "" {
		return r, nil
	}
	if old, err := os.Open(path); err == nil {
		err = r.read(old, pack)
		old.Close()
		if err != nil {
			return nil, fmt.Errorf("read results %s: %w", path, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var err error
	if r.file, err = os.Create(path); err != nil {
		return nil, err
	}
	known := r.by
	r.by = map[string]Judged{}
	if err := json.NewEncoder(r.file).Encode(resultsOf{pack}); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(known)) {
		if err := r.add(known[key]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *results) read(file *os.File, pack string) error {
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for first := true; lines.Scan(); first = false {
		if first {
			var of resultsOf
			if err := json.Unmarshal(lines.Bytes(), &of); err != nil || of.Pack != pack {
				return err
			}
			continue
		}
		var j Judged
		if err := json.Unmarshal(lines.Bytes(), &j); err != nil {
			break // the run ended while it was written
		}
		r.by[key(j.Mutant)] = j
	}
	return lines.Err()
}

// key is of one mutant alone: one line can have the same expression twice.
func key(m Mutant) string { return fmt.Sprintf("%s @%d", m, m.Column) }

func (r *results) add(j Judged) error {
	r.by[key(j.Mutant)] = j
	if r.file == nil {
		return nil
	}
	line, err := json.Marshal(j)
	if err != nil {
		return err
	}
	_, err = r.file.Write(append(line, '\n'))
	return err
}

func (r *results) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

func (r *results) of(mutants []Mutant) int { return len(mutants) - len(r.missing(mutants)) }

func (r *results) missing(mutants []Mutant) []Mutant {
	var missing []Mutant
	for _, m := range mutants {
		if _, known := r.by[key(m)]; !known {
			missing = append(missing, m)
		}
	}
	return missing
}

func (r *results) all(mutants []Mutant) []Judged {
	all := make([]Judged, 0, len(mutants))
	for _, m := range mutants {
		all = append(all, r.by[key(m)])
	}
	return all
}

// fingerprint changes with anything that a verdict rests on.
func fingerprint(pack *policytest.Pack) string {
	h := sha256.New()
	for _, b := range pack.Bundles {
		fmt.Fprintln(h, b.Name, b.Revision)
		for _, name := range slices.Sorted(maps.Keys(b.Tests)) {
			fmt.Fprintln(h, name, len(b.Tests[name]))
			h.Write(b.Tests[name])
		}
	}
	_ = fs.WalkDir(pack.Stories, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			content, _ := fs.ReadFile(pack.Stories, name) // of the binary: it cannot fail
			fmt.Fprintln(h, name, len(content))
			h.Write(content)
		}
		return nil
	})
	return hex.EncodeToString(h.Sum(nil))
}
