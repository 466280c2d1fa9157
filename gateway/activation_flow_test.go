package gateway

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/policy"
)

// flow is what hosts send all the while that allowlists change: ordinary events at
// a steady pace, and among them copies of one attack, each on a host of its own.
type flow struct {
	t      *testing.T
	s      *site
	canary policy.Canary
	scope  policy.Filling

	mu      sync.Mutex
	shipped uint64                // sequence of the last message of all
	copies  map[string]copyOfFlow // by host
	sent    int                   // ordinary events
}

// copyOfFlow is where the messages of a copy stand on the stream.
type copyOfFlow struct {
	sequences []uint64
	serial    int64 // that decides already when it is sent; 0: any
}

func (f *flow) ship(host string, data []byte) uint64 {
	seq, err := f.s.conn.Ship(patient(f.t), bus.EventSubject(host), "", data, nil)
	if err != nil {
		f.t.Error(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shipped = max(f.shipped, seq)
	return seq
}

// copy sends the attack on a host that nobody has seen.
func (f *flow) copy(serial int64) {
	f.mu.Lock()
	scope := f.scope
	scope.Host = fmt.Sprintf("copy%04d.corp.example", len(f.copies))
	f.copies[scope.Host] = copyOfFlow{}
	f.mu.Unlock()
	messages, ok, err := f.canary.Fill(scope)
	if err != nil || !ok {
		f.t.Errorf("the attack takes no scope: %v, %v", ok, err)
	}
	sent := copyOfFlow{serial: serial}
	for _, message := range messages {
		sent.sequences = append(sent.sequences, f.ship(scope.Host, []byte(message)))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.copies[scope.Host] = sent
}

// begin sends until the context ends: perSecond ordinary events of 200 hosts and
// ten copies a second.
func (f *flow) begin(ctx context.Context, perSecond int) (wait func()) {
	const hosts, shippers, tick = 200, 8, 10 * time.Millisecond
	var sending sync.WaitGroup
	for shipper := range shippers {
		sending.Go(func() {
			began := time.Now()
			ticker := time.NewTicker(tick)
			defer ticker.Stop()
			for n := 0; ; {
				select {
				case <-ctx.Done():
					f.mu.Lock()
					f.sent += n
					f.mu.Unlock()
					return
				case <-ticker.C:
				}
				due := time.Since(began).Seconds() * float64(perSecond) / shippers // what is late is caught up
				for ; float64(n) < due && ctx.Err() == nil; n++ {
					// A host has one shipper, so that its events keep their order.
					host := fmt.Sprintf("ws%03d.corp.example", shipper+shippers*(n%(hosts/shippers)))
					f.ship(host, ordinary(host, n/(hosts/shippers)))
				}
			}
		})
	}
	sending.Go(func() {
		for ctx.Err() == nil {
			f.copy(0)
			time.Sleep(100 * time.Millisecond)
		}
	})
	return sending.Wait
}

// An allowlist that is pushed over a source, and withdrawn, decides the next copy
// of the same event, while events flow. Each is decided once, and its decision
// names the serial that decided it.
func TestAllowlistPushedAndWithdrawnWhileEventsFlow(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: three gateways run for some seconds each")
	}
	perSecond := 2000
	if underRace {
		perSecond = 200
		t.Log("-race: 200 events a second instead of 2,000")
	}
	sources := []struct {
		name string
		// open gives where the gateway finds the bundle, and how to publish there.
		open func(t *testing.T, s *site) (BundleConfig, func(raw []byte))
	}{
		{"watched file", func(t *testing.T, _ *site) (BundleConfig, func([]byte)) {
			path := filepath.Join(t.TempDir(), "governance.tar.gz")
			return BundleConfig{Path: path, Watch: true}, func(raw []byte) {
				if err := os.WriteFile(path+".new", raw, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(path+".new", path); err != nil {
					t.Fatal(err)
				}
			}
		}},
		{"web server", func(t *testing.T, _ *site) (BundleConfig, func([]byte)) {
			var published atomic.Pointer[[]byte]
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(*published.Load()) }))
			t.Cleanup(server.Close)
			return BundleConfig{URL: server.URL + "/governance.tar.gz", PollInterval: 100 * time.Millisecond}, func(raw []byte) { published.Store(&raw) }
		}},
		{"object bucket", func(t *testing.T, s *site) (BundleConfig, func([]byte)) {
			return BundleConfig{Object: "governance.tar.gz"}, func(raw []byte) {
				if _, err := bus.PutObject(patient(t), s.conn, bus.BucketGovernance, "governance.tar.gz", bytes.NewReader(raw)); err != nil {
					t.Fatal(err)
				}
			}
		}},
	}
	for _, source := range sources {
		t.Run(source.name, func(t *testing.T) {
			s := newSite(t)
			config, publish := source.open(t, s)
			pushedAndWithdrawn(t, s, config, publish, perSecond)
		})
	}
}

