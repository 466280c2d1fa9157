package install

import "slices"

// Trim takes part of what is wanted least out of a state that is too large to
// be stored, and counts it in Trimmed; false where nothing is left to take. Each
// call takes half of one thing, in this order: processes remembered outside
// trees, files, package files, processes of trees other than the installer's
// own. Clients, the service and MsiInstaller records are what sessions are
// worked out from, so they go last, as when a bound evicts sessions: what was
// going on meanwhile then counts as not known, which approves nothing.
func (s *HostState) Trim() bool {
	h, err := s.restore(s.Host)
	if err != nil {
		return false
	}
	descendants := h.descendants()
	var n Trimmed
	switch {
	case h.remembered.n > 0:
		n.Processes = h.dropRemembered(half(h.remembered.n))
	case len(h.files) > 0:
		n.Files = h.dropFiles(half(len(h.files)))
	case len(h.packages) > 0:
		n.Packages = h.dropPackages(half(len(h.packages)))
	case len(descendants) > 0:
		for _, p := range descendants[:half(len(descendants))] {
			h.forget(p)
			n.TreeProcesses++
		}
	case len(h.clients) > 0 || len(h.records) > 0:
		n.Sessions = h.halveSessions()
	case h.members.n > 0:
		n.TreeProcesses = h.dropMembers(half(h.members.n))
	default:
		return false
	}
	trimmed := s.Trimmed
	*s = *h.export()
	trimmed.add(&n)
	s.Trimmed = trimmed
	return true
}

func (n *Trimmed) add(more *Trimmed) {
	n.Processes += more.Processes
	n.TreeProcesses += more.TreeProcesses
	n.Files += more.Files
	n.Sessions += more.Sessions
	n.Packages += more.Packages
}

// descendants are the processes of trees that sessions are not worked out from,
// those that ended first.
func (h *host) descendants() []*process {
	var ended, alive []*process
	for p := h.members.first; p != nil; p = p.after {
		switch {
		case p.member.role == RoleClient, p.member.role == RoleService, slices.Contains(h.clients, p):
		case p.end != 0:
			ended = append(ended, p)
		default:
			alive = append(alive, p)
		}
	}
	return append(ended, alive...)
}

// halveSessions evicts about half of what sessions are worked out from.
func (h *host) halveSessions() uint64 {
	before := len(h.clients) + len(h.records)
	n := h.evictSessions(max(len(h.clients), len(h.records)/4) / 2)
	if len(h.clients)+len(h.records) == before { // no session's: what is no client any more
		h.clients, h.records = nil, nil
		h.changed()
	}
	return n
}

func half(n int) int { return (n + 1) / 2 }
