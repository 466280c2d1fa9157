package event

import (
	"slices"
	"strings"
	"time"
)

// reading turns one record into an Event. Each method takes the policy input's
// path of the fact it reads (policies/schemas/input.json), which is the name
// that Missing and Mangled use.
type reading struct {
	record *record
	event  *Event
}

// mark is the value's text; a mangled one is named in Mangled.
func (r *reading) mark(fact string, v value) string {
	s, mangled := v.text()
	// The .evtx library has replaced lone surrogates before we see them, and so
	// has the JSON string that a record was read out of.
	if mangled || (r.record.shape == ShapeEvtx || r.record.embedded) && strings.Contains(s, replacement) {
		r.event.Mangled = append(r.event.Mangled, fact)
	}
	return s
}

// known is the value's text, in the usual spelling of those that are known;
// most records then cost no string.
func (r *reading) known(fact string, v value, usual ...string) string {
	for _, word := range usual {
		if v.equalFold(word) {
			return word
		}
	}
	return r.mark(fact, v)
}

// text reads a fact: "" where the record has none or says "-" or "(NULL)".
func (r *reading) text(fact, name string) string {
	return r.present(fact, r.record.get(name))
}

func (r *reading) present(fact string, v value) string {
	if s := r.mark(fact, v); !absent(s) {
		return s
	}
	return ""
}

// path reads a fact that is a path and normalises it.
func (r *reading) path(fact, name string) string {
	return r.normalise(r.text(fact, name))
}

// normalise brings a path into the one form that is compared. Sysmon writes
// "<unknown process>" where it could not tell.
func (r *reading) normalise(path string) string {
	if path == "" || path[0] == '<' {
		return ""
	}
	if isPlainPath(path) {
		return path
	}
	return pathFacts{systemRoot: r.systemRoot(), system64: r.is64Bit(), localSystem: r.isLocalSystem()}.normalise(path)
}

// guid reads the id that the sensor gave a process. Sysmon's are GUIDs; another
// sensor's may be any short text.
func (r *reading) guid(name string) string {
	id := r.record.get(name).string()
	guid := parseGUID(id)
	if guid == "" && r.record.kind != "" && len(id) <= maxProcessID && !absent(id) {
		return id
	}
	return guid
}

// maxProcessID bounds a process id that is no GUID; Elastic's have 90 bytes.
const maxProcessID = 256

// pid reads a process id; 0 where it is absent or out of range.
func (r *reading) pid(name string) uint32 { return parsePID(r.record.get(name)) }

// process reads the version resource and the hashes of the process's file.
func (r *reading) process(p *Process) {
	p.OriginalFileName = r.text("process.original_file_name", "OriginalFileName")
	p.Company = r.text("process.company", "Company")
	p.Product = r.text("process.product", "Product")
	p.Description = r.text("process.description", "Description")
	p.FileVersion = r.text("process.file_version", "FileVersion")
	p.Hashes = r.hashes("process.sha256")
}

// hashes reads Sysmon's "SHA1=…,SHA256=…" list, which event 15 calls Hash, or
// the separate fields that ECS has.
func (r *reading) hashes(fact string) Hashes {
	list := r.record.get("Hashes")
	if !list.present() {
		list = r.record.get("Hash")
	}
	h := parseHashes(r.mark(fact, list))
	if h == (Hashes{}) {
		h = Hashes{
			MD5:     hexOf(r.record.get("MD5").string(), 32),
			SHA1:    hexOf(r.record.get("SHA1").string(), 40),
			SHA256:  hexOf(r.record.get("SHA256").string(), 64),
			Imphash: hexOf(r.record.get("IMPHASH").string(), 32),
		}
	}
	return h
}

// time decides when the event happened. Sysmon's UtcTime is the sensor's own
// word and in UTC; a header's time is when the log was written. A local time
// that does not name its zone is read as if it were UTC, which keeps the order
// inside a channel, and event.time is then named as missing.
func (r *reading) time() {
	e := r.event
	if e.Provider == ProviderSysmon {
		if t, ok := parseUTC(r.record.get("UtcTime").string()); ok {
			e.Time = t
			return
		}
	}
	var local time.Time
	for _, v := range r.record.times {
		t, zoned, ok := parseTime(v)
		switch {
		case ok && (zoned || r.record.utc):
			e.Time = t
			return
		case ok && local.IsZero():
			local = t
		}
	}
	e.Time = local
	e.Missing = append(e.Missing, "event.time")
}

// finish sorts what was collected on the way.
func (r *reading) finish() {
	slices.Sort(r.event.Missing)
	slices.Sort(r.event.Mangled)
	r.event.Mangled = slices.Compact(r.event.Mangled)
}

// systemRoot is the Windows folder as another path of the same record shows
// it, e.g. D:\Windows; C:\Windows where none does.
func (r *reading) systemRoot() string {
	for i := range r.record.data {
		s := r.record.data[i].value.string()
		s = strings.TrimLeft(s, `"`)
		if len(s) > len(`C:\Windows\`) && isDriveLetter(s[0]) && hasPrefixFold(s[1:], `:\windows\`) {
			return s[:len(`C:\Windows`)]
		}
	}
	return defaultSystemRoot
}

// is64Bit reports whether the record itself shows a 64-bit Windows: only there
// is a folder for 32-bit programs beside the usual one.
func (r *reading) is64Bit() bool {
	for i := range r.record.data {
		s := LowerASCII(r.record.data[i].value.string())
		if strings.Contains(s, `\program files (x86)\`) || strings.Contains(s, `\windows\syswow64\`) {
			return true
		}
	}
	return false
}

// isLocalSystem reports whether the acting process runs as the system itself:
// by its logon id, which is the same in every language, or by name.
func (r *reading) isLocalSystem() bool {
	return parseLogonID(r.record.get("LogonId")) == "0x3e7" || r.record.get("User").equalFold(`NT AUTHORITY\SYSTEM`)
}
