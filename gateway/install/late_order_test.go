package install

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"msigate/gateway/event"
)

// gateway takes records as the pipeline does: it decides what is in scope, reads
// the host's history again where something joined late, and decides anew what
// late facts change.
type gateway struct {
	rapid.TB
	tracker *Tracker
	log     []*event.Event // the stream; sequence n+1 is log[n]
	lost    int            // how much of its beginning is there no more
	told    map[uint64]Context
	decided int // times
	joined  int
	unheard int
}

func newGateway(t rapid.TB) *gateway {
	g := &gateway{TB: t, tracker: NewTracker(Limits{}), told: map[uint64]Context{}}
	g.tracker.Configure(Parameters{InstallerParents: []string{"bundle.exe", "setup.exe"}})
	return g
}

func (g *gateway) take(e *event.Event) {
	g.log = append(g.log, e)
	n := uint64(len(g.log))
	if !scope.Matches(e) && !g.tracker.Tracks(e) {
		g.tracker.Remember(e, place(n))
	} else {
		g.apply(e, n)
	}
	for from, ok := g.tracker.Joined(e.Host); ok; from, ok = g.tracker.Joined(e.Host) {
		g.joined++
		if from.Sequence == 0 {
			g.Fatalf("at %d, processes joined that nobody told of", n)
		}
		for m := max(from.Sequence, uint64(g.lost)+1); m <= n; m++ {
			if one := g.log[m-1]; one.Host == e.Host && g.tracker.Awaits(one) {
				g.apply(one, m)
			}
		}
		for _, u := range g.tracker.Heard(e.Host) {
			g.unheard++
			g.decide(&u.Context, u.At.Sequence)
		}
	}
	for _, l := range g.tracker.Late(e.Host) {
		if was := g.told[l.At.Sequence]; sameContext(&l.Context, &was) {
			g.Fatalf("%d is told again, and nothing has changed", l.At.Sequence)
		}
		g.told[l.At.Sequence] = l.Context
		g.decided++
	}
}

func (g *gateway) apply(e *event.Event, n uint64) {
	c := g.tracker.Apply(e, place(n))
	g.decide(&c, n)
}

func (g *gateway) decide(c *Context, n uint64) {
	if _, again := g.told[n]; again {
		g.Fatalf("%d, %s of %s, is decided twice", n, c.Event.Kind, c.Event.Process.Image)
	}
	g.told[n] = *c
	g.tracker.Watch(c, place(n))
	g.decided++
}

