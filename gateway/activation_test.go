package gateway

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/governance"
	"msigate/gateway/telemetry"
)

// desk is the way of a bundle without a gateway around it.
type desk struct {
	*activation
	t            testing.TB
	site         *site
	owner, other *person
	source       BundleConfig
	log          *logBuffer
}

// newDesk configures governance to come from a URL that is never asked, signed by
// owner, and starts.
func newDesk(t testing.TB) *desk {
	t.Helper()
	s := newSite(t)
	d := &desk{t: t, site: s, owner: newPerson(t, "owner"), other: newPerson(t, "other")}
	d.source = BundleConfig{Name: "governance", URL: "https://bundles.corp.example/g.tar.gz", Keys: []string{d.owner.public, d.other.public}}
	s.config.Bundles = []BundleConfig{d.source}
	d.start()
	return d
}

// start starts anew, on the same data folder and bus.
func (d *desk) start() {
	d.t.Helper()
	d.log = &logBuffer{}
	tel, err := telemetry.Setup(patient(d.t), telemetry.Options{Log: telemetry.Logging{Output: d.log}})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = tel.Shutdown(patient(d.t)) })
	h := newHealth(tel.Log, tel.Metrics)
	a, err := newActivation(d.site.conn, d.site.config, tel, openLedger(d.site.conn, d.site.config.auditFolder(), tel.Log, h), h)
	if err != nil {
		d.t.Fatal(err)
	}
	d.activation = a
	if err := a.start(patient(d.t)); err != nil {
		d.t.Fatal(err)
	}
}

// give offers a bundle as its source would.
func (d *desk) give(raw []byte) error {
	d.t.Helper()
	return d.offer(patient(d.t), offer{d.source, raw})
}

// active gives serial and revision of the governance that decides.
func (d *desk) active() (serial int64, revision string) {
	for _, stamp := range d.policy.Snapshot().Bundles() {
		if stamp.Name == "governance" {
			return stamp.Serial, stamp.Revision
		}
	}
	return -1, ""
}

// both are the owner's signature and the other's approval.
func (d *desk) both(serial int64) signing {
	return signing{serial: serial, by: d.owner, approvers: []*person{d.other}}
}

// stays holds that an offer is refused with an error that is wanted, is audited,
// and changes nothing that decides or is persisted.
func (d *desk) stays(raw []byte, is error, says ...string) {
	d.t.Helper()
	before, kept := d.policy.Snapshot(), d.kept
	n := len(d.site.changes())
	err := d.give(raw)
	if err == nil || is != nil && !errors.Is(err, is) || !containsAll(err.Error(), says) {
		d.t.Errorf("got %v, want %v saying %q", err, is, says)
	}
	if d.policy.Snapshot() != before {
		d.t.Error("it decides")
	}
	if a, err := d.store.Active(); err != nil || a.Bundles["governance"] != kept.Bundles["governance"] {
		d.t.Errorf("it is persisted: %+v, %v", a.Bundles, err)
	}
	if !d.degraded(reasonRefused) {
		d.t.Error("nobody sees that it was refused")
	}
	if all := d.site.changes(); len(all) != n+1 || all[n].Event != "refusal" || !containsAll(all[n].Detail, says) {
		d.t.Errorf("audit events since: %+v", all[n:])
	}
}

func (d *desk) degraded(reason string) bool {
	return slices.ContainsFunc(d.health.shown(), func(line string) bool { return strings.HasPrefix(line, reason+" ") })
}

// detail is what is said of a reason.
func (d *desk) detail(reason, about string) string {
	d.health.mu.Lock()
	defer d.health.mu.Unlock()
	return d.health.reasons[degradedKey{reason, about}].Detail
}

// wider is the governance built in with an entry more; narrower, with one less.
func wider(t testing.TB) string {
	t.Helper()
	folder := governanceFolder(t)
	entry(t, folder, "by-hash", "sha256: [\"0d5a3f0c1b2e4d6f8a9b0c1d2e3f4a5b6c7d8e9f00112233445566778899aabb\"]\ndeployment_tools: [configuration-manager]")
	return folder
}

