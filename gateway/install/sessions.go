package install

import (
	"cmp"
	"slices"
	"time"
)

const (
	// afterTransaction is how long a session whose end only a MsiInstaller
	// record tells remains a candidate: the record may be forged.
	afterTransaction = int64(5 * time.Minute)
	// sessionRetention is how long what has ended is kept: as long as it is a
	// candidate, and the Application log's ten minutes with some to spare.
	sessionRetention = afterTransaction + int64(retention)
	// Silence is how long something that has not been seen to end is taken to
	// go on: on a host whose sensor tells of ends, one may have been lost.
	silenceWithEnds    = int64(4 * time.Hour)
	silenceWithoutEnds = int64(30 * time.Minute)
	// inventoryGap is how far apart the records of one reading of Win32_Product,
	// or of one product, are at most.
	inventoryGap = int64(time.Minute)
	// inventoryBurst is how many products reconfigured in a row are an
	// inventory whatever else goes on; two are, while no install is alive.
	inventoryBurst = 3
)

func (h *host) silence() int64 {
	if h.tellsEnds {
		return silenceWithEnds
	}
	return silenceWithoutEnds
}

// session is one install while it is worked out. It is never kept: sessions
// are a function of the processes and records that are, so that these end in
// the same sessions whatever order they came in.
type session struct {
	opener       Opener
	client       *process // a msiexec client, or whom a 1040 names; nil where nobody is known
	service      *process // of service_child: the service, else the process that stands for it
	transactions []*transaction
	products     []*installRecord
	inventory    bool
	told         *Session                 // the value, made when it is asked for
	attributed   map[Attribution]*Session // the same with its attribution
}

// installs is everything worked out for a host.
type installs struct {
	sessions     []*session // that can be a candidate, in the order of begin
	byClient     map[*process]*session
	byService    map[*process]*session
	transactions []*transaction
	owners       map[*installRecord]*session // absent: nobody's, or one of several's
}

// installs works out the sessions of the host, where anything has changed.
func (h *host) installs() *installs {
	if h.worked != nil {
		return h.worked
	}
	k := &installs{byClient: map[*process]*session{}, byService: map[*process]*session{}, owners: map[*installRecord]*session{}}
	h.worked = k
	for _, p := range h.clients {
		if p.role() != RoleClient {
			continue
		}
		s := &session{opener: OpenedByClient, client: p}
		k.byClient[p] = s
		if couldInstall(p) {
			k.sessions = append(k.sessions, s)
		}
	}
	k.transactions = h.transactions()
	for _, x := range k.transactions {
		s := k.byClient[x.client]
		switch {
		case s == nil:
			s = &session{opener: OpenedByMsiInstaller, client: x.client}
			k.sessions = append(k.sessions, s)
		case len(s.transactions) == 0 && !couldInstall(x.client): // by these records it did, whatever else is known of it
			if unseen(x.client) {
				s.opener = OpenedByMsiInstaller
			}
			k.sessions = append(k.sessions, s)
		}
		s.transactions = append(s.transactions, x)
		for _, r := range x.records {
			k.owners[r] = s
		}
	}
	slices.SortStableFunc(k.sessions, compareSessions)
	h.assignProducts(k)
	return k
}

// changed says that sessions must be worked out anew.
func (h *host) changed() { h.worked = nil }

// couldInstall reports whether a client is one that has the service do things.
func couldInstall(p *process) bool {
	switch {
	case unseen(p): // it may as well be the service
		return false
	case p.member.msiexec == nil:
		return true
	}
	switch p.member.msiexec.Verb {
	case VerbInstall, VerbUninstall, VerbPatch, VerbAdministrative, VerbAdvertise, VerbRepair:
		return true
	}
	return false
}

// unseen reports whether neither the start nor the command line of a msiexec was seen.
func unseen(p *process) bool { return p.member.msiexec == nil && p.sequence == 0 }

// begin is the client's start, else that of the first transaction.
func (s *session) begin() int64 {
	switch {
	case s.opener == OpenedByClient:
		return s.client.start
	case len(s.transactions) > 0:
		return s.transactions[0].from
	case len(s.products) > 0:
		return s.products[0].at
	case s.service != nil:
		return s.service.start
	}
	return 0
}

