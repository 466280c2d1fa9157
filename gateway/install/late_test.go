package install

import (
	"slices"
	"testing"
	"time"

	"msigate/gateway/event"
)

// stream is a scene whose records stand in a stream that can be read again.
type stream struct {
	*scene
	log []*event.Event
}

func newStream(t *testing.T) *stream { return &stream{scene: newScene(t)} }

func (s *stream) tells(e *event.Event) (inScope bool) {
	s.log = append(s.log, e)
	at := place(len(s.log))
	if !scope.Matches(e) && !s.tracker.Tracks(e) {
		s.tracker.Remember(e, at)
		return false
	}
	c := s.tracker.Apply(e, at)
	s.tracker.Watch(&c, at)
	return true
}

// reads reads what was told again, as the pipeline does, and gives the processes
// of what is decided then.
func (s *stream) reads() (decided []uint32) {
	for from, ok := s.tracker.Joined(testHost); ok; from, ok = s.tracker.Joined(testHost) {
		for n, e := range s.log {
			if at := place(n + 1); at.Sequence >= from.Sequence && s.tracker.Awaits(e) {
				c := s.tracker.Apply(e, at)
				s.tracker.Watch(&c, at)
				decided = append(decided, c.Process.PID)
			}
		}
		for _, u := range s.tracker.Heard(testHost) {
			decided = append(decided, u.Context.Process.PID)
		}
	}
	return decided
}

func TestALateParentBringsInAllBelowIt(t *testing.T) {
	tool := func(pid uint32) event.Process { return proc(pid, `C:\x\tool.exe`, "tool") }
	s := newStream(t)
	late := s.startOf(tool(10), server) // happens first, and is told last
	s.tells(s.startOf(tool(20), tool(10)))
	s.tells(s.startOf(tool(30), tool(20)))
	s.tells(s.startOf(tool(31), tool(20)))
	s.tells(s.startOf(tool(40), tool(30)))
	s.tells(s.startOf(tool(99), explorer)) // somebody else
	deed := s.event(event.KindNetwork)
	deed.Process = tool(40)
	s.tells(deed)
	if _, ok := s.tracker.Joined(testHost); ok {
		t.Fatal("joined before anything is of a tree")
	}
	s.tells(late)
	from, ok := s.tracker.Joined(testHost)
	if !ok || from != place(1) {
		t.Errorf("from %v %v", from, ok)
	}
	if _, again := s.tracker.Joined(testHost); again {
		t.Error("joined again while the history is being read")
	}
	var awaited []uint32
	for _, e := range s.log {
		if s.tracker.Awaits(e) {
			awaited = append(awaited, e.Process.PID)
		}
	}
	if want := []uint32{20, 30, 31, 40, 40}; !slices.Equal(awaited, want) {
		t.Errorf("%v await, want %v", awaited, want)
	}
	for n, e := range s.log[:6] {
		if s.tracker.Awaits(e) && n != 3 { // that start is lost
			s.tracker.Apply(e, place(n+1))
		}
	}
	unheard := s.tracker.Heard(testHost)
	if len(unheard) != 1 || unheard[0].At != place(4) {
		t.Fatalf("%+v", unheard)
	}
	c := unheard[0].Context
	if c.Process.PID != 40 || c.Process.Role != RoleDescendant || c.Event.Kind != event.KindProcessStart || !slices.Contains(c.Missing, "event") ||
		!slices.Contains(c.Missing, "process.sha256") || c.Parent.PID != 30 || len(c.Lineage) != 4 || !c.Event.Time.Equal(s.log[3].Time) || c.Process.CommandLine != "tool" {
		t.Errorf("%+v\n%v, missing %v", c.Process, names(c.Lineage), c.Missing)
	}
	for _, e := range s.log {
		if s.tracker.Awaits(e) {
			t.Errorf("%d awaits after all was heard", e.Process.PID)
		}
	}
	if s.tracker.Heard(testHost) != nil || s.tracker.Heard("unknown") != nil {
		t.Error("heard twice")
	}
}

