package install

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"msigate/gateway/event"
)

// watching is a scene of which every event in scope is decided.
func watching(t *testing.T) *scene {
	s := newScene(t)
	s.watch = true
	return s
}

func places(all []Late) (n []uint64) {
	for _, l := range all {
		n = append(n, l.At.Sequence)
	}
	return n
}

func TestLateFactsAreToldOnce(t *testing.T) {
	signed := event.Signature{Known: true, Signed: true, Subject: "Contoso Ltd", Status: "Valid"}
	for _, test := range []struct {
		name string
		late func(*scene)
		want []uint64 // 1 setup.exe, 2 client, 3 service, 4 server, 5 shell, 6 load of a module by it, 7 a stranger's load
		says func(*Context) bool
	}{
		{"the process's signer", func(s *scene) {
			s.act(event.KindImageLoad, shell, func(e *event.Event) { e.Module = event.Module{Path: shell.Image, Signature: signed} })
		}, []uint64{5, 6}, func(c *Context) bool { return c.Process.Signature == signed }},
		{"the parent's signer", func(s *scene) {
			s.act(event.KindImageLoad, server, func(e *event.Event) { e.Module = event.Module{Path: server.Image, Signature: signed} })
		}, []uint64{4, 5, 6}, nil},
		{"who is above its client", func(s *scene) {
			late := s.startOf(setup, ccm)
			late.Time = begin
			s.feed(late)
		}, []uint64{2, 4, 5, 6}, func(c *Context) bool { // 3, the service's start, is nobody's
			return slices.ContainsFunc(c.Session.Launcher, func(p Process) bool { return p.Image == ccm.Image })
		}},
		{"what MsiInstaller names", func(s *scene) { s.begins(evilMSI, client.PID) }, []uint64{2, 4, 5, 6}, func(c *Context) bool {
			return len(c.Session.Named)+len(c.Session.Candidates) > 0 || c.Session.Ambiguous
		}},
		{"the package's file", func(s *scene) {
			e := s.event(event.KindFileStream)
			e.Time = begin
			e.Process, e.File = explorer, event.File{Path: cachedMSI, Stream: "Zone.Identifier", Contents: "ZoneId=3", Hashes: event.Hashes{SHA256: "aa"}}
			s.feed(e)
		}, []uint64{2, 4, 5, 6}, func(c *Context) bool { return c.Session.MarkOfTheWeb && c.Session.PackageFile.Hashes.SHA256 == "aa" }},
		{"who wrote a module", func(s *scene) {
			e := s.event(event.KindFileCreate)
			e.Time = begin.Add(5500 * time.Millisecond)
			e.Process, e.File.Path = server, `C:\x\a.dll`
			s.feed(e)
		}, []uint64{6}, func(c *Context) bool { return c.ModuleWritten != nil && c.ModuleWritten.By.PID == server.PID }},
		{"an end, a product and a network connection are no such facts", func(s *scene) {
			s.record(idInstalled, event.Installer{Product: "A", Status: "0"})
			s.ends(cachedMSI, client.PID)
			s.exits(client)
			s.act(event.KindNetwork, shell, nil)
		}, nil, nil},
		{"nothing", func(s *scene) { s.remember(proc(9000, systemFolder+`notepad.exe`, ""), explorer) }, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := watching(t)
			s.seconds++ // setup.exe's start is late
			quiet := client
			quiet.CommandLine = `msiexec /i ` + cachedMSI + ` /qn`
			s.start(quiet, setup)
			s.start(service, services)
			s.start(server, service)
			s.start(shell, server)
			s.loads(shell, `C:\x\a.dll`)
			if late := s.tracker.Late(testHost); len(late) > 1 { // of the service, once
				t.Fatalf("before: %v", places(late))
			}
			test.late(s)
			late := s.tracker.Late(testHost)
			got := places(late)
			got = slices.DeleteFunc(got, func(n uint64) bool { return n == 3 || n > 6 }) // the service's start is of any session at that time
			if !slices.Equal(got, test.want) {
				t.Errorf("%v are told of, want %v", got, test.want)
			}
			for _, l := range late {
				if test.says != nil && slices.Contains(test.want, l.At.Sequence) && !test.says(&l.Context) {
					t.Errorf("%d: %+v\n%s", l.At.Sequence, l.Context.Process, tell(l.Context.Session))
				}
				if now, ok := s.tracker.Again(testHost, l.At); !ok || !sameContext(&now, &l.Context) {
					t.Errorf("%d is now %+v", l.At.Sequence, now.Process)
				}
			}
			if more := s.tracker.Late(testHost); more != nil {
				t.Errorf("told twice: %v", places(more))
			}
		})
	}
}

