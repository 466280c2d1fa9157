package install

import (
	"slices"

	"msigate/gateway/event"
)

// What is forgotten of a host must not look like a change of what was told: the
// watched events that rest on it are frozen before.

// freeze keeps w's context as it is now.
func (h *host) freeze(w *watched) {
	if w.frozen {
		return
	}
	if h.tracker != nil {
		h.tracker.differs(h, w)
	}
	w.frozen, w.around = true, nil
}

// freezeAround freezes the events that lose facts when p is forgotten: a
// process of a tree keeps its ancestors, any other one does not.
func (h *host) freezeAround(p *process) {
	for _, w := range h.watched {
		if !w.frozen && (p.member != nil || w.subject.member == nil) && slices.Contains(w.around, p) {
			h.freeze(w)
		}
	}
}

// freezeLoads freezes the loads of a file when it is forgotten who wrote it.
func (h *host) freezeLoads(path string) {
	for _, w := range h.watched {
		if !w.frozen && w.context.ModuleWritten != nil && event.EqualFoldASCII(w.context.Event.Module.Path, path) {
			h.freeze(w)
		}
	}
}

// freezeSessions freezes the events that belong, or could belong, to sessions
// that are about to be forgotten.
func (h *host) freezeSessions(gone map[*session]bool) {
	if len(h.watched) == 0 {
		return
	}
	ids := make(map[string]bool, len(gone))
	for s := range gone {
		ids[h.sessionID(s)] = true
	}
	for _, w := range h.watched {
		v := w.context.Session
		if h.tracker != nil && h.tracker.differs(h, w) {
			v = w.untold.Session
		}
		if v != nil && (ids[v.ID] || ids[v.Within] || slices.ContainsFunc(v.Candidates, func(c Session) bool { return ids[c.ID] })) {
			h.freeze(w)
		}
	}
}

// freezeRecords freezes the events of MsiInstaller records that are forgotten.
func (h *host) freezeRecords(gone func(*installRecord) bool) {
	for _, w := range h.watched {
		if !w.frozen && w.record != nil && gone(w.record) {
			h.freeze(w)
		}
	}
}
