package install

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"msigate/gateway/event"
)

// strangerStart is the n-th process start on host, of no tree.
func strangerStart(host string, n int) *event.Event {
	return &event.Event{
		Kind: event.KindProcessStart, Host: host, Time: begin.Add(time.Duration(n) * time.Millisecond),
		Process: event.Process{
			GUID: fmt.Sprintf("0a1b2c3d-%04x-0000-0000-%012x", n>>16&0xffff, n), PID: uint32(4 + 4*(n%16000)),
			Image: `C:\Program Files\Contoso\updater.exe`, User: `CORP\alice`,
			CommandLine: `"C:\Program Files\Contoso\updater.exe" --check --channel stable`,
		},
		Parent: event.Process{GUID: "0a1b2c3d-0000-0000-ffff-000000000001", PID: 700, Image: `C:\Windows\explorer.exe`},
	}
}

// counts is what the Tracker holds, counted anew.
func (t *Tracker) counts(tb testing.TB) (hosts, processes, members, files int) {
	for _, h := range t.hosts {
		hosts++
		processes += h.remembered.n
		members += h.members.n
		files += len(h.files)
		pids := 0
		for _, p := range h.byPID {
			for ; p != nil; p = p.older {
				pids++
			}
		}
		if all := h.remembered.n + h.members.n; pids > all || len(h.byGUID) > all || len(h.fileOrder) != len(h.files) {
			tb.Fatalf("%s: %d by PID, %d by GUID, %d writes of %d files, but %d processes", h.name, pids, len(h.byGUID), len(h.fileOrder), len(h.files), all)
		}
	}
	return hosts, processes, members, files
}

func TestMemoryIsBoundedUnderManyHosts(t *testing.T) {
	limits := Limits{Hosts: 300, Processes: 20_000, ProcessesPerHost: 128}
	tracker := NewTracker(limits)
	for n := range 200_000 {
		tracker.Remember(strangerStart(fmt.Sprintf("ws%03d.corp.example", n*7919%500), n), place(n+1))
		if n%20_000 == 0 {
			tracker.counts(t)
		}
	}
	hosts, processes, _, _ := tracker.counts(t)
	evicted := tracker.Evictions()
	if hosts > limits.Hosts || processes > limits.Processes || evicted["hosts"] == 0 || evicted["processes"] == 0 {
		t.Errorf("%d hosts, %d processes, evicted %v", hosts, processes, evicted)
	}
	if all := processes + int(evicted["processes"]); all != 200_000 {
		t.Errorf("%d processes held or reported, want 200000", all)
	}
}

func TestAFloodingHostPushesOutOnlyItsOwn(t *testing.T) {
	tracker := NewTracker(Limits{Processes: 4000, ProcessesPerHost: 500})
	for n := range 50 {
		for host := range 40 {
			tracker.Remember(strangerStart(fmt.Sprintf("ws%02d.corp.example", host), n), place(n+1))
		}
	}
	for n := range 100_000 {
		tracker.Remember(strangerStart("flood.corp.example", n), place(n+1))
	}
	for name, h := range tracker.hosts {
		if want := 50; name != "flood.corp.example" && h.remembered.n != want {
			t.Errorf("%s remembers %d processes, want %d", name, h.remembered.n, want)
		}
	}
	if n := tracker.hosts["flood.corp.example"].remembered.n; n > 4000/41+1 {
		t.Errorf("the flooding host remembers %d", n)
	}
}

func TestAFloodedTreeKeepsItsInstallerProcesses(t *testing.T) {
	s := newScene(t)
	s.tracker = NewTracker(Limits{TreeProcessesPerHost: 64, FilesPerHost: 100})
	s.start(service, services)
	s.start(server, service)
	for n := range 5000 {
		child := proc(uint32(10_000+4*n), systemFolder+`cmd.exe`, "cmd")
		s.start(child, server)
		s.act(event.KindFileCreate, child, func(e *event.Event) { e.File.Path = fmt.Sprintf(`C:\Temp\%d.txt`, n) })
		s.act(event.KindFileCreate, child, func(e *event.Event) { e.File.Path = `C:\Temp\again.txt` })
	}
	if c := s.start(whoami, server); c.Root.GUID != service.GUID {
		t.Errorf("root %+v", c.Root)
	}
	_, _, members, files := s.tracker.counts(t)
	evicted := s.tracker.Evictions()
	if members > 64 || files > 100 || evicted["tree_processes"] == 0 || evicted["files"] == 0 {
		t.Errorf("%d members, %d files, evicted %v", members, files, evicted)
	}
}

