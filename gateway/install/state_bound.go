package install

import "fmt"

// excessive is how many times a limit a state may hold: more than any change of
// the limits explains, and than could be dropped one by one.
const excessive = 8

// excess says what the host holds that no Tracker can have kept.
func (h *host) excess(l *Limits) error {
	for _, one := range [...]struct {
		what        string
		held, limit int
	}{
		{"remembered", h.remembered.n, l.ProcessesPerHost},
		{"tree", h.members.n, l.TreeProcessesPerHost},
		{"files", len(h.files), l.FilesPerHost},
		{"strange", len(h.strange.files), keptStrange},
		{"clients", len(h.clients), l.SessionsPerHost},
		{"records", len(h.records), 4 * l.SessionsPerHost},
		{"packages", len(h.packages), l.PackagesPerHost},
		{"certificates", len(h.certificates.order), l.CertificatesPerHost},
		{"watched", len(h.watched), l.WatchedPerHost},
	} {
		if one.held > excessive*one.limit {
			return fmt.Errorf("%s: %d, more than %d times the limit of %d", one.what, one.held, excessive, one.limit)
		}
	}
	return nil
}

// admit takes a host among those known, as the one heard of last, in place of
// what was known of it.
func (t *Tracker) admit(h *host) {
	if known := t.hosts[h.name]; known != nil {
		t.recent.remove(known)
		t.forgets(known)
		delete(t.hosts, h.name)
	}
	for len(t.hosts) > 0 && len(t.hosts) >= t.limits.Hosts {
		t.evictHost()
	}
	h.tracker = t
	t.hosts[h.name] = h
	t.recent.push(h)
	t.recount(h)
}

// shrink drops what a host holds over its own limits. Its share of what all
// hosts hold is seen to when it is heard of, as it would have been without a
// restart.
func (t *Tracker) shrink(h *host) {
	e, l := &t.evictions, &t.limits
	e.add(&Trimmed{
		Decisions:     h.dropWatched(len(h.watched) - l.WatchedPerHost),
		Processes:     h.dropRemembered(h.remembered.n - l.ProcessesPerHost),
		TreeProcesses: h.dropMembers(h.members.n - l.TreeProcessesPerHost),
		Files:         h.dropFiles(len(h.files)-l.FilesPerHost) + h.dropStrange(len(h.strange.files)-keptStrange),
		Packages:      h.dropPackages(len(h.packages) - l.PackagesPerHost),
		Certificates:  h.dropCertificates(len(h.certificates.order) - l.CertificatesPerHost),
	})
	if len(h.clients) > l.SessionsPerHost || len(h.records) > 4*l.SessionsPerHost {
		e.sessions += h.evictSessions(l.SessionsPerHost)
	}
	t.recount(h)
}

func (e *evictions) add(n *Trimmed) {
	e.processes += n.Processes
	e.treeProcesses += n.TreeProcesses
	e.files += n.Files
	e.sessions += n.Sessions
	e.packages += n.Packages
	e.certificates += n.Certificates
	e.decisions += n.Decisions
}

// drop calls forget, at most n times, while anything is held; it gives how often.
func drop(n int, held func() int, forget func()) (dropped uint64) {
	for ; n > 0 && held() > 0; n-- {
		forget()
		dropped++
	}
	return dropped
}

// dropRemembered forgets n of the processes remembered, the longest unheard of
// first, and gives how many it were.
func (h *host) dropRemembered(n int) uint64 {
	return drop(n, func() int { return h.remembered.n }, func() { h.forget(h.remembered.first) })
}

// dropMembers does so with processes of trees, those that are missed least first.
func (h *host) dropMembers(n int) uint64 {
	return drop(n, func() int { return h.members.n }, func() { h.forget(h.leastMember()) })
}

func (h *host) dropFiles(n int) uint64 {
	return drop(n, func() int { return len(h.files) }, h.forgetFile)
}

func (h *host) dropStrange(n int) uint64 {
	return drop(n, func() int { return len(h.strange.files) }, h.forgetStrange)
}

func (h *host) dropPackages(n int) uint64 {
	return drop(n, func() int { return len(h.packages) }, h.forgetPackage)
}

func (h *host) dropCertificates(n int) uint64 {
	return drop(n, func() int { return len(h.certificates.order) }, h.certificates.forgetFirst)
}

func (h *host) dropWatched(n int) uint64 {
	return drop(n, func() int { return len(h.watched) }, func() { h.unwatch(0) })
}
