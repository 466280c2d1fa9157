package gateway

import (
	"bytes"
	"fmt"
	"testing"

	"msigate/gateway/policy"
)

// benchmarkSize is what the events of the benchmarks weigh, in bytes: what a
// Sysmon process start weighs as winlogbeat ships it.
const benchmarkSize = 1600

// sized pads an event to benchmarkSize with a field that nothing reads.
func sized(b *testing.B, event []byte) []byte {
	b.Helper()
	const field = `"Padding":"",`
	missing := benchmarkSize - len(event) - len(field)
	if missing < 0 {
		b.Fatalf("the event has %d bytes already", len(event))
	}
	padding := fmt.Sprintf(`"event_data":{"Padding":"%s",`, bytes.Repeat([]byte("x"), missing))
	return bytes.Replace(event, []byte(`"event_data":{`), []byte(padding), 1)
}

// BenchmarkProcess takes one event through every step, without a bus: what a
// lane does for each message. Figures are in docs/.
func BenchmarkProcess(b *testing.B) {
	const host = "ws01.corp.example"
	managed := managedInstall(host)
	benchmarks := []struct {
		name   string
		before [][]byte // what the worker has seen
		event  []byte
		want   Outcome
		as     policy.Disposition
	}{
		{name: "out", event: ordinary(host, 1), want: Out},
		{name: "out-beside-a-tree", before: [][]byte{attack(host, 100), ordinary(host, 0)}, event: ordinary(host, 1), want: Out},
		{name: "remembered", event: ordinary(host, 0), want: Remembered},
		{name: "context", before: managed, event: sysmon(host, 5, 2, map[string]string{"ProcessGuid": testGUID(2), "ProcessId": "4008", "Image": msiexec}).json(), want: Context},
		{name: "approved", before: managed[:1], event: managed[1], want: Decided, as: policy.Approved},
		{name: "suspicious", event: attack(host, 1), want: Decided, as: policy.Alert},
	}
	p := builtIn(b)
	for _, bench := range benchmarks {
		b.Run(bench.name, func(b *testing.B) {
			w := NewWorker(WorkerOptions{})
			m := Message{Stream: "EVENTS", Subject: "events.host." + host, Host: host, Stamp: morning}
			for _, event := range bench.before {
				m.Sequence++
				m.Data = event
				w.Process(b.Context(), p, &m)
			}
			m.Data = sized(b, bench.event)
			process := func() ([]Step, bool) {
				m.Sequence++
				return w.Process(b.Context(), p, &m)
			}
			steps, out := process()
			switch {
			case out:
				if bench.want != Out {
					b.Fatal("it is out of scope")
				}
			case len(steps) != 1 || steps[0].Outcome != bench.want:
				b.Fatalf("it became %+v", steps)
			case bench.as != "" && steps[0].Told.Decision().Answer.Disposition != bench.as:
				b.Fatalf("it is %s", steps[0].Told.Decision().Answer.Disposition)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(m.Data)))
			for b.Loop() {
				process()
			}
		})
	}
}

// BenchmarkStories takes the demonstration's events through every step, hosts
// and trees growing as they come.
func BenchmarkStories(b *testing.B) {
	p := builtIn(b)
	var lines [][]byte
	for _, story := range demoStories {
		events, _, err := story.read()
		if err != nil {
			b.Fatal(err)
		}
		lines = append(lines, events...)
	}
	b.ReportAllocs()
	for b.Loop() {
		w := NewWorker(WorkerOptions{})
		for i, line := range lines {
			w.Process(b.Context(), p, &Message{Stream: "EVENTS", Sequence: uint64(i) + 1, Host: hostOf(line), Data: line, Stamp: morning})
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/event")
}
