package msi

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/richardlehane/mscfb"
)

// container is the compound file: streams and storages, found once by name.
type container struct {
	size    int64
	root    *entry
	entries []*entry          // in the directory's order, the root not among them
	tables  map[string]*entry // the root's table streams by decoded name
	streams map[string]*entry // the root's other streams by decoded name
	below   map[*entry][]*entry
}

// entry is one stream or storage.
type entry struct {
	name    string // as the database knows it
	stored  string // as the directory has it
	where   string // the storages above it, decoded and joined by /
	table   bool
	storage bool
	size    int64
	parent  *entry
	file    *mscfb.File
}

func (e *entry) String() string {
	if e.where == "" {
		return e.name
	}
	return e.where + "/" + e.name
}

// openContainer reads the directory. mscfb follows what the file says, so it
// reads through a budget; what it then gives is held to the file's size, so
// that reading every stream is at most one pass over the file.
func openContainer(r io.ReaderAt, size int64) (c *container, err error) {
	defer func() {
		if p := recover(); p != nil {
			c, err = nil, fmt.Errorf("read the compound file: its structure contradicts itself (%v)", p)
		}
	}()
	budget := &budgetReader{r: r, left: maxStructure}
	doc, err := mscfb.New(budget)
	switch {
	case budget.left < 0:
		return nil, fmt.Errorf("read the compound file: its directory and allocation tables are larger than %d MB", maxStructure>>20)
	case err != nil:
		return nil, fmt.Errorf("read the compound file: %w", err)
	}
	budget.open = true // what is read from here on is bounded by the streams' sizes
	c = &container{size: size, tables: map[string]*entry{}, streams: map[string]*entry{}, below: map[*entry][]*entry{}}
	byPath := map[string]*entry{}
	seen := map[string]bool{}
	var total int64
	for i, f := range doc.File {
		e := &entry{file: f, size: f.Size, storage: f.FileInfo().IsDir(), stored: storedName(f)}
		if i == 0 {
			if !e.storage {
				return nil, errors.New("read the compound file: its root is no storage")
			}
			c.root, byPath[""] = e, e
			continue
		}
		e.name, e.table = decodeName(e.stored)
		path := strings.Join(f.Path, "\x00")
		if e.parent = byPath[path]; e.parent == nil {
			return nil, fmt.Errorf("read the compound file: %q lies in a storage that is not there", e.name)
		}
		e.where = e.parent.name
		if e.parent.where != "" {
			e.where = e.parent.where + "/" + e.parent.name
		}
		key := path + "\x00\x00" + e.stored
		if seen[key] {
			return nil, fmt.Errorf("read the compound file: there are two entries %q in one storage", e.name)
		}
		seen[key] = true
		c.entries = append(c.entries, e)
		c.below[e.parent] = append(c.below[e.parent], e)
		if e.storage {
			e.size = 0
			below := f.Name
			if path != "" {
				below = path + "\x00" + f.Name
			}
			if byPath[below] != nil {
				return nil, fmt.Errorf("read the compound file: there are two storages %q", e.name)
			}
			byPath[below] = e
			continue
		}
		if total += e.size; e.size < 0 || total > size || total < 0 {
			return nil, fmt.Errorf("read the compound file: stream %q has the file's streams add up to more bytes than the file has (%d)", e.name, size)
		}
		if e.parent != c.root {
			continue
		}
		if e.table {
			c.tables[e.name] = e
		} else {
			c.streams[e.name] = e
		}
	}
	if c.root == nil {
		return nil, errors.New("read the compound file: it has no root storage")
	}
	return c, nil
}

// storedName is the whole name: mscfb takes an unprintable first character off.
func storedName(f *mscfb.File) string {
	if f.Initial != 0 && !strings.HasPrefix(f.Name, string(rune(f.Initial))) {
		return string(rune(f.Initial)) + f.Name
	}
	return f.Name
}

// copyTo writes the whole of a stream to w.
func (e *entry) copyTo(w io.Writer) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, e.reader(), make([]byte, readChunk))
	return err
}

// reader reads a stream from its start. mscfb keeps one place for each stream,
// so there is one reader of a stream at a time.
func (e *entry) reader() io.Reader { return &streamReader{e: e} }

type streamReader struct {
	e  *entry
	at int64
}

func (r *streamReader) Read(b []byte) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			n, err = 0, fmt.Errorf("read stream %s: its sectors contradict themselves (%v)", r.e, p)
		}
	}()
	left := r.e.size - r.at
	if left <= 0 {
		return 0, io.EOF
	}
	if r.at == 0 {
		if _, err := r.e.file.Seek(0, io.SeekStart); err != nil {
			return 0, fmt.Errorf("read stream %s: %w", r.e, err)
		}
	}
	n, err = r.e.file.Read(b[:min(int64(len(b)), left, readChunk)])
	switch r.at += int64(n); {
	case n > 0 && (err == nil || errors.Is(err, io.EOF)):
		return n, nil
	case err == nil || errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return n, fmt.Errorf("read stream %s at byte %d of %d: %w", r.e, r.at, r.e.size, err)
}

// content gives a stream of at most limit bytes.
func (e *entry) content(limit int64) ([]byte, error) {
	if e.size > limit {
		return nil, fmt.Errorf("read stream %s: it has %d bytes, more than %d", e, e.size, limit)
	}
	content := make([]byte, e.size)
	if _, err := io.ReadFull(e.reader(), content); err != nil {
		return nil, err
	}
	return content, nil
}

// head gives the first n bytes of a stream, or what it has.
func (e *entry) head(n int64) ([]byte, error) {
	content := make([]byte, min(n, e.size))
	_, err := io.ReadFull(e.reader(), content)
	return content, err
}

// tableStream gives a table's stream; nil where the database has none.
func (c *container) tableStream(name string) ([]byte, error) {
	e := c.tables[name]
	if e == nil {
		return nil, nil
	}
	return e.content(maxTable)
}

// budgetReader fails once more than left bytes were asked for.
type budgetReader struct {
	r    io.ReaderAt
	left int64
	open bool
}

func (b *budgetReader) ReadAt(p []byte, offset int64) (int, error) {
	if !b.open {
		if b.left -= int64(len(p)); b.left < 0 {
			return 0, errors.New("the bound for its structure is reached")
		}
	}
	if offset < 0 {
		return 0, errors.New("an offset before the file's start")
	}
	return b.r.ReadAt(p, offset)
}
