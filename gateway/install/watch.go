package install

import (
	"cmp"
	"slices"
)

// MaxChanges is how often Late tells one event anew.
const MaxChanges = 64

// Late is a watched event whose context is another one by now.
type Late struct {
	At      Position
	Context Context
}

// watched is a decided event, whose context is told again when it changes.
type watched struct {
	at      Position
	context Context        // as last told
	since   int64          // the host's clock when it was told
	subject *process       // whom it is about
	record  *installRecord // which of MsiInstaller's it is
	around  []*process     // those whose facts its context tells
	changes int            // how often it was told again
	looked  uint64         // the host's count of changes when it was last looked at
	untold  *Context       // as it is known by now, where that differs
	// frozen: what the host has forgotten since would show as a change. Then its
	// context stays what it was before.
	frozen bool
}

// Watch keeps a decided event, of which c was told, until Unwatch or a bound:
// Late tells when its context is another one. A second Watch of the same
// position replaces what was told.
func (t *Tracker) Watch(c *Context, at Position) {
	if c.Event == nil {
		return
	}
	if _, _, certificate := c.Event.Certificate(); certificate {
		return // it says all it will ever say
	}
	h := t.hosts[c.Event.Host]
	if h == nil {
		return
	}
	w := h.watching(at)
	if w == nil {
		w = &watched{at: at}
		h.watched = append(h.watched, w)
	}
	w.context, w.since, w.looked = *c, h.clock, h.stirred.count
	if !w.frozen {
		h.identify(w)
	}
	h.wants(w)
	t.recount(h)
	for len(h.watched) > share(t.limits.WatchedPerHost, t.limits.Watched, minWatched, t.totals.watched) {
		h.unwatch(0)
		t.evictions.decisions++
		t.recount(h)
	}
}

func (h *host) watching(at Position) *watched {
	for _, w := range slices.Backward(h.watched) {
		if w.at == at {
			return w
		}
	}
	return nil
}

func (h *host) unwatch(n int) {
	h.watched = slices.Delete(h.watched, n, n+1)
	if len(h.watched) == 0 {
		h.watched, h.stirred.wanted = nil, nil
	}
}

// Unwatch forgets the watched events of a session, by its ID, whose finding has
// settled; with "" those that belong to no session known by an ID and have not
// been told anew for the 15 minutes after which nothing more is expected.
func (t *Tracker) Unwatch(host, session string) {
	h := t.hosts[host]
	if h == nil {
		return
	}
	for n := len(h.watched) - 1; n >= 0; n-- {
		w := h.watched[n]
		id := ""
		if s := w.context.Session; s != nil {
			id = s.ID
		}
		if id == session && (id != "" || w.since+int64(retention) <= h.clock) {
			h.unwatch(n)
		}
	}
	t.recount(h)
}

// Late tells the watched events of the host whose context says materially else
// than was told, in the order of their positions, and takes it as told: each
// change is told once, and of one event at most MaxChanges. What ends a session
// and what it installed is no such change, nor what the host sends.
func (t *Tracker) Late(host string) []Late {
	h := t.hosts[host]
	if h == nil || h.stirred.looked == h.stirred.count {
		return nil
	}
	// Looking at one can show that another's ancestor is a wrapper.
	for n := 0; h.stirred.looked != h.stirred.count && n < MaxLineage; n++ {
		h.stirred.looked = h.stirred.count
		for _, w := range h.watched {
			t.differs(h, w)
		}
	}
	var all []Late
	for _, w := range h.watched {
		if w.untold == nil {
			continue
		}
		c := *w.untold
		w.untold = nil
		if w.changes == MaxChanges {
			continue
		}
		if w.changes++; w.changes == MaxChanges {
			t.evictions.changes++
		}
		w.context, w.since = c, h.clock
		all = append(all, Late{At: w.at, Context: c})
	}
	slices.SortStableFunc(all, func(a, b Late) int {
		return cmp.Or(cmp.Compare(a.At.Stream, b.At.Stream), cmp.Compare(a.At.Sequence, b.At.Sequence), cmp.Compare(a.At.Record, b.At.Record))
	})
	return all
}

// Again is the context of a watched event as it is known now; false where the
// event is not watched. It does not count as told.
func (t *Tracker) Again(host string, at Position) (Context, bool) {
	h := t.hosts[host]
	if h == nil {
		return Context{}, false
	}
	w := h.watching(at)
	switch {
	case w == nil:
		return Context{}, false
	case !w.frozen:
		return t.again(h, w), true
	case w.untold != nil:
		return *w.untold, true
	}
	return w.context, true
}

// differs works out w's context where anything was stirred that it rests on, and
// keeps it as untold where it is another one.
func (t *Tracker) differs(h *host, w *watched) bool {
	if w.frozen {
		return w.untold != nil
	}
	looked := w.looked
	if looked == h.stirred.count {
		return w.untold != nil
	}
	w.looked = h.stirred.count
	if looked >= h.stirred.all && !w.stirred(looked) {
		if looked >= h.stirred.sessions {
			return w.untold != nil
		}
		if w.untold == nil && sameSession(w.context.Session, t.sessionOf(h, w.context.Event, w.subject, h.ancestors(w.subject), w.record)) {
			return false
		}
	}
	w.untold = nil
	if c := t.again(h, w); !sameContext(&w.context, &c) {
		w.untold = &c
	}
	return w.untold != nil
}

// stirred reports whether any process that the context tells of has changed.
func (w *watched) stirred(looked uint64) bool {
	for _, p := range w.around {
		if p.changed > looked {
			return true
		}
	}
	return looked == 0
}

// again is w's context as it is known now.
func (t *Tracker) again(h *host, w *watched) Context {
	h.identify(w)
	c := t.known(h, w.context.Event, w.subject, w.record)
	if !c.Module.Signature.Known {
		c.Module.Signature = w.context.Module.Signature // a bound may have made the host forget the certificate
	}
	h.wants(w)
	return c
}
