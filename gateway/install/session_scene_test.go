package install

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"msigate/gateway/event"
)

// Packages and further processes of the stories about sessions.
const (
	cachedMSI = `C:\Windows\ccmcache\1\a.msi`
	evilMSI   = `C:\Users\alice\Downloads\free.msi`
)

var (
	explorer = proc(700, `C:\Windows\explorer.exe`, "")
	wmi      = proc(2100, systemFolder+`wbem\WmiPrvSE.exe`, systemFolder+`wbem\wmiprvse.exe -Embedding`)
	script   = proc(2200, systemFolder+`wscript.exe`, `wscript.exe C:\Users\alice\a.vbs`)
	evil     = proc(2300, msiexecPath, `msiexec /i `+evilMSI)
)

// installer is a MsiInstaller record a second later.
func (s *scene) installer(id int, facts event.Installer) *event.Event {
	e := s.event(event.KindInstall)
	e.Provider, e.Channel, e.EventID, e.Installer = event.ProviderInstaller, "Application", id, facts
	e.RecordID = uint64(10_000 + s.seconds)
	return e
}

func (s *scene) record(id int, facts event.Installer) Context {
	s.t.Helper()
	c, ok := s.feed(s.installer(id, facts))
	if !ok {
		s.t.Fatalf("%d is not in scope", id)
	}
	return c
}

func (s *scene) begins(pkg string, pid uint32) Context {
	return s.record(idBegins, event.Installer{Package: pkg, ClientPID: pid})
}

func (s *scene) ends(pkg string, pid uint32) Context {
	return s.record(idEnds, event.Installer{Package: pkg, ClientPID: pid})
}

func (s *scene) exits(p event.Process) { s.act(event.KindProcessEnd, p, nil) }

// passes lets time pass in which programs start that are of no tree.
func (s *scene) passes(d time.Duration) {
	for range d / time.Hour {
		s.wait(time.Hour)
		s.feed(s.startOf(proc(uint32(9001+s.seconds), systemFolder+`notepad.exe`, ""), explorer))
	}
}

func (s *scene) wait(d time.Duration) { s.seconds += int(d / time.Second) }

// server is a custom-action server with that PID.
func serverOf(pid uint32) event.Process {
	return proc(pid, msiexecPath, `MsiExec.exe -Embedding `+serverID)
}

// sessionOf is where a process belongs by all that is known now.
func (s *scene) sessionOf(p event.Process) *Session {
	h := s.tracker.hosts[testHost]
	known := h.byGUID[parseIdentity(p.GUID)]
	if known == nil {
		for known = h.byPID[p.PID]; known != nil && !event.EqualFoldASCII(known.image.Value(), p.Image); {
			known = known.older
		}
	}
	if known == nil {
		s.t.Fatalf("%s (%d) is not known", p.Image, p.PID)
	}
	return h.express(h.belongs(known, h.ancestors(known), began(known)))
}

// tell is a session in a line: package, or what stands for it, and how it was
// attributed; of what is ambiguous, the candidates.
func tell(v *Session) string {
	if v == nil {
		return "none"
	}
	text := string(v.OpenedBy)
	switch {
	case v.Ambiguous && v.ID == "":
		text = "ambiguous"
	case v.Package != nil:
		text = v.Package.Name
		if slices.Contains(v.Claimed, "package") {
			text += " (claimed)"
		}
	}
	if v.Attribution != "" {
		text += " by " + string(v.Attribution)
	}
	if len(v.Doubts) > 0 {
		text += ", doubts " + strings.Join(v.Doubts, " ")
	}
	if len(v.Candidates) > 0 {
		names := make([]string, len(v.Candidates))
		for i := range v.Candidates {
			c := v.Candidates[i]
			c.Attribution = ""
			names[i] = tell(&c)
		}
		text += " of " + strings.Join(names, " | ")
	}
	return text
}

func wantSession(t *testing.T, what string, v *Session, want string) {
	t.Helper()
	if got := tell(v); got != want {
		t.Errorf("%s belongs to\n  %s, want\n  %s", what, got, want)
	}
}

func productNames(v *Session) (all []string) {
	for _, p := range v.Products {
		all = append(all, cmp.Or(p.Action, "?")+" "+p.Name)
	}
	return all
}
