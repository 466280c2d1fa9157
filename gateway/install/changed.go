package install

import "slices"

// Change is a process that belongs to another session than its last Context
// said, by a record that came since.
type Change struct {
	Process  Process
	Was, Now *Session // as in Context; nil where there was, or is, none
}

// Changed tells which processes of the host's trees belong to another session
// than when they were last told of, and takes note of it: each change is told
// once. What merely adds to a session (an end, a product) is none.
func (t *Tracker) Changed(host string) []Change {
	h := t.hosts[host]
	if h == nil {
		return nil
	}
	var changes []Change
	for p := h.members.first; p != nil; p = p.after {
		m := p.member
		if m.told == nil || m.settled != nil || m.role == RoleService { // the service's doings each belong elsewhere
			continue
		}
		now := h.express(h.belongs(p, h.ancestors(p), began(p)))
		if was := m.told; !sameBelonging(was, now) {
			changes = append(changes, Change{Process: p.describe(), Was: was, Now: now})
			m.told = now
		}
	}
	return changes
}

// sameBelonging reports whether two values say the same of where something
// belongs and of how far that can be relied on.
func sameBelonging(a, b *Session) bool {
	switch {
	case a == b:
		return true
	case a == nil || b == nil:
		return false
	}
	return a.ID == b.ID && a.Attribution == b.Attribution && a.Ambiguous == b.Ambiguous && slices.Equal(a.Doubts, b.Doubts) &&
		samePackageFact(a, b) &&
		slices.EqualFunc(a.Candidates, b.Candidates, func(x, y Session) bool {
			return x.ID == y.ID && x.Ambiguous == y.Ambiguous && samePackageFact(&x, &y)
		})
}

func samePackageFact(a, b *Session) bool {
	if a.Package == nil || b.Package == nil {
		return a.Package == b.Package
	}
	return *a.Package == *b.Package && slices.Contains(a.Claimed, "package") == slices.Contains(b.Claimed, "package")
}
