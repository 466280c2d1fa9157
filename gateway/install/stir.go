package install

import (
	"slices"

	"msigate/gateway/event"
)

// stirred counts what could change a watched event's context.
type stirred struct {
	count    uint64 // of all changes
	sessions uint64 // count when sessions last changed
	all      uint64 // count when something changed that may concern any event
	looked   uint64 // count when the watched events were last looked through
	// wanted are PIDs of processes that are named, and not known yet.
	wanted map[uint32]struct{}
}

// stir says that more is known of p.
func (h *host) stir(p *process) {
	h.stirred.count++
	p.changed = h.stirred.count
	h.changed()
	if p.member == nil || p.launcher || p.member.role == RoleClient {
		h.stirred.sessions = h.stirred.count
	}
}

// stirSessions says that what belongs to which session may be another thing now.
func (h *host) stirSessions() {
	h.stirred.count++
	h.stirred.sessions = h.stirred.count
	h.changed()
}

// came says that a process is known now that was not; one that was named
// before may concern any event.
func (h *host) came(p *process) {
	if _, wanted := h.stirred.wanted[p.pid]; wanted {
		h.stirred.count++
		h.stirred.all = h.stirred.count
		h.changed()
	}
}

// about finds the process that e is about, and which record it is.
func (h *host) about(e *event.Event) (p *process, r *installRecord) {
	switch e.Kind {
	case event.KindProcessStart:
		p = h.started(e)
	case event.KindInstall:
		r = newInstallRecord(e)
		if at, found := slices.BinarySearchFunc(h.records, r, compareRecords); found {
			r = h.records[at]
		}
		p = h.acting(e)
	default:
		p = h.acting(e)
	}
	return p, r
}

// identify finds whom w is about: by a PID alone, that can turn out to be another.
func (h *host) identify(w *watched) {
	e := w.context.Event
	if w.subject != nil && w.subject.listed && e.Kind != event.KindInstall && e.Process.GUID != "" {
		return
	}
	p, r := h.about(e)
	switch {
	case p != nil:
		w.subject = p
	case w.subject == nil:
		w.subject = newProcess(&e.Process, stamp(e.Time))
	}
	w.record = r
}

// wants notes whose facts w's context tells, and who is named by them and not
// known yet.
func (h *host) wants(w *watched) {
	w.around = w.around[:0]
	h.surround(w, w.subject)
	if e := w.context.Event; e.Kind == event.KindImageLoad && h.tracker != nil {
		if one, ok := h.writeOf(e.Module.Path, stamp(e.Time), h.tracker.window); ok {
			h.surround(w, one.writer)
		}
	}
	if h.stirred.wanted == nil || len(h.stirred.wanted) > 1<<12 {
		h.stirred.wanted = map[uint32]struct{}{}
		for _, r := range h.records {
			h.wantClient(r)
		}
		for _, other := range h.watched {
			h.wantNamed(other)
		}
	}
	h.wantNamed(w)
}

// surround adds p and its ancestors, and who wrote what any of these runs from.
func (h *host) surround(w *watched, p *process) {
	from := len(w.around)
	if from > 4*MaxLineage || slices.Contains(w.around, p) {
		return
	}
	w.around = append(w.around, p)
	for _, above := range h.ancestors(p) {
		if !slices.Contains(w.around, above) {
			w.around = append(w.around, above)
		}
	}
	for _, one := range w.around[from:] {
		if one.member != nil && one.member.writer != nil {
			h.surround(w, one.member.writer)
		}
	}
}

func (h *host) wantNamed(w *watched) {
	for _, p := range w.around {
		if p.sequence == 0 {
			h.want(p.pid)
		}
		if p.member == nil || len(p.member.above) == 0 {
			h.want(p.parentPID)
		}
	}
	h.want(w.context.Event.Parent.PID)
	if e := w.context.Event; e.Process.GUID == "" {
		h.want(e.Process.PID)
	}
}

func (h *host) want(pid uint32) {
	if pid != 0 && h.stirred.wanted != nil {
		h.stirred.wanted[pid] = struct{}{}
	}
}

// wantClient wants the client that a record names.
func (h *host) wantClient(r *installRecord) {
	if r.transacts() {
		h.want(r.pid)
	}
}
