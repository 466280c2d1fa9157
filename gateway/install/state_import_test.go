package install

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"msigate/gateway/event"
)

// busyState is what is known of a host on which much is going on, once.
func busyState(tb testing.TB) *HostState {
	tracker := busyTracker(20, 13)
	tracker.Joined(testHost)
	tracker.Heard(testHost) // nobody waits for what came before
	s, known := tracker.Export(testHost)
	if !known {
		tb.Fatal("nothing is known")
	}
	s, _ = stored(tb, s)
	return s
}

func TestAStateThatCannotBeIsRefusedByItsField(t *testing.T) {
	const none = 1 << 30
	for _, one := range []struct {
		want   string
		change func(s *HostState)
	}{
		{`host: it is that of "other"`, func(s *HostState) { s.Host = "other" }},
		{"swept: later than clock", func(s *HostState) { s.Swept = s.Clock + 1 }},
		{"lost: later than clock", func(s *HostState) { s.Lost = s.Clock + 1 }},
		{"processes: -1 of", func(s *HostState) { s.Remembered = -1 }},
		{"processes: ", func(s *HostState) { s.Tree = none }},
		{"kept: ", func(s *HostState) { s.Kept = len(s.Records) + 1 }},
		{"facts[3].image: text 1073741824 is named", func(s *HostState) { s.Facts[3].Image = none }},
		{"facts[3].image: text -1 is named", func(s *HostState) { s.Facts[3].Image = -1 }},
		{"lines[0].package: text", func(s *HostState) { s.Lines[0].Package = &packageState{Name: none} }},
		{"lines[0].properties: ", func(s *HostState) { s.Lines[0].Properties = [][2]int{{1, 2}, {1, 3}} }},
		{"described[0].line: command line", func(s *HostState) { s.Described[0].Line = none }},
		{"described[0].writer: described process 1", func(s *HostState) { s.Described[0].Writer = 1 }},
		{"sessions[0].candidates: session 1 is named", func(s *HostState) { s.Sessions[0].Candidates = []int{1} }},
		{"sessions[0]: more than", func(s *HostState) { s.Sessions[0].Launcher = make([]int, MaxLineage+1) }},
		{"events[0].host: ", func(s *HostState) { s.Events[0].Host = 0 }},
		{"processes[0].guid: ", func(s *HostState) { s.Texts[s.Processes[0].GUID-1] = "0A1B" }},
		{"processes[1].guid: another process", func(s *HostState) { s.Processes[1].GUID = s.Processes[0].GUID }},
		{"processes[0].record: -1", func(s *HostState) { s.Processes[0].Record = -1 }},
		{"processes[0].member: ", func(s *HostState) { s.Processes[0].Member = &memberState{} }},
		{"processes[5].member: ", func(s *HostState) { s.Processes[5].Member = nil }},
		{"processes[5].member.writer: it is the process itself", func(s *HostState) { s.Processes[5].Member.Writer = 6 }},
		{"processes[5].member.above: process 6", func(s *HostState) { s.Processes[5].Member.Above = []int{6} }},
		{"processes[5].member.above: process 7", func(s *HostState) { s.Processes[5].Member.Above = []int{7, 7} }},
		{"processes[5].member.above: process 0", func(s *HostState) { s.Processes[5].Member.Above = []int{0} }},
		{"processes[5].member.above: 17 ancestors", func(s *HostState) { s.Processes[5].Member.Above = make([]int, MaxLineage+1) }},
		{"processes[5].member.settled: session", func(s *HostState) { s.Processes[5].Member.Settled = none }},
		{"processes[6].pid: another process", func(s *HostState) { s.Processes[6].PID = s.Processes[5].PID }},
		{"pids[0]: 1 processes", func(s *HostState) { s.PIDs = [][]int{{1}} }},
		{"pids[0]: process 2 has PID", func(s *HostState) { s.PIDs = [][]int{{1, 2}} }},
		{"pids[0]: process 1 ", func(s *HostState) { s.PIDs = [][]int{{1, 1}} }},
		{"files[1].path: ", func(s *HostState) { s.Files[1].Path = s.Files[0].Path }},
		{"files[1].path: ", func(s *HostState) { s.Files[1].Writer = 0 }},
		{"files[1].path: ", func(s *HostState) { s.Texts[s.Files[1].Path-1] = `C:\Upper` }},
		{"files[1].earlier: ", func(s *HostState) { s.Files[1].Earlier = []writeState{{}} }},
		{"clients: process", func(s *HostState) { s.Clients[1] = s.Clients[0] }},
		{"clients: process 1 is none, of no tree", func(s *HostState) { s.Clients[1] = 1 }},
		{"late: nobody told of process", func(s *HostState) {
			s.Late = s.Clients[:1]
			s.Processes[s.Late[0]-1].Sequence = 0
		}},
		{"records[1].at: it does not follow", func(s *HostState) { s.Records[1] = s.Records[0] }},
		{"packages[0].path: ", func(s *HostState) { s.Packages = []packageLogState{{Path: s.Files[0].Path}} }},
		{"packages[0].notes: ", func(s *HostState) {
			s.Packages = []packageLogState{{Path: s.Files[0].Path, Notes: []noteState{{Kind: noteWritten}}}}
		}},
		{"packages[0].notes: ", func(s *HostState) {
			s.Packages = []packageLogState{{Path: s.Files[0].Path, Notes: []noteState{{Kind: noteDeleted + 1}}}}
		}},
		{"packages[0].notes: ", func(s *HostState) {
			s.Packages = []packageLogState{{Path: s.Files[0].Path, Notes: []noteState{{Kind: noteHashed}, {Kind: noteHashed}}}}
		}},
		{"certificates[0].sha1: ", func(s *HostState) { s.Certificates = []certificateState{{SHA1: 1}} }},
		{"watched[1].at: ", func(s *HostState) { s.Watched[1].At = s.Watched[0].At }},
		{"watched[1].at: ", func(s *HostState) { s.Watched[1].Subject = 0 }},
		{"watched[1].context: it is about no event", func(s *HostState) { s.Watched[1].Context.Event = 0 }},
		{"watched[1].record: record", func(s *HostState) { s.Watched[1].Record = none }},
		{"applying: text", func(s *HostState) { s.Applying.Stream = none }},
		{"stirred.wanted: ", func(s *HostState) { s.Stirred.Wanted = []uint32{2, 1} }},
		{"remembered: 9, more than 8 times the limit of 1", func(s *HostState) {
			for n := range 8 {
				s.Processes = slices.Insert(s.Processes, 0, processState{PID: uint32(90_000 + n)})
				s.Remembered++
			}
			*s = HostState{Host: s.Host, Processes: s.Processes[:9], Texts: s.Texts, Remembered: 9}
		}},
	} {
		s := busyState(t)
		one.change(s)
		limits := Limits{}
		if strings.HasPrefix(one.want, "remembered") {
			limits.ProcessesPerHost = 1
		}
		tracker := NewTracker(limits)
		err := tracker.Import(testHost, s)
		if err == nil || !strings.Contains(err.Error(), `restore what was known of host "`+testHost+`": `+one.want) {
			t.Errorf("%v, want %s", err, one.want)
		}
		if _, known := tracker.Export(testHost); known {
			t.Errorf("%s: something of it was taken over", one.want)
		}
	}
	if err := NewTracker(Limits{}).Import(testHost, nil); err == nil {
		t.Error("no state is taken for one")
	}
}

