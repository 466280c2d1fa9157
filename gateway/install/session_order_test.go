package install

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"msigate/gateway/event"
)

// play is a made-up hour of one host.
type play struct {
	*rapid.T
	at     time.Duration
	events []*event.Event
	late   []time.Duration // how long after it happened each arrives
	made   int
	guids  bool
	sha1   string // of the programs that are started
	procs  []event.Process
}

const (
	lateSensor      = 2 * time.Minute
	lateApplication = 10 * time.Minute
)

func (p *play) pass(most time.Duration) {
	p.at += time.Duration(rapid.IntRange(1, int(most/time.Millisecond)).Draw(p.T, "ms")) * time.Millisecond
}

func (p *play) tell(e *event.Event) {
	e.Host, e.Time, e.RecordID = testHost, begin.Add(p.at), uint64(len(p.events)+1)
	most := lateSensor
	if e.Kind == event.KindInstall {
		e.Provider, most = event.ProviderInstaller, lateApplication
	}
	p.events = append(p.events, e)
	p.late = append(p.late, time.Duration(rapid.IntRange(0, int(most/time.Second)).Draw(p.T, "late"))*time.Second)
}

// runs starts a process; with GUIDs, its PID may be one that was used before.
func (p *play) runs(image, line string, parent event.Process) event.Process {
	p.made++
	one := event.Process{PID: uint32(1000 + 4*p.made), Image: image, CommandLine: line, User: `CORP\alice`, Hashes: event.Hashes{SHA1: p.sha1}}
	if p.guids {
		one.GUID = guid(uint32(100_000 + p.made))
		one.PID = uint32(1000 + 4*(p.made%rapid.SampledFrom([]int{9, 500}).Draw(p.T, "pids")))
		for _, other := range p.procs { // but never one that is in use
			if other.PID == one.PID {
				one.PID = uint32(5000 + 4*p.made)
			}
		}
	}
	parent.CurrentDirectory = ""
	p.pass(2 * time.Second)
	p.tell(&event.Event{Kind: event.KindProcessStart, Process: one, Parent: parent})
	p.procs = append(p.procs, one)
	return one
}

// stops ends a process; now and then nobody tells.
func (p *play) stops(one event.Process) {
	p.pass(2 * time.Second)
	if rapid.IntRange(0, 9).Draw(p.T, "lost") == 0 {
		return // its PID stays in use
	}
	p.procs = slices.DeleteFunc(p.procs, func(other event.Process) bool { return other == one })
	p.tell(&event.Event{Kind: event.KindProcessEnd, Process: event.Process{GUID: one.GUID, PID: one.PID, Image: one.Image}})
}

func (p *play) record(id int, facts event.Installer) {
	if rapid.IntRange(0, 9).Draw(p.T, "unrecorded") == 0 {
		return
	}
	p.pass(200 * time.Millisecond)
	p.tell(&event.Event{Kind: event.KindInstall, EventID: id, Installer: facts})
}

// installs is one install with what it does, by a client of some kind.
func (p *play) installs(service event.Process) {
	p.pass(3 * time.Minute)
	pkg := fmt.Sprintf(`C:\pkg\%d.msi`, p.made)
	if rapid.Bool().Draw(p.T, "downloaded") {
		p.tell(&event.Event{Kind: event.KindFileCreate, Process: event.Process{GUID: guid(explorer.PID), PID: explorer.PID, Image: explorer.Image}, File: event.File{Path: pkg}})
		p.pass(time.Second)
		p.tell(&event.Event{Kind: event.KindFileStream, Process: explorer, File: event.File{Path: pkg, Stream: "Zone.Identifier", Contents: "ZoneId=3", Hashes: event.Hashes{SHA256: fmt.Sprint(p.made)}}})
	}
	var client event.Process
	packages := []string{pkg}
	switch rapid.IntRange(0, 3).Draw(p.T, "client") {
	case 0:
		client = p.runs(msiexecPath, `msiexec /i `+pkg, explorer)
	case 1:
		client = p.runs(`C:\ProgramData\Package Cache\{5C0F}\bundle.exe`, `bundle.exe`, explorer)
		packages = append(packages, pkg+"2.msi", pkg+"3.msi")
	default:
		client = p.runs(msiexecPath, `msiexec /qn /i `+pkg, explorer)
	}
	for _, one := range packages {
		p.record(idBegins, event.Installer{Package: one, ClientPID: client.PID})
		for range rapid.IntRange(0, 2).Draw(p.T, "actions") {
			server := p.runs(msiexecPath, `MsiExec.exe -Embedding `+serverID, service)
			p.runs(systemFolder+`cmd.exe`, `cmd /c ver`, server)
			p.stops(server)
		}
		if rapid.IntRange(0, 4).Draw(p.T, "at once") == 0 && len(p.events) < 120 {
			p.installs(service)
		}
		p.record(idInstalled, event.Installer{Product: "Product of " + one, Status: rapid.SampledFrom([]string{"0", "1603"}).Draw(p.T, "status")})
		p.record(idEnds, event.Installer{Package: one, ClientPID: client.PID})
	}
	p.stops(client)
}