func TestALineageOutlivesTheRecordsItCameFrom(t *testing.T) {
	s := newScene(t)
	s.tracker = NewTracker(Limits{ProcessesPerHost: minProcesses, Processes: 1})
	s.remember(services, event.Process{})
	s.remember(ccm, services)
	s.remember(setup, ccm)
	s.start(client, setup)
	for n := range 500 {
		s.feed(strangerStart(testHost, n))
	}
	c := s.start(shell, client)
	want := []string{"msiexec.exe:client", "setup.exe:", "CcmExec.exe:", "services.exe:"}
	if got := names(c.Lineage); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("lineage %v, want %v", got, want)
	}
}

func BenchmarkRemember(b *testing.B) {
	const hosts, processes = 1000, 200
	events := make([]*event.Event, 0, hosts*processes)
	for n := range processes {
		for host := range hosts {
			events = append(events, strangerStart(fmt.Sprintf("ws%04d.corp.example", host), n))
		}
	}
	b.ReportAllocs()
	tracker := NewTracker(Limits{})
	n := 0
	for b.Loop() {
		tracker.Remember(events[n%len(events)], place(n+1))
		n++
	}
}

// BenchmarkRememberedMemory tells what one remembered process weighs.
func BenchmarkRememberedMemory(b *testing.B) {
	const hosts, processes = 500, 400
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		tracker := NewTracker(Limits{})
		for n := range processes {
			for host := range hosts {
				tracker.Remember(strangerStart(fmt.Sprintf("ws%04d.corp.example", host), n), place(n+1))
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(hosts*processes), "B/process")
		runtime.KeepAlive(tracker)
	}
}

func BenchmarkApply(b *testing.B) {
	tracker := NewTracker(Limits{})
	tracker.Configure(Parameters{InstallerParents: []string{"setup.exe"}})
	s := &scene{tracker: tracker}
	s.feed(s.startOf(ccm, services))
	s.feed(s.startOf(setup, ccm))
	s.feed(s.startOf(service, services))
	s.feed(s.startOf(server, service))
	starts := make([]*event.Event, 1000)
	for n := range starts {
		starts[n] = s.startOf(proc(uint32(10_000+4*n), systemFolder+`cmd.exe`, "cmd /c ver"), server)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		tracker.Apply(starts[n%len(starts)], place(n+1))
		n++
	}
}

// BenchmarkTracks is what each further event of a host with a live tree costs.
func BenchmarkTracks(b *testing.B) {
	s := &scene{tracker: NewTracker(Limits{})}
	s.feed(s.startOf(service, services))
	s.feed(s.startOf(ccm, services))
	e := s.event(event.KindNetwork)
	e.Process = ccm
	b.ReportAllocs()
	for b.Loop() {
		if s.tracker.Tracks(e) {
			b.Fatal("tracked")
		}
	}
}

func TestAFileWrittenAgainIsKeptFromItsLastWrite(t *testing.T) {
	s := newScene(t)
	s.start(service, services)
	write := func(name string) {
		s.act(event.KindFileCreate, service, func(e *event.Event) { e.File.Path = `C:\ProgramData\` + name })
	}
	write("again.exe")
	write("once.exe")
	for range 3 { // 27 minutes, of which again.exe is last written in the 18th
		s.seconds += 9 * 60
		if s.seconds < 20*60 {
			write("again.exe")
		}
		s.feed(strangerStart(testHost, s.seconds*1000))
	}
	h := s.tracker.hosts[testHost]
	if _, kept := h.files[`c:\programdata\again.exe`]; !kept || len(h.files) != 1 || len(h.fileOrder) != 1 {
		t.Errorf("files %v, order %v", h.files, h.fileOrder)
	}
}

func TestADecisionSaysWhenTheRecordsTimeIsFarFromTheStamp(t *testing.T) {
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		stamp time.Time
		want  bool
	}{
		{"in time", at.Add(time.Minute), false},
		{"shipped eleven minutes late", at.Add(11 * time.Minute), true},
		{"a clock that is eleven minutes ahead", at.Add(-11 * time.Minute), true},
		{"from a file, which has no stamp", time.Time{}, false},
	} {
		e := &event.Event{Kind: event.KindProcessStart, Host: "ws01", Time: at, Stamp: c.stamp, Process: event.Process{PID: 4, Image: `C:\Windows\System32\msiexec.exe`}}
		got := slices.Contains(NewTracker(Limits{}).Apply(e, place(1)).Missing, "event.time")
		if got != c.want {
			t.Errorf("%s: missing says so: %v", c.name, got)
		}
	}
}
