package install

import (
	"time"

	"msigate/gateway/event"
)

// MaxLineage is how many ancestors a Context names at most.
const MaxLineage = 16

// Limits bound a Tracker's memory. A zero field takes its default.
type Limits struct {
	Hosts                int           // hosts known; the longest silent one without a tree goes first. Default 100,000
	Processes            int           // remembered processes of all hosts, shared out evenly: no host keeps more than its part. Default 1,000,000
	ProcessesPerHost     int           // remembered processes of one host, outside trees. Default 1,024
	TreeProcesses        int           // processes of all hosts inside trees, kept in full. Default 250,000
	TreeProcessesPerHost int           // of one host. Default 1,024
	Files                int           // files written by the trees of all hosts. Default 1,000,000
	FilesPerHost         int           // of one host. Default 4,096
	SessionsPerHost      int           // msiexec clients of one host whose sessions are kept; of MsiInstaller records four times as many. Default 128
	PackagesPerHost      int           // package files (.msi, .msp, .mst) of one host that file events told of. Default 128
	Certificates         int           // certificate records of all hosts, by SHA-1. Default 500,000
	CertificatesPerHost  int           // of one host. Default 256
	Watched              int           // decided events of all hosts that are watched for late facts. Default 100,000
	WatchedPerHost       int           // of one host. Default 256
	ProcessTTL           time.Duration // how long a process of which nothing more is heard is kept. Default 24 h
}

// minProcesses is what every host may remember, however many there are: the
// ancestors of one tree.
const minProcesses = 2 * MaxLineage

func (l Limits) withDefaults() Limits {
	set := func(n *int, or int) {
		if *n <= 0 {
			*n = or
		}
	}
	set(&l.Hosts, 100_000)
	set(&l.Processes, 1_000_000)
	set(&l.ProcessesPerHost, 1024)
	set(&l.TreeProcesses, 250_000)
	set(&l.TreeProcessesPerHost, 1024)
	set(&l.Files, 1_000_000)
	set(&l.FilesPerHost, 4096)
	set(&l.SessionsPerHost, 128)
	set(&l.PackagesPerHost, 128)
	set(&l.Certificates, 500_000)
	set(&l.CertificatesPerHost, 256)
	set(&l.Watched, 100_000)
	set(&l.WatchedPerHost, 256)
	if l.ProcessTTL <= 0 {
		l.ProcessTTL = 24 * time.Hour
	}
	return l
}

// Parameters are those of AN0940's mutable elements that correlation needs;
// the policy owns them (data.an0940.parameters).
type Parameters struct {
	// InstallerParents are file names of wrappers, such as setup.exe. One that
	// becomes an ancestor of an installer process widens the tree upward: what it
	// does and starts from then on belongs to the tree. A name alone puts nothing
	// into one. msiexec.exe may stand among them.
	InstallerParents []string
	// ExecutionTimeWindow is how long after a tree wrote a file that file's
	// running or loading counts as the tree's. Default 10 min.
	ExecutionTimeWindow time.Duration
}

// DefaultExecutionTimeWindow is used where the policy gives none.
const DefaultExecutionTimeWindow = 10 * time.Minute

const (
	// retention is how long what has ended stays joinable for records that
	// arrive late: the Application log comes up to ten minutes after Sysmon.
	retention = 15 * time.Minute
	// maxSkew is how far a record's own time and the server's stamp may be apart
	// before a decision says so.
	maxSkew = 10 * time.Minute
	// slack is how far two sensors, or two channels of one, may differ on when
	// the same thing happened.
	slack = int64(2 * time.Second)
	// longestStep is how far one record may move its host's clock, so that a
	// single wrong time stamp does not age all that is known of the host.
	longestStep = int64(time.Hour)
	// sweepEvery is how often, by the host's clock, its trees are looked
	// through for what has ended.
	sweepEvery = int64(time.Minute)
)

