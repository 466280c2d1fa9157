package governance

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Limits bound what a bundle may cost before anything in it is parsed.
type Limits struct {
	Packed   int64 // bytes of a compressed archive
	Unpacked int64 // bytes of all files together
	Files    int   // files of an archive or folder, those that are passed over included
}

// DefaultLimits hold 100,000 entries with room: those unpack to about 60 MB.
var DefaultLimits = Limits{Packed: 64 << 20, Unpacked: 512 << 20, Files: 10_000}

// file is one file of a bundle; its path has no slash in front.
type file struct {
	path    string
	content []byte
}

// ReadArchive reads a .tar.gz bundle under the name it is configured with. The
// caps are DefaultLimits. An empty name takes the bundle for what its manifest
// says: only for a file that a person chose, never for a configured source.
// Signatures are not looked at here: what comes out is unsigned.
func ReadArchive(r io.Reader, name string) (*Bundle, error) {
	return readArchive(r, name, DefaultLimits)
}

func readArchive(r io.Reader, name string, limits Limits) (*Bundle, error) {
	files, err := unpack(r, limits)
	if err != nil {
		return nil, refuse(ErrArchive, "unpack bundle%s: %w", named(name), err)
	}
	return read(name, files)
}

func named(name string) string {
	if name == "" {
		return ""
	}
	return " " + name
}

var (
	errPacked   = errors.New("larger than allowed")
	errUnpacked = errors.New("unpacks to more than allowed")
)

// capped fails with err, rather than end, once more than left bytes were read.
type capped struct {
	r    io.Reader
	left int64
	err  error
}

func (c *capped) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, c.err
	}
	return n, err
}

// unpack reads every file of a .tar.gz, whole and to its checksum. Names that
// lead outside, repeat, or mean other things to other readers are refused.
func unpack(r io.Reader, limits Limits) ([]file, error) {
	packed := &capped{r: r, left: limits.Packed, err: fmt.Errorf("%w: %d bytes packed", errPacked, limits.Packed)}
	gz, err := gzip.NewReader(packed)
	if err != nil {
		if errors.Is(err, errPacked) {
			return nil, err
		}
		return nil, fmt.Errorf("not a gzip archive: %w; a bundle is a .tar.gz as opa build makes it", err)
	}
	defer gz.Close()
	// Headers count too: a million empty files are no less a bomb.
	unpacked := &capped{r: gz, left: limits.Unpacked + 2048*int64(limits.Files), err: fmt.Errorf("%w: %d bytes", errUnpacked, limits.Unpacked)}
	var files []file
	total, entries, seen := int64(0), 0, map[string]bool{}
	archive := tar.NewReader(unpacked)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the tar: %w", err)
		}
		if entries++; entries > limits.Files {
			return nil, fmt.Errorf("holds more than the %d files allowed", limits.Files)
		}
		switch header.Typeflag {
		case tar.TypeDir:
			continue
		case tar.TypeReg:
		default:
			return nil, fmt.Errorf("%q is neither a file nor a folder (tar type %q): links and devices have no place in a bundle", header.Name, header.Typeflag)
		}
		name, err := cleanName(header.Name)
		if err != nil {
			return nil, err
		}
		if seen[name] {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		seen[name] = true
		if total += header.Size; header.Size < 0 || total > limits.Unpacked {
			return nil, unpacked.err
		}
		// A header's size is a claim: memory grows with the bytes that really come.
		var content bytes.Buffer
		if _, err := io.Copy(&content, archive); err != nil {
			return nil, fmt.Errorf("read %q: %w", name, err)
		}
		files = append(files, file{path: name, content: content.Bytes()})
	}
	if _, err := io.Copy(io.Discard, unpacked); err != nil {
		return nil, fmt.Errorf("read to the end of the archive: %w", err)
	}
	return files, nil
}

// cleanName takes the slash that OPA's writer puts in front off a name, and
// refuses one that is not already in its shortest form.
func cleanName(name string) (string, error) {
	clean := strings.TrimPrefix(strings.TrimPrefix(name, "./"), "/")
	if clean == "" || clean != path.Clean(clean) || clean == ".." || strings.HasPrefix(clean, "../") || strings.HasPrefix(clean, "/") || strings.ContainsAny(clean, "\\:\x00") {
		return "", fmt.Errorf("the name %q leads outside the bundle or can be read in two ways", name)
	}
	return clean, nil
}
