package install

import (
	"cmp"
	"slices"
	"time"

	"msigate/gateway/event"
)

// Unheard is the start of a process that joined a tree late and whose own
// record could not be read again: what is left of it.
type Unheard struct {
	At      Position
	Context Context // of an Event made of the compact record; its Missing names "event"
}

// Joined tells that processes which were remembered outside every tree turn out
// to belong to one, by a record that came after theirs: their parent's, or the
// file record of what they run. from is where the first of their own records
// stands. Whoever asks reads the host's history from there up to the record
// applied last, applies (and decides) every Event that Awaits names, and then
// calls Heard. Meanwhile more can join; Joined is silent on them until Heard, so
// it is asked again then.
func (t *Tracker) Joined(host string) (from Position, ok bool) {
	h := t.hosts[host]
	if h == nil || len(h.late) == 0 || slices.ContainsFunc(h.late, func(p *process) bool { return p.late&lateReads != 0 }) {
		return Position{}, false
	}
	var first deed
	h.late = slices.DeleteFunc(h.late, func(p *process) bool {
		if !p.listed {
			p.late = 0
			return true
		}
		p.late = p.late&^lateJoined | lateReads
		if one := h.firstOf(p); first.process == nil || compareDeeds(one, first) < 0 {
			first = one
		}
		return false
	})
	return first.at, first.process != nil
}

// deed is something of a process that was told: its start, or what it did.
type deed struct {
	process *process
	at      Position
	seen    int64 // by the host's clock
}

const (
	// lateStart is how late the start of a process that has been heard of is
	// waited for.
	lateStart = int64(10 * time.Minute)
	// keptDeeds is for how many processes of one host; what more of them do
	// before their start is told is not in scope.
	keptDeeds = 64
)

// compareDeeds puts deeds in the order of their records; those of two streams by
// when they happened.
func compareDeeds(a, b deed) int {
	if a.at.Stream != b.at.Stream {
		return cmp.Or(cmp.Compare(a.seen, b.seen), cmp.Compare(a.at.Stream, b.at.Stream))
	}
	return cmp.Or(cmp.Compare(a.at.Sequence, b.at.Sequence), cmp.Compare(a.at.Record, b.at.Record))
}

// firstOf is the first that was told of p: something it did before its start was
// told, else its start.
func (h *host) firstOf(p *process) deed {
	if at := slices.IndexFunc(h.unborn, func(d deed) bool { return d.process == p }); at >= 0 {
		return h.unborn[at]
	}
	return deed{p, p.position(), p.start}
}

// actsUnborn reports whether nobody told of the start of a process of no tree,
// nor was it noted that it does something.
func (p *process) actsUnborn() bool { return p.sequence == 0 && p.member == nil && !p.noted }

// note keeps where the first is told that p does: should its start come yet, and
// be of a tree, what it did is read again from there.
func (h *host) note(p *process) {
	if !p.listed {
		if p.guid == (identity{}) && p.pid == 0 {
			return
		}
		h.add(p)
		h.remembered.remove(p)
		h.remembered.pushFront(p) // it must push out nobody who may be an ancestor
	}
	p.noted = true
	h.unborn = append(h.unborn, deed{p, h.applying, h.clock})
}

// Planted reports whether the record of the host that was applied last told of a
// tree where there was none. What came shortly before that record may be the
// doing of processes whose start is still to come and which are of the tree:
// whoever asks reads it again and gives it to Note. It is reported once.
func (t *Tracker) Planted(host string) bool {
	h := t.hosts[host]
	if h == nil || h.planted == (Position{}) {
		return false
	}
	h.planted = Position{}
	return true
}

