package install

import "msigate/gateway/event"

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

// wrote keeps that the tree process p wrote the file at path.
func (h *host) wrote(p *process, path string, at int64) {
	if path == "" {
		return
	}
	path = event.LowerASCII(path)
	if h.files == nil {
		h.files = map[string]written{}
	}
	if _, again := h.files[path]; !again {
		h.fileOrder = append(h.fileOrder, fileWrite{path, at})
	}
	h.files[path] = written{writer: p, at: at}
}

// forgetFile drops the file that has been known longest.
func (h *host) forgetFile() {
	delete(h.files, h.fileOrder[0].path)
	h.fileOrder = h.fileOrder[1:]
}

// sweepFiles drops the files last written before the time. One that was
// written again meanwhile takes its place behind the others.
func (h *host) sweepFiles(before int64) {
	for len(h.fileOrder) > 0 && h.fileOrder[0].at < before {
		oldest := h.fileOrder[0]
		if last := h.files[oldest.path].at; last >= before {
			h.fileOrder = append(h.fileOrder[1:], fileWrite{oldest.path, last})
			continue
		}
		h.forgetFile()
	}
}

// fileOf is what a tree wrote at path no longer than window before.
func (h *host) fileOf(path string, at, window int64) (written, bool) {
	if path == "" || len(h.files) == 0 {
		return written{}, false
	}
	f, ok := h.files[event.LowerASCII(path)]
	if !ok || at != 0 && (at < f.at-slack || at > f.at+window) {
		return written{}, false
	}
	return f, true
}

// writer is the tree process that wrote the file at path no longer than window
// before; nil where none did.
func (h *host) writer(path string, at, window int64) *process {
	f, _ := h.fileOf(path, at, window)
	return f.writer
}
