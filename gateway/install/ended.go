package install

import "time"

// Ended tells whether the session of that ID is over and when it ended, by the
// host's clock: with its client; where only MsiInstaller's records tell of it,
// with its last transaction or product; where nobody tells of an end, once it
// has been silent for too long to go on. One that is not known (any more) is
// over, at no time.
func (t *Tracker) Ended(host, id string) (end time.Time, over bool) {
	h := t.hosts[host]
	if h == nil || id == "" {
		return time.Time{}, true
	}
	for _, s := range h.kept() {
		if h.sessionID(s) == id {
			return h.ended(s)
		}
	}
	for p := h.members.first; p != nil; p = p.after {
		switch p.member.role {
		case RoleService, RoleCustomActionServer, RoleExtracted, RoleManagedAction:
			if s := (&session{opener: OpenedByServiceChild, service: p}); h.sessionID(s) == id {
				return h.ended(s)
			}
		}
	}
	return time.Time{}, true
}

func (h *host) ended(s *session) (end time.Time, over bool) {
	last := h.lastOf(s)
	switch {
	case s.service != nil:
		return h.endOf(s.service)
	case s.opener != OpenedByClient:
		if x := lastTransaction(s); x != nil && x.end == 0 {
			return moment(x.begin), last < h.clock
		}
		return moment(last), true
	}
	if x := lastTransaction(s); x != nil && x.end == 0 && s.client.end != 0 {
		// Its client is gone, but a transaction was not seen to end.
		return moment(max(x.begin, s.client.end)), s.client.end+afterTransaction < h.clock
	}
	return h.endOf(s.client)
}

// endOf is a process's end, or when it was last heard of where it has been
// silent for too long.
func (h *host) endOf(p *process) (end time.Time, over bool) {
	if p.end != 0 {
		return moment(p.end), true
	}
	if last := max(p.seen, p.start); last+h.silence() < h.clock {
		return moment(last), true
	}
	return time.Time{}, false
}
