package msi

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// nest makes of attack.msi a file whose stream into is a storage that holds what
// was the stream moved: what a patch and a package with nested ones look like.
func nest(t *testing.T, class byte, into string) (content []byte, moved string) {
	t.Helper()
	const none = 0xffffffff
	le := binary.LittleEndian
	content = fixture(t, "attack.msi")
	// The directory of a file as small as this is one piece.
	directory := content[(int(le.Uint32(content[48:]))+1)*512:]
	entry := func(id int) []byte { return directory[id*128 : id*128+128] }
	name := func(e []byte) string {
		var b []rune
		for at := 0; at+2 < int(le.Uint16(e[64:])); at += 2 {
			b = append(b, rune(le.Uint16(e[at:])))
		}
		decoded, _ := decodeName(string(b))
		return decoded
	}
	count := 0
	for entry(count)[66] != 0 {
		count++
	}
	storage, leaf := -1, -1
	for id := 1; id < count; id++ {
		e := entry(id)
		switch {
		case name(e) == into:
			storage = id
		case strings.HasPrefix(name(e), "Binary.") && (le.Uint32(e[68:]) == none || le.Uint32(e[72:]) == none):
			leaf = id
		}
	}
	if storage < 0 || leaf < 0 {
		t.Fatalf("attack.msi has no %s, or no stream to move (%d, %d)", into, storage, leaf)
	}
	rest := min(le.Uint32(entry(leaf)[68:]), le.Uint32(entry(leaf)[72:])) // at most one sibling is below it
	for id := range count {
		for _, at := range []int{68, 72, 76} {
			if le.Uint32(entry(id)[at:]) == uint32(leaf) {
				le.PutUint32(entry(id)[at:], rest)
			}
		}
	}
	le.PutUint32(entry(leaf)[68:], none)
	le.PutUint32(entry(leaf)[72:], none)
	s := entry(storage)
	s[66] = 1
	le.PutUint32(s[76:], uint32(leaf))
	le.PutUint32(s[120:], 0)
	entry(0)[80] = class
	return content, strings.TrimPrefix(name(entry(leaf)), "Binary.")
}

func TestBinaryStreamsWithinStoragesAreHashed(t *testing.T) {
	content, moved := nest(t, 0x86, "MsiEmbeddedUI.Ui")
	report := inspect(t, content)
	if report.Kind != Patch {
		t.Errorf("got kind %s", report.Kind)
	}
	i := slices.IndexFunc(report.Binaries, func(b Binary) bool { return b.Name == moved })
	if i < 0 || report.Binaries[i].Storage != "MsiEmbeddedUI.Ui" || report.Binaries[i].SHA256 == "" {
		t.Fatalf("%s within the storage is not told: %+v", moved, report.Binaries)
	}
	before := inspect(t, fixture(t, "attack.msi"))
	j := slices.IndexFunc(before.Binaries, func(b Binary) bool { return b.Name == moved })
	if report.Binaries[i].hashes != before.Binaries[j].hashes {
		t.Errorf("its hashes are %v, and were %v", report.Binaries[i].hashes, before.Binaries[j].hashes)
	}
	if !slices.ContainsFunc(report.Notes, func(n Note) bool { return n.About == "patch" }) {
		t.Errorf("no note says what of a patch is not read: %v", report.Notes)
	}
}

// An action runs the stream of the package, not one of that name in a storage.
func TestAStreamWithinAStorageIsRunByNoAction(t *testing.T) {
	content, moved := nest(t, 0x84, "MsiEmbeddedUI.Ui")
	report := inspect(t, content)
	for _, b := range report.Binaries {
		if b.Name == moved && (b.Extracted || len(b.RunBy) > 0) {
			t.Errorf("got %+v, want one that nothing runs", b)
		}
	}
	if !slices.ContainsFunc(report.Notes, func(n Note) bool { return n.Serious && strings.HasPrefix(n.About, "storage ") }) {
		t.Errorf("no note says that the package holds another: %v", report.Notes)
	}
}

func TestATransformIsReadWithoutItsRowsAndGetsNoEntry(t *testing.T) {
	content := fixture(t, "attack.msi")
	at := bytes.Index(content, []byte{0x84, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0})
	content[at] = 0x82
	report := inspect(t, content)
	if _, err := report.Propose(Entry{}); err == nil || !strings.Contains(err.Error(), "transform") {
		t.Errorf("got %v, want an error", err)
	}
	if !slices.ContainsFunc(report.Notes, func(n Note) bool { return n.About == "transform" }) {
		t.Errorf("no note says what of a transform is not read: %v", report.Notes)
	}
}