func TestSignedBundleBecomesActiveAndSurvivesARestart(t *testing.T) {
	d := newDesk(t)
	if !d.degraded(reasonBuiltIn) {
		t.Error("nobody sees that the source has given nothing")
	}
	raw := signed(t, wider(t), d.both(7))
	if err := d.give(raw); err != nil {
		t.Fatal(err)
	}
	serial, revision := d.active()
	if serial != 7 || d.health.shown() != nil && len(d.health.shown()) > 0 {
		t.Errorf("serial %d, degraded: %q", serial, d.health.shown())
	}
	if err := d.give(raw); err != nil {
		t.Errorf("the same once more: %v", err)
	}
	all := d.site.changes()
	last := all[len(all)-1]
	if len(all) != 2 || last.Event != "activation" || len(last.Changed) != 1 || last.TraceID == "" {
		t.Fatalf("audit events: %+v", all)
	}
	if c := last.Changed[0]; c.Serial != 7 || c.SignedBy != d.owner.id() || !slices.Equal(c.ApprovedBy, []string{d.other.id()}) || !c.Widens || c.Changes == "" || c.SHA256 != governance.Digest(raw) {
		t.Errorf("audited: %+v", c)
	}
	d.start()
	if s, r := d.active(); s != 7 || r != revision || d.degraded(reasonBuiltIn) {
		t.Errorf("after a restart without its source: serial %d, %q", s, d.health.shown())
	}
}

func TestOnePersonCannotWiden(t *testing.T) {
	d := newDesk(t)
	folder := wider(t)
	d.stays(signed(t, folder, signing{serial: 1, by: d.owner}), errSecondPerson, "serial 1", "hint: msigate bundle approve")
	d.stays(signed(t, folder, signing{serial: 2, by: d.owner, approvers: []*person{d.owner}}), errSecondPerson)
	if err := d.give(signed(t, governanceFolder(t), signing{serial: 3, by: d.owner})); err != nil {
		t.Errorf("what widens nothing needs one person: %v", err)
	}
	if err := d.give(signed(t, folder, d.both(4))); err != nil {
		t.Errorf("two persons: %v", err)
	}
	no := false
	d.source.SecondPerson = &no
	entry(t, folder, "by-another-hash", "sha256: [\"1d5a3f0c1b2e4d6f8a9b0c1d2e3f4a5b6c7d8e9f00112233445566778899aabb\"]\ndeployment_tools: [configuration-manager]")
	if err := d.give(signed(t, folder, signing{serial: 5, by: d.owner})); err != nil {
		t.Errorf("where the configuration asks for one: %v", err)
	}
}