// deeds is what a process of a tree does: it drops programs and modules, which
// somebody else runs and loads, and has children of its own.
func (p *play) deeds(by event.Process, depth int) {
	actor := event.Process{GUID: by.GUID, PID: by.PID, Image: by.Image}
	scheduler := proc(800, systemFolder+`svchost.exe`, "")
	if !p.guids {
		scheduler.GUID = ""
	}
	if rapid.Bool().Draw(p.T, "signed") {
		p.pass(100 * time.Millisecond)
		p.tell(&event.Event{Kind: event.KindImageLoad, Process: actor, Module: event.Module{
			Path: by.Image, Hashes: by.Hashes, Signature: event.Signature{Known: true, Signed: true, Subject: "Contoso"},
		}})
	}
	for range rapid.IntRange(0, 2).Draw(p.T, "children") {
		if depth < 3 && len(p.events) < 120 {
			p.deeds(p.runs(fmt.Sprintf(`C:\Program Files\Contoso\tool%d.exe`, p.made), "tool", by), depth+1)
		}
	}
	switch rapid.IntRange(0, 5).Draw(p.T, "deed") {
	case 0:
		path := fmt.Sprintf(`C:\ProgramData\drop%d.exe`, p.made)
		p.pass(time.Second)
		p.tell(&event.Event{Kind: event.KindFileCreate, Process: actor, File: event.File{Path: path}})
		p.pass(30 * time.Second)
		dropped := p.runs(path, "drop", scheduler)
		if depth < 2 {
			p.deeds(dropped, depth+1)
		}
		p.stops(dropped)
	case 1:
		path := fmt.Sprintf(`C:\ProgramData\drop%d.dll`, p.made)
		p.pass(time.Second)
		p.tell(&event.Event{Kind: event.KindFileCreate, Process: actor, File: event.File{Path: path}})
		p.pass(30 * time.Second)
		// The stranger's load may be passed over, so it tells nothing else of him.
		for _, loader := range []event.Process{actor, {GUID: explorer.GUID, PID: explorer.PID, Image: explorer.Image}} {
			if !p.guids {
				loader.GUID = ""
			}
			p.tell(&event.Event{Kind: event.KindImageLoad, Process: loader, Module: event.Module{Path: path}})
		}
	case 2:
		path := fmt.Sprintf(`C:\Windows\Installer\MSI%X.tmp`, 0x1000+p.made)
		writer := rapid.SampledFrom([]event.Process{actor, {GUID: explorer.GUID, PID: explorer.PID, Image: explorer.Image}}).Draw(p.T, "writer")
		if !p.guids {
			writer.GUID = ""
		}
		p.pass(time.Second)
		p.tell(&event.Event{Kind: event.KindFileCreate, Process: writer, File: event.File{Path: path}})
		p.pass(30 * time.Second)
		extracted := p.runs(path, "x", by)
		p.runs(systemFolder+`whoami.exe`, `whoami`, extracted)
		p.stops(extracted)
	case 3:
		p.pass(time.Second)
		p.tell(&event.Event{Kind: event.KindNetwork, Process: actor, Network: event.Network{DestinationIP: "192.0.2.7", DestinationPort: 443}})
	case 4:
		// A signer that a certificate record tells.
		p.sha1 = fmt.Sprintf("%040x", p.made+1)
		certified := p.runs(fmt.Sprintf(`C:\Program Files\Contoso\certified%d.exe`, p.made), "certified", by)
		p.pass(time.Second)
		p.tell(&event.Event{Kind: event.KindOther, Module: event.Module{
			Hashes: event.Hashes{SHA1: p.sha1}, Signature: event.Signature{Known: true, Signed: true, Subject: "Fabrikam"},
		}})
		p.sha1 = ""
		p.stops(certified)
	}
	p.stops(by)
}