func (s *session) pid() uint32 {
	switch {
	case s.client != nil:
		return s.client.pid
	case len(s.transactions) > 0:
		return s.transactions[0].pid
	}
	return 0
}

// seen reports whether the sensor saw the session's msiexec client alive at the
// time, give or take.
func (h *host) seen(s *session, at, give int64) bool {
	if s.opener != OpenedByClient {
		return false
	}
	p := s.client
	return p.covers(at, give) && (p.end != 0 || at <= max(p.seen, p.start)+h.silence())
}

// recorded reports whether MsiInstaller's records, and nothing else, say that
// the session was going on at the time, give or take. Its end is not believed
// at once.
func (h *host) recorded(s *session, at, give int64) bool {
	last, p := lastTransaction(s), s.client
	switch {
	case last == nil:
		return false
	case s.opener == OpenedByClient: // gone, but for a transaction that was not seen to end
		return last.end == 0 && p.end != 0 && at > p.end && at <= p.end+afterTransaction
	case s.transactions[0].from > at+give:
		return at == 0
	case last.end != 0:
		return at <= last.end+afterTransaction
	case p != nil && p.end != 0:
		return at <= p.end+afterTransaction
	}
	return at <= last.begin+h.silence()
}

func lastTransaction(s *session) *transaction {
	if n := len(s.transactions); n > 0 {
		return s.transactions[n-1]
	}
	return nil
}

// open reports whether a transaction of the session had the installer then.
func (s *session) open(at, give int64) bool {
	return slices.ContainsFunc(s.transactions, func(x *transaction) bool {
		return x.from <= at+give && (x.until == 0 || at <= x.until+give)
	})
}

// over reports whether all its transactions, and it has some, were over.
func (s *session) over(at int64) bool {
	for _, x := range s.transactions {
		if x.until == 0 || at <= x.until {
			return false
		}
	}
	return len(s.transactions) > 0
}

// silent reports whether the client shows no dialogs, and so runs no actions
// outside its transaction (/qn, /qb, /passive).
func (s *session) silent() bool {
	if s.opener != OpenedByClient || s.client.member == nil || s.client.member.msiexec == nil {
		return false
	}
	switch s.client.member.msiexec.Quiet {
	case "none", "basic", "passive":
		return true
	}
	return false
}

// candidates are the sessions that can have been going on at the time, and
// whether the sensor saw any of them to. Records add to what the sensor saw and
// take nothing away from it.
func (h *host) candidates(at int64) (all []*session, seen bool) {
	k := h.installs()
	for _, give := range [...]int64{0, slack} {
		var found []*session
		for _, s := range k.sessions {
			if h.seen(s, at, give) {
				found = append(found, s)
			}
		}
		if len(found) > 0 {
			all, seen = found, true
			break
		}
	}
	for _, give := range [...]int64{0, slack} {
		for _, s := range k.sessions {
			if h.recorded(s, at, give) && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
		if len(all) > 0 {
			break
		}
	}
	slices.SortStableFunc(all, compareSessions)
	return all, seen
}

func compareSessions(a, b *session) int {
	return cmp.Or(cmp.Compare(a.begin(), b.begin()), cmp.Compare(a.pid(), b.pid()))
}

// single is the one of several candidates that MsiInstaller's records single
// out; nil where they do not. The installer works for one at a time, but the
// actions of a client's dialogs can overlap with that.
func single(candidates []*session, at int64) *session {
	for _, give := range [...]int64{0, slack} {
		var open, waiting []*session
		for _, s := range candidates {
			switch {
			case s.open(at, give):
				open = append(open, s)
			case !s.over(at) && !s.silent():
				waiting = append(waiting, s)
			}
		}
		if len(open) == 1 && len(waiting) == 0 {
			return open[0]
		}
		if len(open) > 0 {
			return nil
		}
	}
	var left *session
	for _, s := range candidates {
		if s.over(at) {
			continue
		}
		if left != nil {
			return nil
		}
		left = s
	}
	return left
}
