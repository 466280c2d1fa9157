package install

import "slices"

// sweepSessions drops the clients and records of sessions that are so long
// over that nothing of theirs can be told any more.
func (h *host) sweepSessions() {
	if len(h.clients) == 0 && len(h.records) == 0 {
		return
	}
	gone := map[*session]bool{}
	for _, s := range h.kept() {
		if h.lastOf(s)+sessionRetention < h.clock {
			gone[s] = true
		}
	}
	h.drop(gone)
	h.clients = slices.DeleteFunc(h.clients, func(p *process) bool { return p.role() != RoleClient })
	k, records := h.installs(), len(h.records)
	nobodys := func(r *installRecord) bool { return k.owners[r] == nil && r.at+sessionRetention < h.clock }
	h.freezeRecords(nobodys)
	h.records = slices.DeleteFunc(h.records, nobodys)
	if len(h.records) < records {
		h.changed()
	}
}

// kept are the sessions with something of their own to keep, the oldest first.
func (h *host) kept() []*session {
	k := h.installs()
	list := slices.Clone(k.sessions)
	seen := make(map[*session]bool, len(list))
	for _, s := range list {
		seen[s] = true
	}
	more := func(s *session) {
		if s != nil && !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	for _, p := range h.clients {
		more(k.byClient[p])
	}
	for _, r := range h.records {
		more(k.owners[r])
	}
	slices.SortStableFunc(list, compareSessions)
	return list
}

// lastOf is the last time at which the session can have been going on.
func (h *host) lastOf(s *session) int64 {
	var last int64
	for _, x := range s.transactions {
		last = max(last, x.begin, x.end)
		switch p := s.client; {
		case x.end != 0 || s.opener == OpenedByClient:
		case p != nil && p.end != 0:
			last = max(last, p.end+afterTransaction)
		default:
			last = max(last, x.begin+h.silence())
		}
	}
	if n := len(s.products); n > 0 {
		last = max(last, s.products[n-1].at)
	}
	if p := s.client; s.opener == OpenedByClient {
		last = max(last, p.end)
		if p.end == 0 {
			last = max(last, p.seen+h.silence())
		}
	}
	return last
}

// drop forgets sessions, their clients and records. What lives on of their
// trees keeps what was known.
func (h *host) drop(gone map[*session]bool) {
	if len(gone) == 0 {
		return
	}
	h.freezeSessions(gone)
	h.settle(gone)
	k := h.installs()
	h.clients = slices.DeleteFunc(h.clients, func(p *process) bool {
		dropped := gone[k.byClient[p]]
		if dropped && !p.listed && p.member != nil {
			p.member.above, p.member.writer = nil, nil
		}
		return dropped
	})
	h.records = slices.DeleteFunc(h.records, func(r *installRecord) bool { return gone[k.owners[r]] })
	h.changed()
}

// settle has every process that could belong to one of the sessions keep where
// it belongs: once they are forgotten, another would be the only one left.
func (h *host) settle(gone map[*session]bool) {
	for p := h.members.first; p != nil; p = p.after {
		if p.member.settled != nil || p.member.role == RoleService || p.isWrapper() {
			continue
		}
		b := h.belongs(p, h.ancestors(p), began(p))
		if gone[b.session] || slices.ContainsFunc(b.among, func(s *session) bool { return gone[s] }) {
			p.member.settled = h.express(b)
		}
	}
}

// evictSessions makes room: the sessions that are over go first, then the
// oldest. What was going on meanwhile can no longer be told for sure.
func (h *host) evictSessions(limit int) uint64 {
	all := h.kept()
	alive := func(s *session) bool { return h.seen(s, h.clock, 0) || h.recorded(s, h.clock, 0) }
	slices.SortStableFunc(all, func(a, b *session) int { return compareBool(alive(a), alive(b)) })
	clients, records := len(h.clients), len(h.records)
	gone := map[*session]bool{}
	for _, s := range all {
		if clients <= limit-limit/4 && records <= 4*limit-limit {
			break
		}
		gone[s] = true
		if s.opener == OpenedByClient {
			clients--
		}
		for _, x := range s.transactions {
			records -= len(x.records)
		}
		records -= len(s.products)
	}
	h.drop(gone)
	if over := len(h.records) - 4*limit; over > 0 { // nobody's
		h.freezeRecords(func(r *installRecord) bool { return slices.Index(h.records, r) < over })
		h.records = slices.Delete(h.records, 0, over)
		h.changed()
	}
	h.lost = max(h.lost, h.clock)
	h.stirSessions()
	return uint64(len(gone))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
