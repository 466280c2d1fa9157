package gateway

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
)

// catalogue adds n entries to a folder, as a large organisation would have them: a
// product each, by a hash of its own, for a tool.
func catalogue(t testing.TB, folder string, n int) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `
  - id: catalogue-%06d
    title: Product %d of the catalogue
    owner: endpoint-engineering
    reason: Tested and released by the packaging team.
    created: 2026-11-01
    expires: 2027-10-31
    sha256: ["%064x"]
    deployment_tools: [configuration-manager]
    narrow: {file_names: [setup-%d.exe]}
`, i, i, 1<<40+i, i)
	}
	file, err := os.OpenFile(filepath.Join(folder, "installers.yaml"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(b.String())
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkActivation has a bundle of 100,000 entries replaced by one with a
// hundred more while events are decided, over an object bucket, and compares what
// an evaluation takes meanwhile with what it takes else: p99-ratio. One run:
//
//	go test -run '^$' -bench Activation -benchtime 1x -timeout 30m ./gateway
func BenchmarkActivation(b *testing.B) {
	const entries = 100_000
	s := newSite(b)
	s.config.Log.Level = "info"
	owner, other := newPerson(b, "owner"), newPerson(b, "other")
	s.config.Bundles = []BundleConfig{{Name: "governance", Object: "governance.tar.gz", Keys: []string{owner.public, other.public}}}
	folder := governanceFolder(b)
	catalogue(b, folder, entries)
	serial := int64(0)
	build := func() []byte {
		serial++
		return signed(b, folder, signing{serial: serial, by: owner, approvers: []*person{other}})
	}
	put := func(raw []byte) {
		if _, err := bus.PutObject(b.Context(), s.conn, bus.BucketGovernance, "governance.tar.gz", bytes.NewReader(raw)); err != nil {
			b.Fatal(err)
		}
	}
	put(build())
	r := s.run()
	for len(r.Policy.Snapshot().Fillings()) == 0 || r.Policy.Snapshot().Bundles()[0].Serial == 0 {
		time.Sleep(100 * time.Millisecond)
	}

	var quiet, during []time.Duration
	var live time.Duration
	var peak, resting uint64
	for round := 0; b.Loop(); round++ {
		hundred(b, folder, round)
		raw := build()
		ctx, stop := context.WithCancel(b.Context())
		var shipping sync.WaitGroup
		shipping.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				host := fmt.Sprintf("ws%02d.corp.example", n%20)
				s.ship(host, attack(host, round*100_000+n))
				time.Sleep(5 * time.Millisecond)
			}
		})
		time.Sleep(5 * time.Second)
		began, before := time.Now(), r.Policy.Snapshot()
		runtime.GC()
		resting = heapInUse()
		put(raw)
		for r.Policy.Snapshot() == before {
			peak = max(peak, heapInUse())
			time.Sleep(10 * time.Millisecond)
		}
		swapped := time.Now()
		live += swapped.Sub(began)
		time.Sleep(5 * time.Second)
		stop()
		shipping.Wait()
		s.settled(r)
		for _, m := range s.read(bus.StreamDecisions) {
			log, err := finding.ReadDecisionLog(m.Data)
			if err != nil {
				b.Fatal(err)
			}
			fmt.Println("EV", m.Stamp.UnixMicro(), log.Metrics["timer_rego_query_eval_ns"]/1000)
			took := time.Duration(log.Metrics["timer_rego_query_eval_ns"])
			switch {
			case m.Stamp.After(began) && m.Stamp.Before(swapped):
				during = append(during, took)
			case m.Stamp.After(began.Add(-5*time.Second)) && m.Stamp.Before(began) || m.Stamp.After(swapped.Add(time.Second)):
				quiet = append(quiet, took)
			}
		}
	}
	p99 := func(took []time.Duration) float64 {
		slices.Sort(took)
		return float64(took[len(took)*99/100].Microseconds()) / 1000
	}
	b.ReportMetric(live.Seconds()/float64(b.N), "s/activation")
	b.ReportMetric(float64(peak-min(peak, resting))/(1<<20), "peak-MiB")
	b.ReportMetric(float64(resting)/(1<<20), "resting-MiB")
	b.ReportMetric(p99(quiet), "quiet-p99-ms")
	b.ReportMetric(p99(during), "during-p99-ms")
	b.ReportMetric(p99(during)/p99(quiet), "p99-ratio")
	b.ReportMetric(float64(len(during)), "decided-during")
}

// heapInUse is the memory that live and not yet swept objects take, in bytes.
func heapInUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
