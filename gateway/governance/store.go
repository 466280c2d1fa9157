package governance

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Store keeps the active set of bundles in a folder, so that a restart decides
// by what was active and not by what a source gives at that moment:
//
//	active.json              which archives are active together, and the floors
//	<name>/<sha256>.tar.gz   the archives, as their source gave them
//
// The set changes by one rename of active.json. A file is written beside its
// name, synced and renamed, and its folder synced, so that a crash or a power cut
// leaves either the old set or the new one, whole. Nothing in the folder is
// trusted: who reads it verifies it again.
//
// It is safe for one process at a time.
type Store struct {
	folder string

	// Step, where set, is called before each step with its name, and an error of
	// it is the step's: a full disk, or a process that is killed there.
	Step func(step string) error
}

// Kept is one bundle of the active set.
type Kept struct {
	SHA256    string    `json:"sha256"` // of the archive
	Serial    int64     `json:"serial"`
	Revision  string    `json:"revision"`
	Activated time.Time `json:"activated"`
}

// Mark is the highest serial of a name that was ever active, and its revision.
type Mark struct {
	Serial   int64     `json:"serial"`
	Revision string    `json:"revision"`
	At       time.Time `json:"at"` // when it became active
}

// Active is the active set.
type Active struct {
	Version int             `json:"version"`
	Bundles map[string]Kept `json:"bundles"`
	Floors  map[string]Mark `json:"floors"`

	// Tried names what the trial of the entries rested on (policy, canaries, deny
	// list): under the same, it need not be run again.
	Tried string `json:"tried,omitempty"`
}

// activeVersion is that of active.json.
const activeVersion = 1

// CorruptError says that what is kept on disk is not what was written.
type CorruptError struct {
	File string
	Why  string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("the persisted %s is not what was written: %s", e.File, e.Why)
}

// OpenStore makes the folder where it is absent. Only its owner can read it.
func OpenStore(folder string) (*Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("open the folder of the active bundles: %w; hint: data_dir in the configuration names another", err)
	}
	return &Store{folder: folder}, nil
}

const activeFile = "active.json"

// Active reads which bundles are active; the zero value where none ever was. A
// CorruptError says that the file cannot be used.
func (s *Store) Active() (Active, error) {
	raw, err := os.ReadFile(filepath.Join(s.folder, activeFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Active{}, nil
	}
	if err != nil {
		return Active{}, fmt.Errorf("read which bundles are active: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	var a Active
	if err := decoder.Decode(&a); err != nil {
		return Active{}, &CorruptError{File: filepath.Join(s.folder, activeFile), Why: err.Error()}
	}
	if a.Version != activeVersion {
		return Active{}, &CorruptError{File: filepath.Join(s.folder, activeFile), Why: fmt.Sprintf("it is of version %d, this msigate writes %d", a.Version, activeVersion)}
	}
	return a, nil
}

// Archive reads an archive of the active set.
func (s *Store) Archive(name string, kept Kept) ([]byte, error) {
	file := s.archive(name, kept.SHA256)
	opened, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &CorruptError{File: file, Why: "it is gone"}
	}
	if err != nil {
		return nil, fmt.Errorf("read the persisted bundle %s: %w", name, err)
	}
	defer opened.Close()
	raw, err := io.ReadAll(&capped{r: opened, left: DefaultLimits.Packed, err: errPacked})
	if errors.Is(err, errPacked) {
		return nil, &CorruptError{File: file, Why: err.Error()}
	}
	if err != nil {
		return nil, fmt.Errorf("read the persisted bundle %s: %w", name, err)
	}
	if sum := Digest(raw); sum != kept.SHA256 {
		return nil, &CorruptError{File: file, Why: "its SHA-256 is " + sum}
	}
	return raw, nil
}

// Digest is the SHA-256 of an archive's bytes, in lower-case hex.
func Digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

func (s *Store) archive(name, sum string) string {
	return filepath.Join(s.folder, filepath.Base(name), filepath.Base(sum)+".tar.gz")
}

// Stage writes an archive to the disk, where it counts for nothing until Commit
// names it.
func (s *Store) Stage(name string, raw []byte) error {
	file := s.archive(name, Digest(raw))
	if info, err := os.Stat(file); err == nil && info.Size() == int64(len(raw)) {
		if there, err := os.ReadFile(file); err == nil && bytes.Equal(there, raw) {
			return nil
		}
	}
	folder := filepath.Dir(file)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("persist bundle %s: %w", name, err)
	}
	if err := syncFolder(s.folder); err != nil {
		return fmt.Errorf("persist bundle %s: %w", name, err)
	}
	if err := s.write("stage", file, raw); err != nil {
		return fmt.Errorf("persist bundle %s: %w", name, err)
	}
	return nil
}

// Commit makes a set the active one. Its archives have been staged. Archives
// that no set names any more are removed.
func (s *Store) Commit(a Active) error {
	a.Version = activeVersion
	raw, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return fmt.Errorf("write down the active bundles: %w", err)
	}
	if err := s.write("commit", filepath.Join(s.folder, activeFile), append(raw, '\n')); err != nil {
		return fmt.Errorf("write down the active bundles: %w", err)
	}
	s.sweep(a)
	return nil
}

func (s *Store) write(phase, file string, raw []byte) error {
	return WriteSynced(file, raw, func(name string) error { return s.step(phase + " " + name) })
}

// WriteSynced replaces a file as a whole, or leaves it as it is. It is on the disk
// when it returns, and stays there after a power cut. step is told how far it is
// and can end it; nil: nobody is.
func WriteSynced(file string, raw []byte, step func(name string) error) (err error) {
	if step == nil {
		step = func(string) error { return nil }
	}
	temporary := file + ".new"
	opened, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary) // it may be all that fills the disk
		}
	}()
	half := len(raw) / 2
	_, err = opened.Write(raw[:half])
	if err == nil {
		err = step("half written")
	}
	if err == nil {
		_, err = opened.Write(raw[half:])
	}
	if err == nil {
		err = step("written")
	}
	if err == nil {
		err = opened.Sync()
	}
	if closed := opened.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = step("synced")
	}
	if err == nil {
		err = os.Rename(temporary, file)
	}
	if err == nil {
		err = step("renamed")
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(file))
}

func (s *Store) step(name string) error {
	if s.Step == nil {
		return nil
	}
	return s.Step(name)
}

// syncFolder has a rename on the disk: without it a power cut may undo it.
func syncFolder(folder string) error {
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	err = opened.Sync()
	if closed := opened.Close(); err == nil {
		err = closed
	}
	return err
}

// sweep removes archives that are not of the set. What cannot be removed takes
// room and does no harm.
func (s *Store) sweep(a Active) {
	folders, err := os.ReadDir(s.folder)
	if err != nil {
		return
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		files, err := os.ReadDir(filepath.Join(s.folder, folder.Name()))
		if err != nil {
			continue
		}
		for _, file := range files {
			if strings.TrimSuffix(file.Name(), ".tar.gz") != a.Bundles[folder.Name()].SHA256 {
				_ = os.Remove(filepath.Join(s.folder, folder.Name(), file.Name()))
			}
		}
	}
}
