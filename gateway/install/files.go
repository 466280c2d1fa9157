package install

import (
	"cmp"
	"slices"

	"msigate/gateway/event"
)

const (
	// keptEarlier is how many writes of a file before its last are kept: a
	// process that started between two of them ran what the first one wrote.
	keptEarlier = 3
	// keptStrange is how many files named MSIxxxx.tmp are kept of strangers.
	keptStrange = 256
)

// written is a file that was written, and when it last was.
type written struct {
	writer  *process
	at      int64
	earlier []write // its writes before, the oldest first; mostly none
}

// write is one write of a file.
type write struct {
	writer *process
	at     int64
}

func compareWrites(a, b write) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.writer.pid, b.writer.pid))
}

// fileTable is the files that some kind of process wrote.
type fileTable struct {
	files     map[string]written // by lower-cased path
	fileOrder []fileWrite
}

// fileWrite is a file in the order in which files were first written.
type fileWrite struct {
	path string
	at   int64
}

// keep notes a write, whose record may have come after those of later ones;
// false where it is known already.
func (f *fileTable) keep(path string, one write) bool {
	if f.files == nil {
		f.files = map[string]written{}
	}
	known, again := f.files[path]
	if !again {
		f.fileOrder = append(f.fileOrder, fileWrite{path, one.at})
		f.files[path] = written{writer: one.writer, at: one.at}
		return true
	}
	last := write{known.writer, known.at}
	switch order := compareWrites(one, last); {
	case order == 0:
		return false
	case order > 0:
		known.earlier = append(slices.Clip(known.earlier), last)
		known.writer, known.at = one.writer, one.at
	default:
		place, found := slices.BinarySearchFunc(known.earlier, one, compareWrites)
		if found {
			return false
		}
		known.earlier = slices.Insert(slices.Clip(known.earlier), place, one)
	}
	if over := len(known.earlier) - keptEarlier; over > 0 {
		known.earlier = known.earlier[over:]
	}
	f.files[path] = known
	return true
}

// before is the file's last write up to the time, and after the other.
func (w *written) before(until, after int64) (write, bool) {
	if after <= w.at && w.at <= until {
		return write{w.writer, w.at}, true
	}
	for _, one := range slices.Backward(w.earlier) {
		if one.at <= until {
			return one, one.at >= after
		}
	}
	return write{}, false
}

// of is the last write of what was used at the time from path, no longer than
// window before; give or take where there is none exactly then.
func (f *fileTable) of(path string, at, window int64) (write, bool) {
	known, ok := f.files[path]
	switch {
	case !ok:
		return write{}, false
	case at == 0:
		return write{known.writer, known.at}, true
	}
	if one, ok := known.before(at, at-window); ok {
		return one, true
	}
	return known.before(at+slack, at-window)
}

func (f *fileTable) forgetFirst() {
	delete(f.files, f.fileOrder[0].path)
	f.fileOrder = f.fileOrder[1:]
}

// sweep drops the files last written before the time. One that was written
// again meanwhile takes its place behind the others.
func (f *fileTable) sweep(before int64, forget func()) {
	for len(f.fileOrder) > 0 && f.fileOrder[0].at < before {
		oldest := f.fileOrder[0]
		if last := f.files[oldest.path].at; last >= before {
			f.fileOrder = append(f.fileOrder[1:], fileWrite{oldest.path, last})
			continue
		}
		forget()
	}
}

// forgetFile drops the file of the trees that has been known longest.
func (h *host) forgetFile() {
	h.freezeLoads(h.fileOrder[0].path)
	h.forgetFirst()
}

// forgetStrange drops the stranger's file that has been known longest.
func (h *host) forgetStrange() {
	h.freezeLoads(h.strange.fileOrder[0].path)
	h.strange.forgetFirst()
}

func (h *host) sweepFiles(before int64) {
	h.fileTable.sweep(before, h.forgetFile)
	h.strange.sweep(before, h.forgetStrange)
}

// wrote keeps that p wrote the file at path: a process of a tree any file,
// anybody one that is named as the installer names what it extracts.
func (h *host) wrote(p *process, path string, at, window int64) (evicted uint64) {
	table := &h.fileTable
	switch {
	case path == "":
		return 0
	case p.member == nil && !isExtracted(path):
		return 0
	case p.precedes(at) && !isExtracted(path):
		return 0 // before it belonged to the tree
	case p.member == nil:
		table = &h.strange
		if !p.listed {
			h.add(p) // so that its start, should it come yet, is joined to it
		}
	}
	path = event.LowerASCII(path)
	if !table.keep(path, write{p, at}) {
		return 0
	}
	h.ran(path, at, window)
	for len(h.strange.files) > keptStrange {
		h.forgetStrange()
		evicted++
	}
	return evicted
}

// takeStrange makes the files of a stranger, who turns out to be of a tree, the
// tree's.
func (h *host) takeStrange(p *process) {
	if len(h.strange.files) == 0 {
		return
	}
	h.strange.fileOrder = slices.DeleteFunc(h.strange.fileOrder, func(one fileWrite) bool {
		known := h.strange.files[one.path]
		var left []write
		for _, w := range append(slices.Clip(known.earlier), write{known.writer, known.at}) {
			if w.writer == p {
				h.keep(one.path, w)
			} else {
				left = append(left, w)
			}
		}
		if len(left) == 0 {
			delete(h.strange.files, one.path)
			return true
		}
		last := len(left) - 1
		h.strange.files[one.path] = written{writer: left[last].writer, at: left[last].at, earlier: left[:last:last]}
		return false
	})
}

// fileOf is a tree's last write of what was used at the time from path, no
// longer than window before.
func (h *host) fileOf(path string, at, window int64) (write, bool) {
	if path == "" || len(h.files) == 0 {
		return write{}, false
	}
	return h.of(event.LowerASCII(path), at, window)
}

// writer is the tree process that wrote the file at path no longer than window
// before; nil where none did.
func (h *host) writer(path string, at, window int64) *process {
	f, _ := h.fileOf(path, at, window)
	return f.writer
}

// writeOf is the same by anybody whose writes are kept.
func (h *host) writeOf(path string, at, window int64) (write, bool) {
	one, ok := h.fileOf(path, at, window)
	if len(h.strange.files) > 0 && isExtracted(path) {
		if other, found := h.strange.of(event.LowerASCII(path), at, window); found && (!ok || compareWrites(other, one) > 0) {
			return other, true
		}
	}
	return one, ok
}

// tell is the write as a Context shows it.
func (w write) tell() *Written {
	return &Written{By: w.writer.withoutWritten(), At: moment(w.at)}
}
