package gateway

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/policy"
)

const (
	approving    = "    sources: [configuration-manager-cache]"
	notApproving = "    sources: [intune-line-of-business, intune-win32-content]"
)

// managedInstall are the events of a managed install on a host: Configuration
// Manager starts the installer, and the installer a program of the product.
// The last one is a review unless an entry explains it.
func managedInstall(host string) [][]byte {
	const ccm = `C:\Windows\CCM\CcmExec.exe`
	const line = `msiexec.exe /i C:\Windows\ccmcache\7\orchard.msi /qn`
	return [][]byte{
		started(host, 1, ccm, ccm, `C:\Windows\System32\services.exe`, `C:\Windows\System32\services.exe`, 9000).json(),
		started(host, 2, msiexec, line, ccm, ccm, 1).json(),
		started(host, 3, `C:\Program Files\Orchard\agent.exe`, `agent.exe --register`, msiexec, line, 2).json(),
	}
}

// watched runs a gateway on a watched folder of one bundle.
func watched(t testing.TB, name, folder string) (*site, *gatewayRun) {
	t.Helper()
	s := newSite(t)
	s.config.Bundles = []BundleConfig{{Name: name, Path: folder, Watch: true, AllowUnsigned: true}}
	r := s.run()
	r.awaitLog(t, "the bundles are the same") // the watch has begun
	return s, r
}

// shipAll ships events of a host and gives the last one's decision.
func (s *site) shipAll(r *gatewayRun, host string, events ...[]byte) policy.Answer {
	s.t.Helper()
	for _, event := range events {
		s.ship(host, event)
	}
	s.settled(r)
	logs := s.decisions()[s.shipped]
	if len(logs) != 1 {
		s.t.Fatalf("the last event has %d decisions", len(logs))
	}
	return logs[0].Result
}

// awaitRevision waits until another Snapshot is active.
func awaitRevision(t testing.TB, r *gatewayRun, before *policy.Snapshot) {
	t.Helper()
	eventually(t, "the changed bundle is active", func() bool { return r.Policy.Snapshot() != before })
}

// audits are all audit events, in order.
func (s *site) audits() []auditEvent {
	s.t.Helper()
	var all []auditEvent
	for _, m := range s.read(bus.StreamAudit) {
		var e auditEvent
		if err := json.Unmarshal(m.Data, &e); err != nil {
			s.t.Fatal(err)
		}
		if m.Subject != bus.AuditSubject(e.Event) || e.Time.IsZero() || len(e.Bundles) != 2 && e.Event != "refusal" { // of a start, when nothing decides yet
			s.t.Errorf("%s: %s", m.Subject, m.Data)
		}
		all = append(all, e)
	}
	return all
}

