package install

import (
	"slices"

	"msigate/gateway/event"
)

// belonging is where a process or an event belongs, before it is written down.
type belonging struct {
	settled *Session // what was known when the host still knew more
	session *session // nil where it cannot be known
	how     Attribution
	among   []*session // all that it could be, where there are several or doubts
	doubts  []string
}

func (b *belonging) nowhere() bool { return b.settled == nil && b.session == nil && len(b.among) == 0 }

// sessionOf is the session that e belongs to: that of the record e is, of the
// process it is about, or of the tree that wrote the file it loads. line are
// the process's ancestors.
func (t *Tracker) sessionOf(h *host, e *event.Event, p *process, line []*process, r *installRecord) *Session {
	at := stamp(e.Time)
	if r != nil {
		return h.express(h.ofRecord(r))
	}
	b := h.belongs(p, line, at)
	if e.Kind == event.KindImageLoad && b.nowhere() {
		if f, ok := h.fileOf(e.Module.Path, at, t.window); ok {
			b = h.ofFile(f.writer, f.at, 0, nil)
		}
	}
	return h.express(b)
}

// ofRecord is where a MsiInstaller record belongs.
func (h *host) ofRecord(r *installRecord) belonging {
	k := h.installs()
	if s := k.owners[r]; s != nil {
		return belonging{session: s, how: AttributionRecord}
	}
	if open := openAt(k.sessions, r.at); len(open) > 1 {
		return belonging{among: open}
	}
	if alive, _ := h.candidates(r.at); len(alive) > 1 {
		return belonging{among: alive}
	}
	return belonging{}
}

// belongs is where a process, or what it does at the time, belongs. The nearest
// process above it (or itself) that leads to a client decides: a client, or
// the service, whose work belongs to whoever it worked for when it began.
func (h *host) belongs(p *process, line []*process, at int64) belonging {
	return h.belongsWithin(p, line, at, 0, nil)
}

// belongsWithin is the same at some depth of files whose writers were started
// from files. nowhere are the writers that led nowhere, and from what depth on:
// records that lie can have each of many write what the others run.
func (h *host) belongsWithin(p *process, line []*process, at int64, depth int, nowhere map[*process]int) belonging {
	var top *process // the topmost of the installer's own below nobody known
	below := at      // when what is looked at was begun by the process above it
	for i := -1; i < len(line); i++ {
		current := p
		if i >= 0 {
			current = line[i]
		}
		if m := current.member; m != nil {
			if m.settled != nil {
				return belonging{settled: m.settled}
			}
			switch m.role {
			case RoleClient:
				return h.ofClient(current, below)
			case RoleService:
				return h.ofService(current, below)
			case RoleWrapper:
				if b := h.ofWrapper(current, below); !b.nowhere() {
					return b
				}
			case RoleCustomActionServer, RoleExtracted, RoleManagedAction:
				top = current
			}
		}
		below = began(current)
	}
	for i := -1; i < len(line); i++ {
		current := p
		if i >= 0 {
			current = line[i]
		}
		if m := current.member; m != nil && m.writer != nil && m.writer != current {
			if nowhere == nil {
				nowhere = map[*process]int{}
			}
			if from, tried := nowhere[m.writer]; tried && depth >= from {
				continue
			}
			if b := h.ofFile(m.writer, m.written, depth, nowhere); !b.nowhere() {
				return b
			}
			nowhere[m.writer] = depth
		}
	}
	if top != nil { // its parent was never told of: the service, or else a client
		return h.ofService(top, began(top))
	}
	return belonging{}
}

// began is when a process started, or else was first known to run.
func began(p *process) int64 {
	switch {
	case p.start != 0:
		return p.start
	case p.member != nil:
		return p.member.first
	}
	return p.seen
}

// ofFile is where a file belongs that a tree's process wrote. What is less than
// sure of the writer is no surer of its file.
func (h *host) ofFile(writer *process, at int64, depth int, nowhere map[*process]int) belonging {
	if writer == nil || depth == MaxLineage { // by records that lie, two could have written each other
		return belonging{}
	}
	b := h.belongsWithin(writer, h.ancestors(writer), at, depth+1, nowhere)
	if b.settled == nil && b.how == AttributionLineage {
		b.how = AttributionFile
	}
	return b
}

