package finding

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"maps"
	mathbits "math/bits"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"
)

// MaxRollupState bounds what Export gives, in bytes.
const MaxRollupState = 512 << 10

// rollupState is the first line of a group as it is written down; the members'
// keys follow, then their grades.
type rollupState struct {
	RollupHead
	Version int `json:"version"`
	Members int `json:"members"`
	Keys    int `json:"keys"`   // bytes
	Grades  int `json:"grades"` // bytes
}

const rollupVersion = 1

// Unsaved lists the groups that changed since they were exported, sorted, those
// that are gone included.
func (r *Rollups) Unsaved() []string { return slices.Sorted(maps.Keys(r.unsaved)) }

// Export gives a group as it can be written down, in at most MaxRollupState
// bytes; false where there is nothing of it any more.
func (r *Rollups) Export(group string) ([]byte, bool) {
	delete(r.unsaved, group)
	one := r.groups[group]
	if one == nil {
		return nil, false
	}
	list, head := one.members.list, one.head
	for {
		raw := writeRollup(head, list)
		if len(raw) <= MaxRollupState {
			return raw, true
		}
		list, head.Beyond = list[:len(list)-len(list)/16-1], true
	}
}

func writeRollup(head RollupHead, list []uint64) []byte {
	keys, grades := packKeys(list), packGrades(list)
	out := encode(&rollupState{RollupHead: head, Version: rollupVersion, Members: len(list), Keys: len(keys), Grades: len(grades)})
	return slices.Concat(out, []byte("\n"), keys, grades)
}

// Import takes over what Export gave, in the place of what is known of the
// group. Where it gives an error, nothing has changed.
func (r *Rollups) Import(raw []byte) error {
	one, err := readRollup(raw)
	if err != nil {
		return fmt.Errorf("read a rollup: %w", err)
	}
	group := one.head.Group
	if r.groups[group] != nil {
		r.drop(group)
	}
	if over := len(one.members.list) - r.limits.MaxMembers; over > 0 {
		one.members = newMembers(one.members.list[:r.limits.MaxMembers])
		one.head.Beyond = true
	}
	r.makeRoom(len(r.groups)+1-r.limits.MaxGroups, nil)
	r.clock++
	one.seen = r.clock
	r.groups[group] = one
	r.total += len(one.members.list)
	r.makeRoom(0, one)
	delete(r.unsaved, group)
	r.changed[group] = true // it may have been saved before it was told
	return nil
}

