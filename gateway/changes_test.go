package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/governance"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// keyFile makes a key pair; the public one is a file.
func keyFile(t testing.TB, name string) (*governance.SigningKey, string) {
	t.Helper()
	key, err := governance.NewSigningKey(name, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	public := filepath.Join(folder, name+".pub.pem")
	if err := key.WriteFiles(filepath.Join(folder, name+".pem"), public); err != nil {
		t.Fatal(err)
	}
	return key, public
}

// changing is a site whose governance has an entry by hash and change window, and
// whose hosts are in the group lab.
type changing struct {
	*site
	opener, approver, stranger *governance.SigningKey
	keys                       governance.Keys
	store                      *ChangeStore
	files                      []string
}

func newChanging(t testing.TB) *changing {
	t.Helper()
	folder := governanceFolder(t)
	path := filepath.Join(folder, "installers.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	text = fmt.Appendf(text, "\n  - id: by-window\n    title: Entry of a test\n    owner: endpoint-engineering\n    reason: A change window stands beside its hash.\n    created: %s\n    expires: %s\n    sha256: [%q]\n    change_window: true\n",
		now.AddDate(0, 0, -2).Format(time.DateOnly), now.AddDate(0, 0, 100).Format(time.DateOnly), fmt.Sprintf("%064x", 3))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	c := &changing{site: newSite(t)}
	var openerFile, approverFile string
	c.opener, openerFile = keyFile(t, "opener")
	c.approver, approverFile = keyFile(t, "approver")
	c.stranger, _ = keyFile(t, "stranger")
	c.files = []string{openerFile, approverFile}
	c.config.Bundles = []BundleConfig{{Name: "governance", Path: folder, AllowUnsigned: true}}
	c.config.Changes.Keys = c.files
	c.config.Hosts.DNSSuffixes = []string{"corp.example"}
	if c.keys, err = ReadChangeKeys(c.files); err != nil {
		t.Fatal(err)
	}
	if c.store, err = OpenChangeStore(patient(t), c.conn, c.keys); err != nil {
		t.Fatal(err)
	}
	hosts, err := OpenHostStore(patient(t), c.conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hosts.Import(patient(t), []governance.Host{
		{Host: "ws01.corp.example", Groups: []string{"lab"}, Source: "cmdb", Imported: now},
		{Host: "ws02", Groups: []string{"finance"}, Source: "cmdb", Imported: now},
	}, HostImport{Source: "cmdb", By: "tester"}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *changing) change(ticket string) governance.Change {
	now := time.Now().UTC().Truncate(time.Second)
	return governance.Change{
		Ticket: ticket, HostGroup: "lab", Packages: []string{"orchard.msi"},
		From: now.Add(-time.Hour), Until: now.Add(3 * time.Hour), OpenedAt: now,
	}
}

// userInstall is an install that a user began; the last event is a program that the
// package starts, with the hash that the entry lists.
func userInstall(host string) [][]byte {
	const explorer, line = `C:\Windows\explorer.exe`, `msiexec.exe /i D:\stage\orchard.msi /qn`
	return [][]byte{
		started(host, 2, msiexec, line, explorer, explorer, 1).json(),
		started(host, 3, `C:\Program Files\Orchard\agent.exe`, `agent.exe --register`, msiexec, line, 2).json(),
	}
}

func (c *changing) decide(r *gatewayRun, host string) policy.Answer {
	c.t.Helper()
	return c.shipAll(r, host, userInstall(host)...)
}

func (c *changing) approved(t testing.TB, ticket string) {
	t.Helper()
	if _, err := c.store.Open(patient(t), c.change(ticket), c.opener); err != nil {
		t.Fatal(err)
	}
	if _, err := c.store.Approve(patient(t), ticket, c.approver); err != nil {
		t.Fatal(err)
	}
}

func (c *changing) put(t testing.TB, key string, value []byte) {
	t.Helper()
	revision := uint64(0)
	if e, err := c.store.bucket.Latest(patient(t), key); err == nil {
		revision = e.Revision
	}
	if _, err := c.store.bucket.Put(patient(t), key, value, revision); err != nil {
		t.Fatal(err)
	}
}

func (c *changing) counting(r *gatewayRun, n int) {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("%d change windows count", n), func() bool { return r.Gateway.changes.index.Load().size() == n })
}

// quarantined tells whether n records are in quarantine.
func (c *changing) quarantined(n int) func() bool {
	return func() bool {
		last, err := bus.LastSequence(patient(c.t), c.conn, bus.StreamQuarantine)
		return err == nil && last >= uint64(n)
	}
}

func failed(a policy.Answer) []string {
	for _, n := range a.NearMisses {
		if n.Entry == "by-window" {
			return n.Failed
		}
	}
	return nil
}

func TestAWindowIsSeenByTheNextEvaluationAndGoneWithItsClosing(t *testing.T) {
	c := newChanging(t)
	r := c.run()
	if a := c.decide(r, "ws01.corp.example"); a.Disposition != policy.Review || !slices.Equal(failed(a), []string{"change_window"}) {
		t.Fatalf("without a window: %s, near misses %+v", a.Disposition, a.NearMisses)
	}
	if _, err := c.store.Open(patient(t), c.change("CHG-1"), c.opener); err != nil {
		t.Fatal(err)
	}
	r.awaitLog(t, "waits for its approval", "CHG-1")
	if a := c.decide(r, "ws01.corp.example"); a.Disposition != policy.Review {
		t.Errorf("without its approval: %+v", a)
	}
	if _, err := c.store.Approve(patient(t), "CHG-1", c.approver); err != nil {
		t.Fatal(err)
	}
	c.counting(r, 1)
	if a := c.decide(r, "ws01.corp.example"); a.Disposition != policy.Approved || a.Approval == nil || a.Approval.Entry != "by-window" || a.Approval.Ticket != "chg-1" {
		t.Errorf("with a window: %+v", a)
	}
	for _, host := range []string{"ws02.corp.example", "ws09.corp.example"} { // of another group, and of none
		if a := c.decide(r, host); a.Disposition != policy.Review {
			t.Errorf("%s: %+v", host, a)
		}
	}
	if _, err := c.store.Close(patient(t), "CHG-1", c.opener); err != nil {
		t.Fatal(err)
	}
	r.awaitLog(t, "change window counts", "closed_by="+c.opener.ID)
	if a := c.decide(r, "ws01.corp.example"); a.Disposition != policy.Review || !slices.Equal(failed(a), []string{"change_over"}) {
		t.Errorf("closed: %s, %+v", a.Disposition, a.NearMisses)
	}
	var told []string
	for _, m := range c.read(bus.StreamAudit) {
		var e changeAudit
		if err := json.Unmarshal(m.Data, &e); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.Event, "change_") {
			told = append(told, e.Event)
			if e.Opener != c.opener.ID || e.Ticket != "CHG-1" || e.Change == nil || m.Subject != bus.AuditSubjectAbout(e.Event, "chg-1") {
				t.Errorf("%s: %s", m.Subject, m.Data)
			}
		} else if e.Event != "activation" && e.Event != "hosts_imported" {
			t.Errorf("audit event %s", m.Data)
		}
	}
	if want := []string{"change_opened", "change_approved", "change_counts", "change_closed", "change_counts"}; !slices.Equal(told, want) {
		t.Errorf("audit events %v, want %v", told, want)
	}
}

// Whatever stands in the bucket, whoever wrote it: it is refused to quarantine, the
// audit trail says so, and a good record beside it counts.
func TestBadRecordsAreQuarantinedAndDisableNoOther(t *testing.T) {
	c := newChanging(t)
	record := func(ticket string, opener, approver *governance.SigningKey, keys governance.Keys) governance.ChangeRecord {
		r, err := governance.OpenChange(c.change(ticket), opener)
		if err == nil && approver != nil {
			r, err = r.Approved(approver, keys, time.Now())
		}
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	write := func(r governance.ChangeRecord) []byte {
		raw, err := r.Write()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	strange := governance.Keys{c.stranger.ID: c.stranger.Key, c.opener.ID: c.opener.Key}
	good := record("CHG-1", c.opener, c.approver, c.keys)
	bad := map[string]struct {
		value []byte
		want  string
	}{
		"chg-2": {write(good), governance.ErrOtherTicket.Error()}, // replayed
		"chg-3": {[]byte(`{"ticket":"CHG-3","host_group":"all"}`), governance.ErrChangeForm.Error()},
		"chg-4": {write(record("CHG-4", c.stranger, nil, nil)), "those that may are"},
		"chg-5": {write(record("CHG-5", c.opener, c.stranger, strange)), "those that may are"},
		"chg-6": {[]byte(strings.Replace(string(write(record("CHG-6", c.opener, c.approver, c.keys))), `"approve":"ey`, `"approve":"eX`, 1)), ""},
		"chg-7": {[]byte("\x00\xff"), governance.ErrChangeForm.Error()},
		"chg-8": {[]byte{}, governance.ErrChangeForm.Error()},
	}
	for key, b := range bad {
		c.put(t, key, b.value)
	}
	r := c.run() // it starts with them
	eventually(t, "what was there is in quarantine", c.quarantined(len(bad)))
	c.approved(t, "CHG-1")
	c.put(t, "chg-9", []byte("{}")) // and meets one while it runs
	c.counting(r, 1)
	if a := c.decide(r, "ws01.corp.example"); a.Disposition != policy.Approved {
		t.Errorf("with a good window beside bad ones: %+v", a)
	}
	eventually(t, "the last one is in quarantine", c.quarantined(len(bad)+1))
	for _, m := range c.read(bus.StreamQuarantine) {
		key := strings.TrimPrefix(m.Header.Get(bus.HeaderSubject), "$KV.msigate-changes.")
		if m.Subject != bus.QuarantineSubject("change") || key != "chg-9" && string(m.Data) != string(bad[key].value) {
			t.Errorf("%s %s: %s", m.Subject, key, m.Data)
		}
		if detail := m.Header.Get(bus.HeaderDetail); detail == "" || !strings.Contains(detail, bad[key].want) {
			t.Errorf("%s: %s, want %s", key, detail, bad[key].want)
		}
	}
	// A refused revision of the same ticket changes nothing either.
	c.put(t, "chg-1", []byte("{}"))
	eventually(t, "it is in quarantine", c.quarantined(len(bad)+2))
	if a := c.decide(r, "ws01.corp.example"); a.Disposition != policy.Approved {
		t.Errorf("overwritten by garbage: %+v", a)
	}
	refused := 0
	for _, m := range c.read(bus.StreamAudit) {
		if m.Subject == bus.AuditSubject("change_refused") {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d audit events of refusals in a minute, want 1", refused)
	}
}

func TestAClosedWindowStaysClosedWhateverIsReplayed(t *testing.T) {
	c := newChanging(t)
	c.approved(t, "CHG-1")
	open, err := c.store.Get(patient(t), "CHG-1")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := open.Record.Write()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.store.Close(patient(t), "CHG-1", c.approver); err != nil {
		t.Fatal(err)
	}
	c.put(t, "chg-1", raw) // before the start
	for range 2 {
		r := c.run()
		if a := c.decide(r, "ws01.corp.example"); a.Disposition != policy.Review {
			t.Errorf("reopened by a replay: %+v", a)
		}
		r.awaitLog(t, "was closed before, and stays closed")
		c.put(t, "chg-1", append([]byte(" "), raw...)) // and while it runs
		eventually(t, "both are in quarantine", c.quarantined(2))
		if a := c.decide(r, "ws01.corp.example"); a.Disposition != policy.Review {
			t.Errorf("reopened by a replay: %+v", a)
		}
		if err := r.end(); err != nil {
			t.Fatal(err)
		}
	}
}

// What is opened after the event explains it in hindsight: the server's stamp
// counts, not what the record says of itself.
func TestAWindowWrittenBackInTimeIsRetroactive(t *testing.T) {
	c := newChanging(t)
	f := newChangeFold(c.keys)
	change := c.change("CHG-1")
	change.OpenedAt = change.From.Add(-48 * time.Hour)
	r, err := governance.OpenChange(change, c.opener)
	if err == nil {
		r, err = r.Approved(c.approver, c.keys, change.OpenedAt)
	}
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.Write()
	if err != nil {
		t.Fatal(err)
	}
	stamp := time.Now()
	take := func(at time.Time) *changeState {
		state, err := f.take(bus.BucketEntry{Key: "chg-1", Value: raw, Revision: 1, Stamp: at}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return state
	}
	if got := take(stamp).spans[0].Opened; !got.Equal(stamp) {
		t.Errorf("opened %s, want the server's stamp %s", got, stamp)
	}
	if got := take(stamp.Add(time.Hour)).spans[0].Opened; !got.Equal(stamp) {
		t.Errorf("written again it is opened %s, want the first stamp %s", got, stamp)
	}
	if state, err := f.take(bus.BucketEntry{Key: "chg-1", Value: raw, Stamp: stamp}, change.Until.Add(forgetChange+time.Minute)); state != nil || err != nil {
		t.Errorf("a month after its end: %+v, %v", state, err)
	}
}

func TestKeysOfChangesAreReadAgainWithoutARestart(t *testing.T) {
	defer func(was time.Duration) { changeKeysInterval = was }(changeKeysInterval)
	changeKeysInterval = 50 * time.Millisecond
	c := newChanging(t)
	c.approved(t, "CHG-1")
	r := c.run()
	c.counting(r, 1)
	if err := os.WriteFile(c.files[1], []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.awaitLog(t, "cannot be read; those read before stay")
	c.counting(r, 1)
	_, other := keyFile(t, "other")
	text, err := os.ReadFile(other)
	if err == nil {
		err = os.WriteFile(c.files[1], text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.counting(r, 0) // its approver is bound no more
	if a := c.decide(r, "ws01.corp.example"); a.Disposition != policy.Review {
		t.Errorf("with the approver's key removed: %+v", a)
	}
}

func TestAWindowOutlivesARestartAndIsToldOnce(t *testing.T) {
	c := newChanging(t)
	c.approved(t, "CHG-1")
	for range 2 {
		r := c.run()
		c.counting(r, 1)
		if a := c.decide(r, "ws01.corp.example"); a.Disposition != policy.Approved {
			t.Errorf("%+v", a)
		}
		if err := r.end(); err != nil {
			t.Fatal(err)
		}
	}
	counts := 0
	for _, m := range c.read(bus.StreamAudit) {
		if strings.HasPrefix(m.Subject, bus.AuditSubject("change_counts")) {
			counts++
		}
	}
	if counts != 1 {
		t.Errorf("the audit trail tells %d times that it counts", counts)
	}
}

// A policy that takes a window for more than it is: refused by the canaries, for
// every window when the policy comes, and for the one record that the policy names.
func TestAWindowThatBlindsThePolicyIsRefusedByTheCanaries(t *testing.T) {
	t.Parallel()
	const carried = "lib/approvals/carried.rego"
	const strong = "carries(_, facts) if {\n\tcount(facts & own_facts) > 0\n\tcount(facts & situational) > 0\n}"
	folder := policyFolder(t)
	edit(t, folder, carried, strong, strong+"\n\ncarries(_, facts) if \"change_window\" in facts")
	anyFactLeads(t, folder)
	governing := governanceFolder(t)
	entry(t, governing, "by-hash-and-window", "sha256: ["+strings.Repeat("0d", 32)+"]\nchange_window: true\ndeployment_tools: [configuration-manager]")
	_, err := NewPolicy(patient(t), candidateOf(t, Source{Path: folder}, Source{Path: governing}).snapshot)
	if err == nil || !strings.Contains(err.Error(), "by-hash-and-window") || !strings.Contains(err.Error(), "an open change window") {
		t.Fatalf("a window carries an approval alone, and it was taken: %v", err)
	}
	good := candidateOf(t, Source{Path: governing})
	if err := good.tryFillings(patient(t), good.snapshot.Fillings()); err != nil {
		t.Fatalf("an entry by hash and window: %v", err)
	}
	window := policy.Change{Ticket: "CHG-1", Opener: "a", Approver: "b", HostGroup: "lab", Packages: []string{`d:\stage\orrery.msi`}}
	if err := good.tryWindow(patient(t), window); err != nil {
		t.Errorf("a good window: %v", err)
	}
	// This policy lets one ticket explain everything, so that only its record shows it.
	folder = policyFolder(t)
	edit(t, folder, carried, strong, strong+"\n\ncarries(_, _) if {\n\tsome change in input.change\n\tchange.ticket == \"chg-666\"\n}")
	anyFactLeads(t, folder)
	bad := candidateOf(t, Source{Path: folder}, Source{Path: governing})
	if err := bad.tryFillings(patient(t), bad.snapshot.Fillings()); err != nil {
		t.Fatalf("the policy is refused before the record is there: %v", err)
	}
	window.Ticket = "CHG-666"
	if err := bad.tryWindow(patient(t), window); err == nil || !strings.Contains(err.Error(), "CHG-666") {
		t.Errorf("the record that the policy trusts was taken: %v", err)
	}
}

// The same while it runs: what the record would hide keeps it, and it alone, out.
func TestARecordThatBlindsThePolicyIsRefusedAndTheOthersCount(t *testing.T) {
	t.Parallel()
	const carried = "lib/approvals/carried.rego"
	const strong = "carries(_, facts) if {\n\tcount(facts & own_facts) > 0\n\tcount(facts & situational) > 0\n}"
	folder := policyFolder(t)
	edit(t, folder, carried, strong, strong+"\n\ncarries(_, _) if {\n\tsome change in input.change\n\tchange.ticket == \"chg-666\"\n}")
	anyFactLeads(t, folder)
	c := newChanging(t)
	entry(t, c.config.Bundles[0].Path, "by-hash-and-window", "sha256: ["+strings.Repeat("0d", 32)+"]\nchange_window: true\ndeployment_tools: [configuration-manager]")
	c.config.Bundles = append(c.config.Bundles, BundleConfig{Name: "policy", Path: folder, AllowUnsigned: true})
	r := c.run()
	c.approved(t, "CHG-666")
	eventually(t, "it is in quarantine", c.quarantined(1))
	r.awaitLog(t, "the change window chg-666 would blind the policy")
	c.approved(t, "CHG-1")
	c.counting(r, 1)
	if a := c.decide(r, "ws01.corp.example"); a.Disposition != policy.Approved || a.Approval.Ticket != "chg-1" {
		t.Errorf("beside the record that is refused: %+v", a)
	}
}

func TestLookingUpAWindowScansNothing(t *testing.T) {
	x := newChangeIndex()
	begin := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	window := func(ticket, group string, from time.Time) policy.Change {
		return policy.Change{Ticket: ticket, HostGroup: group, Packages: []string{ticket + ".msi"}, Begin: from, End: from.Add(2 * time.Hour)}
	}
	const many = 20_000
	for i := range many {
		w := window(fmt.Sprint("chg-", i), fmt.Sprint("group-", i%1000), begin.Add(time.Duration(i/1000)*day))
		x.put(w.Ticket, []policy.Change{w})
	}
	at := begin.Add(time.Hour)
	if got := x.lookup([]string{"group-7"}, at, nil); len(got) != 2 || got[0].Ticket != "chg-7" || got[1].Ticket != "chg-1007" {
		t.Errorf("%+v", got) // its own, and the next day's, which has not begun
	}
	if got := x.lookup(nil, at, nil); got != nil {
		t.Errorf("a host in no group: %+v", got)
	}
	cost := func(x *changeIndex) float64 {
		return testing.AllocsPerRun(100, func() { x.lookup([]string{"group-7"}, at, nil) })
	}
	small := newChangeIndex()
	small.put("a", []policy.Change{window("a", "group-7", begin)})
	if cost(x) > cost(small)+2 {
		t.Errorf("%v allocations among %d windows, %v alone", cost(x), many, cost(small))
	}
	for i := range 3 * policy.MaxChanges { // more than fit: the one that names the package is among them
		w := window(fmt.Sprint("more-", i), "crowded", begin)
		x.put(w.Ticket, []policy.Change{w})
	}
	asked := install.Package{Kind: install.PackagePath, Name: fmt.Sprintf(`d:\stage\more-%d.msi`, 3*policy.MaxChanges-1)}
	client := install.Process{Role: install.RoleClient, Msiexec: &install.CommandLine{Package: &asked}}
	got := x.lookup([]string{"crowded"}, at, &install.Context{Lineage: []install.Process{client}})
	if len(got) != policy.MaxChanges || got[0].Ticket != fmt.Sprint("more-", 3*policy.MaxChanges-1) {
		t.Errorf("%d windows, the first %+v", len(got), got[0])
	}
	for i := range many {
		x.remove(fmt.Sprint("chg-", i))
	}
	if x.size() != 3*policy.MaxChanges || len(x.days) != 3 {
		t.Errorf("%d records and %d days are left", x.size(), len(x.days))
	}
}

// Where the audit trail takes nothing more, nothing is widened: neither by the
// commands nor by a record that came past them. Closing goes ahead.
func TestAFullAuditTrailLetsNoWindowCountAndEveryWindowClose(t *testing.T) {
	t.Parallel()
	c := newChanging(t)
	c.config.Drain = 500 * time.Millisecond // what AUDIT does not take is told by the next gateway
	c.approved(t, "CHG-1")
	r := c.run()
	c.counting(r, 1)
	if _, err := c.store.Open(patient(t), c.change("CHG-2"), c.opener); err != nil {
		t.Fatal(err)
	}
	waiting, err := c.store.Get(patient(t), "CHG-2")
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, c.conn.MaxPayload()-1024)
	for full := 0; ; full++ { // to the last event that it would take
		if _, err := c.conn.Ship(patient(t), "audit.filler", "", block, nil); err != nil {
			if block = block[:len(block)/8]; len(block) == 0 {
				break
			}
		}
		if full > 10_000 {
			t.Fatal("AUDIT takes everything")
		}
	}
	var untold *AuditError
	if _, err := c.store.Approve(patient(t), "CHG-2", c.approver); !errors.As(err, &untold) || untold.Done {
		t.Errorf("approved without the audit trail: %v", err)
	}
	approved, err := waiting.Record.Approved(c.approver, c.keys, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := approved.Write()
	if err != nil {
		t.Fatal(err)
	}
	c.put(t, "chg-2", raw)
	if _, err := c.store.Close(patient(t), "CHG-1", c.opener); !errors.As(err, &untold) || !untold.Done {
		t.Errorf("closed: %v", err)
	}
	eventually(t, "the closed window is over", func() bool { return c.decide(r, "ws01.corp.example").Disposition == policy.Review })
	if n := r.Gateway.changes.index.Load().size(); n != 1 {
		t.Errorf("%d windows are known, want the closed one alone", n)
	}
	if err := r.end(); err == nil {
		t.Error("the gateway ends as if all were told")
	}
}

func TestCommandsOfChangesRefuseWhatAGatewayWould(t *testing.T) {
	c := newChanging(t)
	if _, err := c.store.Open(patient(t), c.change("CHG-1"), c.stranger); !errors.Is(err, governance.ErrKey) {
		t.Errorf("a key that is not bound: %v", err)
	}
	if _, err := c.store.Approve(patient(t), "CHG-1", c.approver); !errors.Is(err, ErrNoChange) {
		t.Errorf("approving nothing: %v", err)
	}
	if _, err := c.store.Open(patient(t), c.change("CHG-1"), c.opener); err != nil {
		t.Fatal(err)
	}
	if _, err := c.store.Open(patient(t), c.change("chg-1"), c.approver); err == nil || !strings.Contains(err.Error(), "is there already and waiting") {
		t.Errorf("opening it again: %v", err)
	}
	if _, err := c.store.Approve(patient(t), "CHG-1", c.opener); !errors.Is(err, governance.ErrSelfSigned) {
		t.Errorf("approving one's own: %v", err)
	}
	if _, err := c.store.Approve(patient(t), "chg-1", c.approver); err != nil {
		t.Fatal(err)
	}
	if _, err := c.store.Approve(patient(t), "chg-1", c.approver); err == nil || !strings.Contains(err.Error(), "nothing to approve") {
		t.Errorf("approving it again: %v", err)
	}
	all, err := c.store.List(patient(t))
	if err != nil || len(all) != 1 || all[0].State(time.Now()) != "open" || all[0].State(time.Now().Add(4*time.Hour)) != "over" || all[0].State(time.Now().Add(-2*time.Hour)) != "upcoming" {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := c.store.Close(patient(t), "CHG-1", c.approver); err != nil {
		t.Fatal(err)
	}
	if stored, err := c.store.Get(patient(t), "CHG-1"); err != nil || stored.State(time.Now().Add(time.Second)) != "closed" {
		t.Errorf("%+v, %v", stored, err)
	}
}

func TestAnImportHasTheHostsOfItsSourceBeThoseOfTheFile(t *testing.T) {
	c := newChanging(t)
	hosts, err := OpenHostStore(patient(t), c.conn)
	if err != nil {
		t.Fatal(err)
	}
	r := c.run()
	of := func(host string) []string { return r.Gateway.groups.of(host) }
	if !slices.Equal(of("ws01"), []string{"lab"}) || of("ws09") != nil {
		t.Fatalf("ws01 is in %v, ws09 in %v", of("ws01"), of("ws09"))
	}
	now := time.Now().UTC()
	report, err := hosts.Import(patient(t), []governance.Host{
		{Host: "ws01.corp.example", Groups: []string{"lab", "pilot"}, Source: "cmdb", Imported: now},
		{Host: "ws03", Groups: []string{"lab"}, Source: "cmdb", Imported: now},
	}, HostImport{Source: "cmdb", By: "tester"})
	if err != nil || report.Added != 1 || report.Altered != 1 || report.Removed != 1 || report.Same != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	eventually(t, "the gateway has them", func() bool {
		return slices.Equal(of("ws01"), []string{"lab", "pilot"}) && slices.Equal(of("ws03"), []string{"lab"}) && of("ws02") == nil
	})
	bucket := hosts.bucket
	if _, err := bucket.Put(patient(t), "ws07", []byte(`{"host":"ws07","groups":["all"],"source":"x","imported":"2026-11-28T00:00:00Z"}`), 0); err != nil {
		t.Fatal(err)
	}
	r.awaitLog(t, "a record is refused", "msigate-hosts", "ws07")
	if of("ws07") != nil || !slices.Equal(of("ws03"), []string{"lab"}) {
		t.Errorf("ws07 is in %v, ws03 in %v", of("ws07"), of("ws03"))
	}
	list, err := hosts.List(patient(t))
	if err != nil || len(list) != 3 || list[2].Refused == nil || list[0].Source != "cmdb" {
		t.Errorf("%+v, %v", list, err)
	}
}
