package install

import (
	"fmt"
	"testing"

	"msigate/gateway/event"
)

// onHost is a scene's event on another host.
func onHost(e *event.Event, host string) *event.Event {
	e.Host = host
	return e
}

// However much one host sends, what the others' trees hold stays, and what all
// hold together stays within bounds.
func TestAFloodingTreePushesOutOnlyItsOwn(t *testing.T) {
	const hosts, each = 20, 40
	s := newScene(t)
	s.tracker = NewTracker(Limits{TreeProcesses: 4000, TreeProcessesPerHost: 4000, Files: 4000, FilesPerHost: 4000, Watched: 2000, WatchedPerHost: 2000, Certificates: 1000, CertificatesPerHost: 1000})
	n := 0
	tree := func(host string) {
		n++
		s.seconds = 1
		child := proc(uint32(100_000+n), systemFolder+`cmd.exe`, "cmd")
		c := s.tracker.Apply(onHost(s.startOf(child, service), host), place(n))
		s.tracker.Watch(&c, place(n))
		e := s.event(event.KindFileCreate)
		e.Process, e.File.Path = child, fmt.Sprintf(`C:\x\%d`, n)
		s.tracker.Apply(onHost(e, host), place(n))
		e = s.event(event.KindOther)
		e.Module = event.Module{Hashes: event.Hashes{SHA1: hash(n)}, Signature: contoso}
		s.tracker.Apply(onHost(e, host), place(n))
	}
	for range each {
		for host := range hosts {
			tree(fmt.Sprintf("ws%02d.corp.example", host))
		}
	}
	for range 8000 {
		tree("flood.corp.example")
	}
	for name, h := range s.tracker.hosts {
		if name != "flood.corp.example" && (h.members.n != each+1 || len(h.files) != each || len(h.watched) != each || len(h.certificates.byHash) != each) {
			t.Errorf("%s holds %d processes, %d files, %d events, %d certificates", name, h.members.n, len(h.files), len(h.watched), len(h.certificates.byHash))
		}
	}
	held := func() (all counted, holders int) {
		for _, h := range s.tracker.hosts {
			all.members += h.members.n
			all.files += len(h.files)
			all.watched += len(h.watched)
			all.certificates += len(h.certificates.byHash)
			if h.members.n > 0 {
				holders++
			}
		}
		got, want := s.tracker.totals, totals{total{all.members, holders}, total{all.files, holders}, total{all.certificates, holders}, total{all.watched, holders}}
		if got != want {
			t.Errorf("counted %+v, held %+v", got, want)
		}
		return all, holders
	}
	all, _ := held()
	if all.members > 4000 || all.files > 4000 || all.watched > 2000 || all.certificates > 1000 {
		t.Errorf("held %+v", all)
	}
	evicted := s.tracker.Evictions()
	for _, kind := range []string{"tree_processes", "files", "decisions", "certificates"} {
		if evicted[kind] == 0 {
			t.Errorf("no %s evicted: %v", kind, evicted)
		}
	}
	// A host that is forgotten counts no more.
	s.tracker.limits.Hosts = 5
	for n := range 30 {
		s.tracker.Remember(strangerStart(fmt.Sprintf("pc%02d.corp.example", n), n), place(n))
	}
	if _, holders := held(); holders > 5 {
		t.Errorf("%d hosts hold trees", holders)
	}
}
