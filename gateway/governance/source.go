package governance

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Taker takes what a source yields. Each function is called from one goroutine,
// never at once with another.
type Taker struct {
	// Take is given the bytes of an archive, capped and otherwise unread, whenever
	// they may have changed. nil says that what they hold is active, whether it
	// just became so or was before; an error that they were refused.
	Take func(raw []byte) error

	// Failed is told why the source could not be asked, and nil once it could again.
	Failed func(error)
}

// ReadFile gives what stands at a location as an archive: a .tar.gz as it is, a
// bundle folder packed, with its signature where it has one, and a folder of
// governance YAML built, which has none.
func ReadFile(location, name string) ([]byte, error) {
	info, err := os.Stat(location)
	if err != nil {
		return nil, fmt.Errorf("read bundle %s: %w", name, err)
	}
	var raw []byte
	if info.IsDir() {
		raw, err = packFolder(location, name)
	} else {
		raw, err = readArchiveFile(location)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", location, err)
	}
	return raw, nil
}

func readArchiveFile(location string) ([]byte, error) {
	opened, err := os.Open(location)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	return ReadCapped(opened)
}

// ReadCapped reads an archive's bytes, no more than a bundle may have.
func ReadCapped(r io.Reader) ([]byte, error) {
	return io.ReadAll(&capped{r: r, left: DefaultLimits.Packed, err: fmt.Errorf("%w: %d bytes packed", errPacked, DefaultLimits.Packed)})
}

func packFolder(location, name string) ([]byte, error) {
	folder := os.DirFS(location)
	var packed bytes.Buffer
	if name == NameGovernance && hasYAML(folder) {
		built, err := ReadDir(folder, name)
		if err != nil {
			return nil, err
		}
		if err := built.WriteArchive(&packed); err != nil {
			return nil, err
		}
		return packed.Bytes(), nil
	}
	files, err := collect(folder, DefaultLimits)
	if err != nil {
		return nil, fmt.Errorf("read bundle %s: %w", name, err)
	}
	signatures, err := readCapped(folder, signaturesFile, DefaultLimits.Unpacked)
	switch {
	case err == nil:
		files = append(files, file{path: signaturesFile, content: signatures})
	case !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("read bundle %s: %w", name, err)
	}
	if err := packFiles(&packed, files); err != nil {
		return nil, fmt.Errorf("pack bundle %s: %w", name, err)
	}
	return packed.Bytes(), nil
}

func packFiles(to io.Writer, files []file) error {
	gz := gzip.NewWriter(to)
	archive := tar.NewWriter(gz)
	for _, f := range files {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.path, Size: int64(len(f.content)), Mode: 0o600}); err != nil {
			return err
		}
		if _, err := archive.Write(f.content); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return gz.Close()
}

// FollowFile reads what stands at a location now, and again whenever it has
// changed, until ctx ends. A change between the first reading and the watch is
// seen too: it is read once more when the watch has begun.
func FollowFile(ctx context.Context, location, name string, to Taker) {
	read := func() {
		raw, err := ReadFile(location, name)
		to.Failed(err)
		if err == nil {
			_ = to.Take(raw) // who takes it says why it is refused
		}
	}
	for ctx.Err() == nil {
		err := watchFrom(ctx, location, read, to.Failed, true)
		if err != nil && ctx.Err() == nil {
			to.Failed(fmt.Errorf("%w; that is tried again", err)) // its folder is away, say
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchAgain):
		}
	}
}

// watchAgain is how long a place that cannot be watched is left alone.
const watchAgain = 5 * time.Second
