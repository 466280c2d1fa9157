package governance

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// watched starts Watch and gives the changes it tells. What is left running
// when the test ends is a failure.
func watched(t *testing.T, location string) <-chan struct{} {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	changes, done := make(chan struct{}, 100), make(chan error, 1)
	go func() {
		done <- Watch(ctx, location, func() { changes <- struct{}{} }, func(err error) { t.Errorf("watch failed: %v", err) })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		goleak.VerifyNone(t, leaks)
	})
	time.Sleep(50 * time.Millisecond) // until the system watches
	return changes
}

func wantChanges(t *testing.T, changes <-chan struct{}, want int) {
	t.Helper()
	got := 0
	for wait := 3 * time.Second; ; wait = 2 * Quiet {
		if got >= want {
			wait = 2 * Quiet
		}
		select {
		case <-changes:
			got++
			continue
		case <-time.After(wait):
		}
		break
	}
	if got != want {
		t.Errorf("%d changes told, want %d", got, want)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestManyWritesAreToldAsOneChange(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	mkdir(t, dir)
	changes := watched(t, dir)
	for range 20 {
		writeFile(t, filepath.Join(dir, "installers.yaml"), "installers: []\n")
		writeFile(t, filepath.Join(dir, "deny.yaml"), "deny: []\n")
		time.Sleep(10 * time.Millisecond)
	}
	wantChanges(t, changes, 1)
}

func TestAFileSavedByRenamingIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	mkdir(t, dir)
	file := filepath.Join(dir, "installers.yaml")
	writeFile(t, file, "installers: []\n")
	changes := watched(t, dir)
	for range 2 { // twice: the second is of a file that was not there at the start
		writeFile(t, file+".new", "installers: []\n")
		rename(t, file+".new", file)
		wantChanges(t, changes, 1)
	}
}

func TestAFolderMadeLaterIsWatched(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	mkdir(t, dir)
	changes := watched(t, dir)
	mkdir(t, filepath.Join(dir, "an0940", "signals"))
	wantChanges(t, changes, 1)
	writeFile(t, filepath.Join(dir, "an0940", "signals", "a.rego"), policyRego)
	wantChanges(t, changes, 1)
}

func TestAFolderReplacedAsAWholeIsWatchedOn(t *testing.T) {
	above := t.TempDir()
	dir, next := filepath.Join(above, "bundle"), filepath.Join(above, "next")
	mkdir(t, filepath.Join(dir, "lib"))
	mkdir(t, filepath.Join(next, "lib"))
	changes := watched(t, dir)
	rename(t, dir, filepath.Join(above, "old"))
	rename(t, next, dir)
	wantChanges(t, changes, 1)
	writeFile(t, filepath.Join(dir, "lib", "a.rego"), policyRego)
	wantChanges(t, changes, 1)
}

func TestAnArchiveIsWatchedAndItsNeighboursAreNot(t *testing.T) {
	dir := t.TempDir()
	archive := filepath.Join(dir, "policy.tar.gz")
	writeFile(t, archive, "")
	changes := watched(t, archive)
	writeFile(t, filepath.Join(dir, "other.tar.gz"), "")
	wantChanges(t, changes, 0)
	writeFile(t, archive+".part", "x")
	rename(t, archive+".part", archive)
	wantChanges(t, changes, 1)
}

func TestWatchSaysWhyItCannotBegin(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	err := Watch(t.Context(), filepath.Join(t.TempDir(), "absent", "bundle"), func() {}, func(error) {})
	if err == nil {
		t.Error("no error for a folder whose parent is not there")
	}
}