// Note keeps where e stands, if it is the first that is told of what a process
// did of whose start nobody told: should that come yet, and be of a tree, Joined
// tells to read again from there.
func (t *Tracker) Note(e *event.Event, at Position) {
	h := t.hosts[e.Host]
	if h == nil || e.Kind == event.KindInstall || e.Kind == event.KindProcessStart || len(h.unborn) >= keptDeeds {
		return
	}
	if _, _, certificate := e.Certificate(); certificate {
		return
	}
	p := h.acting(e)
	if p == nil {
		p = newProcess(&e.Process, stamp(e.Time))
	}
	if p.actsUnborn() {
		h.applying = at
		h.note(p)
		h.applying = Position{}
		t.bound(h)
	}
}

// Awaits reports whether e, read again since Joined, is the start of a process
// that joined a tree late, or something it did, which was passed over at its
// time. It changes nothing.
func (t *Tracker) Awaits(e *event.Event) bool {
	h := t.hosts[e.Host]
	if h == nil || len(h.late) == 0 || e.Kind == event.KindInstall {
		return false
	}
	p := h.acting(e)
	if e.Kind == event.KindProcessStart {
		p = h.started(e)
	}
	if p == nil || p.late&lateReads == 0 || p.precedes(stamp(e.Time)) {
		return false
	}
	return !slices.ContainsFunc(h.watched, func(w *watched) bool { return w.subject == p && sameRecord(w.context.Event, e) })
}

// sameRecord reports whether two Events were read of the same record.
func sameRecord(a, b *event.Event) bool {
	return a.Kind == b.Kind && a.EventID == b.EventID && a.RecordID == b.RecordID && a.Provider == b.Provider && a.Channel == b.Channel &&
		a.Time.Equal(b.Time) && a.Process == b.Process && a.Parent == b.Parent && a.Module == b.Module && a.File == b.File &&
		a.Registry == b.Registry && a.Network == b.Network
}

// Heard says that the host's history was read to its end: nothing awaits any
// more. It gives the processes whose own start was not among what was applied,
// because the history no longer holds it, in the order of those records.
func (t *Tracker) Heard(host string) []Unheard {
	h := t.hosts[host]
	if h == nil {
		return nil
	}
	var unheard []deed
	h.late = slices.DeleteFunc(h.late, func(p *process) bool {
		if p.late&lateReads == 0 {
			return false
		}
		if p.late&lateHeard == 0 && !p.isWrapper() && p.listed && p.sequence != 0 {
			unheard = append(unheard, deed{p, p.position(), p.start})
		}
		p.late = 0
		return true
	})
	if len(h.late) == 0 {
		h.late = nil
	}
	slices.SortFunc(unheard, compareDeeds)
	var all []Unheard
	for _, d := range unheard {
		all = append(all, Unheard{At: d.at, Context: t.known(h, h.recalled(d.process), d.process, nil)})
	}
	return all
}

// recalled is the start of p as the compact record has it.
func (h *host) recalled(p *process) *event.Event {
	e := &event.Event{
		Kind: event.KindProcessStart, Host: h.name, Time: moment(p.start),
		Process: event.Process{GUID: p.guid.String(), PID: p.pid, Image: p.image.Value(), User: p.user.Value(), CommandLine: p.commandLine},
		Parent:  event.Process{GUID: p.parentGUID.String(), PID: p.parentPID, Image: p.parentPath()},
		Missing: []string{"event"},
	}
	for _, one := range [...]struct {
		fact string
		has  bool
	}{
		{"parent.command_line", false},
		{"parent.guid", e.Parent.GUID != ""},
		{"parent.image", e.Parent.Image != ""},
		{"parent.pid", e.Parent.PID != 0},
		{"parent.user", false},
		{"process.command_line", e.Process.CommandLine != "" && len(e.Process.CommandLine) < rememberedCommandLine},
		{"process.company", false},
		{"process.current_directory", false},
		{"process.description", false},
		{"process.file_version", false},
		{"process.integrity_level", false},
		{"process.original_file_name", false},
		{"process.product", false},
		{"process.sha256", false},
	} {
		if !one.has {
			e.Missing = append(e.Missing, one.fact)
		}
	}
	return e
}