// ofClient is where a msiexec belongs that somebody started, and what it does.
// One of which nobody saw the start or the command line may be the service,
// working for any candidate, as well as a client itself.
func (h *host) ofClient(p *process, at int64) belonging {
	s := h.installs().byClient[p]
	if s == nil { // a bound made the host forget that it opened one
		s = &session{opener: OpenedByClient, client: p}
	}
	if unseen(p) {
		all, _ := h.candidates(at)
		if !slices.Contains(all, s) {
			all = append(slices.Clip(all), s)
		}
		if len(all) > 1 {
			return belonging{among: all, doubts: []string{DoubtMsiexec}}
		}
	}
	return belonging{session: s, how: AttributionLineage}
}

// ofWrapper is where belongs what a wrapper does beside the installer at the
// time: to the install that it had started below it by then, if that is one.
func (h *host) ofWrapper(p *process, at int64) belonging {
	var all []*session
	for _, s := range h.installs().sessions {
		if s.opener == OpenedByClient && s.begin() <= at && slices.Contains(h.ancestors(s.client), p) {
			all = append(all, s)
		}
	}
	if len(all) == 1 {
		return belonging{session: all[0], how: AttributionWrapper}
	}
	return belonging{among: all}
}

// ofService is where the service's own doing at the time belongs, and what it
// started then. service may be a process that stands for it.
func (h *host) ofService(service *process, at int64) belonging {
	all, seen := h.candidates(at)
	if len(all) == 0 {
		all = []*session{h.unclaimed(service)}
	}
	b := belonging{how: AttributionSole, session: all[0]}
	if len(all) > 1 {
		b = belonging{how: AttributionTransaction, session: single(all, at), among: all}
	}
	if !seen && slices.ContainsFunc(all, func(s *session) bool { return s.opener == OpenedByClient }) {
		// The sensor saw every client gone: without MsiInstaller's word that a
		// transaction of one goes on, nobody would be known to have caused it.
		b.how, b.among = AttributionTransaction, append(slices.Clip(all), h.unclaimed(service))
	}
	if h.lost != 0 && at <= h.lost+h.silence() {
		// One that a bound made the host forget could have been going on too.
		b.session, b.among, b.doubts = nil, all, []string{DoubtEvictions}
	}
	return b
}

// unclaimed is the session of what a service did for nobody known.
func (h *host) unclaimed(service *process) *session {
	k := h.installs()
	s := k.byService[service]
	if s == nil {
		s = &session{opener: OpenedByServiceChild, service: service}
		k.byService[service] = s
	}
	return s
}

// express writes down where something belongs; nil where that is nowhere.
// Where it cannot be known, all that it could be stand as candidates.
func (h *host) express(b belonging) *Session {
	switch {
	case b.settled != nil:
		return b.settled
	case b.nowhere():
		return nil
	case len(b.among) == 0:
		return h.attributed(b.session, b.how)
	}
	var told Session
	if len(b.among) > MaxCandidates {
		b.doubts = append(b.doubts, DoubtCandidates)
	}
	if b.session != nil && len(b.doubts) == 0 {
		told = *h.attributed(b.session, b.how)
	} else {
		told.Ambiguous = true
		if len(b.among) > 1 {
			b.doubts = append(b.doubts, DoubtClients)
		}
		told.Doubts = b.doubts
		slices.Sort(told.Doubts)
	}
	for _, s := range b.among[:min(len(b.among), MaxCandidates)] {
		told.Candidates = append(told.Candidates, *h.tell(s))
	}
	return &told
}

// attributed is the session's value for that way of attribution, made once.
func (h *host) attributed(s *session, how Attribution) *Session {
	if v := s.attributed[how]; v != nil {
		return v
	}
	v := *h.tell(s)
	v.Attribution = how
	if s.attributed == nil {
		s.attributed = map[Attribution]*Session{}
	}
	s.attributed[how] = &v
	return &v
}