// Whoever turns back the disk or the bucket turns back one of two floors.
func TestNoFloorIsTurnedBack(t *testing.T) {
	d := newDesk(t)
	old := signed(t, governanceFolder(t), d.both(3))
	if err := d.give(old); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(copied, os.DirFS(d.site.config.DataDir)); err != nil {
		t.Fatal(err)
	}
	if err := d.give(signed(t, wider(t), d.both(9))); err != nil {
		t.Fatal(err)
	}
	d.stays(old, governance.ErrSerial)
	d.stays(signed(t, governanceFolder(t), d.both(9)), governance.ErrSerial)

	states, err := bus.OpenState(patient(t), d.site.conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := states.Delete(patient(t), bus.StateBundles+"governance", 0); err != nil {
		t.Fatal(err)
	}
	d.start()
	if serial, _ := d.active(); serial != 9 {
		t.Errorf("serial %d decides", serial)
	}
	d.stays(old, governance.ErrSerial)

	// With the archive damaged and the bucket's floor gone, what is left is the disk's.
	damage := func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join(d.site.config.BundlesFolder(), "governance", "*.tar.gz"))
		if err != nil || len(files) != 1 {
			t.Fatalf("%q, %v", files, err)
		}
		if err := os.WriteFile(files[0], []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	damage(t)
	if err := states.Delete(patient(t), bus.StateBundles+"governance", 0); err != nil {
		t.Fatal(err)
	}
	d.start()
	if serial, _ := d.active(); serial != 0 {
		t.Errorf("serial %d decides", serial)
	}
	d.stays(old, governance.ErrSerial)
	if err := d.give(signed(t, wider(t), d.both(9))); err != nil {
		t.Fatal(err)
	}

	// The bucket has it again from the disk, and then the disk is turned back.
	d.site.config.DataDir = copied
	d.start()
	if serial, _ := d.active(); serial != 0 || !d.degraded(reasonRefused) {
		t.Errorf("serial %d decides, degraded %q", serial, d.health.shown())
	}
	d.stays(old, governance.ErrSerial)
}

// What a stream that was made anew forgets is what was known of its hosts.
func TestFloorOutlivesAStreamThatIsMadeAnew(t *testing.T) {
	d := newDesk(t)
	if err := d.give(signed(t, governanceFolder(t), d.both(3))); err != nil {
		t.Fatal(err)
	}
	g := d.site.start(d.site.config, d.policy, d.site.server.URL())
	if err := g.beginAfresh(patient(t), "a test says so"); err != nil {
		t.Fatal(err)
	}
	g.end(t)
	states, err := bus.OpenState(patient(t), d.site.conn)
	if err != nil {
		t.Fatal(err)
	}
	if entry, there, err := states.Get(patient(t), bus.StateBundles+"governance"); err != nil || !there || !strings.Contains(string(entry.Value), `"serial":3`) {
		t.Errorf("the floor is %q, %v, %v", entry.Value, there, err)
	}
}

func TestPersistedBundleThatCannotBeBelievedIsRefusedAndNamed(t *testing.T) {
	tests := []struct {
		name   string
		change func(t *testing.T, d *desk)
		want   string
	}{
		{"a byte of the archive", func(t *testing.T, d *desk) {
			files, err := filepath.Glob(filepath.Join(d.site.config.BundlesFolder(), "governance", "*.tar.gz"))
			if err != nil || len(files) != 1 {
				t.Fatalf("%q, %v", files, err)
			}
			raw, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			raw[len(raw)/2] ^= 1
			if err := os.WriteFile(files[0], raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "is not what was written: its SHA-256 is"},
		{"the list", func(t *testing.T, d *desk) {
			if err := os.WriteFile(filepath.Join(d.site.config.BundlesFolder(), "active.json"), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "active.json is not what was written"},
		{"its key was taken out of the configuration", func(_ *testing.T, d *desk) {
			d.site.config.Bundles[0].Keys = []string{d.other.public}
			d.source.Keys = d.site.config.Bundles[0].Keys
		}, "none of those that may sign it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t)
			if err := d.give(signed(t, wider(t), d.both(7))); err != nil {
				t.Fatal(err)
			}
			test.change(t, d)
			d.start()
			if serial, _ := d.active(); serial != 0 || !strings.Contains(d.detail(reasonRefused, "governance"), test.want) || !d.degraded(reasonBuiltIn) {
				t.Errorf("serial %d decides, degraded: %q", serial, d.health.shown())
			}
			if all := d.site.changes(); !slices.ContainsFunc(all, func(e auditEvent) bool { return e.Event == "refusal" && strings.Contains(e.Detail, test.want) }) {
				t.Errorf("no audit event says %q: %+v", test.want, all)
			}
			if !strings.Contains(d.log.String(), "a persisted bundle is refused") {
				t.Error("the log does not say it")
			}
			by := signing{serial: 8, by: d.other, approvers: []*person{d.owner}}
			d.source.Approvers = []string{d.owner.public, d.other.public}
			if err := d.give(signed(t, wider(t), by)); err != nil {
				t.Errorf("the source gives it anew: %v", err)
			}
		})
	}
}

// Each file and each step on the way to the disk.
func TestFullDiskRefusesAndTheNextTryTakesIt(t *testing.T) {
	for _, full := range []string{"stage half written", "stage synced", "commit half written", "commit synced"} {
		t.Run(full, func(t *testing.T) {
			d := newDesk(t)
			activationStep = func(step string) error {
				if step == full {
					return syscall.ENOSPC
				}
				return nil
			}
			t.Cleanup(func() { activationStep = nil })
			raw := signed(t, wider(t), d.both(2))
			before := d.policy.Snapshot()
			if err := d.give(raw); !errors.Is(err, syscall.ENOSPC) || d.policy.Snapshot() != before {
				t.Fatalf("got %v", err)
			}
			d.start() // an end at this moment leaves what was
			if serial, _ := d.active(); serial != 0 {
				t.Errorf("serial %d after a restart", serial)
			}
			if err := d.give(raw); !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			activationStep = nil
			d.tendOnce(patient(t))
			if serial, _ := d.active(); serial != 2 || d.degraded(reasonRefused) {
				t.Errorf("with room again: serial %d, degraded %q\n%s", serial, d.health.shown(), d.log)
			}
		})
	}
}

func TestClockThatJumpsNeitherEndsNorRevivesABundle(t *testing.T) {
	d := newDesk(t)
	began := time.Now()
	hour := func(n int) time.Time { return began.Add(time.Duration(n) * time.Hour) }
	at := began
	d.now = func() time.Time { return at }
	s := d.both(2)
	s.notAfter = hour(24)
	if err := d.give(signed(t, wider(t), s)); err != nil {
		t.Fatal(err)
	}
	for n, past := range map[int]bool{23: false, 25: true, 24 * 365: true} {
		at = hour(n)
		d.checkActive()
		if serial, _ := d.active(); serial != 2 || d.degraded(reasonNotAfter) != past {
			t.Errorf("after %d hours: serial %d, degraded %q", n, serial, d.health.shown())
		}
	}
	at = hour(1)
	d.checkActive()
	if d.degraded(reasonNotAfter) {
		t.Errorf("the clock is right again: %q", d.health.shown())
	}
	// What was no longer to be taken when the last one became active is not to be
	// taken by turning the clock back.
	at = hour(20)
	s.serial, s.notAfter = 3, hour(48)
	if err := d.give(signed(t, wider(t), s)); err != nil {
		t.Fatal(err)
	}
	at = hour(-100)
	s.serial, s.notAfter = 4, hour(10)
	d.stays(signed(t, wider(t), s), nil, "not_after")
	at = hour(49)
	d.site.config.Bundles[0] = d.source
	d.start()
	d.now = func() time.Time { return at }
	d.checkActive()
	if serial, _ := d.active(); serial != 3 || !d.degraded(reasonNotAfter) {
		t.Errorf("after a restart: serial %d, degraded %q", serial, d.health.shown())
	}
}

func TestKeyThatIsTakenOutIsSeenWithoutARestart(t *testing.T) {
	d := newDesk(t)
	if err := d.give(signed(t, wider(t), d.both(2))); err != nil {
		t.Fatal(err)
	}
	d.config.Bundles = []BundleConfig{d.source}
	d.config.Bundles[0].Keys = []string{d.other.public}
	d.tendOnce(patient(t))
	if serial, _ := d.active(); serial != 2 || !d.degraded(reasonKeys) {
		t.Errorf("serial %d, degraded %q", serial, d.health.shown())
	}
	all := d.site.changes()
	if last := all[len(all)-1]; last.Event != "keys" || !strings.Contains(last.Detail, d.owner.id()) {
		t.Errorf("audit: %+v", last)
	}
}

// A key that expires ends nothing that it signed while it counted, as a not_after
// does not; nobody may learn of it by a restart that takes the approvals away.
func TestKeyThatExpiresIsSeenAndItsBundleOutlivesARestart(t *testing.T) {
	d := newDesk(t)
	if err := d.give(signed(t, wider(t), d.both(2))); err != nil {
		t.Fatal(err)
	}
	d.owner.rewrite(t, func(public string) string { return "Expires: 2026-01-31\n" + public })
	d.tendOnce(patient(t))
	for _, when := range []string{"while it runs", "after a restart"} {
		if serial, _ := d.active(); serial != 2 || !d.degraded(reasonKeys) || !strings.Contains(d.detail(reasonKeys, "governance"), "which expired on 2026-01-31; it still decides") {
			t.Errorf("%s: serial %d, degraded %q", when, serial, d.health.shown())
		}
		d.start()
	}
	d.stays(signed(t, wider(t), d.both(3)), governance.ErrKey, "which expired on 2026-01-31")
}

// Of a source whose keys cannot be read nothing can become active: that is told
// before anything comes from it.
func TestKeyThatCannotBeReadIsToldBeforeABundleComes(t *testing.T) {
	d := newDesk(t)
	if d.degraded(reasonKeys) {
		t.Fatalf("degraded %q", d.health.shown())
	}
	d.site.config.Bundles[0].Keys = []string{d.owner.public, t.TempDir()}
	d.start()
	if !d.degraded(reasonKeys) || !strings.Contains(d.detail(reasonKeys, "governance"), "read the keys of bundle governance") {
		t.Errorf("degraded %q", d.health.shown())
	}
	d.config.Bundles = []BundleConfig{d.source}
	d.tendOnce(patient(t))
	if d.degraded(reasonKeys) {
		t.Errorf("once it can be read: degraded %q", d.health.shown())
	}
}

// A bundle may come before the key that signed it, or while a key file is replaced.
func TestBundleThatCameBeforeItsKeyBecomesActiveWithIt(t *testing.T) {
	d := newDesk(t)
	third := newPerson(t, "third")
	raw := signed(t, wider(t), signing{serial: 2, by: third, approvers: []*person{d.other}})
	d.stays(raw, governance.ErrKey)
	text, err := os.ReadFile(third.public)
	if err != nil {
		t.Fatal(err)
	}
	d.owner.rewrite(t, func(string) string { return string(text) })
	d.tendOnce(patient(t))
	if serial, _ := d.active(); serial != 2 || d.degraded(reasonRefused) {
		t.Errorf("with its key: serial %d, degraded %q", serial, d.health.shown())
	}
	if err := os.Remove(d.owner.public); err != nil {
		t.Fatal(err)
	}
	next := signed(t, wider(t), signing{serial: 3, by: third, approvers: []*person{d.other}})
	if err := d.give(next); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("without its key: %v", err)
	}
	d.owner.rewrite(t, func(string) string { return string(text) })
	d.tendOnce(patient(t))
	if serial, _ := d.active(); serial != 3 || d.degraded(reasonRefused) {
		t.Errorf("with its key again: serial %d, degraded %q", serial, d.health.shown())
	}
}

// The same refusal, offered again and again, is one audit event.
func TestRefusalThatComesAgainIsSaidOnce(t *testing.T) {
	d := newDesk(t)
	raw := signed(t, wider(t), signing{serial: 1, by: d.owner})
	for range 3 {
		if err := d.give(raw); !errors.Is(err, errSecondPerson) {
			t.Fatal(err)
		}
	}
	all := d.site.changes()
	if n := len(slices.DeleteFunc(all, func(e auditEvent) bool { return e.Event != "refusal" })); n != 1 {
		t.Errorf("%d audit events", n)
	}
	if err := d.give(signed(t, wider(t), d.both(2))); err != nil || d.degraded(reasonRefused) {
		t.Errorf("%v, degraded %q", err, d.health.shown())
	}
}

func TestBundleThatBlindsIsRefusedOnItsWay(t *testing.T) {
	d := newDesk(t)
	t.Run("an entry scoped so that fixed canaries miss it", func(t *testing.T) {
		b, err := governance.Build(os.DirFS(governanceFolder(t)), governance.Options{})
		if err != nil {
			t.Fatal(err)
		}
		// By hand, since no build would make it: users' own folders are a source.
		document := b.Content.Data["governance"].(map[string]any)
		index := document["index"].(map[string]any)
		index["deployment_tools"].(map[string]any)["image"].(map[string]any)[`c:\tools\deploy.exe`] = map[string]any{"configuration-manager": true}
		index["sources"].(map[string]any)["folder"].(map[string]any)[`c:\users`] = map[string]any{"configuration-manager-cache": true}
		document["deployment_tools"].(map[string]any)["configuration-manager"].(map[string]any)["started_by_service"] = false
		var archive bytes.Buffer
		if err := b.WriteArchive(&archive); err != nil {
			t.Fatal(err)
		}
		if b, err = governance.ReadArchive(&archive, "governance"); err != nil { // its content is another now
			t.Fatal(err)
		}
		d.stays(signedBundle(t, b, d.both(5)), nil, "entries of the governance data hide", "configuration-manager-content")
	})
	policyOffer := BundleConfig{Name: "policy", Path: "policies", AllowUnsigned: true}
	for name, change := range map[string]func(t *testing.T, folder string){
		"canaries dropped, and what they prove": func(t *testing.T, folder string) {
			for _, gone := range []string{"canaries", "an0940/signals/shell_child"} {
				if err := os.RemoveAll(filepath.Join(folder, gone)); err != nil {
					t.Fatal(err)
				}
			}
		},
		"canaries weakened": func(t *testing.T, folder string) {
			edit(t, folder, "canaries/shell_child/data.yaml", "least: alert", "least: review")
			edit(t, folder, "an0940/signals/shell_child/shell_child.rego", "else := \"alert\"", "else := \"review\"")
		},
		"a narrowed scope": func(t *testing.T, folder string) { narrowScope(t, folder) },
	} {
		t.Run(name, func(t *testing.T) {
			folder := policyFolder(t)
			change(t, folder)
			raw, err := governance.ReadFile(folder, "policy")
			if err != nil {
				t.Fatal(err)
			}
			before := d.policy.Snapshot()
			err = d.offer(patient(t), offer{policyOffer, raw})
			if err == nil || !containsAll(err.Error(), []string{"the policy is refused, it misses", "canaries"}) || d.policy.Snapshot() != before {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A real gateway, a real web server: what it gives is taken, what it gives that is
// no bundle changes nothing, and everybody can see.
func TestGatewayFollowsAWebServerAndSaysWhenItCannot(t *testing.T) {
	s := newSite(t)
	owner, other := newPerson(t, "owner"), newPerson(t, "other")
	archive := func(folder string, serial int64) []byte {
		return signed(t, folder, signing{serial: serial, by: owner, approvers: []*person{other}})
	}
	give := make(chan func(http.ResponseWriter), 1)
	var now func(http.ResponseWriter)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		select {
		case now = <-give:
		default:
		}
		now(w)
	}))
	defer server.Close()
	bundle := func(raw []byte) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { _, _ = w.Write(raw) }
	}
	folder := governanceFolder(t)
	edit(t, folder, "installers.yaml", approving, notApproving)
	give <- bundle(archive(folder, 1))
	s.config.Bundles = []BundleConfig{{Name: "governance", URL: server.URL + "/g.tar.gz", Keys: []string{owner.public, other.public}, PollInterval: 50 * time.Millisecond}}
	s.config.HTTP.Listen = "127.0.0.1:0"
	r := s.run()
	const host = "ws01.corp.example"
	install := managedInstall(host)
	eventually(t, "serial 1 decides", func() bool { return strings.Contains(r.log.String(), "serial 1 (") })
	if got := s.shipAll(r, host, install...); got.Disposition != "review" {
		t.Errorf("under serial 1: %+v", got)
	}
	edit(t, folder, "installers.yaml", notApproving, approving)
	before := r.Policy.Snapshot()
	give <- bundle(archive(folder, 2))
	awaitRevision(t, r, before)
	if got := s.shipAll(r, host, install[2]); got.Disposition != "approved" {
		t.Errorf("under serial 2: %+v", got)
	}
	before = r.Policy.Snapshot()
	give <- func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>Sign in"))
	}
	r.awaitLog(t, "degraded", "source_unreachable", "it is a web page")
	for name, want := range map[string]string{"/healthz": `"status":"degraded"`, "/metrics": `msigate_degraded{reason="source_unreachable"} 1`, "/readyz": `"ready":true`} {
		if got := fetch(t, "http://"+r.HTTP+name); !strings.Contains(got, want) {
			t.Errorf("%s does not say %s:\n%s", name, want, got)
		}
	}
	s.shipAll(r, host, attack(host, 99))
	verdicts := s.verdicts()
	last := verdicts[len(verdicts)-1].Finding.Unmapped.Msigate
	if len(last.Degraded) != 1 || !strings.HasPrefix(last.Degraded[0], "source_unreachable (governance) since ") {
		t.Errorf("the finding says %q", last.Degraded)
	}
	if r.Policy.Snapshot() != before {
		t.Error("a web page became active")
	}
	give <- bundle(archive(folder, 2))
	r.awaitLog(t, "not degraded any more", "source_unreachable")
	if got := fetch(t, "http://"+r.HTTP+"/healthz"); !strings.Contains(got, `"status":"ok"`) {
		t.Errorf("/healthz says %s", got)
	}
	// An event that the stream has not taken when the gateway ends waits on the disk.
	ctx := patient(t)
	for _, want := range []string{"degraded source_unreachable", "recovered source_unreachable"} {
		var told []string
		for !slices.Contains(told, want) && ctx.Err() == nil {
			told = nil
			for _, e := range s.audits() {
				told = append(told, e.Event+" "+strings.SplitN(e.Detail, " ", 2)[0])
			}
		}
		if !slices.Contains(told, want) {
			t.Errorf("no audit event %s: %q", want, told)
		}
	}
}

// A new binary brings new canaries: what is persisted is tried under them, and
// decides meanwhile.
func TestPersistedEntriesThatWereNotTriedAreTriedWhileTheyDecide(t *testing.T) {
	d := newDesk(t)
	if err := d.give(signed(t, wider(t), d.both(2))); err != nil {
		t.Fatal(err)
	}
	kept := d.kept
	kept.Tried = "what another binary's canaries were"
	if err := d.store.Commit(kept); err != nil {
		t.Fatal(err)
	}
	bound := startTrial
	startTrial = 0
	t.Cleanup(func() { startTrial = bound })
	d.start()
	if serial, _ := d.active(); serial != 2 || !d.degraded(reasonCanaries) {
		t.Errorf("serial %d, degraded %q", serial, d.health.shown())
	}
	d.tendOnce(patient(t))
	if serial, _ := d.active(); serial != 2 || d.degraded(reasonCanaries) {
		t.Errorf("once they are tried: serial %d, degraded %q", serial, d.health.shown())
	}
	startTrial = bound
	d.start()
	if d.degraded(reasonCanaries) {
		t.Errorf("it is not remembered that they were tried: %q", d.health.shown())
	}

	t.Run("one hides a canary", func(t *testing.T) {
		d.policy.swap(untriedOf(t, d))
		d.tendOnce(patient(t))
		if serial, _ := d.active(); serial != 0 || !d.degraded(reasonRefused) || d.degraded(reasonCanaries) {
			t.Errorf("serial %d, degraded %q", serial, d.health.shown())
		}
	})
}

// untriedOf is what decides, under a policy that lets an entry excuse too much.
func untriedOf(t *testing.T, d *desk) *active {
	t.Helper()
	folder := policyFolder(t)
	const strong = "carries(_, facts) if {\n\tcount(facts & own_facts) > 0\n\tcount(facts & situational) > 0\n}"
	edit(t, folder, "lib/approvals/carried.rego", strong, strong+"\n\ncarries(_, facts) if \"deployment_tool\" in facts")
	anyFactLeads(t, folder)
	return candidateOf(t, Source{Path: folder})
}
