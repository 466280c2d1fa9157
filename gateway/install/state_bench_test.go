package install

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"msigate/gateway/event"
)

// plainStart is the n-th process that a host remembers, in a fleet where hosts
// share programs and each has its own user and command lines.
func plainStart(host, n int) *event.Event {
	programs := [...]string{
		`C:\Windows\System32\svchost.exe`, `C:\Program Files\Google\Chrome\Application\chrome.exe`, `C:\Windows\System32\backgroundTaskHost.exe`,
		`C:\Program Files\Contoso\Agent\agent.exe`, `C:\Windows\System32\conhost.exe`, `C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe`,
	}
	image := programs[(host+n)%len(programs)]
	return &event.Event{
		Kind: event.KindProcessStart, Host: fmt.Sprintf("ws%06d.corp.example", host), Time: begin.Add(time.Duration(n)*time.Minute + time.Duration(host%977)*time.Millisecond),
		Process: event.Process{
			GUID: fmt.Sprintf("%08x-%04x-69a5-%04x-%012x", host*7919, n*77%65536, n, host<<8|n), PID: uint32(1000 + 4*(n*7+host%101)), Image: image,
			User: fmt.Sprintf(`CORP\user%d`, host), CommandLine: fmt.Sprintf(`"%s" --type=renderer --field-trial-handle=%d,i,%d --lang=en-US`, image, 1700+host%5000, host*31+n),
		},
		Parent: event.Process{GUID: guid(uint32(host + 1)), PID: 700, Image: `C:\Windows\explorer.exe`},
	}
}

// plainHost has t remember ten processes of a host.
func plainHost(t *Tracker, host int) string {
	for n := range 10 {
		t.Remember(plainStart(host, n), place(host*10+n+1))
	}
	return fmt.Sprintf("ws%06d.corp.example", host)
}

// busyTracker knows a host with that many sessions, each with that many shells,
// the start of each of which is watched, and four files of each. Twenty with
// thirteen are 300 processes of trees and 1,000 files.
func busyTracker(installs, shells int) *Tracker {
	s := &scene{tracker: NewTracker(Limits{})}
	take := func(e *event.Event) {
		c, inScope := s.feed(e)
		if inScope && e.Kind == event.KindProcessStart {
			s.tracker.Watch(&c, place(s.seconds))
		}
	}
	take(s.startOf(explorer, event.Process{}))
	take(s.startOf(service, services))
	files := 0
	for install := range installs {
		pid := uint32(10_000 + 100*install)
		client := proc(pid, msiexecPath, fmt.Sprintf(`msiexec /i "C:\Windows\ccmcache\%d\package %d.msi" /qn TRANSFORMS=corp.mst SITE=HQ%d`, install, install, install))
		take(s.startOf(client, explorer))
		take(s.installer(idBegins, event.Installer{Package: fmt.Sprintf(`C:\Windows\ccmcache\%d\package %d.msi`, install, install), ClientPID: pid}))
		server := serverOf(pid + 1)
		take(s.startOf(server, service))
		for n := range shells {
			child := proc(pid+2+uint32(n), systemFolder+`cmd.exe`, fmt.Sprintf(`cmd.exe /c "C:\Program Files\Contoso\step%d.cmd" %d`, n, install))
			child.Hashes = event.Hashes{SHA256: fmt.Sprintf("%064x", n*7919), SHA1: fmt.Sprintf("%040x", n*7919)}
			take(s.startOf(child, server))
			for range 4 {
				e := s.event(event.KindFileCreate)
				e.Process = event.Process{GUID: child.GUID, PID: child.PID, Image: child.Image}
				e.File.Path = fmt.Sprintf(`C:\Program Files\Contoso\Product %d\bin\component%d.dll`, install, files)
				files++
				take(e)
			}
		}
		take(s.installer(idInstalled, event.Installer{Product: fmt.Sprintf("Product %d", install), Version: "1.0", Manufacturer: "Contoso", Status: "0"}))
		take(s.installer(idEnds, event.Installer{Package: fmt.Sprintf(`C:\Windows\ccmcache\%d\package %d.msi`, install, install), ClientPID: pid}))
		s.seconds -= 50 // all within what is kept
	}
	return s.tracker
}

func mustPack(tb testing.TB, packer *zstd.Encoder, s *HostState) (text, packed []byte) {
	text, err := json.Marshal(s)
	if err != nil {
		tb.Fatal(err)
	}
	return text, packer.EncodeAll(text, nil)
}

// stateCases are hosts to store: one of a hundred with ten remembered processes,
// and one with busy trees.
func stateCases() map[string]*Tracker {
	plain := NewTracker(Limits{})
	for host := range 100 {
		plainHost(plain, host)
	}
	return map[string]*Tracker{"ten remembered": plain, "busy tree": busyTracker(20, 13)}
}

func BenchmarkExport(b *testing.B) {
	packer, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	for name, tracker := range stateCases() {
		for _, part := range []string{"state", "packed"} {
			b.Run(name+"/"+part, func(b *testing.B) {
				b.ReportAllocs()
				h := tracker.recent.first
				var text, packed []byte
				for b.Loop() {
					s, _ := tracker.Export(h.name)
					if part == "packed" {
						text, packed = mustPack(b, packer, s)
					}
					if h = h.after; h == nil {
						h = tracker.recent.first
					}
				}
				processes := float64(h.remembered.n + h.members.n)
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/processes, "ns/process")
				if part == "packed" {
					b.ReportMetric(float64(len(text)), "B/json")
					b.ReportMetric(float64(len(packed)), "B/zstd")
				}
			})
		}
	}
}

func BenchmarkImport(b *testing.B) {
	packer, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	reader, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	for name, tracker := range stateCases() {
		host := tracker.recent.first.name
		state, _ := tracker.Export(host)
		_, packed := mustPack(b, packer, state)
		processes := float64(state.Remembered + state.Tree)
		for _, part := range []string{"state", "packed"} {
			b.Run(name+"/"+part, func(b *testing.B) {
				b.ReportAllocs()
				to := NewTracker(Limits{})
				for b.Loop() {
					s := state
					if part == "packed" {
						text, err := reader.DecodeAll(packed, nil)
						if err != nil {
							b.Fatal(err)
						}
						s = &HostState{}
						if err := json.Unmarshal(text, s); err != nil {
							b.Fatal(err)
						}
					}
					if err := to.Import(host, s); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/processes, "ns/process")
			})
		}
	}
}

// BenchmarkFleetMemory tells what hosts with ten live remembered processes each
// weigh in one Tracker; 100,000 of them are the aim of 1 GB.
func BenchmarkFleetMemory(b *testing.B) {
	const hosts = 20_000
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		tracker := NewTracker(Limits{})
		for host := range hosts {
			plainHost(tracker, host)
		}
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/hosts, "B/host")
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(10*hosts), "B/process")
		runtime.KeepAlive(tracker)
	}
}
