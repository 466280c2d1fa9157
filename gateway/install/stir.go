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
	if p == nil {
		p = newProcess(&e.Process, stamp(e.Time))
	}
	return p, r
}

// identify finds whom w is about, where that was not known or can be another one.
func (h *host) identify(w *watched) {
	if w.subject == nil || !w.subject.listed {
		w.subject, w.record = h.about(w.context.Event)
	}
}

// wants notes whose facts w's context tells, and who is named by them and not
// known yet.
func (h *host) wants(w *watched) {
	w.around = append(w.around[:0], w.subject)
	for n := 0; n < len(w.around) && len(w.around) < 4*MaxLineage; n++ {
		p := w.around[n]
		if p != w.subject && (p.member == nil || p.member.writer == nil) {
			continue
		}
		for _, above := range h.ancestors(p) {
			if !slices.Contains(w.around, above) {
				w.around = append(w.around, above)
			}
		}
		if p.member != nil && p.member.writer != nil && !slices.Contains(w.around, p.member.writer) {
			w.around = append(w.around, p.member.writer)
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
