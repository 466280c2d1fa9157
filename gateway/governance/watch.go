package governance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Quiet is how long nothing must happen in a watched place before a change
// counts: an editor or a copy writes many files, and half of them is no bundle.
const Quiet = 300 * time.Millisecond

// maxUnquiet bounds the wait where something writes all the time.
const maxUnquiet = 5 * time.Second

// Watch calls changed once what stands at location (a bundle folder with all
// below it, or an archive) was written, renamed or removed and Quiet has passed;
// and failed with every error on the way, after which it goes on. It sees a file
// that an editor saves by renaming, and a folder that is replaced as a whole. It
// blocks until ctx is done, and returns an error only where it cannot begin.
// Both functions are called from one goroutine, never at once.
func Watch(ctx context.Context, location string, changed func(), failed func(error)) error {
	return watchFrom(ctx, location, changed, failed, false)
}

// watchFrom is Watch; where begun is true, that the watch has begun is a change.
func watchFrom(ctx context.Context, location string, changed func(), failed func(error), begun bool) error {
	location, err := filepath.Abs(location)
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", location, err)
	}
	defer watcher.Close()
	w := &watch{watcher: watcher, location: location, failed: failed}
	// The folder above sees the location itself replaced.
	if err := watcher.Add(filepath.Dir(location)); err != nil {
		return fmt.Errorf("watch %s: %w", filepath.Dir(location), err)
	}
	if err := w.add(location); err != nil {
		return fmt.Errorf("watch %s: %w", location, err)
	}
	w.run(ctx, changed, begun)
	return nil
}

type watch struct {
	watcher  *fsnotify.Watcher
	location string
	failed   func(error)
}

func (w *watch) run(ctx context.Context, changed func(), begun bool) {
	quiet := time.NewTimer(Quiet)
	quiet.Stop()
	defer quiet.Stop()
	var first time.Time // of the changes not told yet
	touch := func() {
		now := time.Now()
		if first.IsZero() {
			first = now
		}
		quiet.Reset(max(0, min(Quiet, maxUnquiet-now.Sub(first))))
	}
	if begun {
		touch()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-quiet.C:
			first = time.Time{}
			changed()
		case event, open := <-w.watcher.Events:
			if !open {
				return
			}
			if event.Op == fsnotify.Chmod || !w.concerns(event.Name) {
				continue
			}
			if event.Has(fsnotify.Create) {
				if err := w.add(event.Name); err != nil {
					w.failed(fmt.Errorf("watch %s: %w", event.Name, err))
				}
			}
			touch()
		case err, open := <-w.watcher.Errors:
			if !open {
				return
			}
			w.failed(fmt.Errorf("watch %s: %w", w.location, err))
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				// Events were lost, so anything may have changed.
				touch()
			}
		}
	}
}

// concerns leaves out what happens beside the location in the folder above it.
func (w *watch) concerns(name string) bool {
	name = filepath.Clean(name)
	return name == w.location || filepath.Dir(name) != filepath.Dir(w.location)
}

// add watches a folder and all folders below it. The system watches one folder
// at a time, so a new one is added when it appears; what was written into it
// before is read anyway, as its appearance is itself a change.
func (w *watch) add(root string) error {
	info, err := os.Stat(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone already
	}
	if err != nil || !info.IsDir() {
		return err
	}
	if err := w.watcher.Add(root); err != nil {
		return err
	}
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := w.add(filepath.Join(root, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
