package install

import (
	"slices"
	"testing"

	"msigate/gateway/event"
)

// What a process does before a host has any tree is in nobody's scope. The first
// tree tells that it be looked through, and what is noted then is read again
// when the process's start comes and is of that tree.
func TestWhatCameBeforeTheFirstTreeIsNoted(t *testing.T) {
	s := newStream(t)
	hidden := proc(30, `C:\x\hidden.exe`, "h")
	deed := s.event(event.KindFileCreate)
	deed.Process, deed.File.Path = event.Process{GUID: hidden.GUID, PID: hidden.PID, Image: hidden.Image}, `C:\x\1.exe`
	s.feed(s.startOf(proc(90, `C:\x\other.exe`, ""), explorer))
	s.tells(deed)
	if s.tracker.Planted(testHost) || s.tracker.Planted("unknown") {
		t.Error("there is no tree")
	}
	s.tells(s.startOf(service, services))
	if !s.tracker.Planted(testHost) || s.tracker.Planted(testHost) {
		t.Error("the first tree is not told of once")
	}
	for n, e := range s.log {
		s.tracker.Note(e, place(n+1))
	}
	h := s.tracker.hosts[testHost]
	if len(h.unborn) != 1 || h.unborn[0].at != place(1) {
		t.Fatalf("%+v are noted", h.unborn)
	}
	s.tells(s.startOf(proc(20, `C:\x\tool.exe`, ""), service))
	if s.tracker.Planted(testHost) {
		t.Error("the first tree is told of again")
	}
	s.tells(s.startOf(hidden, proc(20, `C:\x\tool.exe`, "")))
	if got := s.reads(); !slices.Equal(got, []uint32{30}) || h.files[`c:\x\1.exe`].writer == nil {
		t.Errorf("%v are decided, the files are %v", got, h.files)
	}
	for n := range uint32(200) {
		s.tracker.Note(&event.Event{Kind: event.KindNetwork, Host: testHost, Time: s.event(event.KindNetwork).Time, Process: proc(5000+n, `C:\x\y.exe`, "")}, place(900))
	}
	if len(h.unborn) != keptDeeds {
		t.Errorf("%d are kept", len(h.unborn))
	}
	s.tracker.Note(&event.Event{Kind: event.KindNetwork, Host: "unknown"}, place(901)) // nothing to note it for
}