func pushedAndWithdrawn(t *testing.T, s *site, source BundleConfig, publish func(raw []byte), perSecond int) {
	owner, other := newPerson(t, "owner"), newPerson(t, "other")
	source.Name, source.Keys = "governance", []string{owner.public, other.public}
	s.config.Bundles = []BundleConfig{source}
	without, with := governanceFolder(t), wider(t)
	push := func(folder string, serial int64) {
		publish(signed(t, folder, signing{serial: serial, by: owner, approvers: []*person{other}}))
	}
	f := &flow{t: t, s: s, copies: map[string]copyOfFlow{}}
	f.canary, f.scope = excusable(t, with)

	push(without, 1)
	r := s.run()
	revisions := map[int64]string{}
	live := func(serial int64) {
		t.Helper()
		eventually(t, fmt.Sprintf("serial %d is active", serial), func() bool {
			for _, stamp := range r.Policy.Snapshot().Bundles() {
				if stamp.Name == "governance" && stamp.Serial == serial {
					revisions[serial] = stamp.Revision
					return true
				}
			}
			return false
		})
	}
	live(1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	began := time.Now()
	wait := f.begin(ctx, perSecond)
	for i, folder := range []string{without, with, without} {
		serial := int64(i) + 1
		if serial > 1 {
			push(folder, serial)
			live(serial)
		}
		for range 5 {
			f.copy(serial)
		}
		time.Sleep(700 * time.Millisecond) // it flows on under this serial
	}
	stop()
	wait()
	took := time.Since(began)
	t.Logf("%d ordinary events and %d copies in %s: %.0f events a second", f.sent, len(f.copies), took.Round(time.Millisecond), float64(f.sent)/took.Seconds())
	if t.Failed() {
		t.FailNow() // what was not sent cannot be decided
	}
	s.shipped = f.shipped
	s.settled(r)
	eventually(t, "the consumer is left with nothing", func() bool {
		lag, err := r.Gateway.Lag(patient(t))
		return err == nil && lag.Pending == 0 && lag.AckPending == 0
	})
	f.decided(revisions)
	if left := s.read(bus.StreamQuarantine); len(left) > 0 {
		t.Errorf("%d messages are in quarantine", len(left))
	}
}

// excusable is the attack, and what an entry of the folder excuses it by.
func excusable(t *testing.T, folder string) (policy.Canary, policy.Filling) {
	t.Helper()
	snapshot := candidateOf(t, Source{Path: folder}).snapshot
	canaries, scopes := snapshot.Canaries(), snapshot.Fillings()
	canary := slices.IndexFunc(canaries, func(c policy.Canary) bool { return c.Name == "unexpected_child" })
	scope := slices.IndexFunc(scopes, func(f policy.Filling) bool { return f.Entry == "by-hash" && f.Whole })
	if canary < 0 || scope < 0 {
		t.Fatal("there is no such attack, or no such entry")
	}
	return canaries[canary], scopes[scope]
}

// decided holds DECISIONS to one decision of each of the last four messages of a
// copy, and to none of anything else that was sent: they start the client, the
// service, its custom-action server, and what that runs. Each names the serial that
// decided it, and the attack is approved where that serial has the entry.
func (f *flow) decided(revisions map[int64]string) {
	t := f.t
	type place struct {
		host           string
		client, attack bool
	}
	places := map[uint64]place{}
	for host, c := range f.copies {
		for i, seq := range c.sequences[len(c.sequences)-4:] {
			places[seq] = place{host, i == 0, i == 3}
		}
	}
	decisions, under := map[uint64]int{}, map[int64]int{}
	for _, m := range f.s.read(bus.StreamDecisions) {
		log, err := finding.ReadDecisionLog(m.Data)
		if err != nil {
			t.Fatal(err)
		}
		at, known := places[log.Custom.Sequence]
		if !known || log.Custom.Record != 0 || log.Custom.Cause != "event" || log.Custom.Host != at.host {
			t.Errorf("message %d.%d of %s, %s: decided by %s", log.Custom.Sequence, log.Custom.Record, log.Custom.Host, log.Custom.What, log.Custom.Cause)
			continue
		}
		decisions[log.Custom.Sequence]++
		serial := log.Custom.Serials["governance"]
		if revision := revisions[serial]; revision == "" || log.Bundles["governance"].Revision != revision {
			t.Errorf("%s: serial %d with revision %q, want %q", at.host, serial, log.Bundles["governance"].Revision, revision)
		}
		if want := f.copies[at.host].serial; want != 0 && serial != want {
			t.Errorf("%s: decided by serial %d, though %d was active before it was sent", at.host, serial, want)
		}
		want, by, entry := policy.Expected, "", ""
		switch {
		case (at.client || at.attack) && serial == 2: // the package has the hash, too
			want, by = policy.Approved, "by-hash"
		case at.attack:
			want = policy.Alert
		}
		if a := log.Result.Approval; a != nil {
			entry = a.Entry
		}
		if log.Result.Disposition != want || entry != by {
			t.Errorf("%s under serial %d, %s: %s by %q, want %s by %q", at.host, serial, log.Custom.What, log.Result.Disposition, entry, want, by)
		}
		if at.attack {
			under[serial]++
		}
	}
	for seq, at := range places {
		if decisions[seq] != 1 {
			t.Errorf("message %d of %s has %d decisions", seq, at.host, decisions[seq])
		}
	}
	t.Logf("attacks by serial: %v", under)
	for serial := int64(1); serial <= 3; serial++ {
		if under[serial] < 5 {
			t.Errorf("serial %d decided %d attacks", serial, under[serial])
		}
	}
}
