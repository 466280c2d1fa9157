package governance

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// manyEntries is a folder of n approvals, as a large organisation would have them:
// a hash each, a few signers, tools and sources.
func manyEntries(n int) fstest.MapFS {
	fsys := sound()
	var b strings.Builder
	b.WriteString("installers:\n")
	for i := range n {
		fmt.Fprintf(&b, `  - id: product-%d
    title: Product %d of the catalogue
    owner: endpoint-engineering
    reason: Tested and released by the packaging team.
    ticket: CHG-%d
    created: 2026-11-01
    expires: 2027-10-31
    sha256: [%064x]
    signers: [publisher]
    deployment_tools: [agent]
    narrow:
      file_names: [setup-%d.exe]
`, i, i, i, i+1, i)
	}
	fsys["installers.yaml"] = &fstest.MapFile{Data: []byte(b.String())}
	return fsys
}

// BenchmarkBundle goes the way of a bundle, step by step: go test -run '^$'
// -bench Bundle -benchtime 1x ./gateway/governance.
func BenchmarkBundle(b *testing.B) {
	owner, second := newTestKey(b, "owner"), newTestKey(b, "second")
	for _, n := range []int{1_000, 100_000} {
		fsys := manyEntries(n)
		var built *Bundle
		var unsigned, raw []byte
		b.Run(fmt.Sprintf("build-%d", n), func(b *testing.B) {
			measured(b, func() { built = stamped(b, fsys, 1); unsigned = archiveOf(b, built) })
			b.ReportMetric(float64(len(unsigned)), "archive-bytes")
		})
		b.Run(fmt.Sprintf("approve-%d", n), func(b *testing.B) {
			measured(b, func() {
				built, _ = ReadSigned(unsigned, NameGovernance)
				if err := built.Approve(second, testNow); err != nil {
					b.Fatal(err)
				}
			})
		})
		b.Run(fmt.Sprintf("sign-%d", n), func(b *testing.B) {
			measured(b, func() { raw = signedBy(b, built, owner) })
		})
		var verified *Bundle
		trust := Trust{Name: NameGovernance, Keys: keySet(owner), Approvers: keySet(second), Now: testNow}
		b.Run(fmt.Sprintf("verify-%d", n), func(b *testing.B) {
			measured(b, func() {
				var err error
				if verified, err = Verify(raw, trust); err != nil {
					b.Fatal(err)
				}
			})
		})
		b.Run(fmt.Sprintf("compare-%d", n), func(b *testing.B) {
			before := built
			before.Revision = "another"
			measured(b, func() { Compare(before, verified) })
		})
	}
}

// measured runs f b.N times and reports the most memory that was in use besides
// what was before.
func measured(b *testing.B, f func()) {
	b.Helper()
	b.ReportAllocs()
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	done, sampled := make(chan struct{}), make(chan uint64)
	go func() {
		peak := uint64(0)
		for {
			select {
			case <-done:
				sampled <- peak
				return
			case <-time.After(10 * time.Millisecond):
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapInuse)
			}
		}
	}()
	for b.Loop() {
		f()
	}
	close(done)
	if peak := <-sampled; peak > before.HeapInuse {
		b.ReportMetric(float64(peak-before.HeapInuse)/(1<<20), "peak-MiB")
	}
}