func TestTheEventsOwnWordsStay(t *testing.T) {
	s := watching(t)
	s.start(server, service)
	e := s.startOf(shell, server)
	e.Process.User = `CORP\other`
	s.feed(e)
	s.act(event.KindImageLoad, shell, func(e *event.Event) {
		e.Module = event.Module{Path: shell.Image, Company: "Contoso", Signature: event.Signature{Known: true}}
	})
	late := s.tracker.Late(testHost)
	if len(late) != 1 || late[0].Context.Event != e || late[0].Context.Process.User != `CORP\other` || late[0].Context.Process.Company != "Contoso" || e.Process.Company != "" {
		t.Errorf("%v %+v", places(late), late)
	}
}

// What a host forgets of ended processes and sessions changes nothing of what
// was told.
func TestForgettingIsNoChange(t *testing.T) {
	s := watching(t)
	s.remember(ccm, services)
	s.start(client, ccm)
	s.start(service, services)
	s.begins(cachedMSI, client.PID)
	s.start(server, service)
	s.writes(server, `C:\ProgramData\a.exe`)
	s.writes(server, `C:\ProgramData\a.dll`)
	agent := proc(3000, `C:\ProgramData\a.exe`, "a")
	s.start(agent, explorer)
	s.loads(explorer, `C:\ProgramData\a.dll`)
	s.start(whoami, agent)
	s.ends(cachedMSI, client.PID)
	for _, p := range []event.Process{server, client, service, agent} {
		s.exits(p)
	}
	s.tracker.Late(testHost)
	before := map[Position]Context{}
	h := s.tracker.hosts[testHost]
	for _, w := range h.watched {
		before[w.at] = w.context
	}
	for range 60 {
		s.wait(10 * time.Minute)
		s.watch = false
		s.act(event.KindNetwork, whoami, nil)
		s.begins(`C:\other.msi`, 4242) // stirs all sessions
		s.feed(s.startOf(proc(uint32(9001+s.seconds), systemFolder+`notepad.exe`, ""), explorer))
		for _, l := range s.tracker.Late(testHost) {
			was := before[l.At]
			t.Fatalf("after %d s %d is told as\n%s\nwas\n%s", s.seconds, l.At.Sequence, inWords(&l.Context), inWords(&was))
		}
	}
	if h.byGUID[parseIdentity(client.GUID)] != nil || len(before) == 0 {
		t.Error("nothing was forgotten")
	}
	for at, was := range before {
		if now, ok := s.tracker.Again(testHost, at); !ok || !sameContext(&was, &now) {
			t.Errorf("%d: %v\n%s", at.Sequence, ok, inWords(&now))
		}
	}
}

func TestOneEventIsToldAtMostSoOften(t *testing.T) {
	s := watching(t)
	s.start(server, service)
	at := place(s.seconds)
	times := 0
	var last string
	for n := range 2 * MaxChanges {
		last = fmt.Sprintf("Contoso %d", n)
		s.watch = false
		s.act(event.KindImageLoad, server, func(e *event.Event) {
			e.Module = event.Module{Path: server.Image, Signature: event.Signature{Known: true, Signed: true, Subject: last}}
		})
		times += len(s.tracker.Late(testHost))
	}
	if times != MaxChanges || s.tracker.Evictions()["changes"] != 1 {
		t.Errorf("told %d times, evicted %v", times, s.tracker.Evictions())
	}
	if c, ok := s.tracker.Again(testHost, at); !ok || c.Process.Signature.Subject != last {
		t.Errorf("%v %+v", ok, c.Process.Signature)
	}
}

