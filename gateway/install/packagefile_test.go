package install

import (
	"testing"
	"time"

	"msigate/gateway/event"
)

func TestWhatWasSeenOfThePackagesFile(t *testing.T) {
	browser := proc(3000, `C:\Program Files\Contoso\browser.exe`, `browser.exe`)
	other := proc(3100, `C:\Users\alice\other.exe`, `other.exe`)
	good, bad := event.Hashes{SHA256: "aa"}, event.Hashes{SHA256: "bb"}
	written := func(s *scene, by event.Process) {
		s.act(event.KindFileCreate, by, func(e *event.Event) { e.File.Path = evilMSI })
	}
	stream := func(s *scene, contents string, h event.Hashes) {
		s.act(event.KindFileStream, browser, func(e *event.Event) {
			e.File = event.File{Path: `c:\users\ALICE\downloads\free.msi`, Stream: "Zone.Identifier", Contents: contents, Hashes: h}
		})
	}
	tests := []struct {
		name      string
		before    func(*scene)
		after     func(*scene)
		writer    string
		hash      string
		web, none bool
	}{
		{name: "nothing", none: true},
		{name: "written", before: func(s *scene) { written(s, browser) }, writer: browser.Image},
		{name: "downloaded", before: func(s *scene) {
			written(s, browser)
			stream(s, "[ZoneTransfer]  ZoneId=3  HostUrl=https://dl.example/", good)
		}, writer: browser.Image, hash: "aa", web: true},
		{name: "marked, text not told", before: func(s *scene) { stream(s, "", event.Hashes{}) }, web: true, none: true},
		{name: "from the intranet", before: func(s *scene) { stream(s, "[ZoneTransfer]\r\nZoneId=1", good) }, hash: "aa"},
		{name: "exchanged before", before: func(s *scene) {
			written(s, browser)
			stream(s, "ZoneId=3", good)
			written(s, other)
		}, writer: other.Image, web: true},
		{name: "exchanged and hashed again", before: func(s *scene) {
			stream(s, "ZoneId=3", good)
			written(s, other)
			stream(s, "", bad)
		}, writer: other.Image, hash: "bb", web: true},
		{name: "exchanged while it runs", before: func(s *scene) {
			written(s, browser)
			stream(s, "ZoneId=3", good)
		}, after: func(s *scene) { s.wait(time.Minute); written(s, other) }, writer: browser.Image, web: true},
		{name: "written again after its end", before: func(s *scene) { stream(s, "ZoneId=3", good) }, after: func(s *scene) {
			s.exits(evil)
			s.wait(time.Minute)
			written(s, other)
		}, hash: "aa", web: true},
		{name: "deleted and gone", before: func(s *scene) {
			written(s, browser)
			s.act(event.KindFileDelete, other, func(e *event.Event) { e.File = event.File{Path: evilMSI, Hashes: good} })
		}, none: true},
		{name: "first seen after the begin", after: func(s *scene) { s.wait(time.Minute); written(s, other); stream(s, "ZoneId=3", bad) }, none: true},
		{name: "written over and over keeps its mark", before: func(s *scene) {
			stream(s, "ZoneId=3", good)
			for range 2 * keptWrites {
				written(s, other)
			}
		}, writer: other.Image, web: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			s.remember(browser, explorer)
			s.remember(other, explorer)
			if test.before != nil {
				test.before(s)
			}
			if s.tracker.HasTrees(testHost) {
				t.Error("a package that was written makes a tree")
			}
			s.wait(time.Minute)
			s.start(evil, explorer)
			if test.after != nil {
				test.after(s)
			}
			v := s.sessionOf(evil)
			if v.MarkOfTheWeb != test.web {
				t.Errorf("mark of the web %v, want %v", v.MarkOfTheWeb, test.web)
			}
			if v.PackageFile == nil {
				if !test.none {
					t.Error("nothing is known of the file")
				}
				return
			}
			writer := ""
			if w := v.PackageFile.Writer; w != nil {
				writer = w.Image
				if w.CommandLine == "" || v.PackageFile.Written.IsZero() {
					t.Errorf("%+v", v.PackageFile)
				}
			}
			if test.none || writer != test.writer || v.PackageFile.Hashes.SHA256 != test.hash || (test.hash != "") == v.PackageFile.Hashed.IsZero() {
				t.Errorf("%+v by %q", v.PackageFile, writer)
			}
		})
	}
}

func TestTheFileOfAClaimedPackageIsClaimed(t *testing.T) {
	s := newScene(t)
	s.remember(script, explorer)
	s.act(event.KindFileCreate, explorer, func(e *event.Event) { e.File.Path = evilMSI })
	v := s.begins(evilMSI, script.PID).Session
	if v.PackageFile == nil || v.Claimed[4] != "package_file" {
		t.Errorf("%+v", v)
	}
}

func TestARecordsPackageIsTheCommandLines(t *testing.T) {
	for _, test := range []struct {
		line, cwd, record string
		want              bool
	}{
		{`C:\pkg\a.msi`, "", `c:\PKG\A.msi`, true},
		{`C:\pkg\a.msi`, "", `C:\pkg\b.msi`, false},
		{`a.msi`, `C:\pkg`, `C:\pkg\a.msi`, true},
		{`a.msi`, "", `C:\pkg\a.msi`, true},
		{`sub\a.msi`, "", `C:\pkg\sub\a.msi`, true},
		{`sub\a.msi`, "", `C:\pkg\a.msi`, false},
		{`a.msi`, "", `C:\pkg\aa.msi`, false},
		{`https://dl.example/a`, "", `https://dl.example/a`, true},
		{`https://dl.example/a`, "", `https://dl.example/b`, false},
		{`https://dl.example/a.msi`, "", `C:\a.msi`, false},
		{`{0A1B2C3D-1111-2222-3333-444455556666}`, "", `{0a1b2c3d-1111-2222-3333-444455556666}`, true},
		{`{0A1B2C3D-1111-2222-3333-444455556666}`, "", `C:\pkg\a.msi`, false},
		{`\\srv\share\a.msi`, "", `\\SRV\share\a.msi`, true},
		{`\\srv\share\a.msi`, "", `C:\share\a.msi`, false},
		{`C:\Users\ALICES~1\Temp\a.msi`, "", `C:\Users\alice smith\Temp\a.msi`, true},
		{`C:\Users\alice.smith\a.msi`, "", `C:\Users\ALICE~1.SMI\a.msi`, true},
		{`C:\Users\ALICES~1\a.msi`, "", `C:\Users\bob\a.msi`, false},
		{`C:\LONGNA~1.MSI`, "", `C:\long name of it.msi`, true},
		{`C:\LONGNA~1.MSI`, "", `C:\long name of it.msp`, false},
		{`C:\A~B\a.msi`, "", `C:\alice\a.msi`, false},
		{`C:\TOOLONGNAME~1\a.msi`, "", `C:\toolongname of it\a.msi`, false},
	} {
		if got := samePackage(ParsePackage(test.line, test.cwd), test.record); got != test.want {
			t.Errorf("%q in %q and %q: %v, want %v", test.line, test.cwd, test.record, got, test.want)
		}
	}
}