// scene is an hour with installs, and what their trees do.
func (p *play) scene() {
	if p.guids {
		p.tell(&event.Event{Kind: event.KindProcessStart, Process: explorer})
	}
	service := p.runs(msiexecPath, service.CommandLine, services)
	p.late[len(p.late)-1] = 0 // a tree is known from here on: what is Out before leaves nothing behind
	for range rapid.IntRange(1, 3).Draw(p.T, "installs") {
		p.installs(service)
		above := explorer
		for _, name := range []string{`bundle.exe`, `setup.exe`}[:rapid.IntRange(0, 2).Draw(p.T, "wrappers")] {
			above = p.runs(`C:\Users\alice\Downloads\`+name, name, above)
		}
		client := p.runs(msiexecPath, fmt.Sprintf(`msiexec /i C:\pkg\%d.msi`, p.made), above)
		p.deeds(p.runs(msiexecPath, `MsiExec.exe -Embedding `+serverID, service), 0)
		p.deeds(p.runs(systemFolder+`cmd.exe`, `cmd /c a.cmd`, client), 0)
		p.stops(client)
	}
}

func (p *play) mixed() []int {
	order := make([]int, len(p.events))
	for n := range order {
		order[n] = n
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(p.events[a].Time.UnixNano()+int64(p.late[a]), p.events[b].Time.UnixNano()+int64(p.late[b]))
	})
	return order
}

// through is what a gateway that takes the events in that order told at last of
// each that it decided, by the event.
func (p *play) through(g *gateway, order []int) map[int]Context {
	for _, n := range order {
		e := *p.events[n]
		g.take(&e)
	}
	all := map[int]Context{}
	for n, c := range g.told {
		if now, watched := g.tracker.Again(c.Event.Host, place(n)); watched && !sameContext(&c, &now) {
			g.Fatalf("%d is known by now as\n%s\nbut was told as\n%s", n, inWords(&now), inWords(&c))
		}
		all[order[n-1]] = c
	}
	return all
}

// strangers reports whether a context is of something a process of no tree did,
// and not in scope by its own names: a module's load, of which nobody can know
// that it matters unless the file's record has come, or the first that was told
// of a process whose start was not told yet.
func strangers(c *Context) bool {
	return c.Event.Kind != event.KindProcessStart && c.Process.Role == RoleNone && !scope.Matches(c.Event)
}

// Whatever order the records of an hour come in, the sensor's up to two minutes
// late and the Application log's up to ten, the same events are decided, and each
// is told of at last in the same context.
func TestRecordsOutOfOrderEndInTheSameContexts(t *testing.T) {
	joined, again, events := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		p := &play{T: r, guids: rapid.Bool().Draw(r, "guids")}
		p.scene()
		inOrder := make([]int, len(p.events))
		for n := range inOrder {
			inOrder[n] = n
		}
		order := p.mixed()
		g, straight := newGateway(r), newGateway(r)
		want, got := p.through(straight, inOrder), p.through(g, order)
		show := func() {
			for place, n := range order {
				e := p.events[n]
				r.Logf("%d: (%d) %s %s %s %s %d %s %s below %s %d", place+1, n, e.Time.Sub(begin), e.Kind, e.Process.Image, e.File.Path+e.Module.Path, e.Process.PID+e.Installer.ClientPID, e.Process.GUID, e.Process.CommandLine+e.Installer.Package, e.Parent.Image, e.Parent.PID)
			}
		}
		for n, c := range want {
			if _, decided := got[n]; !decided && !strangers(&c) {
				show()
				r.Fatalf("%d is not decided; in order:\n%s", n, inWords(&c))
			}
		}
		for n, c := range got {
			in, decided := want[n]
			if !decided && !strangers(&c) {
				show()
				r.Fatalf("%d is decided, which in order is not:\n%s", n, inWords(&c))
			}
			if decided && !sameContext(&in, &c) {
				show()
				r.Fatalf("%d is told as\n%s\nand in order as\n%s", n, inWords(&c), inWords(&in))
			}
		}
		joined, again, events = joined+g.joined, again+g.decided-len(got), events+len(got)
	})
	t.Logf("%d events decided, %d of them again, history read %d times", events, again, joined)
	if joined == 0 || again == 0 {
		t.Error("the property says nothing: one of these never happened")
	}
}

// inWords is a context for people to compare.
func inWords(c *Context) string {
	one := func(p *Process) string {
		text := fmt.Sprintf("%s %d %s (%s) signed %q", event.Base(p.Image), p.PID, p.CommandLine, p.Role, p.Signature.Subject)
		if f := p.Process; f.User+f.GUID+f.Hashes.SHA1 != "" {
			text += fmt.Sprintf(" of %s, %s, SHA-1 %s, msiexec %t", f.User, f.GUID, f.Hashes.SHA1, p.Msiexec != nil)
		}
		if p.Written != nil {
			text += fmt.Sprintf(" written by %s %d (%s) at %s", event.Base(p.Written.By.Image), p.Written.By.PID, p.Written.By.Role, p.Written.At.Sub(begin))
		}
		return text
	}
	text := fmt.Sprintf("%s %s: %s\nparent %s\nroot %s\n", c.Event.Kind, c.Event.File.Path+c.Event.Module.Path, one(&c.Process), one(&c.Parent), one(&c.Root))
	for i := range c.Lineage {
		text += " " + one(&c.Lineage[i]) + "\n"
	}
	if w := c.ModuleWritten; w != nil {
		text += "module by " + one(&w.By) + "\n"
	}
	text += fmt.Sprintf("module signed %q, missing %v\nsession %s", c.Module.Signature.Subject, c.Missing, tell(c.Session))
	if v := c.Session; v != nil {
		text += fmt.Sprintf(" %s %s within %s begin %s user %s via %s, %+v", v.ID, v.Verb, v.Within, v.Begin.Sub(begin), v.User, v.Via, v.PackageFile)
		for i := range v.Candidates {
			one := Context{Event: c.Event, Session: &v.Candidates[i]}
			_, of, _ := strings.Cut(inWords(&one), "\nsession ")
			text += "\n  candidate " + of
		}
		for i := range v.Launcher {
			text += "\n  launcher " + one(&v.Launcher[i])
		}
		if v.Client != nil {
			text += "\n  client " + one(v.Client)
		}
	}
	return text
}