// outcome is all sessions that the events end in, by what each is about.
func (p *play) outcome(order []int, filler int) map[string]*Session {
	tracker := NewTracker(Limits{})
	take := func(e *event.Event, sequence int) {
		if scope.Matches(e) || tracker.Tracks(e) {
			tracker.Apply(e, place(sequence))
		} else {
			tracker.Remember(e, place(sequence))
		}
	}
	for _, n := range order {
		e := *p.events[n]
		take(&e, n+1)
	}
	// The host lives on, so that what can be forgotten is.
	for n := range filler {
		take(&event.Event{
			Kind: event.KindProcessStart, Host: testHost, Time: begin.Add(p.at + lateApplication + time.Duration(n)*5*time.Minute),
			Process: event.Process{GUID: guid(uint32(900_000 + n)), PID: uint32(800_000 + n), Image: systemFolder + `notepad.exe`}, Parent: explorer,
		}, 100_000+n)
	}
	h := tracker.hosts[testHost]
	all := map[string]*Session{}
	for n, e := range p.events {
		switch e.Kind {
		case event.KindProcessStart:
			if one := h.started(e); one != nil {
				all[fmt.Sprintf("%d %s %s", n, e.Process.Image, e.Process.CommandLine)] = h.express(h.belongs(one, h.ancestors(one), began(one)))
			}
		case event.KindInstall:
			if r := newInstallRecord(e); filler == 0 {
				at, _ := slices.BinarySearchFunc(h.records, r, compareRecords)
				all[fmt.Sprintf("%d %d", n, r.id)] = h.express(h.ofRecord(h.records[at]))
			}
		default:
		}
	}
	return all
}

// Whatever order the events of an hour come in, the sensor's up to two minutes
// late and the Application log's up to ten, they end in the same sessions.
func TestEventsOutOfOrderEndInTheSameSessions(t *testing.T) {
	sure, single, ambiguous := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		p := &play{T: r, guids: rapid.Bool().Draw(r, "guids")}
		if p.guids {
			p.tell(&event.Event{Kind: event.KindProcessStart, Process: explorer})
		}
		service := p.runs(msiexecPath, service.CommandLine, services)
		for range rapid.IntRange(1, 6).Draw(r, "installs") {
			p.installs(service)
		}
		inOrder := make([]int, len(p.events))
		for n := range inOrder {
			inOrder[n] = n
		}
		mixed := slices.Clone(inOrder)
		slices.SortStableFunc(mixed, func(a, b int) int {
			return cmp.Compare(p.events[a].Time.UnixNano()+int64(p.late[a]), p.events[b].Time.UnixNano()+int64(p.late[b]))
		})
		for _, filler := range []int{0, 12} {
			want, got := p.outcome(inOrder, filler), p.outcome(mixed, filler)
			if len(want) != len(got) && filler == 0 {
				r.Fatalf("%d things are known, want %d", len(got), len(want))
			}
			for what, session := range want {
				if _, known := got[what]; !known {
					continue // a process may be forgotten sooner where its end was in time to be heard
				}
				if !reflect.DeepEqual(session, got[what]) {
					for place, n := range mixed {
						e := p.events[n]
						t.Logf("%d: %d %s %s %s %d %s end%s", place, n, e.Time.Sub(begin), e.Kind, e.Process.Image, e.Process.PID+e.Installer.ClientPID, e.Process.CommandLine+e.Installer.Package, e.Parent.Image)
					}
					r.Fatalf("%s (later by %d)\nin order  %s\n%+v\nmixed     %s\n%+v", what, filler, tell(session), session, tell(got[what]), got[what])
				}
				switch {
				case session == nil:
				case session.Ambiguous:
					ambiguous++
				case session.Attribution == AttributionTransaction:
					single++
				default:
					sure++
				}
			}
		}
	})
	t.Logf("%d sure, %d singled out, %d ambiguous", sure, single, ambiguous)
	if sure == 0 || single == 0 || ambiguous == 0 {
		t.Error("the property says nothing: one of these never happened")
	}
}