func readRollup(raw []byte) (*rollup, error) {
	line, rest, found := bytes.Cut(raw, []byte("\n"))
	if !found || len(raw) > MaxRollupState {
		return nil, errors.New("it has no first line, or is too long")
	}
	var s rollupState
	if err := json.Unmarshal(line, &s, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	h := &s.RollupHead
	switch {
	case s.Version != rollupVersion:
		return nil, fmt.Errorf("it has version %d, this msigate reads %d", s.Version, rollupVersion)
	case h.Group == "" || !texts(maxName, h.Group) || !texts(maxRollupText, h.Package, h.Signal, h.Child, h.What, h.Why):
		return nil, errText
	case h.Revision < 0 || len(h.Shown) > maxRollupShown || !slices.IsSortedFunc(h.Shown, compareShown):
		return nil, errors.New("its revision, or the findings it shows, cannot be")
	case s.Members < 0 || s.Members > DefaultMaxRollupMembers || s.Keys < 0 || s.Keys > len(rest) || s.Grades != len(rest)-s.Keys:
		return nil, errors.New("its members are not all there")
	}
	for i := range h.Shown {
		one := &h.Shown[i]
		if one.UID == "" || !texts(maxName, one.UID, one.Host) || !texts(maxRollupText, one.What, one.Why) || !one.known(false) || !rolled(one.Disposition) {
			return nil, errors.New("a finding that it shows cannot be")
		}
	}
	list, err := unpackKeys(rest[:s.Keys], s.Members)
	if err != nil {
		return nil, err
	}
	if err := unpackGrades(rest[s.Keys:], list); err != nil {
		return nil, err
	}
	return &rollup{head: *h, members: newMembers(list)}, nil
}

// newMembers counts members that are sorted.
func newMembers(list []uint64) members {
	m := members{list: list}
	for i, one := range list {
		m.grades[one&(1<<gradeBits-1)]++
		if i == 0 || list[i-1]>>(gradeBits+uidBits) != one>>(gradeBits+uidBits) {
			m.hosts++
		}
	}
	return m
}

// riceBits is how many low bits of each difference of n sorted keys are written
// as they are; what is above them, in unary, comes to two bits a key at most
// (Golomb's code with Rice's parameter).
func riceBits(n int) int { return max(keyBits-mathbits.Len(uint(n)), 0) }

// packKeys writes the differences between keys: about 35 bits each for 100,000.
func packKeys(list []uint64) []byte {
	low := riceBits(len(list))
	w := bitWriter{out: make([]byte, 0, len(list)*(low+3)/8+8)}
	var last uint64
	for _, one := range list {
		key := one >> gradeBits
		difference := key - last
		last = key
		for range difference >> low {
			w.put(1, 1)
		}
		w.put(0, 1)
		w.put(difference&(1<<low-1), low)
	}
	return w.end()
}

func unpackKeys(raw []byte, n int) ([]uint64, error) {
	low := riceBits(n)
	if n > len(raw)*8 {
		return nil, errors.New("its members are not all there")
	}
	r := bitReader{in: raw}
	list := make([]uint64, n)
	var last uint64
	for i := range list {
		var above uint64
		for r.bit() == 1 {
			above++
		}
		difference := above << low
		for b := low - 1; b >= 0; b-- {
			difference |= r.bit() << b
		}
		key := last + difference
		if r.over || above > 1<<(keyBits-low) || key >= 1<<keyBits || i > 0 && difference == 0 {
			return nil, errors.New("its members are damaged")
		}
		list[i], last = key<<gradeBits, key
	}
	return list, nil
}

func packGrades(list []uint64) []byte {
	if len(list) == 0 {
		return nil
	}
	codes := make([]byte, len(list))
	for i, one := range list {
		codes[i] = byte(one & (1<<gradeBits - 1))
	}
	var b bytes.Buffer
	w := gradeWriters.Get().(*flate.Writer)
	defer gradeWriters.Put(w)
	w.Reset(&b)
	_, _ = w.Write(codes) // a Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// gradeWriters are kept, as each has tables of a megabyte, and every group that
// changed is written down at once.
var gradeWriters = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestSpeed) // the level is one that there is
	return w
}}

func unpackGrades(raw []byte, list []uint64) error {
	if len(list) == 0 {
		return nil
	}
	codes := make([]byte, len(list)+1)
	n, err := io.ReadFull(flate.NewReader(bytes.NewReader(raw)), codes)
	if n != len(list) || !errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("how bad its members are is damaged")
	}
	for i := range list {
		if codes[i] >= 2*severities {
			return errors.New("a member of it is of no known grade")
		}
		list[i] |= uint64(codes[i])
	}
	return nil
}

// bitWriter writes bits, the first one highest.
type bitWriter struct {
	out  []byte
	part byte
	n    int
}

func (w *bitWriter) put(value uint64, n int) {
	for b := n - 1; b >= 0; b-- {
		w.part = w.part<<1 | byte(value>>b&1)
		if w.n++; w.n == 8 {
			w.out, w.part, w.n = append(w.out, w.part), 0, 0
		}
	}
}

func (w *bitWriter) end() []byte {
	if w.n > 0 {
		w.put(0, 8-w.n)
	}
	return w.out
}

// bitReader reads them; over its end there are zeros, and over is set.
type bitReader struct {
	in   []byte
	at   int
	over bool
}

func (r *bitReader) bit() uint64 {
	i := r.at / 8
	if i >= len(r.in) {
		r.over = true
		return 0
	}
	b := r.in[i] >> (7 - r.at%8) & 1
	r.at++
	return uint64(b)
}
