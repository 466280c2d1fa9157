package install

import (
	"slices"
	"unique"

	"msigate/gateway/event"
)

// host is what is known of one host. A process is in one of two lists, each
// with the longest unheard of first: those remembered, and those of a tree.
type host struct {
	// What every remembered start touches stands together.
	before, after *host // neighbours by last activity
	name          string
	tracker       *Tracker // that the host is of; nil until it is heard of
	clock         int64    // the latest time its records told, in steps of at most longestStep
	swept         int64
	lag           lag // how far its records came out of order
	byGUID        map[identity]*process
	byPID         map[uint32]*process // the newest with that PID; older ones follow
	remembered    processList
	worked        *installs // sessions, worked out; nil where something has changed since
	stirred       stirred   // what could change what was told of the watched events

	members      processList
	fileTable                            // files written by trees
	strange      fileTable               // files named MSIxxxx.tmp that strangers wrote
	clients      []*process              // msiexec clients, each of which opened a session
	records      []*installRecord        // of MsiInstaller, as compareRecords orders them
	packages     map[string]*packageFile // by lower-cased path
	certificates certificateTable        // by SHA-1
	sends        sendSet                 // kinds of record it was seen to send
	tellsEnds    bool                    // its sensor has told of an installer process's end
	rooted       int64                   // when a tree last added a root certificate
	lost         int64                   // until when what a bound made it forget of sessions was known
	watched      []*watched              // decided events, the longest watched first
	fresh        []*process              // that became members, or something else, by the record that is applied
	unborn       []deed                  // the first that each of them did, before its start was told
	late         []*process              // that joined a tree late, see lateness
	planted      Position                // of the record that told of the first process of a tree, until that is asked
	applying     Position                // of the record that is being applied
	counted      counted                 // what the Tracker's totals hold of it
}

func newHost(name string) *host {
	return &host{name: name, byGUID: map[identity]*process{}, byPID: map[uint32]*process{}}
}

func (h *host) hasTrees() bool { return h.members.n > 0 || len(h.files) > 0 }

// advance moves the host's clock.
func (h *host) advance(at int64) {
	if h.clock == 0 {
		h.clock, h.swept = at, at
	} else if at > h.clock {
		h.clock = min(at, h.clock+longestStep)
	}
	h.lag.came(at, h.clock)
}

// add takes a new process into the indexes and the list of remembered ones.
func (h *host) add(p *process) {
	if p.guid != (identity{}) {
		h.byGUID[p.guid] = p
	}
	h.addPID(p)
	h.remembered.push(p)
	if h.stirred.wanted != nil {
		h.came(p)
	}
}

// addPID puts p among the processes that had its PID, newest first. Windows
// gives a PID to one process at a time, so each ends where the next begins. One
// whose start nobody told began before it was heard of, but not before the end
// of another.
func (h *host) addPID(p *process) {
	if p.pid == 0 {
		return
	}
	h.changed() // a session's times are those of its processes
	newer := (*process)(nil)
	older := h.byPID[p.pid]
	for older != nil && began(older) > began(p) {
		newer, older = older, older.older
	}
	p.older = older
	if older != nil {
		p.start = began(p)
		h.endsAt(older, p.start)
	}
	if newer == nil {
		h.byPID[p.pid] = p
		return
	}
	newer.older = p
	newer.start = began(newer)
	h.endsAt(p, newer.start)
}

// endsAt takes over that the process had ended at the time.
func (h *host) endsAt(p *process, at int64) {
	if p.end != 0 && p.end <= at {
		return
	}
	p.end = at
	if p.member != nil && p.member.role == RoleClient || slices.ContainsFunc(h.records, func(r *installRecord) bool { return r.client == p }) {
		h.stirSessions()
	}
}

// removePID undoes addPID, but for the ends that it told.
func (h *host) removePID(p *process) {
	switch at := h.byPID[p.pid]; {
	case at == nil:
	case at != p:
		for ; at != nil; at = at.older {
			if at.older == p {
				at.older = p.older
				break
			}
		}
	case p.older == nil:
		delete(h.byPID, p.pid)
	default:
		h.byPID[p.pid] = p.older
	}
	p.older = nil
}

// forget takes a process out of the host. Trees that name it as an ancestor
// keep it, but not what is above it.
func (h *host) forget(p *process) {
	if len(h.watched) > 0 {
		h.freezeAround(p)
	}
	h.listOf(p).remove(p)
	if h.byGUID[p.guid] == p {
		delete(h.byGUID, p.guid)
	}
	h.removePID(p)
	if p.member != nil && !slices.Contains(h.clients, p) {
		p.member.above, p.member.writer = nil, nil
	}
	h.changed()
}

func (h *host) listOf(p *process) *processList {
	if p.member != nil {
		return &h.members
	}
	return &h.remembered
}

// touch says that the process was heard of.
func (h *host) touch(p *process, at int64) {
	if at > p.seen {
		p.seen = at
		if p.start == 0 || p.role() == RoleClient { // when it began, or how long it may have gone on
			h.changed()
		}
	}
	if p.member != nil && at < p.member.first {
		p.member.first = at
		if p.start == 0 {
			h.stir(p) // when it began
		}
		h.changed()
	}
	if p.listed && (!p.noted || p.sequence != 0 || p.member != nil) {
		list := h.listOf(p)
		list.remove(p)
		list.push(p)
	}
}