// Tracker knows the processes of many hosts. It belongs to one worker: it must
// not be used by two goroutines at once. What it knows outlives a restart by
// Export and Import only.
type Tracker struct {
	limits    Limits
	wrappers  map[string]bool // lower case
	window    int64           // ExecutionTimeWindow
	hosts     map[string]*host
	recent    hostList // the longest silent first
	totals    totals
	evictions evictions
}

type evictions struct {
	hosts, processes, treeProcesses, files, sessions, packages uint64
	certificates, decisions, changes                           uint64
}

// NewTracker returns a Tracker that knows nothing, with default Parameters.
func NewTracker(limits Limits) *Tracker {
	t := &Tracker{limits: limits.withDefaults(), hosts: map[string]*host{}}
	t.Configure(Parameters{})
	return t
}

// Configure takes the policy's parameters, at the start and whenever another
// policy becomes active; what is known of hosts stays.
func (t *Tracker) Configure(p Parameters) {
	t.wrappers = make(map[string]bool, len(p.InstallerParents))
	for _, name := range p.InstallerParents {
		t.wrappers[event.LowerASCII(name)] = true
	}
	if t.window = int64(p.ExecutionTimeWindow); t.window <= 0 {
		t.window = int64(DefaultExecutionTimeWindow)
	}
}

// Evictions counts what the bounds made this Tracker forget since it was made:
// hosts, processes, tree_processes, files, sessions, packages, certificates,
// decisions (watched events) and changes (events that changed more often than is
// told). What aged out is not counted.
func (t *Tracker) Evictions() map[string]uint64 {
	return map[string]uint64{
		"hosts":          t.evictions.hosts,
		"processes":      t.evictions.processes,
		"tree_processes": t.evictions.treeProcesses,
		"files":          t.evictions.files,
		"sessions":       t.evictions.sessions,
		"packages":       t.evictions.packages,
		"certificates":   t.evictions.certificates,
		"decisions":      t.evictions.decisions,
		"changes":        t.evictions.changes,
	}
}

// HasTrees reports whether any process or written file of an installer tree is
// known on host. Where it is false, Tracks is false for every Event of it but
// certificate records.
func (t *Tracker) HasTrees(host string) bool {
	h := t.hosts[host]
	return h != nil && h.hasTrees()
}

// Tracks reports whether e concerns an installer tree: its own process or, for
// a process start, its parent belongs to one, or the image that starts or
// loads was written by one within ExecutionTimeWindow. What a process does whose
// start was not told may concern one, too: where the host has trees, the first of
// it does, so that the rest is read again should its start come late and be of a
// tree. Certificate records of
// every host that is known concern one, since they may come before the process
// whose file they are of; they are kept in a bounded table. It changes nothing.
func (t *Tracker) Tracks(e *event.Event) bool {
	h := t.hosts[e.Host]
	if h == nil {
		return false
	}
	if e.Kind == event.KindOther {
		if _, _, ok := e.Certificate(); ok {
			return true
		}
	}
	if !h.hasTrees() {
		return false
	}
	at := stamp(e.Time)
	switch e.Kind {
	case event.KindProcessStart:
		if own := h.started(e); own != nil && h.inTree(own) && !own.precedes(at) {
			return true
		}
		parent := h.find(parseIdentity(e.Parent.GUID), e.Parent.PID, e.Parent.Image, at)
		return parent != nil && h.inTree(parent) && (parent.member == nil || parent.bears(at)) || h.writer(e.Process.Image, at, t.window) != nil
	case event.KindImageLoad:
		if h.writer(e.Module.Path, at, t.window) != nil {
			return true
		}
	}
	own := h.acting(e)
	if own == nil {
		return e.Kind != event.KindInstall && (e.Process.GUID != "" || e.Process.PID != 0) && len(h.unborn) < keptDeeds
	}
	return h.inTree(own) && !own.precedes(at) || own.actsUnborn() && len(h.unborn) < keptDeeds
}