// joinedLate notes that p has become a member by another record than the first
// that was told of it.
func (h *host) joinedLate(p *process) {
	if h.members.n == 1 && len(h.files) == 0 {
		h.planted = h.applying
	}
	if p.isWrapper() && h.clock <= p.widened {
		return // nothing of what it does since was passed over
	}
	first := h.firstOf(p)
	if first.at.Sequence != 0 && p.late == 0 && (first.at != h.applying || h.planted == h.applying) {
		p.late = lateJoined
		h.late = append(h.late, p)
	}
}

// descend takes in what was told before the record that makes it part of a
// tree: whatever was started by those of fresh, which have just become members
// or turned out to be something else, and by what that brings in.
func (h *host) descend() {
	for n := 0; n < len(h.fresh) && n < maxDescent; n++ {
		parent := h.fresh[n]
		for _, child := range h.startedBy(parent) {
			if !parent.bears(began(child)) {
				continue
			}
			if child.member != nil {
				h.reassess(child)
				continue
			}
			facts := child.facts()
			role, line := roleOf(&facts, parent)
			if role == RoleNone {
				role = RoleDescendant
			}
			h.join(child, newMember(facts, role, line), began(child))
		}
	}
	h.fresh = h.fresh[:0]
}

// maxDescent bounds what one record can bring into a tree; records that lie
// could name each other as parents.
const maxDescent = 1 << 12

// reassess tells a process's role anew, now that more is known of it or of its
// parent.
func (h *host) reassess(p *process) {
	m := p.member
	if m.msiexec == nil && isMsiexec(&m.facts) {
		m.msiexec = ParseCommandLine(m.facts.CommandLine, m.facts.CurrentDirectory)
	}
	role := roleBy(&m.facts, m.msiexec, h.recordedParent(p))
	if role == RoleNone {
		role = RoleDescendant
		if parent := h.recordedParent(p); p.isWrapper() && (parent == nil || !parent.bears(began(p))) {
			role = RoleWrapper
		}
	}
	if role != m.role {
		m.role = role
		h.opens(p)
		h.stir(p)
		h.fresh = append(h.fresh, p)
	}
}

// startedBy are the processes known by now that parent started.
func (h *host) startedBy(parent *process) (all []*process) {
	from := parent.start
	if parent.sequence == 0 {
		from = 0 // it is when it was heard of, if that
	}
	for p := range h.since(from) {
		named := p.parentGUID != (identity{}) && p.parentGUID == parent.guid || p.parentPID != 0 && p.parentPID == parent.pid
		if named && p != parent && h.recordedParent(p) == parent {
			all = append(all, p)
		}
	}
	return all
}

// ran takes in what started from the file at path, which a tree wrote at the
// time, before that was told.
func (h *host) ran(path string, at, window int64) {
	var all []*process
	for p := range h.since(at) {
		if image := p.image.Value(); len(image) == len(path) && event.EqualFoldASCII(image, path) {
			all = append(all, p)
		}
	}
	for _, p := range all {
		if p.member == nil {
			if one, ok := h.fileOf(path, began(p), window); ok && one.writer != p {
				h.join(p, newMember(p.facts(), RoleDescendant, nil), began(p))
			}
		}
		h.traced(p, window)
	}
	for _, w := range h.watched {
		if w.context.Event.Kind == event.KindImageLoad && event.EqualFoldASCII(w.context.Event.Module.Path, path) {
			w.looked = 0
			h.stirred.count++
		}
	}
}

// traced finds who wrote the file that a process of a tree was started from.
func (h *host) traced(p *process, window int64) {
	m := p.member
	if m == nil {
		return
	}
	one, ok := h.writeOf(m.facts.Image, began(p), window)
	if ok && one.writer != p && (one.writer != m.writer || one.at != m.written) {
		m.writer, m.written = one.writer, one.at
		h.stir(p)
	}
}
