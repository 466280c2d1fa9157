package install

import (
	"fmt"
	"slices"
	"unique"

	"msigate/gateway/event"
)

// Import takes over what was known of the host when s was exported, in place of
// what is known of it now. Hosts count as heard of in the order in which they
// are imported. Of what is over the Limits the least wanted is dropped, and
// counted as evicted, as is what was trimmed. A state that Export cannot have
// made is refused whole, and the error names the field as it is in JSON.
//
// s is not kept: it may be used and changed afterwards.
func (t *Tracker) Import(host string, s *HostState) error {
	h, err := s.restore(host)
	if err == nil {
		err = h.excess(&t.limits)
	}
	if err != nil {
		return fmt.Errorf("restore what was known of host %q: %w (what EVENTS still holds can be read again instead)", host, err)
	}
	if known := t.hosts[host]; known != nil {
		t.recent.remove(known)
		delete(t.hosts, host)
	}
	t.admit(h)
	t.evictions.add(&s.Trimmed)
	t.shrink(h)
	return nil
}

// restore makes the host of which s is the state.
func (s *HostState) restore(name string) (*host, error) {
	switch {
	case s == nil:
		return nil, fmt.Errorf("there is no state")
	case s.Host != name:
		return nil, fmt.Errorf("host: it is that of %q", clip(s.Host, 256))
	case s.Swept > s.Clock:
		return nil, fmt.Errorf("swept: later than clock")
	case s.Lost > max(s.Clock, 0):
		return nil, fmt.Errorf("lost: later than clock")
	case s.Remembered < 0 || s.Tree < 0 || s.Remembered > len(s.Processes) || s.Tree > len(s.Processes)-s.Remembered:
		return nil, fmt.Errorf("processes: %d of %d remembered, %d of a tree", s.Remembered, len(s.Processes), s.Tree)
	}
	r := &stateReader{s: s}
	h := newHost(name)
	h.clock, h.swept, h.lost, h.tellsEnds = s.Clock, s.Swept, s.Lost, s.TellsEnds
	r.tables()
	r.readProcesses(h)
	r.pids(h)
	r.readFiles(h)
	r.clients(h)
	r.records(h)
	r.packages(h)
	return h, r.err
}

func (r *stateReader) readProcesses(h *host) {
	r.processes = make([]*process, len(r.s.Processes))
	for n := range r.processes {
		r.processes[n] = &process{}
	}
	for n, p := range r.processes {
		r.at("processes", n)
		row := &r.s.Processes[n]
		*p = process{
			guid: r.identity("guid", row.GUID), parentGUID: r.identity("parent", row.Parent), pid: row.PID, parentPID: row.ParentPID,
			start: row.Start, end: row.End, seen: row.Start + row.Seen, sequence: row.Sequence, record: row.Record,
			image: unique.Make(r.text("image", row.Image)), user: unique.Make(r.text("user", row.User)),
			commandLine: r.text("line", row.Line), wrapper: row.Wrapper, member: r.member(p, row.Member),
		}
		if row.Stream != 0 || row.Sequence != 0 {
			p.stream = unique.Make(r.text("stream", row.Stream))
		}
		if row.ParentImage != 0 {
			p.parentImage = unique.Make(r.text("parent_image", row.ParentImage))
		}
		switch listed := n < r.s.Remembered+r.s.Tree; {
		case row.Record < 0:
			r.fail("record", "%d is none", row.Record)
		case listed && (p.member != nil) != (n >= r.s.Remembered):
			r.fail("member", "those remembered have none, those of a tree have one")
		case listed:
			h.listOf(p).push(p)
			r.index(h, p, row)
		}
	}
}

// index makes p found by its GUID.
func (r *stateReader) index(h *host, p *process, row *processState) {
	if p.guid == (identity{}) || row.NoGUID {
		return
	}
	if h.byGUID[p.guid] != nil {
		r.fail("guid", "another process has it")
	}
	h.byGUID[p.guid] = p
}

func (r *stateReader) member(p *process, row *memberState) *member {
	if row == nil {
		return nil
	}
	m := &member{
		facts: r.fact("member.facts", row.Facts), role: Role(r.text("member.role", row.Role)), msiexec: r.line("member.line", row.Line),
		writer: r.process("member.writer", row.Writer), written: row.Written, first: row.First,
		settled: r.session("member.settled", row.Settled), told: r.session("member.told", row.Told),
	}
	if m.writer == p {
		r.fail("member.writer", "it is the process itself")
	}
	if len(row.Above) > MaxLineage {
		r.fail("member.above", "%d ancestors, of at most %d", len(row.Above), MaxLineage)
		return m
	}
	for _, n := range row.Above {
		above := r.process("member.above", n)
		if above == nil || above == p || slices.Contains(m.above, above) {
			r.fail("member.above", "process %d is none, the process itself, or twice its ancestor", n)
			return m
		}
		m.above = append(m.above, above)
	}
	return m
}

