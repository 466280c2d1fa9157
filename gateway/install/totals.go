package install

// counted is what the Tracker's totals hold of a host.
type counted struct{ members, files, certificates, watched int }

// total is how much of one kind all hosts hold, and how many of them hold any.
type total struct{ held, holders int }

// totals are what all hosts hold of the kinds that only some of them do. Of
// remembered processes every host has some, so each has its part of these; what
// few hosts hold may be as much as all are allowed, and is shared out among
// those that hold any once it is.
type totals struct{ members, files, certificates, watched total }

// What every host may hold, however many there are.
const (
	minMembers      = 2 * MaxLineage
	minFiles        = 64
	minCertificates = 16
	minWatched      = 16
)

func (t *total) count(was *int, is int) {
	if *was == is {
		return
	}
	t.held += is - *was
	switch {
	case *was == 0:
		t.holders++
	case is == 0:
		t.holders--
	}
	*was = is
}

// recount takes over what h holds by now.
func (t *Tracker) recount(h *host) {
	t.totals.members.count(&h.counted.members, h.members.n)
	t.totals.files.count(&h.counted.files, len(h.files)+len(h.strange.files))
	t.totals.certificates.count(&h.counted.certificates, len(h.certificates.byHash))
	t.totals.watched.count(&h.counted.watched, len(h.watched))
}

// forgets takes away what a host held that is forgotten.
func (t *Tracker) forgets(h *host) {
	t.totals.members.count(&h.counted.members, 0)
	t.totals.files.count(&h.counted.files, 0)
	t.totals.certificates.count(&h.counted.certificates, 0)
	t.totals.watched.count(&h.counted.watched, 0)
}

// share is how much of one kind a host may hold: as much as one host may, and
// once all hosts together hold too much, an even part of that.
func share(perHost, all, least int, t total) int {
	if t.held <= all {
		return perHost
	}
	return min(perHost, max(least, all/max(t.holders, 1)))
}
