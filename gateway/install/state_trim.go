package install

import (
	"cmp"
	"slices"

	"msigate/gateway/event"
)

// Trim takes part of what is wanted least out of a state that is too large to
// be stored, and counts it in Trimmed; false where nothing is left to take. Each
// call takes half of one thing, in this order: watched events, those with the
// longest texts first; processes remembered outside trees; certificates; files;
// package files; processes of trees that are neither client nor service.
//
// Clients, the service and MsiInstaller records are what sessions are worked out
// from. They go last of all, and as when a bound evicts sessions: what was going
// on meanwhile then counts as not known, which approves nothing. A host can be
// made to say so much of them that the rest would not fit either, and a state
// that is not stored would be lost whole.
func (s *HostState) Trim() bool {
	if s == nil {
		return false
	}
	h, err := s.restore(s.Host)
	if err != nil {
		return false
	}
	n, trimmed := s.Trimmed, h.trim()
	if trimmed == (Trimmed{}) {
		return false
	}
	n.add(&trimmed)
	*s = *h.export()
	s.Trimmed = n
	return true
}

func (n *Trimmed) add(more *Trimmed) {
	n.Processes += more.Processes
	n.TreeProcesses += more.TreeProcesses
	n.Files += more.Files
	n.Sessions += more.Sessions
	n.Packages += more.Packages
	n.Certificates += more.Certificates
	n.Decisions += more.Decisions
}

func half(n int) int { return (n + 1) / 2 }

// trim takes half of the least wanted thing that there is.
func (h *host) trim() (n Trimmed) {
	descendants := h.descendants()
	switch {
	case len(h.watched) > 0:
		n.Decisions = h.trimWatched()
	case h.remembered.n > 0:
		n.Processes = h.dropRemembered(half(h.remembered.n))
	case len(h.certificates.order) > 0:
		n.Certificates = h.dropCertificates(half(len(h.certificates.order)))
	case len(h.files)+len(h.strange.files) > 0:
		n.Files = h.dropFiles(half(len(h.files))) + h.dropStrange(half(len(h.strange.files)))
	case len(h.packages) > 0:
		n.Packages = h.dropPackages(half(len(h.packages)))
	case len(descendants) > 0:
		for _, p := range descendants[:half(len(descendants))] {
			h.forget(p)
			n.TreeProcesses++
		}
	case len(h.clients) > 0 || len(h.records) > 0:
		n.Sessions = max(1, h.halveSessions())
	case h.members.n > 0:
		n.TreeProcesses = h.dropMembers(half(h.members.n))
	}
	return n
}

// trimWatched unwatches the half of the events with the longest texts, of which
// the longest watched first.
func (h *host) trimWatched() uint64 {
	bySize := slices.Clone(h.watched)
	slices.SortStableFunc(bySize, func(a, b *watched) int { return -cmp.Compare(textOf(a.context.Event), textOf(b.context.Event)) })
	gone := bySize[:half(len(bySize))]
	h.watched = slices.DeleteFunc(h.watched, func(one *watched) bool { return slices.Contains(gone, one) })
	if len(h.watched) == 0 {
		h.watched, h.stirred.wanted = nil, nil
	}
	return uint64(len(gone))
}

// textOf is how long the texts of an event are that can be long.
func textOf(e *event.Event) int {
	return len(e.Process.CommandLine) + len(e.Parent.CommandLine) + len(e.Process.Image) + len(e.Parent.Image) +
		len(e.File.Contents) + len(e.File.Path) + len(e.Module.Path) + len(e.Registry.Key) + len(e.Registry.Value) + len(e.Registry.NewName) +
		len(e.Network.QueryName) + len(e.Network.QueryResults) + len(e.Installer.Package) + len(e.Installer.Product)
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
