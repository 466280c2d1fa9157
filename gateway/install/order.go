package install

import "iter"

// lag is how far a host's records came out of order: the most, within this
// stretch of time and the one before it.
type lag struct {
	most, before int64
	since        int64 // when this stretch began
}

// lagStretch is longer than out-of-order records are apart, and short enough
// that one clock that was set does not cost for ever.
const lagStretch = int64(24 * 60 * 60 * 1e9)

// came notes that a record of the time came when the host's clock was there.
func (l *lag) came(at, clock int64) {
	apart := max(clock-at, at-clock)
	if apart > l.most {
		l.most = apart
	}
	if clock-l.since > lagStretch {
		l.before, l.most, l.since = l.most, apart, clock
	}
}

// since are the processes that can have started at the time or later, give or
// take: all where it is 0. The lists are in the order in which their processes
// were last heard of, so that where records come in order this looks at few.
func (h *host) since(at int64) iter.Seq[*process] {
	const give = 2 // a record may have come early as well as late
	until := at - slack - give*max(h.lag.most, h.lag.before)
	return func(yield func(*process) bool) {
		for _, list := range [...]*processList{&h.remembered, &h.members} {
			for p := list.last; p != nil; p = p.before {
				if at != 0 && p.seen < until && !p.spared() {
					break
				}
				if (at == 0 || began(p) >= at-slack) && !yield(p) {
					return
				}
			}
		}
	}
}
