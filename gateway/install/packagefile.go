package install

import (
	"cmp"
	"slices"
	"strings"

	"msigate/gateway/event"
)

const (
	// keptWrites is how many events about one package file are kept.
	keptWrites = 8
	// packageKinds are the endings of what Windows Installer installs from.
	packageMSI, packageMSP, packageMST = ".msi", ".msp", ".mst"
)

// isPackageFile reports whether a file is named as a package, a patch or a
// transform is. One of another name can be installed just as well.
func isPackageFile(path string) bool {
	if len(path) < len(packageMSI) {
		return false
	}
	ending := path[len(path)-len(packageMSI):]
	return event.EqualFoldASCII(ending, packageMSI) || event.EqualFoldASCII(ending, packageMSP) || event.EqualFoldASCII(ending, packageMST)
}

// packageFile is what was seen of one file, the oldest first.
type packageFile struct {
	path  string // lower case
	seen  int64  // when anything was last heard of it
	notes []fileNote
}

// fileNote is one event about a package file.
type fileNote struct {
	at     int64
	kind   noteKind
	writer *process // who wrote it
	hashes event.Hashes
}

type noteKind uint8

const (
	noteWritten noteKind = iota + 1
	noteHashed
	noteMarked  // Zone.Identifier of the internet or of a restricted zone
	noteDeleted // what is known of it no longer holds
)

// notePackage keeps what a file event says of a package file.
func (h *host) notePackage(e *event.Event, p *process) {
	at := stamp(e.Time)
	note := fileNote{at: at, hashes: e.File.Hashes}
	switch e.Kind {
	case event.KindFileCreate, event.KindFileExecutable:
		note.kind, note.writer = noteWritten, p
	case event.KindFileDelete:
		note.kind = noteDeleted
	case event.KindFileStream:
		switch {
		case e.File.Stream == "":
			note.kind = noteHashed
		case event.EqualFoldASCII(e.File.Stream, "Zone.Identifier") && marks(e.File.Contents):
			note.kind = noteMarked
		case note.hashes != (event.Hashes{}):
			note.kind = noteHashed // Sysmon hashes the file, whichever stream was written
		default:
			return
		}
	default:
		return
	}
	path := event.LowerASCII(e.File.Path)
	if h.packages == nil {
		h.packages = map[string]*packageFile{}
	}
	f := h.packages[path]
	if f == nil {
		f = &packageFile{path: path}
		h.packages[path] = f
	}
	f.seen = max(f.seen, at)
	h.stirSessions()
	place, found := slices.BinarySearchFunc(f.notes, note, compareNotes)
	if found {
		f.notes[place] = note
	} else {
		f.notes = slices.Insert(f.notes, place, note)
	}
	if len(f.notes) > keptWrites {
		// The oldest goes, but for the mark: a file does not lose that by
		// being written again and again.
		oldest := max(0, slices.IndexFunc(f.notes, func(n fileNote) bool { return n.kind != noteMarked }))
		f.notes = slices.Delete(f.notes, oldest, oldest+1)
	}
	h.changed()
}

func compareNotes(a, b fileNote) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind))
}

// marks reports whether a Zone.Identifier is the mark of the web: zone 3 or 4,
// or one whose text the sensor does not give.
func marks(contents string) bool {
	_, zone, found := strings.Cut(event.LowerASCII(contents), "zoneid=")
	if !found {
		return true
	}
	return !strings.HasPrefix(zone, "0") && !strings.HasPrefix(zone, "1") && !strings.HasPrefix(zone, "2")
}

// tellPackageFile adds what is known of the package's file when the session
// began. A mark stays whatever was written since; a hash does not.
func (h *host) tellPackageFile(s *session, v *Session) {
	if v.Package == nil || len(h.packages) == 0 {
		return
	}
	f := h.packages[event.LowerASCII(v.Package.Name)]
	if f == nil {
		return
	}
	var file PackageFile
	known, begin := false, s.begin()
	for i := range f.notes {
		note := &f.notes[i]
		if begin != 0 && note.at > begin+slack {
			if note.kind == noteWritten && (v.End.IsZero() || note.at <= v.End.UnixNano()+slack) {
				file.Hashes, file.Hashed = event.Hashes{}, moment(0) // exchanged while the install ran
			}
			continue
		}
		switch note.kind {
		case noteWritten, noteDeleted:
			file, known = PackageFile{}, note.kind == noteWritten
			if known {
				writer := h.again(note.writer, note.at).withoutWritten()
				file.Writer, file.Written = &writer, moment(note.at)
			}
		case noteMarked:
			v.MarkOfTheWeb = true
		}
		if note.hashes != (event.Hashes{}) && note.kind != noteDeleted {
			file.Hashes, file.Hashed, known = note.hashes, moment(note.at), true
		}
	}
	if known && (file.Writer != nil || file.Hashes != (event.Hashes{})) {
		v.PackageFile = &file
		if slices.Contains(v.Claimed, "package") {
			v.claim("package_file")
		}
	}
}

// again is the record of a process that was noted before its start was told.
func (h *host) again(p *process, at int64) *process {
	if known := h.find(p.guid, p.pid, p.image.Value(), at); known != nil {
		return known
	}
	return p
}

// sweepPackages drops the files of which nothing was heard for too long.
func (h *host) sweepPackages(before int64) {
	for path, f := range h.packages {
		if f.seen < before {
			delete(h.packages, path)
			h.changed()
		}
	}
}

// forgetPackage drops the file that was not heard of for the longest time.
func (h *host) forgetPackage() {
	var oldest *packageFile
	for _, f := range h.packages {
		if oldest == nil || f.seen < oldest.seen || f.seen == oldest.seen && f.path < oldest.path {
			oldest = f
		}
	}
	delete(h.packages, oldest.path)
	h.changed()
}