func TestImportReplacesWhatIsKnownOfTheHost(t *testing.T) {
	tracker := NewTracker(Limits{Hosts: 2})
	plainHost(tracker, 0)
	before := busyState(t)
	for range 3 {
		if err := tracker.Import(testHost, before); err != nil {
			t.Fatal(err)
		}
	}
	after, _ := tracker.Export(testHost)
	if _, a := stored(t, before); !slices.Equal(a, func() []byte { _, b := stored(t, after); return b }()) {
		t.Error("it is not what was imported")
	}
	if n := tracker.Evictions(); n["hosts"] != 0 || tracker.totals.members.held != before.Tree || tracker.totals.members.holders != 1 {
		t.Errorf("evicted %v, totals %+v", n, tracker.totals)
	}
	if err := tracker.Import("a", &HostState{Host: "a"}); err != nil || tracker.Evictions()["hosts"] != 1 {
		t.Errorf("%v, evicted %v", err, tracker.Evictions())
	}
}

func TestWhatIsOverALimitIsDroppedAndCounted(t *testing.T) {
	s := busyState(t)
	for n := range 10 { // remembered, certificates and package files
		s.Texts = append(s.Texts, fmt.Sprintf("%040x", n), fmt.Sprintf(`c:\%d.msi`, n))
		s.Certificates = append(s.Certificates, certificateState{SHA1: len(s.Texts) - 1})
		s.Packages = append(s.Packages, packageLogState{Path: len(s.Texts), Notes: []noteState{{Kind: noteMarked}}})
	}
	s.Trimmed = Trimmed{Processes: 1, TreeProcesses: 2, Files: 3, Sessions: 4, Packages: 5, Certificates: 6, Decisions: 7}
	limits := Limits{TreeProcessesPerHost: 200, FilesPerHost: 500, SessionsPerHost: 10, PackagesPerHost: 3, CertificatesPerHost: 4, WatchedPerHost: 50}
	tracker := NewTracker(limits)
	if err := tracker.Import(testHost, s); err != nil {
		t.Fatal(err)
	}
	h := tracker.hosts[testHost]
	if h.members.n != 200 || len(h.files) != 500 || len(h.clients) > 10 || len(h.packages) != 3 || len(h.certificates.byHash) != 4 || len(h.watched) != 50 || h.lost == 0 {
		t.Errorf("%d of trees, %d files, %d clients, %d packages, %d certificates, %d watched, lost %d",
			h.members.n, len(h.files), len(h.clients), len(h.packages), len(h.certificates.byHash), len(h.watched), h.lost)
	}
	want := map[string]uint64{
		"hosts": 0, "processes": 1, "tree_processes": uint64(s.Tree - 200 + 2), "files": uint64(len(s.Files) - 500 + 3),
		"sessions": uint64(len(s.Clients) - len(h.clients) + 4), "packages": 7 + 5, "certificates": 6 + 6, "decisions": uint64(len(s.Watched) - 50 + 7), "changes": 0,
	}
	if got := tracker.Evictions(); !maps.Equal(got, want) {
		t.Errorf("evicted %v, want %v", got, want)
	}
	tracker.counts(t)
}