// auditsOf are those of one kind, without what else may be in the stream.
func (s *site) auditsOf(event string) []auditEvent {
	s.t.Helper()
	var all []auditEvent
	for _, m := range s.read(bus.StreamAudit) {
		if m.Subject != bus.AuditSubject(event) {
			continue
		}
		var e auditEvent
		if err := json.Unmarshal(m.Data, &e); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// changes are the audit events without those of the gateway's health.
func (s *site) changes() []auditEvent {
	s.t.Helper()
	return slices.DeleteFunc(s.audits(), func(e auditEvent) bool { return e.Event == "degraded" || e.Event == "recovered" })
}

func TestChangedGovernanceDecidesTheNextCopyOfTheSameEvent(t *testing.T) {
	folder := governanceFolder(t)
	edit(t, folder, "installers.yaml", approving, notApproving)
	s, r := watched(t, "governance", folder)
	const host = "ws01.corp.example"
	install := managedInstall(host)
	first := s.shipAll(r, host, install...)
	if first.Disposition != policy.Review {
		t.Fatalf("before the change: %+v", first)
	}
	if !slices.ContainsFunc(first.NearMisses, func(n policy.NearMiss) bool { return n.Entry == "configuration-manager-content" }) {
		t.Errorf("the entry is no near miss: %+v", first.NearMisses)
	}

	before := r.Policy.Snapshot()
	edit(t, folder, "installers.yaml", notApproving, approving)
	awaitRevision(t, r, before)
	second := s.shipAll(r, host, install[2])
	if second.Disposition != policy.Approved || second.Approval == nil || second.Approval.Entry != "configuration-manager-content" {
		t.Errorf("after the change: %+v", second)
	}
	r.awaitLog(t, "policy active", "governance", "5 installers")
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range s.audits() {
		told = append(told, e.Event)
	}
	if !slices.Equal(told, []string{"activation", "activation"}) {
		t.Errorf("audit events: %v", told)
	}
	logs := s.decisions()
	stamps := map[string]bool{}
	for _, log := range logs {
		stamps[fmt.Sprint(log[0].Bundles)] = true
	}
	if len(stamps) != 2 {
		t.Errorf("decisions under two Snapshots carry %d sets of revisions", len(stamps))
	}
}

func TestBrokenGovernanceChangesNothingAndTheLogSaysWhere(t *testing.T) {
	folder := governanceFolder(t)
	s, r := watched(t, "governance", folder)
	const host = "ws01.corp.example"
	install := managedInstall(host)
	if got := s.shipAll(r, host, install...); got.Disposition != policy.Approved {
		t.Fatalf("before: %+v", got)
	}
	path := filepath.Join(folder, "installers.yaml")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before := r.Policy.Snapshot()
	head, _, _ := strings.Cut(string(whole), "deployment_tools: [configuration-manager,")
	half := head + "deployment_tools: [configuration-man"
	broken := []struct {
		text string
		line int
	}{
		{half, strings.Count(half, "\n")}, // an editor that is not done; YAML says where the entry's last whole line ends
		{strings.Replace(string(whole), approving, "    sauces: [configuration-manager-cache]", 1), strings.Count(string(whole)[:strings.Index(string(whole), approving)], "\n") + 1},
	}
	for _, b := range broken {
		if err := os.WriteFile(path, []byte(b.text), 0o600); err != nil {
			t.Fatal(err)
		}
		r.awaitLog(t, "bundles refused; the policy that was active stays", fmt.Sprintf("installers.yaml:%d:", b.line))
		if got := s.shipAll(r, host, install[2]); got.Disposition != policy.Approved || r.Policy.Snapshot() != before {
			t.Errorf("a folder that does not build changed something: %+v", got)
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the mended folder is found the same", func() bool { return strings.Count(r.log.String(), "the bundles are the same") == 2 })
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	all := s.changes()
	if len(all) != 3 || all[1].Event != "refusal" || all[2].Event != "refusal" {
		t.Fatalf("audit events: %+v", all)
	}
	for i, e := range all[1:] {
		if !strings.Contains(e.Detail, fmt.Sprintf("installers.yaml:%d:", broken[i].line)) || !slices.Equal(e.Bundles, before.Bundles()) {
			t.Errorf("audit event %d: %+v", i, e)
		}
	}
}

func TestReloadedPolicyThatMissesACanaryIsRefusedNamingIt(t *testing.T) {
	folder := policyFolder(t)
	s, r := watched(t, "policy", folder)
	const host = "ws01.corp.example"
	before := r.Policy.Snapshot()
	edit(t, folder, "an0940/signals/shell_child/shell_child.rego", "	programs.shell\n	started\n", "	programs.shell\n	started\n	input.process.image == \"c:\\\\nowhere.exe\"\n")
	r.awaitLog(t, "bundles refused; the policy that was active stays", "misses", "shell_child (")
	if got := s.shipAll(r, host, attack(host, 1)); got.Disposition != policy.Alert || r.Policy.Snapshot() != before {
		t.Errorf("a policy that is blind was taken: %+v", got)
	}
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	if all := s.changes(); len(all) != 2 || all[1].Event != "refusal" || !strings.Contains(all[1].Detail, "shell_child (") {
		t.Errorf("audit events: %+v", all)
	}
}

// Nobody can know when the watch begins: what changes before it counts too.
func TestChangeRightAfterTheStartIsSeen(t *testing.T) {
	folder := governanceFolder(t)
	s := newSite(t)
	s.config.Bundles = []BundleConfig{{Name: "governance", Path: folder, Watch: true, AllowUnsigned: true}}
	r := s.run()
	first := r.Policy.Snapshot()
	edit(t, folder, "installers.yaml", approving, notApproving)
	awaitRevision(t, r, first)
}

func TestEventsUnderWayDuringReloadsAreDecidedOnce(t *testing.T) {
	folder := governanceFolder(t)
	s, r := watched(t, "governance", folder)
	want := map[uint64]bool{}
	changes := []string{notApproving, approving}
	was := approving
	for n := range 200 {
		host := fmt.Sprintf("ws%02d.corp.example", n%5)
		want[s.ship(host, attack(host, n))] = true
		if n%50 == 25 {
			next := changes[(n/50)%2]
			before := r.Policy.Snapshot()
			edit(t, folder, "installers.yaml", was, next)
			was = next
			for r.Policy.Snapshot() == before {
				n++
				want[s.ship(host, attack(host, 1000*n))] = true
				time.Sleep(5 * time.Millisecond)
			}
		}
	}
	s.settled(r)
	decidedOnce(t, s.conn, want)
}
