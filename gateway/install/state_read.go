package install

import (
	"encoding/hex"
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
	case s.Rooted < 0:
		return nil, fmt.Errorf("rooted: before 1970")
	case s.Lost > max(s.Clock, 0):
		return nil, fmt.Errorf("lost: later than clock")
	case s.Kept < 0 || s.Kept > len(s.Records):
		return nil, fmt.Errorf("kept: %d of %d records", s.Kept, len(s.Records))
	case s.Remembered < 0 || s.Tree < 0 || s.Remembered > len(s.Processes) || s.Tree > len(s.Processes)-s.Remembered:
		return nil, fmt.Errorf("processes: %d of %d remembered, %d of a tree", s.Remembered, len(s.Processes), s.Tree)
	}
	r := &stateReader{s: s}
	h := newHost(name)
	h.clock, h.swept, h.lost, h.tellsEnds, h.sends, h.rooted = s.Clock, s.Swept, s.Lost, s.TellsEnds, s.Sends, s.Rooted
	h.lag = lag{most: s.Lag.Most, before: s.Lag.Before, since: s.Lag.Since}
	r.tables()
	events := r.events()
	r.readProcesses(h)
	r.pids(h)
	r.files("files", r.s.Files, &h.fileTable)
	r.files("strange", r.s.Strange, &h.strange)
	h.clients = r.processList("clients", r.s.Clients)
	r.unborn(h)
	r.late(h)
	records := r.records()
	h.records = records[:min(s.Kept, len(records)):min(s.Kept, len(records))]
	r.packages(h)
	r.certificates(h)
	r.readWatched(h, events, records)
	r.at("applying", -1)
	h.applying = r.position("", s.Applying)
	r.stirred(h)
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
			commandLine: r.text("line", row.Line), member: r.member(p, row.Member),
			changed: row.Changed, wrapper: row.Wrapper, widened: row.Widened, launcher: row.Launcher, late: row.Late, noted: row.Noted,
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
		settled: r.session("member.settled", row.Settled), signer: row.Signer, signed: row.Signed,
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

func (r *stateReader) files(table string, rows []fileState, into *fileTable) {
	for n := range rows {
		r.at(table, n)
		row := &rows[n]
		path, one := r.path(row.Path), written{writer: r.process("writer", row.Writer), at: row.At}
		if _, again := into.files[path]; again || one.writer == nil || len(row.Earlier) > keptEarlier {
			r.fail("path", "the file stands there twice, or nobody wrote it, or it was written %d times before", len(row.Earlier))
			return
		}
		for _, earlier := range row.Earlier {
			before := write{writer: r.process("earlier", earlier.Writer), at: earlier.At}
			if before.writer == nil {
				r.fail("earlier", "nobody wrote it")
				return
			}
			one.earlier = append(one.earlier, before)
		}
		if into.files == nil {
			into.files = make(map[string]written, len(rows))
		}
		into.fileOrder = append(into.fileOrder, fileWrite{path, row.First})
		into.files[path] = one
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

// processList reads processes of trees.
func (r *stateReader) processList(table string, numbers []int) []*process {
	r.at(table, -1)
	var list []*process
	seen := make(map[*process]bool, len(numbers))
	for _, n := range numbers {
		p := r.process("", n)
		if p == nil || p.member == nil || seen[p] {
			r.fail("", "process %d is none, of no tree, or stands there twice", n)
			return nil
		}
		seen[p] = true
		list = append(list, p)
	}
	return list
}

func (r *stateReader) unborn(h *host) {
	for n := range r.s.Unborn {
		r.at("unborn", n)
		row := &r.s.Unborn[n]
		d := deed{process: r.process("process", row.Process), at: r.position("at", row.At), seen: row.Seen}
		if d.process == nil || len(r.s.Unborn) > keptDeeds {
			r.fail("process", "it is none, or there are %d of at most %d", len(r.s.Unborn), keptDeeds)
			return
		}
		h.unborn = append(h.unborn, d)
	}
}

// late reads the processes that joined a tree late, and are to be read again
// from the first that was told of them.
func (r *stateReader) late(h *host) {
	h.late = r.processList("late", r.s.Late)
	for n, p := range h.late {
		if p.listed && h.firstOf(p).at.Sequence == 0 {
			r.fail("", "nobody told of process %d", r.s.Late[n])
			return
		}
	}
}

func (r *stateReader) records() []*installRecord {
	all := make([]*installRecord, len(r.s.Records))
	for n := range all {
		r.at("records", n)
		row := &r.s.Records[n]
		all[n] = &installRecord{
			at: row.At, id: row.ID, recordID: row.RecordID, pid: row.PID, pkg: r.text("package", row.Package),
			product: r.product(&row.Product), client: r.process("client", row.Client),
		}
		if n > 0 && n < r.s.Kept && compareRecords(all[n-1], all[n]) >= 0 {
			r.fail("at", "it does not follow the one before")
		}
	}
	return all
}

func (r *stateReader) certificates(h *host) {
	for n := range r.s.Certificates {
		r.at("certificates", n)
		row := &r.s.Certificates[n]
		text := r.text("sha1", row.SHA1)
		sum, ok := parseSHA1(text)
		if _, again := h.certificates.byHash[sum]; !ok || again || hex.EncodeToString(sum[:]) != text {
			r.fail("sha1", "%q is none in lower case, or stands there twice", clip(text, 64))
			return
		}
		h.certificates.keep(sum, certificate{unique.Make(r.signature(&row.Signature)), row.At})
	}
}

func (r *stateReader) stirred(h *host) {
	s := &r.s.Stirred
	h.stirred = stirred{count: s.Count, sessions: s.Sessions, all: s.All, looked: s.Looked}
	if s.Wanted == nil {
		return
	}
	h.stirred.wanted = make(map[uint32]struct{}, len(s.Wanted))
	for n, pid := range s.Wanted {
		if n > 0 && s.Wanted[n-1] >= pid {
			r.at("stirred.wanted", -1)
			r.fail("", "%d does not follow the one before", pid)
		}
		h.stirred.wanted[pid] = struct{}{}
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