// A state is made smaller by each Trim until nothing is left, and each time it
// can be imported; what was taken shows as evictions.
func TestTrimTakesTheLeastWantedFirstUntilNothingIsLeft(t *testing.T) {
	s := busyState(t)
	first := *s
	order := []string{"decisions", "processes", "files", "tree_processes", "sessions", "tree_processes"}
	var took []string
	was := map[string]uint64{}
	for s.Trim() {
		tracker := NewTracker(Limits{})
		if err := tracker.Import(testHost, s); err != nil {
			t.Fatalf("%v after %v", err, took)
		}
		evicted := tracker.Evictions()
		for what, n := range evicted {
			if n != was[what] && (len(took) == 0 || took[len(took)-1] != what) {
				took = append(took, what)
			}
		}
		was = evicted
		if len(s.Clients) < len(first.Clients) && (s.Lost == 0 || len(s.Watched) > 0 || s.Tree-len(s.Clients) > 2*len(first.Clients)) {
			t.Errorf("sessions were taken before all else, or silently: %+v", s.Trimmed)
		}
	}
	if !slices.Equal(took, order) {
		t.Errorf("took %v, want %v", took, order)
	}
	if s.Remembered+s.Tree+len(s.Processes)+len(s.Files)+len(s.Clients)+len(s.Records)+len(s.Watched)+len(s.Texts) != 0 {
		t.Errorf("left: %+v", s)
	}
	want := Trimmed{
		Processes: uint64(first.Remembered), TreeProcesses: uint64(first.Tree), Files: uint64(len(first.Files)),
		Sessions: s.Trimmed.Sessions, Decisions: uint64(len(first.Watched)),
	}
	if s.Trimmed != want || want.Sessions < uint64(len(first.Clients)) {
		t.Errorf("trimmed %+v, want %+v", s.Trimmed, want)
	}
	if (&HostState{Host: "a", Kept: -1}).Trim() || (*HostState)(nil).Trim() {
		t.Error("something was taken of what cannot be")
	}
}

func TestTheLongestTextsAreUnwatchedFirst(t *testing.T) {
	s := busyState(t)
	longest := s.Watched[7]
	s.Texts = append(s.Texts, strings.Repeat("x", 5000))
	s.Events[longest.Context.Event-1].File.Contents = len(s.Texts)
	if n := len(s.Watched); !s.Trim() || len(s.Watched) != n/2 {
		t.Errorf("%d of %d are watched", len(s.Watched), n)
	}
	for _, one := range s.Texts {
		if len(one) == 5000 {
			t.Error("the longest is still watched")
		}
	}
}

// Files that were written by each other's processes, as records that lie can
// have it, end no search for whom something belongs to, nor make it long.
func TestWritersThatWroteEachOtherAreNoLoop(t *testing.T) {
	s := &HostState{Host: testHost, Clock: 1, Texts: []string{string(RoleDescendant), `c:\x\a.exe`, "file_create", testHost}}
	const n = 40
	s.Facts = []factsState{{Image: 2}}
	for p := range n {
		m := &memberState{Facts: 1, Role: 1, Writer: (p+7)%n + 1}
		for above := range MaxLineage {
			m.Above = append(m.Above, (p+above+1)%n+1)
		}
		s.Processes = append(s.Processes, processState{PID: uint32(p + 1), Image: 2, Member: m})
	}
	s.Tree = n
	tracker := NewTracker(Limits{})
	if err := tracker.Import(testHost, s); err != nil {
		t.Fatal(err)
	}
	c := tracker.Apply(&event.Event{Kind: event.KindNetwork, Host: testHost, Process: event.Process{PID: 1}}, place(1))
	if c.Session != nil || c.Process.Role != RoleDescendant {
		t.Errorf("%+v", c.Session)
	}
}