func TestALateFileRecordBringsInWhatRunsFromIt(t *testing.T) {
	const path = `C:\ProgramData\Agent.exe`
	s := newStream(t)
	s.tells(s.startOf(service, services))
	s.tells(s.startOf(server, service))
	written := s.event(event.KindFileCreate)
	written.Process, written.File.Path = server, path
	agent, child := proc(30, `c:\programdata\AGENT.exe`, "a"), proc(40, `C:\x\child.exe`, "c")
	s.tells(s.startOf(agent, explorer))
	s.tells(s.startOf(child, agent))
	s.tells(s.startOf(proc(41, `C:\x\other.exe`, ""), explorer))
	s.tells(written)
	if got := s.reads(); !slices.Equal(got, []uint32{30, 40}) {
		t.Errorf("%v are decided", got)
	}
	if c := s.start(whoami, child); c.Root.GUID != service.GUID || author(c.Lineage[1].Written) == "nobody" {
		t.Errorf("root %s, %v", c.Root.Image, names(c.Lineage))
	}
	// One that started before the file was written ran something else.
	early := proc(50, path, "")
	s.wait(time.Hour)
	s.tells(s.startOf(early, explorer))
	s.wait(time.Minute)
	written = s.event(event.KindFileCreate)
	written.Process, written.File.Path = service, path
	s.tells(written)
	if got := s.reads(); got != nil {
		t.Errorf("%v are decided", got)
	}
}

// What a later record tells of a process itself makes it one of the installer's.
func TestALateNameBringsInARemembered(t *testing.T) {
	s := newStream(t)
	renamed := proc(30, `C:\x\up.exe`, `up /i C:\x\a.msi`)
	bare := s.startOf(renamed, explorer)
	bare.Process.GUID, bare.Parent.GUID = "", ""
	s.tells(bare) // as Security 4688 tells it
	s.tells(s.startOf(proc(40, `C:\x\child.exe`, ""), renamed))
	full := s.startOf(renamed, explorer)
	full.Time = bare.Time
	full.Process.OriginalFileName = "msiexec.exe"
	s.tells(full)
	if got := s.reads(); !slices.Equal(got, []uint32{30, 40}) {
		t.Errorf("%v are decided", got)
	}
	wantSession(t, "the child", s.sessionOf(proc(40, `C:\x\child.exe`, "")), `C:\x\a.msi by lineage`)
}

// What a process does before its start is told is read again from there.
func TestWhatCameBeforeItsStartIsReadAgain(t *testing.T) {
	s := newStream(t)
	s.tells(s.startOf(service, services))
	hidden := proc(30, `C:\x\hidden.exe`, "h")
	started := s.startOf(hidden, server)
	started.Parent = event.Process{GUID: guid(1299), PID: 1299, Image: `C:\x\between.exe`}
	do := func(path string) *event.Event {
		e := s.event(event.KindFileCreate)
		e.Process, e.File.Path = event.Process{GUID: hidden.GUID, PID: hidden.PID, Image: hidden.Image}, path
		return e
	}
	if !s.tells(do(`C:\x\1.exe`)) || s.tells(do(`C:\x\2.exe`)) || s.tells(do(`C:\x\3.exe`)) {
		t.Error("not the first, and that alone, is in scope")
	}
	s.tells(s.startOf(proc(50, `C:\x\2.exe`, ""), explorer))
	s.tells(started)
	between := s.startOf(proc(1299, `C:\x\between.exe`, ""), service)
	between.Time = begin
	s.tells(between)
	if got := s.reads(); !slices.Equal(got, []uint32{30, 30, 30, 50}) { // the first was decided at its time
		t.Errorf("%v are decided", got)
	}
	if n := len(s.tracker.hosts[testHost].files); n != 3 {
		t.Errorf("%d files are known to be of the tree", n)
	}
	// They are bounded, and not waited for for ever.
	inScope := 0
	for n := range uint32(200) {
		if _, ok := s.act(event.KindNetwork, proc(5000+n, `C:\x\y.exe`, ""), nil); ok {
			inScope++
		}
	}
	h := s.tracker.hosts[testHost]
	if len(h.unborn) != keptDeeds || inScope != keptDeeds-1 {
		t.Errorf("%d kept, %d in scope", len(h.unborn), inScope)
	}
	s.passes(time.Hour)
	if len(h.unborn) != 0 {
		t.Errorf("%d kept after an hour", len(h.unborn))
	}
	// Those of which nobody knows whence they are push out none that may be an ancestor.
	s.tracker.limits.ProcessesPerHost = 80
	for n := range 78 {
		s.feed(strangerStart(testHost, n))
	}
	starts := func() (n int) {
		for p := h.remembered.first; p != nil; p = p.after {
			if p.sequence != 0 {
				n++
			}
		}
		return n
	}
	before := starts()
	for n := range uint32(50) {
		s.act(event.KindNetwork, proc(6000+n, `C:\x\y.exe`, ""), nil)
	}
	if n := starts(); n != before || n < 70 {
		t.Errorf("%d starts are remembered, %d before", n, before)
	}
}

