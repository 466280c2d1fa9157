package install

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"msigate/gateway/event"
)

// Export is what is known of the host, to be kept and imported again; false
// where nothing is. It changes nothing, and shares nothing that changes later.
func (t *Tracker) Export(host string) (*HostState, bool) {
	h := t.hosts[host]
	if h == nil {
		return nil, false
	}
	return h.export(), true
}

// stateWriter writes a host down: it knows what it has written already.
type stateWriter struct {
	s         *HostState
	texts     map[string]int
	facts     map[factsState]int
	described map[describedState]int
	lines     map[*CommandLine]int
	sameLine  map[string]int
	sessions  map[*Session]int
	same      map[string]int // sessions by what they say
	events    map[*event.Event]int
	records   map[*installRecord]int
	numbers   map[*process]int
	order     []*process
}

func (h *host) export() *HostState {
	w := &stateWriter{
		s: &HostState{
			Host: h.name, Clock: h.clock, Swept: h.swept, Lost: h.lost, TellsEnds: h.tellsEnds, Sends: h.sends, Rooted: h.rooted,
			Lag:        lagState{Most: h.lag.most, Before: h.lag.before, Since: h.lag.since},
			Remembered: h.remembered.n, Tree: h.members.n, Kept: len(h.records),
			Stirred: stirredState{Count: h.stirred.count, Sessions: h.stirred.sessions, All: h.stirred.all, Looked: h.stirred.looked},
		},
		texts:   make(map[string]int, 2*h.remembered.n),
		numbers: make(map[*process]int, h.remembered.n+h.members.n),
	}
	for p := h.remembered.first; p != nil; p = p.after {
		w.process(p)
	}
	for p := h.members.first; p != nil; p = p.after {
		w.process(p)
	}
	w.host(h)
	for n := 0; n < len(w.order); n++ { // grows by those that only a row names
		w.s.Processes = append(w.s.Processes, w.processRow(h, w.order[n]))
	}
	w.s.PIDs = w.pids(h)
	return w.s
}

func (w *stateWriter) host(h *host) {
	w.s.Applying = w.position(h.applying)
	w.s.Files, w.s.Strange = w.files(&h.fileTable), w.files(&h.strange)
	for _, p := range h.clients {
		w.s.Clients = append(w.s.Clients, w.process(p))
	}
	for _, p := range h.late {
		w.s.Late = append(w.s.Late, w.process(p))
	}
	for _, d := range h.unborn {
		w.s.Unborn = append(w.s.Unborn, deedState{Process: w.process(d.process), At: w.position(d.at), Seen: d.seen})
	}
	for _, r := range h.records {
		w.record(r)
	}
	for _, sum := range h.certificates.order {
		one := h.certificates.byHash[sum]
		signature := one.signature.Value()
		w.s.Certificates = append(w.s.Certificates, certificateState{
			SHA1: w.text(hex.EncodeToString(sum[:])), Signature: w.signature(&signature), At: one.at,
		})
	}
	for _, one := range h.watched {
		w.s.Watched = append(w.s.Watched, w.watched(one))
	}
	if h.stirred.wanted != nil {
		w.s.Stirred.Wanted = slices.AppendSeq([]uint32{}, maps.Keys(h.stirred.wanted))
		slices.Sort(w.s.Stirred.Wanted)
	}
	files := make([]*packageFile, 0, len(h.packages))
	for _, f := range h.packages {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *packageFile) int { return strings.Compare(a.path, b.path) })
	for _, f := range files {
		row := packageLogState{Path: w.text(f.path), Seen: f.seen}
		for i := range f.notes {
			n := &f.notes[i]
			row.Notes = append(row.Notes, noteState{At: n.at, Kind: n.kind, Writer: w.process(n.writer), Hashes: w.hashes(&n.hashes)})
		}
		w.s.Packages = append(w.s.Packages, row)
	}
}

func (w *stateWriter) files(f *fileTable) []fileState {
	var list []fileState
	for _, one := range f.fileOrder {
		last := f.files[one.path]
		row := fileState{Path: w.text(one.path), First: one.at, Writer: w.process(last.writer), At: last.at}
		for _, earlier := range last.earlier {
			row.Earlier = append(row.Earlier, writeState{Writer: w.process(earlier.writer), At: earlier.at})
		}
		list = append(list, row)
	}
	return list
}

