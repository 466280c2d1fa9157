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
	return readJudged(file, func(of resultsOf) bool { return of.Pack == pack }, func(j Judged) { r.by[key(j.Mutant)] = j })
}

// takeOver adds those of the mutants that were killed, or refused, in the run
// whose results are in the file, of whatever pack. Lines move when rules are
// changed, so that a mutant is known by what it changes: where a file has the
// same more than once and one of them survived, none is taken over.
func (r *results) takeOver(path string, mutants []Mutant) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	settled := map[change]Judged{}
	err = readJudged(file, func(resultsOf) bool { return true }, func(j Judged) {
		if c := changeOf(j.Mutant); settled[c].Verdict != survived {
			settled[c] = j
		}
	})
	if err != nil {
		return fmt.Errorf("read results %s: %w", path, err)
	}
	for _, m := range r.missing(mutants) {
		if j, ok := settled[changeOf(m)]; ok && j.Verdict != survived {
			if err := r.add(Judged{Mutant: m, Verdict: j.Verdict, By: j.By}); err != nil {
				return err
			}
		}
	}
	return nil
}

// readJudged calls each for every verdict in a file of results, if it is of a pack that is wanted.
func readJudged(file *os.File, wanted func(resultsOf) bool, each func(Judged)) error {
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for first := true; lines.Scan(); first = false {
		if first {
			var of resultsOf
			if err := json.Unmarshal(lines.Bytes(), &of); err != nil || !wanted(of) {
				return err
			}
			continue
		}
		var j Judged
		if err := json.Unmarshal(lines.Bytes(), &j); err != nil {
			break // the run ended while it was written
		}
		each(j)
	}
	return lines.Err()
}

// key is of one mutant alone: one line can have the same expression twice.
func key(m Mutant) string { return fmt.Sprintf("%s @%d", m, m.Column) }

// change is a mutant without its place.
type change struct{ file, operator, before, after string }

func changeOf(m Mutant) change { return change{m.File, m.Operator, m.Before, m.After} }

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
