package gateway

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
)

// hundred adds a hundred entries to a folder: products of a hundred makers, each
// by hashes of its own, for the tools and sources that there are.
func hundred(t testing.TB, folder string, round int) {
	t.Helper()
	situations := []string{
		"deployment_tools: [configuration-manager]", "deployment_tools: [tanium-client]", "sources: [configuration-manager-cache]", "sources: [intune-line-of-business]",
	}
	for n := range 100 {
		entry(t, folder, fmt.Sprintf("product-%d-%02d", round, n), fmt.Sprintf("sha256: [\"%064x\"]\n%s\nnarrow: {products: [\"%s Agent\"], companies: [\"%s Ltd\"]}",
			1+round*1000+n, situations[n%len(situations)], coined(n), coined(n+37)))
	}
}

// coined is a name that nobody has.
func coined(n int) string {
	syllables := []string{"Bal", "mor", "vek", "tun", "Dri", "zol", "quam", "hib", "Lur", "fenn"}
	return syllables[n%10] + syllables[n/10%10] + "ova"
}

// While a hundred changed entries become active, no event is lost, decided twice,
// or decided by the old ones after the new ones began. It tells (-v) how long that
// takes and how long events wait meanwhile; a busy machine would fail a bound.
func TestNoEventIsLostOrTurnedBackWhileAHundredEntriesBecomeActive(t *testing.T) {
	s := newSite(t)
	owner, other := newPerson(t, "owner"), newPerson(t, "other")
	s.config.Bundles = []BundleConfig{{Name: "governance", Object: "governance.tar.gz", Keys: []string{owner.public, other.public}}}
	folder := governanceFolder(t)
	push := func(serial int64) {
		t.Helper()
		raw := signed(t, folder, signing{serial: serial, by: owner, approvers: []*person{other}})
		if _, err := bus.PutObject(patient(t), s.conn, bus.BucketGovernance, "governance.tar.gz", bytes.NewReader(raw)); err != nil {
			t.Fatal(err)
		}
	}
	push(1)
	r := s.run()
	r.awaitLog(t, "serial 1 (")

	// Events of some hosts at a steady pace, all the while.
	ctx, stop := context.WithCancel(t.Context())
	want := map[uint64]bool{}
	var shipping sync.WaitGroup
	shipping.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			host := fmt.Sprintf("ws%02d.corp.example", n%5)
			want[s.ship(host, attack(host, n))] = true
			time.Sleep(20 * time.Millisecond)
		}
	})
	time.Sleep(2 * time.Second)
	hundred(t, folder, 1)
	before := r.Policy.Snapshot()
	raw := signed(t, folder, signing{serial: 2, by: owner, approvers: []*person{other}})
	began := time.Now()
	if _, err := bus.PutObject(patient(t), s.conn, bus.BucketGovernance, "governance.tar.gz", bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	for r.Policy.Snapshot() == before {
		if time.Since(began) > 30*time.Second {
			t.Fatalf("it is not live after 30 s:\n%s", r.log)
		}
		time.Sleep(time.Millisecond)
	}
	live := time.Since(began)
	r.awaitLog(t, "policy active", "serial 2 (")
	swapped := time.Now()
	time.Sleep(time.Second)
	stop()
	shipping.Wait()
	s.settled(r)
	decidedOnce(t, s.conn, want)

	var quiet, during []time.Duration
	byHost := map[string]int64{} // serial of the host's last decision
	for _, m := range s.read(bus.StreamDecisions) {
		log, err := finding.ReadDecisionLog(m.Data)
		if err != nil {
			t.Fatal(err)
		}
		serial := log.Custom.Serials["governance"]
		delay := m.Stamp.Sub(log.Timestamp)
		if m.Stamp.After(began) && m.Stamp.Before(swapped) {
			during = append(during, delay)
		} else {
			quiet = append(quiet, delay)
		}
		host := m.Subject
		if serial < byHost[host] {
			t.Errorf("%s is decided by serial %d after %d", host, serial, byHost[host])
		}
		byHost[host] = serial
	}
	slices.Sort(quiet)
	slices.Sort(during)
	t.Logf("live after %s; %d events meanwhile, the slowest after %s; else the slowest of %d after %s", live.Round(time.Millisecond), len(during), last(during), len(quiet), last(quiet))
}

func last(sorted []time.Duration) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)-1].Round(100 * time.Microsecond)
}