// Where the record that brings it in comes when nobody waits for its start any
// more, what it did is read again from the first of it all the same.
func TestWhatCameLongBeforeANameIsReadAgain(t *testing.T) {
	s := newStream(t)
	s.tells(s.startOf(service, services))
	s.reads() // the first tree of the host
	nameless := event.Process{GUID: guid(10), PID: 10}
	for range 2 {
		deed := s.event(event.KindNetwork)
		deed.Process = nameless
		s.tells(deed)
	}
	s.wait(time.Duration(lateStart) + time.Minute)
	named := s.event(event.KindNetwork)
	named.Process = proc(10, msiexecPath, "")
	if !s.tells(named) {
		t.Fatal("the record with the name is not in scope")
	}
	h := s.tracker.hosts[testHost]
	if h.swept != h.clock {
		t.Fatal("nothing was swept meanwhile")
	}
	if from := h.firstOf(h.late[0]).at; from != place(2) {
		t.Errorf("it is read again from %v", from)
	}
	if got := s.reads(); !slices.Equal(got, []uint32{10}) { // the second; the first was decided at its time
		t.Errorf("%v are decided", got)
	}
	s.passes(time.Hour)
	if len(h.unborn) != 0 {
		t.Errorf("%d kept after an hour", len(h.unborn))
	}
}

// A managed custom action is told by its server: what was told of it before the
// server's own start is told anew.
func TestALateServerTellsWhatItStarted(t *testing.T) {
	s := newScene(t)
	s.noGUIDs = true
	e := s.startOf(managed, server)
	if c, _ := s.feed(e); c.Process.Role != RoleManagedAction {
		t.Fatalf("%q", c.Process.Role)
	}
	late := s.startOf(proc(server.PID, msiexecPath, `msiexec /i C:\a.msi`), explorer) // it was a client
	late.Time = begin
	s.feed(late)
	if c, _ := s.feed(e); c.Process.Role != RoleDescendant {
		t.Errorf("%q", c.Process.Role)
	}
}

// The same where the msiexec turns out to be a client that somebody started: what
// only looked like a managed custom action is that no longer.
func TestALateClientTellsWhatItStarted(t *testing.T) {
	s := newScene(t)
	s.noGUIDs, s.watch = true, true
	e := s.startOf(managed, server)
	if c, _ := s.feed(e); c.Process.Role != RoleManagedAction {
		t.Fatalf("%q", c.Process.Role)
	}
	above := s.startOf(proc(70, `C:\Windows\CCM\CcmExec.exe`, `CcmExec.exe`), services)
	late := s.startOf(proc(server.PID, msiexecPath, `msiexec /i C:\a.msi`), above.Process)
	late.Time = begin
	s.feed(late)
	told := s.tracker.Late(testHost)
	if len(told) == 0 || told[0].Context.Process.Role != RoleDescendant {
		t.Errorf("told again: %+v", told)
	}
}

// BenchmarkApplyStart is a tree's new process on a host with as many processes
// as it may remember: what came before it is not looked for among all.
func BenchmarkApplyStart(b *testing.B) {
	s := &scene{tracker: NewTracker(Limits{})}
	for n := range 1024 {
		s.feed(strangerStart(testHost, n))
	}
	s.wait(time.Minute)
	s.feed(s.startOf(service, services))
	s.feed(s.startOf(server, service))
	b.ReportAllocs()
	n := uint32(0)
	for b.Loop() {
		n++
		e := s.startOf(proc(100_000+n, systemFolder+`cmd.exe`, "cmd /c ver"), server)
		e.Process.PID = 100_000 + n%50 // so that those before have ended
		e.Time = begin.Add(time.Hour + time.Duration(n)*100*time.Millisecond)
		s.tracker.Apply(e, place(int(n)+5000))
	}
}

// BenchmarkApplyFile is a file that a tree writes on such a host.
func BenchmarkApplyFile(b *testing.B) {
	for _, late := range []bool{false, true} {
		b.Run(map[bool]string{false: "in order", true: "a record came an hour late"}[late], func(b *testing.B) {
			s := &scene{tracker: NewTracker(Limits{})}
			for n := range 1024 {
				s.feed(strangerStart(testHost, n))
			}
			s.feed(s.startOf(service, services))
			s.wait(time.Hour)
			if late {
				s.feed(strangerStart(testHost, 5000))
			}
			e := s.event(event.KindFileCreate)
			e.Process, e.File.Path = service, `C:\Program Files\Contoso\Contoso.Library.dll`
			b.ReportAllocs()
			for b.Loop() {
				e.Time = e.Time.Add(time.Millisecond)
				s.tracker.Apply(e, place(7000))
			}
		})
	}
}
