package install

import (
	"slices"
	"unique"

	"msigate/gateway/event"
)

// recordedParent is the record of p's parent; nil where the host has none.
func (h *host) recordedParent(p *process) *process {
	at := p.start
	if at == 0 {
		at = p.seen
	}
	if parent := h.find(p.parentGUID, p.parentPID, p.parentPath(), at); parent != p {
		return parent
	}
	return nil
}

// parentOf is the record of p's parent. Where the host has none (services.exe
// runs since before anybody listened), it is what p's own start record says of
// it, and leads no further.
func (h *host) parentOf(p *process) *process {
	parent := h.recordedParent(p)
	if parent == nil && p.parentPath() != "" {
		parent = &process{guid: p.parentGUID, pid: p.parentPID, seen: p.seen, image: p.parentImage, user: unique.Make("")}
	}
	return parent
}

// inTree reports whether p, or an ancestor of it, belongs to a tree. An
// ancestor can: its record may have come after its child's.
func (h *host) inTree(p *process) bool {
	for range MaxLineage {
		if p == nil || p.member != nil {
			return p != nil
		}
		parent := h.recordedParent(p)
		if parent.isWrapper() && !parent.bears(began(p)) {
			return false
		}
		p = parent
	}
	return false
}

// isWrapper reports whether p belongs to a tree as a wrapper, and as nothing else.
func (p *process) isWrapper() bool {
	return p != nil && p.member != nil && p.member.role == RoleWrapper
}

// precedes reports whether the time is before p, as a wrapper, belonged to a tree.
func (p *process) precedes(at int64) bool { return p.isWrapper() && at < p.widened }

// bears reports whether what p starts at the time belongs to p's tree: of a
// wrapper, what it starts once it is an ancestor of the installer.
func (p *process) bears(at int64) bool {
	return p.member != nil && !p.precedes(at)
}

// ancestors are the processes above p, nearest first. What a member's were is
// kept, also of those the host has forgotten since; the line is continued
// wherever it can be by now.
func (h *host) ancestors(p *process) []*process {
	var known []*process // as p, or a member above it, had them
	line := make([]*process, 0, MaxLineage)
	for current := p; len(line) < MaxLineage; {
		if len(line) >= len(known) && current.member != nil {
			known = append(slices.Clip(line), current.member.above...)
		}
		var next *process
		if len(line) < len(known) {
			next = known[len(line)]
		} else {
			next = h.parentOf(current)
		}
		if next == nil || next == p || slices.Contains(line, next) {
			break
		}
		line = append(line, next)
		current = next
	}
	kept := len(line)
	if kept > 0 && line[kept-1].sequence == 0 && !line[kept-1].listed {
		kept-- // made up from its child's record: its own may still come
	}
	if p.member != nil && p.listed && kept > len(p.member.above) {
		p.member.above = slices.Clone(line[:kept])
	}
	return line
}

// widen marks the wrappers above a process of a tree. Those above the installer
// itself belong to the tree from when it started below them.
func (t *Tracker) widen(h *host, p *process, line []*process) {
	tree, since := false, int64(0)
	for i := -1; i < len(line); i++ {
		current := p
		if i >= 0 {
			current = line[i]
		}
		switch m := current.member; {
		case m != nil && m.role != RoleWrapper:
			tree = true
			if m.role != RoleDescendant {
				since = began(current)
			}
			continue
		case tree && (m != nil || t.wrappers[event.LowerASCII(event.Base(current.image.Value()))]):
			h.wraps(current, since)
		}
		if current.isWrapper() {
			tree, since = true, current.widened
		}
	}
	if len(h.fresh) > 0 {
		h.descend()
	}
}

// wraps takes in a wrapper above the installer, which started at the time (0:
// only something else of a tree is below it). What it did before is its own.
func (h *host) wraps(p *process, since int64) {
	if !p.wrapper {
		p.wrapper = true
		if p.listed { // else it is made up of its child's record, each time anew
			h.stir(p)
		}
		h.changed()
	}
	switch {
	case since == 0 || !p.listed:
	case p.member == nil:
		p.widened = since
		h.join(p, newMember(p.facts(), RoleWrapper, nil), began(p))
	case since < p.widened:
		p.widened = since
		h.joinedLate(p)
		h.fresh = append(h.fresh, p)
		h.stir(p)
	}
}

// root is the topmost process of the tree that p belongs to: upward from p
// through members and the wrappers right above them, and from a file that a
// tree wrote on to its writer. nil where p belongs to none.
func (h *host) root(p *process) *process {
	if p.member == nil {
		return nil
	}
	// Each round ends higher or stops; the bound is for records that lie.
	for range MaxLineage {
		top := p
		for _, current := range h.ancestors(p) {
			if current.member == nil && !current.wrapper {
				break
			}
			top = current
		}
		switch {
		case top != p:
			p = top
		case p.member != nil && p.member.writer != nil && p.member.writer != p && p.member.writer.member != nil:
			p = p.member.writer
		default:
			return p
		}
	}
	return p
}