// record is the place of a record among those written.
func (w *stateWriter) record(r *installRecord) int {
	if r == nil {
		return 0
	}
	if n := w.records[r]; n != 0 {
		return n
	}
	if w.records == nil {
		w.records = map[*installRecord]int{}
	}
	w.s.Records = append(w.s.Records, recordState{
		At: r.at, ID: r.id, RecordID: r.recordID, PID: r.pid, Package: w.text(r.pkg), Product: w.product(&r.product), Client: w.process(r.client),
	})
	w.records[r] = len(w.s.Records)
	return len(w.s.Records)
}

// text is the place of a text in the table, whatever it was made of: what JSON
// cannot carry would not come back the same.
func (w *stateWriter) text(s string) int {
	if s == "" {
		return 0
	}
	n := w.texts[s]
	if n == 0 {
		if !utf8.ValidString(s) {
			return w.text(strings.ToValidUTF8(s, "\uFFFD"))
		}
		w.s.Texts = append(w.s.Texts, s)
		n = len(w.s.Texts)
		w.texts[s] = n
	}
	return n
}

func (w *stateWriter) list(texts []string) []int {
	var list []int
	for _, s := range texts {
		list = append(list, w.text(s))
	}
	return list
}

// process is the number of a process; it will be written, if it is not yet.
func (w *stateWriter) process(p *process) int {
	if p == nil {
		return 0
	}
	n := w.numbers[p]
	if n == 0 {
		w.order = append(w.order, p)
		n = len(w.order)
		w.numbers[p] = n
	}
	return n
}

func (w *stateWriter) processRow(h *host, p *process) processState {
	row := processState{
		GUID: w.text(p.guid.String()), PID: p.pid, Parent: w.text(p.parentGUID.String()), ParentPID: p.parentPID,
		Start: p.start, End: p.end, Seen: p.seen - p.start, Sequence: p.sequence, Record: p.record,
		Image: w.text(p.image.Value()), User: w.text(p.user.Value()), ParentImage: w.text(p.parentPath()),
		Line: w.text(p.commandLine), Changed: p.changed, Wrapper: p.wrapper, Widened: p.widened, Launcher: p.launcher, Late: p.late, Noted: p.noted,
	}
	if p.stream != noText {
		row.Stream = w.text(p.stream.Value())
	}
	if p.listed {
		row.NoGUID = row.GUID != 0 && h.byGUID[p.guid] != p
		row.NoPID = p.pid != 0 && !h.hasPID(p)
	}
	if m := p.member; m != nil {
		row.Member = &memberState{
			Facts: w.fact(&m.facts), Role: w.text(string(m.role)), Line: w.line(m.msiexec),
			Writer: w.process(m.writer), Written: m.written, First: m.first, Settled: w.session(m.settled),
			Signer: m.signer, Signed: m.signed,
		}
		for _, above := range m.above {
			row.Member.Above = append(row.Member.Above, w.process(above))
		}
	}
	return row
}

// hasPID reports whether p is found by its PID.
func (h *host) hasPID(p *process) bool {
	for one := h.byPID[p.pid]; one != nil; one = one.older {
		if one == p {
			return true
		}
	}
	return false
}

// pids are the processes that had one PID, where it was several, in the order
// of the first of them.
func (w *stateWriter) pids(h *host) [][]int {
	var all [][]int
	for p := h.remembered.first; p != nil; p = p.after {
		all = w.reused(all, h, p)
	}
	for p := h.members.first; p != nil; p = p.after {
		all = w.reused(all, h, p)
	}
	return all
}

// reused adds those that had the PID of p, where p is the newest of several.
func (w *stateWriter) reused(all [][]int, h *host, p *process) [][]int {
	if p.older == nil || h.byPID[p.pid] != p {
		return all
	}
	var chain []int
	for ; p != nil; p = p.older {
		chain = append(chain, w.numbers[p])
	}
	return append(all, chain)
}