// Remember keeps a compact record of a process start that is in no tree, so
// that it can be found as an ancestor later. at is where its record stands.
// Anything but a process start is ignored.
func (t *Tracker) Remember(e *event.Event, at Position) {
	if e.Kind != event.KindProcessStart {
		return
	}
	h := t.host(e)
	t.start(h, e, at)
	t.bound(h)
}

// start finds or makes the record of the process that e starts.
func (t *Tracker) start(h *host, e *event.Event, told Position) *process {
	at := stamp(e.Time)
	h.changed()
	p := h.started(e)
	if p == nil {
		p = newProcess(&e.Process, at)
		p.tell(told)
		p.start = at
		p.setParent(&e.Parent)
		h.add(p)
	} else {
		h.learn(p, e, told)
	}
	if parent := h.find(p.parentGUID, p.parentPID, e.Parent.Image, at); parent != nil {
		h.touch(parent, at)
	}
	return p
}

// host is the record of e's host, made where it is new; its clock is moved.
func (t *Tracker) host(e *event.Event) *host {
	h := t.hosts[e.Host]
	if h == nil {
		for len(t.hosts) >= t.limits.Hosts {
			t.evictHost()
		}
		h = newHost(e.Host)
		t.hosts[e.Host] = h
	} else {
		t.recent.remove(h)
	}
	t.recent.push(h)
	h.tracker = t
	h.advance(stamp(e.Time))
	return h
}

// evictHost forgets the longest silent host, sparing those with trees while
// one without is among the first few.
func (t *Tracker) evictHost() {
	victim := t.recent.first
	for h, n := victim, 0; h != nil && n < 64; h, n = h.after, n+1 {
		if !h.hasTrees() {
			victim = h
			break
		}
	}
	t.recent.remove(victim)
	delete(t.hosts, victim.name)
	t.forgets(victim)
	t.evictions.hosts++
	t.evictions.processes += uint64(victim.remembered.n)
	t.evictions.treeProcesses += uint64(victim.members.n)
	t.evictions.files += uint64(len(victim.files) + len(victim.strange.files))
	t.evictions.sessions += uint64(len(victim.clients))
	t.evictions.packages += uint64(len(victim.packages))
	t.evictions.certificates += uint64(len(victim.certificates.byHash))
	t.evictions.decisions += uint64(len(victim.watched))
}

// bound lets a host forget what is over its bounds or too old.
func (t *Tracker) bound(h *host) {
	if h.sweep(int64(t.limits.ProcessTTL), t.window) {
		t.recount(h)
	}
	part := min(t.limits.ProcessesPerHost, max(minProcesses, t.limits.Processes/len(t.hosts)))
	for h.remembered.n > part {
		h.forget(h.leastRemembered(part))
		t.evictions.processes++
	}
}

// boundTrees lets a host forget what is over the bounds of all that only records
// in scope add to.
func (t *Tracker) boundTrees(h *host) {
	t.recount(h)
	l, all := &t.limits, &t.totals
	for h.members.n > share(l.TreeProcessesPerHost, l.TreeProcesses, minMembers, all.members) {
		h.forget(h.leastMember())
		t.evictions.treeProcesses++
		t.recount(h)
	}
	for len(h.files) > share(l.FilesPerHost, l.Files, minFiles, all.files) {
		h.forgetFile()
		t.evictions.files++
		t.recount(h)
	}
	for len(h.certificates.byHash) > share(l.CertificatesPerHost, l.Certificates, minCertificates, all.certificates) {
		h.certificates.forgetFirst()
		t.evictions.certificates++
		t.recount(h)
	}
	for len(h.packages) > t.limits.PackagesPerHost {
		h.forgetPackage()
		t.evictions.packages++
	}
	if len(h.clients) > t.limits.SessionsPerHost || len(h.records) > 4*t.limits.SessionsPerHost {
		t.evictions.sessions += h.evictSessions(t.limits.SessionsPerHost)
	}
}

// stamp is a host's time in nanoseconds; 0 where it is not known.
func stamp(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixNano()
}