func TestWatchedEventsAreBoundedTheOldestFirst(t *testing.T) {
	s := watching(t)
	s.tracker.limits.WatchedPerHost = 4
	s.start(server, service)
	for range 9 {
		s.act(event.KindNetwork, server, nil)
	}
	h := s.tracker.hosts[testHost]
	if len(h.watched) != 4 || h.watched[0].at != place(7) || s.tracker.Evictions()["decisions"] != 6 {
		t.Errorf("%d, evicted %v", len(h.watched), s.tracker.Evictions())
	}
	if _, ok := s.tracker.Again(testHost, place(1)); ok {
		t.Error("the oldest is still watched")
	}
	c := h.watched[0].context
	s.tracker.Watch(&c, place(7)) // again: it replaces
	if len(h.watched) != 4 {
		t.Errorf("%d", len(h.watched))
	}
	s.tracker.Watch(&Context{Event: &event.Event{Host: "unknown"}}, place(1))
	if _, ok := s.tracker.Again("unknown", place(1)); ok || s.tracker.hosts["unknown"] != nil {
		t.Error("an event of a host of which nothing is known is watched")
	}
}

func TestASettledFindingsEventsAreNotWatched(t *testing.T) {
	s := watching(t)
	s.start(client, explorer)
	s.start(service, services)
	s.start(server, service)
	other := proc(7000, `C:\x\renamed.exe`, "x")
	s.writes(other, `C:\x\MSI1.tmp`) // of no session
	id := s.sessionOf(client).ID
	if id == "" || s.sessionOf(server).ID != id {
		t.Fatal(tell(s.sessionOf(server)))
	}
	h := s.tracker.hosts[testHost]
	s.tracker.Unwatch(testHost, "another")
	s.tracker.Unwatch(testHost, "")
	if len(h.watched) != 4 {
		t.Fatalf("%d watched", len(h.watched))
	}
	s.tracker.Unwatch(testHost, id)
	if len(h.watched) > 2 {
		t.Errorf("%d watched", len(h.watched))
	}
	s.wait(20 * time.Minute)
	s.watch = false
	s.act(event.KindNetwork, service, nil)
	s.tracker.Unwatch(testHost, "")
	for _, w := range h.watched {
		if w.context.Session == nil || w.context.Session.ID == "" {
			t.Errorf("%s is still watched", w.context.Event.Process.Image)
		}
	}
	s.tracker.Unwatch("unknown", id)
}

// BenchmarkLate is one change that concerns one of 256 watched events, and one
// that may concern them all.
func BenchmarkLate(b *testing.B) {
	for _, all := range []bool{false, true} {
		b.Run(map[bool]string{false: "one process signed", true: "a record of MsiInstaller"}[all], func(b *testing.B) {
			s := &scene{tracker: NewTracker(Limits{}), watch: true}
			s.feed(s.startOf(client, ccm))
			s.feed(s.startOf(service, services))
			s.feed(s.startOf(server, service))
			s.seconds += 5
			for n := range 253 {
				s.feed(s.startOf(proc(uint32(10_000+4*n), systemFolder+`cmd.exe`, "cmd /c ver"), server))
			}
			s.tracker.Late(testHost)
			h := s.tracker.hosts[testHost]
			p := h.members.last
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				if all {
					h.stirSessions()
				} else {
					p.member.facts.Company = []string{"a", "b"}[n%2]
					h.stir(p)
				}
				late := s.tracker.Late(testHost)
				if len(late) > 1 || len(h.watched) != 256 {
					b.Fatal(len(late), len(h.watched))
				}
				for _, w := range h.watched {
					w.changes = 0
				}
			}
		})
	}
}

// BenchmarkLateAfterFiles is what each record of a tree costs besides while
// decided events are watched: a file that a member writes changes none of them.
func BenchmarkLateAfterFiles(b *testing.B) {
	for _, watched := range []int{0, 16, 256} {
		b.Run(fmt.Sprintf("%d watched", watched), func(b *testing.B) {
			s := &scene{tracker: NewTracker(Limits{})}
			s.feed(s.startOf(client, ccm))
			s.feed(s.startOf(service, services))
			s.feed(s.startOf(server, service))
			s.watch = true
			for n := range watched {
				s.feed(s.startOf(proc(uint32(10_000+4*n), systemFolder+`cmd.exe`, "cmd /c ver"), server))
			}
			s.watch = false
			s.tracker.Late(testHost)
			e := s.event(event.KindFileCreate)
			e.Process, e.File.Path = server, `C:\Program Files\Contoso\a.dll`
			b.ReportAllocs()
			for b.Loop() {
				s.tracker.Apply(e, place(1))
				if late := s.tracker.Late(testHost); len(late) > 0 {
					b.Fatal(places(late))
				}
			}
		})
	}
}
