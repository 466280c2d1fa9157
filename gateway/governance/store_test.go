package governance

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func openStore(t *testing.T, folder string) *Store {
	t.Helper()
	s, err := OpenStore(folder)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// commitOf stages an archive and makes it the active one.
func commitOf(s *Store, raw string, serial int64) error {
	if err := s.Stage(NameGovernance, []byte(raw)); err != nil {
		return err
	}
	return s.Commit(Active{
		Bundles: map[string]Kept{NameGovernance: {SHA256: Digest([]byte(raw)), Serial: serial, Revision: raw, Activated: time.Unix(1, 0).UTC()}},
		Floors:  map[string]Mark{NameGovernance: {Serial: serial, Revision: raw}},
	})
}

// holds gives the content that a store has active.
func holds(t *testing.T, folder string) (content string, serial int64) {
	t.Helper()
	s := openStore(t, folder)
	a, err := s.Active()
	if err != nil {
		t.Fatal(err)
	}
	k := a.Bundles[NameGovernance]
	raw, err := s.Archive(NameGovernance, k)
	if err != nil {
		t.Fatal(err)
	}
	if a.Floors[NameGovernance].Serial != k.Serial {
		t.Errorf("floor %d of serial %d", a.Floors[NameGovernance].Serial, k.Serial)
	}
	return string(raw), k.Serial
}

func TestStoreKeepsTheActiveSetAndSweepsTheRest(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "bundles")
	s := openStore(t, folder)
	if a, err := s.Active(); err != nil || len(a.Bundles) != 0 {
		t.Fatalf("of nothing: %+v, %v", a, err)
	}
	for serial, raw := range []string{"zero", "one", "two"} {
		if err := commitOf(s, raw, int64(serial)); err != nil {
			t.Fatal(err)
		}
	}
	if content, serial := holds(t, folder); content != "two" || serial != 2 {
		t.Errorf("holds %q, serial %d", content, serial)
	}
	files, err := os.ReadDir(filepath.Join(folder, NameGovernance))
	if err != nil || len(files) != 1 {
		t.Errorf("%d archives are kept, %v", len(files), err)
	}
}

// A full disk fails a write in the middle, or the sync at its end.
func TestFullDiskLeavesTheOldSetWhole(t *testing.T) {
	var steps []string
	s := openStore(t, filepath.Join(t.TempDir(), "count"))
	s.Step = func(step string) error { steps = append(steps, step); return nil }
	if err := commitOf(s, "one", 1); err != nil {
		t.Fatal(err)
	}
	if len(steps) != 8 {
		t.Fatalf("steps: %q", steps)
	}
	for _, full := range steps {
		t.Run(full, func(t *testing.T) {
			folder := t.TempDir()
			s := openStore(t, folder)
			if err := commitOf(s, "old", 1); err != nil {
				t.Fatal(err)
			}
			s.Step = func(step string) error {
				if step == full {
					return syscall.ENOSPC
				}
				return nil
			}
			err := commitOf(s, "new", 2)
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("got %v", err)
			}
			content, _ := holds(t, folder)
			if renamed := full == "commit renamed"; content != map[bool]string{false: "old", true: "new"}[renamed] {
				t.Errorf("holds %q", content)
			}
			left, err := filepath.Glob(filepath.Join(folder, "*", "*.new"))
			if err != nil || len(left) != 0 {
				t.Errorf("what fills the disk is left there: %q, %v", left, err)
			}
			s.Step = nil
			if err := commitOf(s, "new", 2); err != nil {
				t.Errorf("with room again: %v", err)
			}
		})
	}
}

func TestCorruptedStoreIsRefusedNamingTheFile(t *testing.T) {
	archive := filepath.Join(NameGovernance, Digest([]byte("one"))+".tar.gz")
	tests := []struct {
		name   string
		change func(folder string) error
		file   string
		want   string
	}{
		{"a byte of the archive", func(folder string) error { return os.WriteFile(filepath.Join(folder, archive), []byte("onE"), 0o600) }, archive, "its SHA-256 is"},
		{"half of the archive", func(folder string) error { return os.WriteFile(filepath.Join(folder, archive), []byte("o"), 0o600) }, archive, "its SHA-256 is"},
		{"no archive", func(folder string) error { return os.Remove(filepath.Join(folder, archive)) }, archive, "it is gone"},
		{"half of the list", func(folder string) error {
			return os.WriteFile(filepath.Join(folder, activeFile), []byte(`{"version": 1, "bun`), 0o600)
		}, activeFile, "unexpected EOF"},
		{"another version", func(folder string) error {
			return os.WriteFile(filepath.Join(folder, activeFile), []byte(`{"version": 2}`), 0o600)
		}, activeFile, "it is of version 2, this msigate writes 1"},
		{"a field nobody knows", func(folder string) error {
			return os.WriteFile(filepath.Join(folder, activeFile), []byte(`{"version": 1, "trusted": true}`), 0o600)
		}, activeFile, "trusted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			s := openStore(t, folder)
			if err := commitOf(s, "one", 1); err != nil {
				t.Fatal(err)
			}
			if err := test.change(folder); err != nil {
				t.Fatal(err)
			}
			a, err := s.Active()
			if err == nil {
				_, err = s.Archive(NameGovernance, a.Bundles[NameGovernance])
			}
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) || corrupt.File != filepath.Join(folder, test.file) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
			if err := commitOf(s, "one", 1); err != nil {
				t.Errorf("it is not mended by the next activation: %v", err)
			}
			if content, _ := holds(t, folder); content != "one" {
				t.Errorf("holds %q", content)
			}
		})
	}
}

// Names come from the configuration, and digests from a file that anybody may
// have written.
func TestStoreReadsNothingOutsideItsFolder(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "x.tar.gz")
	if err := os.WriteFile(outside, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, filepath.Join(filepath.Dir(outside), "bundles"))
	for _, sum := range []string{"../../x", "../x", outside} {
		if raw, err := s.Archive(NameGovernance, Kept{SHA256: sum}); err == nil {
			t.Errorf("%s: read %q", sum, raw)
		}
	}
}
