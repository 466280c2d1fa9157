package install

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"msigate/gateway/event"
)

var (
	contoso  = event.Signature{Known: true, Signed: true, Subject: "Contoso Ltd", Status: "Trusted"}
	fabrikam = event.Signature{Known: true, Signed: true, Subject: "Fabrikam", Status: "Trusted"}
)

// certifies is a certificate record, as Defender's DeviceFileCertificateInfo.
func (s *scene) certifies(sha1 string, signature event.Signature) bool {
	e := s.event(event.KindOther)
	e.Module = event.Module{Hashes: event.Hashes{SHA1: sha1}, Signature: signature}
	_, ok := s.feed(e)
	return ok
}

func hash(n int) string { return fmt.Sprintf("%040x", n) }

func TestACertificateRecordTellsTheSignerBeforeAndAfter(t *testing.T) {
	signed := func(pid uint32, n int) event.Process {
		p := proc(pid, fmt.Sprintf(`C:\x\%d.exe`, pid), "")
		p.Hashes.SHA1 = hash(n)
		return p
	}
	s := newScene(t)
	if s.certifies(hash(1), contoso) {
		t.Error("a record of a host of which nothing is known is in scope")
	}
	s.remember(explorer, event.Process{})
	s.certifies(hash(1), contoso) // before the process, and before any tree
	s.start(server, service)
	c := s.start(signed(2000, 1), server)
	if c.Process.Signature != contoso || slices.Contains(c.Missing, "process.signer") {
		t.Errorf("before: %+v, missing %v", c.Process.Signature, c.Missing)
	}
	late := signed(2001, 2)
	s.start(late, server)
	s.certifies(hash(2), contoso)
	if c := s.start(shell, late); c.Parent.Signature != contoso {
		t.Errorf("after: %+v", c.Parent.Signature)
	}
	// One that is remembered, and of a tree only later.
	orphan := signed(2002, 3)
	hidden := proc(1450, `C:\x\hidden.exe`, "")
	e := s.startOf(orphan, hidden)
	s.feed(e)
	s.certifies(hash(3), fabrikam)
	s.start(hidden, server)
	if !s.tracker.Awaits(e) {
		s.tracker.Joined(testHost)
	}
	if !s.tracker.Awaits(e) {
		t.Fatal("its start is not read again")
	}
	if c := s.tracker.Apply(e, place(9)); c.Process.Signature != fabrikam {
		t.Errorf("joined later: %+v", c.Process.Signature)
	}
}

func TestTheSurerWordOnASignerHolds(t *testing.T) {
	s := newScene(t)
	tool := proc(2000, `C:\x\tool.exe`, "")
	tool.Hashes.SHA1 = hash(1)
	s.start(server, service)
	s.start(tool, server)
	load := func(signature event.Signature) {
		s.act(event.KindImageLoad, tool, func(e *event.Event) { e.Module = event.Module{Path: tool.Image, Signature: signature} })
	}
	want := func(what string, want event.Signature) {
		t.Helper()
		if c, _ := s.act(event.KindNetwork, tool, nil); c.Process.Signature != want {
			t.Errorf("%s: %+v", what, c.Process.Signature)
		}
	}
	s.certifies(hash(1), contoso)
	want("by its certificate", contoso)
	s.certifies(hash(1), fabrikam)
	want("by a later one", fabrikam)
	load(contoso)
	want("by its own load", contoso)
	s.certifies(hash(1), fabrikam)
	want("its own load is surer", contoso)
}

func TestAModulesSignerIsToldByItsHash(t *testing.T) {
	s := newScene(t)
	s.watch = true
	s.start(server, service)
	load := func() Context {
		c, _ := s.act(event.KindImageLoad, server, func(e *event.Event) {
			e.Module = event.Module{Path: `C:\Windows\Installer\MSI1.tmp`, Hashes: event.Hashes{SHA1: hash(7)}}
			e.Missing = []string{"module.signer"}
		})
		return c
	}
	if c := load(); c.Module.Signature.Known || !slices.Contains(c.Missing, "module.signer") || c.Module.Path == "" {
		t.Errorf("%+v", c.Module)
	}
	s.certifies(hash(7), contoso)
	if c := load(); c.Module.Signature != contoso || c.Event.Module.Signature.Known || slices.Contains(c.Missing, "module.signer") {
		t.Errorf("%+v, missing %v", c.Module, c.Missing)
	}
	late := s.tracker.Late(testHost)
	if len(late) != 1 || late[0].Context.Module.Signature != contoso || slices.Contains(late[0].Context.Missing, "module.signer") {
		t.Errorf("%+v", late)
	}
	// The table forgets; what was told of the event stays.
	for n := range 1000 {
		s.certifies(hash(1000+n), contoso)
	}
	s.start(shell, server)
	if late := s.tracker.Late(testHost); len(late) != 0 {
		t.Errorf("forgetting is told: %+v", late)
	}
	h := s.tracker.hosts[testHost]
	if n := len(h.certificates.byHash); n != s.tracker.limits.CertificatesPerHost || n != len(h.certificates.order) || s.tracker.Evictions()["certificates"] != 1001-uint64(n) {
		t.Errorf("%d kept, evicted %v", n, s.tracker.Evictions())
	}
}

// A record that may come before any tree is not cut by the test on raw bytes.
func TestACertificateRecordIsNotSkipped(t *testing.T) {
	row := `{"time":"2026-03-02T09:20:00Z","category":"AdvancedHunting-DeviceFileCertificateInfo","properties":{"Timestamp":"2026-03-02T09:14:05Z","DeviceName":"` + testHost +
		`","SHA1":"` + strings.Repeat("0A", 20) + `","IsSigned":true,"Signer":"Contoso Ltd","IsTrusted":true}}`
	if scope.Skips([]byte(row), false) {
		t.Error("skipped")
	}
	records, _ := event.Decode([]byte(row))
	s := newScene(t)
	s.remember(explorer, event.Process{})
	if e := records[0].Event; !s.tracker.Tracks(e) || e.Time.Sub(begin) < time.Minute {
		t.Errorf("%+v", e)
	}
}
