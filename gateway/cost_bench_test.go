package gateway

import (
	"fmt"
	"testing"
	"time"

	"msigate/gateway/policy"
)

// BenchmarkRatios takes what most messages become through a worker, from bytes
// on, and holds it to what else there is to do: an event out of scope to the
// bare scope test (at most 1.5 times that), a process start that is remembered to
// one that is decided (at most a tenth of it). Only ratios of one run mean
// anything; the last part reports them, so no part is to be left out. On a busy
// machine, many short runs (-benchtime 50ms -count 10) tell more than a long one.
func BenchmarkRatios(b *testing.B) {
	const host = "ws01.corp.example"
	p := builtIn(b)
	cost := map[string]float64{} // ns; with -count, the fastest
	note := func(b *testing.B, name string) {
		took := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
		if before, ok := cost[name]; !ok || took < before {
			cost[name] = took
		}
	}
	part := func(name string, before [][]byte, want Outcome, as policy.Disposition, events ...[]byte) {
		b.Run(name, func(b *testing.B) {
			w := NewWorker(WorkerOptions{})
			m := &Message{Stream: "EVENTS", Subject: "events.host." + host, Host: host, Stamp: morning}
			take := func(data []byte) ([]Step, bool) {
				m.Sequence++
				m.Data = data
				return w.Process(b.Context(), p, m)
			}
			for _, event := range before {
				take(event)
			}
			for _, event := range events {
				steps, out := take(event)
				switch {
				case out != (want == Out), !out && (len(steps) == 0 || steps[0].Outcome != want):
					b.Fatalf("it became %+v", steps)
				case as != "" && steps[0].Told.Decision().Answer.Disposition != as:
					b.Fatalf("it is %s", steps[0].Told.Decision().Answer.Disposition)
				}
			}
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				take(events[n%len(events)])
				n++
			}
			note(b, name)
		})
	}

	plain := sized(b, ordinary(host, 1))
	b.Run("scope test alone", func(b *testing.B) {
		scope := p.Snapshot().Scope()
		for b.Loop() {
			if !scope.Skips(plain, false) {
				b.Fatal("it is in scope")
			}
		}
		note(b, "scope")
	})
	part("out", nil, Out, "", plain)
	var starts [][]byte
	for n := range 512 {
		starts = append(starts, sized(b, ordinary(host, 8*n)))
	}
	part("remembered", nil, Remembered, "", starts...)
	managed := managedInstall(host)
	part("expected", managed[:1], Decided, policy.Expected, sized(b, serviceStart(host)))
	part("approved", managed[:1], Decided, policy.Approved, sized(b, managed[1]))
	part("suspicious", nil, Decided, policy.Alert, sized(b, attack(host, 1)))
	b.Run("ratios", func(b *testing.B) {
		for b.Loop() {
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(cost["out"]/cost["scope"], "out/scope")
		for _, name := range []string{"expected", "approved", "suspicious"} {
			b.ReportMetric(cost["remembered"]/cost[name], "remembered/"+name)
		}
	})
}

// serviceStart is the start of the Windows Installer service.
func serviceStart(host string) []byte {
	return started(host, 50, msiexec, msiexec+" /V", system32+"services.exe", system32+"services.exe", 60).json()
}

// BenchmarkInstallStorm takes one big install through every step: its tree has
// many processes, each decided and then again when its signer is known, and
// writes files. What
// an event costs is not to grow with how many there were.
func BenchmarkInstallStorm(b *testing.B) {
	p := builtIn(b)
	for _, size := range []struct{ processes, files int }{{50, 300}, {50, 3_000}, {50, 9_000}, {200, 3_000}} {
		b.Run(fmt.Sprintf("%d processes, %d files", size.processes, size.files), func(b *testing.B) {
			storm := stormOf(size.processes, size.files)
			var spent [Settled + 1]time.Duration
			var n [Settled + 1]int
			decided := 0
			b.ReportAllocs()
			for b.Loop() {
				w := NewWorker(WorkerOptions{})
				for i, event := range storm {
					began := time.Now()
					steps, _ := w.Process(b.Context(), p, &Message{
						Stream: "EVENTS", Sequence: uint64(i) + 1, Subject: "events.host.ws01.corp.example", Host: "ws01.corp.example",
						Stamp: morning.Add(time.Duration(i) * 10 * time.Millisecond), Data: event,
					})
					spent[steps[0].Outcome] += time.Since(began)
					n[steps[0].Outcome]++
					for _, step := range steps {
						if step.Outcome == Decided || step.Outcome == Redecided {
							decided++
						}
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(storm)), "ns/event")
			b.ReportMetric(float64(spent[Context].Nanoseconds())/float64(n[Context]), "ns/context")
			b.ReportMetric(float64(spent[Decided].Nanoseconds())/float64(n[Decided]), "ns/decided")
			b.ReportMetric(float64(decided)/float64(b.N), "decisions")
		})
	}
}

// stormOf are the events of an install with so many processes that write so
// many files together.
func stormOf(processes, files int) [][]byte {
	const host = "ws01.corp.example"
	server := msiexec + " -Embedding 6D1A0B54C9E24F3A8F7716B2C05D9E41 E Global\\MSI0000"
	all := managedInstall(host)[:2]
	all = append(all, serviceStart(host), started(host, 51, msiexec, server, msiexec, msiexec+" /V", 50).json())
	for child := range processes {
		image := fmt.Sprintf(`C:\Program Files\Contoso\step%d.exe`, child)
		all = append(all, started(host, 100+child, image, fmt.Sprintf(`"%s" /step %d`, image, child), msiexec, server, 51).json())
		all = append(all, sysmon(host, 7, 100+child, map[string]string{
			"ProcessGuid": testGUID(100 + child), "ProcessId": fmt.Sprint(4000 + 4*(100+child)), "Image": image, "ImageLoaded": image,
			"Hashes": fmt.Sprintf("SHA256=%064X", 100+child), "Signed": "true", "Signature": "Contoso Ltd", "SignatureStatus": "Valid", "User": `NT AUTHORITY\SYSTEM`,
		}).json())
		for n := range files / processes {
			all = append(all, sysmon(host, 11, 100+child, map[string]string{
				"ProcessGuid": testGUID(100 + child), "ProcessId": fmt.Sprint(4000 + 4*(100+child)), "Image": image,
				"TargetFilename": fmt.Sprintf(`C:\Program Files\Contoso\bin%d\part%d.dll`, child, n), "CreationUtcTime": "2026-11-20 08:00:00.000", "User": `NT AUTHORITY\SYSTEM`,
			}).json())
		}
	}
	return all
}
