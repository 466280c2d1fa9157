package install

import "slices"

// leastMember is the process of a tree that is missed least: one that ended,
// else one that is no installer process itself, else the longest unheard of.
func (h *host) leastMember() *process {
	var descendant *process
	for p := h.members.first; p != nil; p = p.after {
		if p.end != 0 {
			return p
		}
		if descendant == nil && p.member.role == RoleDescendant {
			descendant = p
		}
	}
	if descendant != nil {
		return descendant
	}
	return h.members.first
}

// newestService is the service that started last, which may do nothing for days;
// nil on a host whose sensor does not tell of ends, where it may be long gone.
func (h *host) newestService() (newest *process) {
	if !h.tellsEnds {
		return nil
	}
	for p := h.members.first; p != nil; p = p.after {
		if p.member.role == RoleService && (newest == nil || began(p) > began(newest)) {
			newest = p
		}
	}
	return newest
}

// spared reports whether a remembered process may run for days and start
// nothing: services.exe started it (a deployment tool above all), and it was not
// seen to end. Its age says nothing.
func (p *process) spared() bool { return p.end == 0 && isServices(p.parentPath()) }

// leastRemembered is the remembered process that is missed least: the longest
// unheard of, but for those that are spared, of which a quarter of what the host
// may remember goes to the end of the list first.
func (h *host) leastRemembered(part int) *process {
	for n := 0; n < part/4 && h.remembered.first.spared(); n++ {
		p := h.remembered.first
		h.remembered.remove(p)
		h.remembered.push(p)
	}
	return h.remembered.first
}

// sweep forgets, now and then, what has ended or was not heard of for too long.
func (h *host) sweep(ttl, window int64) (swept bool) {
	if h.clock-h.swept < sweepEvery {
		return false
	}
	h.swept = h.clock
	h.sweepSessions()
	above := h.above(ttl)
	for p := h.remembered.first; p != nil && p.seen+ttl < h.clock; {
		next := p.after
		if !p.spared() && !above[p] {
			h.forget(p)
		}
		p = next
	}
	h.unborn = slices.DeleteFunc(h.unborn, func(d deed) bool {
		return d.seen+lateStart < h.clock && d.process.late == 0 // those late are still to be read again from there
	})
	service := h.newestService()
	for p := h.members.first; p != nil; {
		next := p.after
		if p.end != 0 && max(p.end, p.seen)+int64(retention) < h.clock || p.seen+ttl < h.clock && !above[p] && p != service {
			h.forget(p)
		}
		p = next
	}
	h.sweepFiles(h.clock - window - int64(retention))
	h.sweepPackages(h.clock - ttl)
	return true
}

// above are the processes that something of a tree still runs below, however
// long nothing was heard of them: the service above all, which starts once and
// works for many. nil where none would be forgotten.
func (h *host) above(ttl int64) map[*process]bool {
	old := func(p *process) bool { return p.seen+ttl < h.clock }
	p := h.members.first
	for p != nil && (p.end != 0 || !old(p)) {
		p = p.after
	}
	if p == nil && (h.remembered.first == nil || !old(h.remembered.first)) {
		return nil
	}
	above := map[*process]bool{}
	for p := h.members.first; p != nil; p = p.after {
		if p.end == 0 && !old(p) {
			for _, ancestor := range h.ancestors(p) {
				above[ancestor] = true
			}
		}
	}
	return above
}
