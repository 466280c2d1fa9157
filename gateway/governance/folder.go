package governance

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// ReadDir reads a bundle folder under the name it is configured with, within
// DefaultLimits. A folder of governance YAML is built on the way, its entries'
// dates held against the clock. An empty name as in ReadArchive.
func ReadDir(fsys fs.FS, name string) (*Bundle, error) {
	return readDir(fsys, name, DefaultLimits)
}

func readDir(fsys fs.FS, name string, limits Limits) (*Bundle, error) {
	if (name == NameGovernance || name == "") && hasYAML(fsys) {
		for _, other := range []string{".manifest", "data.json"} {
			if _, err := fs.Stat(fsys, other); err == nil {
				return nil, fmt.Errorf("read bundle governance: the folder holds both governance YAML and %s: is it what people write or what was built from it? Keep them apart", other)
			}
		}
		return Build(fsys, Options{Now: time.Now()})
	}
	files, err := collect(fsys, limits)
	if err != nil {
		return nil, fmt.Errorf("read bundle%s: %w", named(name), err)
	}
	if len(files) == 0 {
		if sub, err := fs.Sub(fsys, "governance"); err == nil && hasYAML(sub) {
			return nil, fmt.Errorf("read bundle%s: nothing to read here; hint: the YAML is in its folder governance", named(name))
		}
	}
	return read(name, files)
}

// Open reads the bundle at path: a folder or a .tar.gz.
func Open(location, name string) (*Bundle, error) {
	info, err := os.Stat(location)
	if err != nil {
		return nil, fmt.Errorf("read bundle%s: %w", named(name), err)
	}
	var b *Bundle
	if info.IsDir() {
		b, err = ReadDir(os.DirFS(location), name)
	} else {
		var archive *os.File
		if archive, err = os.Open(location); err != nil {
			return nil, fmt.Errorf("read bundle%s: %w", named(name), err)
		}
		defer archive.Close()
		b, err = ReadArchive(archive, name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", location, err)
	}
	return b, nil
}

// collect reads the files of a folder that a bundle is made of. Hidden files
// and folders (an editor's, Git's, a mounted ConfigMap's own) are passed over;
// a link to a file is followed, as a mounted ConfigMap consists of them.
func collect(fsys fs.FS, limits Limits) ([]file, error) {
	var files []file
	count, total := 0, int64(0)
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() {
			if name != "." && strings.HasPrefix(base, ".") {
				return fs.SkipDir
			}
			return nil
		}
		if count++; count > limits.Files {
			return fmt.Errorf("holds more than the %d files allowed", limits.Files)
		}
		if !counts(base) {
			return nil
		}
		if info, err := fs.Stat(fsys, name); err != nil {
			return err
		} else if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a file", name)
		}
		content, err := readCapped(fsys, name, limits.Unpacked-total)
		if err != nil {
			return err
		}
		total += int64(len(content))
		files = append(files, file{path: name, content: content})
		return nil
	})
	return files, err
}

func readCapped(fsys fs.FS, name string, left int64) ([]byte, error) {
	opened, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	content, err := io.ReadAll(&capped{r: opened, left: left, err: errUnpacked})
	if errors.Is(err, errUnpacked) {
		return nil, fmt.Errorf("read %s: the folder holds more bytes than allowed", name)
	}
	return content, err
}