// pids makes processes found by their PIDs.
func (r *stateReader) pids(h *host) {
	listed := r.s.Remembered + r.s.Tree
	chained := make([]bool, listed)
	for n, chain := range r.s.PIDs {
		r.at(fmt.Sprintf("pids[%d]", n), -1)
		if len(chain) < 2 {
			r.fail("", "%d processes, of at least 2", len(chain))
		}
		var newer *process
		for _, number := range chain {
			if number < 1 || number > listed || chained[number-1] || r.s.Processes[number-1].NoPID {
				r.fail("", "process %d is not known by its PID, or stands there twice", number)
				return
			}
			chained[number-1] = true
			p := r.processes[number-1]
			switch {
			case newer == nil && p.pid != 0 && h.byPID[p.pid] == nil:
				h.byPID[p.pid] = p
			case newer != nil && newer.pid == p.pid:
				newer.older = p
			default:
				r.fail("", "process %d has PID %d, which is none, or another", number, p.pid)
				return
			}
			newer = p
		}
	}
	for n, p := range r.processes[:listed] {
		if chained[n] || p.pid == 0 || r.s.Processes[n].NoPID {
			continue
		}
		if h.byPID[p.pid] != nil {
			r.at("processes", n)
			r.fail("pid", "another process has %d, too", p.pid)
			return
		}
		h.byPID[p.pid] = p
	}
}

func (r *stateReader) readFiles(h *host) {
	for n := range r.s.Files {
		r.at("files", n)
		row := &r.s.Files[n]
		path, writer := r.path(row.Path), r.process("writer", row.Writer)
		if _, again := h.files[path]; again || writer == nil {
			r.fail("path", "the file stands there twice, or nobody wrote it")
			return
		}
		if h.files == nil {
			h.files = make(map[string]written, len(r.s.Files))
		}
		h.fileOrder = append(h.fileOrder, fileWrite{path, row.First})
		h.files[path] = written{writer: writer, at: row.At}
	}
}

// path is a file's as the host has it.
func (r *stateReader) path(n int) string {
	path := r.text("path", n)
	if path == "" || path != event.LowerASCII(path) {
		r.fail("path", "%q is none in lower case", clip(path, 256))
	}
	return path
}

func (r *stateReader) clients(h *host) {
	r.at("clients", -1)
	seen := make(map[*process]bool, len(r.s.Clients))
	for _, n := range r.s.Clients {
		p := r.process("", n)
		if p == nil || p.member == nil || seen[p] {
			r.fail("", "process %d is none, of no tree, or stands there twice", n)
			return
		}
		seen[p] = true
		h.clients = append(h.clients, p)
	}
}

func (r *stateReader) records(h *host) {
	for n := range r.s.Records {
		r.at("records", n)
		row := &r.s.Records[n]
		record := &installRecord{
			at: row.At, id: row.ID, recordID: row.RecordID, pid: row.PID, pkg: r.text("package", row.Package),
			product: r.product(&row.Product), client: r.process("client", row.Client),
		}
		if n > 0 && compareRecords(h.records[n-1], record) >= 0 {
			r.fail("at", "it does not follow the one before")
			return
		}
		h.records = append(h.records, record)
	}
}

func (r *stateReader) packages(h *host) {
	for n := range r.s.Packages {
		r.at("packages", n)
		row := &r.s.Packages[n]
		f := &packageFile{path: r.path(row.Path), seen: row.Seen}
		if h.packages[f.path] != nil || len(row.Notes) == 0 || len(row.Notes) > keptWrites {
			r.fail("path", "the file stands there twice, or with %d notes, of 1 to %d", len(row.Notes), keptWrites)
			return
		}
		for i := range row.Notes {
			one := &row.Notes[i]
			note := fileNote{at: one.At, kind: one.Kind, writer: r.process("notes", one.Writer), hashes: r.hashes(&one.Hashes)}
			switch {
			case note.kind < noteWritten || note.kind > noteDeleted || (note.writer != nil) != (note.kind == noteWritten):
				r.fail("notes", "the %d. is of kind %d, and written by process %d", i+1, note.kind, one.Writer)
			case i > 0 && compareNotes(f.notes[i-1], note) >= 0:
				r.fail("notes", "the %d. does not follow the one before", i+1)
			}
			f.notes = append(f.notes, note)
		}
		if h.packages == nil {
			h.packages = make(map[string]*packageFile, len(r.s.Packages))
		}
		h.packages[f.path] = f
	}
}