// join makes p a member of a tree, as which it was first heard of at the time.
func (h *host) join(p *process, m *member, at int64) {
	m.first = at
	h.changed()
	if !p.listed { // forgotten meanwhile, or never indexed
		p.member = m
		return
	}
	h.remembered.remove(p)
	p.member = m
	h.members.push(p)
	h.lag.came(p.seen, h.clock)
	h.stir(p)
	h.opens(p)
	h.signed(p)
	h.takeStrange(p)
	if h.tracker != nil {
		h.traced(p, h.tracker.window)
		for _, w := range h.watched {
			if w.subject == p { // what a stranger did, when it was told
				h.tracker.does(h, p, w.context.Event)
			}
		}
	}
	h.joinedLate(p)
	h.fresh = append(h.fresh, p)
}

// newMember is what is kept of a process that turns out to belong to a tree.
func newMember(facts event.Process, role Role, line *CommandLine) *member {
	facts.CommandLine = clip(facts.CommandLine, treeCommandLine)
	m := &member{facts: facts, role: role, msiexec: line}
	if facts.Signature.Known {
		m.signer = signerStart
	}
	return m
}

// find is the process with that GUID, else the one that had that PID at the
// time. An image that is known to differ is another process, whose start was
// not seen.
func (h *host) find(guid identity, pid uint32, image string, at int64) *process {
	if guid != (identity{}) {
		if p := h.byGUID[guid]; p != nil {
			return p
		}
	}
	if pid == 0 {
		return nil
	}
	for _, give := range [...]int64{0, slack} {
		for p, n := h.byPID[pid], 0; p != nil && n < MaxLineage; p, n = p.older, n+1 {
			if p.covers(at, give) && compatible(p, guid, image) {
				return p
			}
		}
	}
	return nil
}

// compatible reports whether nothing says that p is another process.
func compatible(p *process, guid identity, image string) bool {
	if guid != (identity{}) && p.guid != (identity{}) && guid != p.guid {
		return false
	}
	return sameImage(p.image.Value(), image)
}

// sameImage reports whether two paths can be the same program's: the whole of
// them where both are plain, else the file's name (one sensor may say C:\PROGRA~1
// or \Device\HarddiskVolume3 for what another names in full).
func sameImage(a, b string) bool {
	if a == "" || b == "" {
		return true
	}
	if isWholePath(a) && isWholePath(b) {
		return event.EqualFoldASCII(a, b)
	}
	return event.EqualFoldASCII(event.Base(a), event.Base(b))
}

func isWholePath(path string) bool {
	return len(path) > 3 && path[1] == ':' && path[2] == '\\' && !event.HasShortName(path)
}

// acting is the process that a record other than a start speaks of.
func (h *host) acting(e *event.Event) *process {
	if e.Kind == event.KindInstall {
		return h.find(identity{}, e.Installer.ClientPID, "", stamp(e.Time))
	}
	return h.find(parseIdentity(e.Process.GUID), e.Process.PID, e.Process.Image, stamp(e.Time))
}

// started is the record of the process that e starts, where there is one: the
// same record came before, another sensor told of it, or a child or a later
// event of its own named it first.
func (h *host) started(e *event.Event) *process {
	guid, at := parseIdentity(e.Process.GUID), stamp(e.Time)
	if guid != (identity{}) {
		if p := h.byGUID[guid]; p != nil {
			return p
		}
	}
	if e.Process.PID == 0 {
		return nil
	}
	for p, n := h.byPID[e.Process.PID], 0; p != nil && n < MaxLineage; p, n = p.older, n+1 {
		if !compatible(p, guid, e.Process.Image) {
			continue
		}
		if p.sequence == 0 {
			// Only named so far: it is the same if it started before that.
			if at <= p.seen+slack {
				return p
			}
			continue
		}
		// The same sensor gives the same time again; another one nearly so, and
		// only one of the two gives a GUID.
		apart := max(at-p.start, p.start-at)
		if apart == 0 || guid != p.guid && apart <= slack {
			return p
		}
	}
	return nil
}

// learn takes over what e, a start of the known process p, adds to it.
func (h *host) learn(p *process, e *event.Event, told Position) {
	facts := e.Process
	if p.precedes(stamp(e.Time)) {
		facts = compact(&facts) // no more than if it had come in time
	}
	bare, more := p.guid == (identity{}), p.fill(&facts)
	if bare && p.guid != (identity{}) {
		h.byGUID[p.guid] = p
	}
	if p.sequence == 0 {
		// Its place among those with its PID was by when it was first heard of.
		h.removePID(p)
		p.tell(told)
		p.start, more = stamp(e.Time), true
		h.addPID(p)
		h.touch(p, p.start)
	}
	if p.parentGUID == (identity{}) && e.Parent.GUID != "" {
		p.parentGUID, more = parseIdentity(e.Parent.GUID), true
	}
	if p.parentPID == 0 && e.Parent.PID != 0 {
		p.parentPID, more = e.Parent.PID, true
	}
	if p.parentPath() == "" && e.Parent.Image != "" {
		p.parentImage, more = unique.Make(e.Parent.Image), true
	}
	if more {
		h.stir(p)
		h.signed(p)
		if p.member != nil {
			h.fresh = append(h.fresh, p) // what it started may be known only now
		}
	}
}
