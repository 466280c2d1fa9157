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
		{"clients", len(h.clients), l.SessionsPerHost},
		{"records", len(h.records), 4 * l.SessionsPerHost},
		{"packages", len(h.packages), l.PackagesPerHost},
	} {
		if one.held > excessive*one.limit {
			return fmt.Errorf("%s: %d, more than %d times the limit of %d", one.what, one.held, excessive, one.limit)
		}
	}
	return nil
}

// admit takes a host among those known, as the one heard of last.
func (t *Tracker) admit(h *host) {
	for len(t.hosts) > 0 && len(t.hosts) >= t.limits.Hosts {
		t.evictHost()
	}
	t.hosts[h.name] = h
	t.recent.push(h)
}

// shrink drops what a host holds over its own limits. Its share of what all
// hosts hold is seen to when it is heard of, as it would have been without a
// restart.
func (t *Tracker) shrink(h *host) {
	e, l := &t.evictions, &t.limits
	e.add(&Trimmed{
		Processes:     h.dropRemembered(h.remembered.n - l.ProcessesPerHost),
		TreeProcesses: h.dropMembers(h.members.n - l.TreeProcessesPerHost),
		Files:         h.dropFiles(len(h.files) - l.FilesPerHost),
		Packages:      h.dropPackages(len(h.packages) - l.PackagesPerHost),
	})
	if len(h.clients) > l.SessionsPerHost || len(h.records) > 4*l.SessionsPerHost {
		e.sessions += h.evictSessions(l.SessionsPerHost)
	}
}

func (e *evictions) add(n *Trimmed) {
	e.processes += n.Processes
	e.treeProcesses += n.TreeProcesses
	e.files += n.Files
	e.sessions += n.Sessions
	e.packages += n.Packages
}

// dropRemembered forgets n of the processes remembered, the longest unheard of
// first, and gives how many it were.
func (h *host) dropRemembered(n int) (dropped uint64) {
	for ; n > 0 && h.remembered.n > 0; n-- {
		h.forget(h.remembered.first)
		dropped++
	}
	return dropped
}

// dropMembers does so with processes of trees, those that are missed least first.
func (h *host) dropMembers(n int) (dropped uint64) {
	for ; n > 0 && h.members.n > 0; n-- {
		h.forget(h.leastMember())
		dropped++
	}
	return dropped
}

// dropFiles does so with files that trees wrote.
func (h *host) dropFiles(n int) (dropped uint64) {
	for ; n > 0 && len(h.files) > 0; n-- {
		h.forgetFile()
		dropped++
	}
	return dropped
}

// dropPackages does so with package files.
func (h *host) dropPackages(n int) (dropped uint64) {
	for ; n > 0 && len(h.packages) > 0; n-- {
		h.forgetPackage()
		dropped++
	}
	return dropped
}
