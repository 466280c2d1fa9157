package finding

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"

	"msigate/gateway/policy"
)

func TestAnExpectedDecisionOpensAndMovesNothing(t *testing.T) {
	f := newFindings()
	if got := f.Apply(plain(expectedChild()), trace); got != nil {
		t.Errorf("it opened %v", got)
	}
	f.Apply(plain(reviewChild()), trace)
	if got := f.Apply(plain(expectedChild()), trace); got != nil {
		t.Errorf("it moved %v", got)
	}
	if f.Len() != 1 {
		t.Errorf("%d findings, want 1", f.Len())
	}
}

func TestDecisionsOfOneLineageRootShareOneFinding(t *testing.T) {
	f := newFindings()
	first := f.Apply(plain(shellChild()), trace)
	second := f.Apply(plain(reviewChild()), trace)
	if len(first) != 1 || len(second) != 1 {
		t.Fatalf("updates: %d and %d, want 1 and 1", len(first), len(second))
	}
	if first[0].UID != second[0].UID {
		t.Error("two findings for one root")
	}
	if first[0].Activity != Create || second[0].Activity != Change || second[0].Revision != 2 {
		t.Errorf("activities %v then %v at revision %d, want Create, then Update at 2", first[0].Activity, second[0].Activity, second[0].Revision)
	}
	if second[0].Disposition != policy.Alert || second[0].Severity != policy.High {
		t.Errorf("a milder decision moved it to %s, %s", second[0].Disposition, second[0].Severity)
	}
}

func TestAWorseDecisionClosesOneQueueAndCreatesOnTheOther(t *testing.T) {
	f := newFindings()
	opened := f.Apply(plain(approvedChild()), trace)
	moved := f.Apply(plain(shellChild()), trace)
	if len(moved) != 2 {
		t.Fatalf("%d updates, want a close and a create", len(moved))
	}
	closed, created := moved[0], moved[1]
	if closed.Activity != Close || closed.Disposition != policy.Approved {
		t.Errorf("first %s on %s, want Close on approved", closed.Activity, closed.Disposition)
	}
	if created.Activity != Create || created.Disposition != policy.Alert || created.Previous != policy.Approved {
		t.Errorf("then %s on %s from %q, want Create on alert from approved", created.Activity, created.Disposition, created.Previous)
	}
	if closed.UID != opened[0].UID || created.UID != opened[0].UID {
		t.Error("the uid changed with the queue")
	}
	var doc DetectionFinding
	if err := json.Unmarshal(closed.Document, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Status != "Moved" || doc.Unmapped.Msigate.MovedTo != policy.Alert || doc.IsAlert {
		t.Errorf("the close says status %q, moved to %q, is_alert %v", doc.Status, doc.Unmapped.Msigate.MovedTo, doc.IsAlert)
	}
	next := f.Apply(plain(reviewChild()), trace)
	if len(next) != 1 || next[0].Activity != Change || next[0].Previous != "" {
		t.Errorf("what follows a move is %v, want one Update without a previous queue", next)
	}
}

func TestADecisionThatWasFoldedBeforeGivesNothing(t *testing.T) {
	f := newFindings()
	f.Apply(plain(approvedChild()), trace)
	f.Apply(plain(shellChild()), trace)
	for _, d := range []policy.Decision{shellChild(), approvedChild()} {
		if got := f.Apply(plain(d), trace); got != nil {
			t.Errorf("%s gives %d documents", d.ID, len(got))
		}
	}
}

func TestARestartedGatewayGivesTheSameUIDAndNeverTheSameMsgIDForAnotherDocument(t *testing.T) {
	f := newFindings()
	a := f.Apply(plain(shellChild()), trace)
	b := f.Apply(plain(moreOf(shellChild(), "second")), trace)
	restarted := newFindings()
	after := restarted.Apply(plain(moreOf(shellChild(), "second")), trace)
	if a[0].UID != after[0].UID {
		t.Error("another uid after a restart")
	}
	if after[0].MsgID == a[0].MsgID {
		t.Error("the first document after a restart would be dropped as a duplicate of another one")
	}
	if after[0].MsgID == b[0].MsgID {
		t.Error("a Create after a restart would be dropped as a duplicate of an Update")
	}
}

func moreOf(d policy.Decision, id string) policy.Decision {
	d.ID = id
	d.Trigger.Sequence += 1000 + uint64(crc32.ChecksumIEEE([]byte(id)))
	return d
}

func TestWhatHasNoProcessIsToldBySomethingElse(t *testing.T) {
	install, same, other := installRecord(), installRecord(), installRecord()
	same.ID, other.ID = "another", "third"
	e := *other.Context.Event
	e.Installer.ClientPID++
	other.Context.Event = &e
	bad, alsoBad := quarantined(), quarantined()
	alsoBad.ID = "later"
	uid := func(d policy.Decision) string { return UID(plain(d)) }
	if uid(install) != uid(same) {
		t.Error("two records of one client and package are two findings")
	}
	if uid(install) == uid(other) {
		t.Error("two clients share a finding")
	}
	if uid(bad) != uid(alsoBad) {
		t.Error("each quarantined message opens a finding of its own")
	}
}

func TestAReusedPIDIsAnotherFinding(t *testing.T) {
	a, b := shellChild(), shellChild()
	for _, d := range []*policy.Decision{&a, &b} {
		d.Context.Root.GUID, d.Context.Process.GUID = "", ""
	}
	b.Context.Root.Sequence = 9000
	if UID(plain(a)) == UID(plain(b)) {
		t.Error("one PID, two starts, one finding")
	}
}

func TestOneRolloutHasOneGroupOnEveryHostAndUser(t *testing.T) {
	a, b, c := shellChild(), shellChild(), shellChild()
	b.Context = cloneContext(b.Context)
	b.Context.Event.Host = "ws09.corp.example"
	b.Context.Root.Msiexec.Package.Name = `C:\Windows\ccmcache\1f\Invoice Viewer.msi`
	b.Context.Lineage[1].Msiexec.Package.Name = `C:\Windows\ccmcache\1f\Invoice Viewer.msi`
	c.Context.Process.Hashes.SHA256 = "00"
	if groupID(&a) != groupID(&b) {
		t.Error("the folder of the package or the host changed the group")
	}
	if groupID(&a) == groupID(&c) {
		t.Error("another child is in the same group")
	}
	for _, path := range []string{`C:\Users\alice\AppData\Local\Temp\MSI4F2A.tmp`, `C:\Users\bob\AppData\Local\Temp\MSI01.tmp`} {
		if got, want := hostless(path), `c:\users\*\appdata\local\temp\msi*.tmp`; got != want {
			t.Errorf("hostless(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestEvidenceIsBoundedCountedAndKeepsTheWorst(t *testing.T) {
	f := newFindings()
	for i := range 2 * MaxEvidences {
		f.Apply(plain(moreOf(reviewChild(), fmt.Sprint("r", i))), trace)
	}
	updates := f.Apply(plain(shellChild()), trace)
	var doc DetectionFinding
	if err := json.Unmarshal(updates[1].Document, &doc); err != nil {
		t.Fatal(err)
	}
	if n := len(doc.Evidences); n != MaxEvidences {
		t.Errorf("%d evidences, want %d", n, MaxEvidences)
	}
	if got := doc.Unmapped.Msigate.Evidence; got != 2*MaxEvidences+1 {
		t.Errorf("evidence_count is %d", got)
	}
	if !slices.ContainsFunc(doc.Evidences, func(v Evidence) bool { return v.Data.Disposition == policy.Alert }) {
		t.Error("the alert's own evidence was left out")
	}
	if n := len(doc.Unmapped.Msigate.Decisions); n != MaxDecisionRefs {
		t.Errorf("%d decisions listed, want %d", n, MaxDecisionRefs)
	}
}

func TestAFloodingHostCannotPushOutTheOthers(t *testing.T) {
	f := NewFindings(Limits{MaxFindings: 20, MaxPerHost: 5}, "")
	quiet := f.Apply(plain(moduleLoad()), trace)[0]
	for i := range 100 {
		d := shellChild()
		d.ID = fmt.Sprint("flood", i)
		d.Context.Root.GUID = d.ID
		f.Apply(plain(d), trace)
	}
	if f.Len() != 6 {
		t.Errorf("%d findings remembered, want 5 of the host and 1 of the other", f.Len())
	}
	if f.Evicted() != 95 {
		t.Errorf("%d evicted, want 95", f.Evicted())
	}
	next := f.Apply(plain(moreOf(moduleLoad(), "more")), trace)
	if next[0].Activity != Change || next[0].UID != quiet.UID {
		t.Error("the quiet host's finding was forgotten")
	}
}

func TestForgettingTheOnlyFindingOfAHostKeepsTheBooksRight(t *testing.T) {
	f := NewFindings(Limits{MaxFindings: 1, MaxPerHost: 1}, "")
	for i := range 3 {
		for _, d := range []policy.Decision{shellChild(), moduleLoad()} {
			d.ID = fmt.Sprint(d.ID, i)
			d.Context.Root.GUID = fmt.Sprint(i)
			f.Apply(plain(d), trace)
		}
	}
	if f.Len() != 1 || f.Evicted() != 5 || len(f.live.hosts) != 1 {
		t.Errorf("%d remembered, %d evicted, %d hosts; want 1, 5, 1", f.Len(), f.Evicted(), len(f.live.hosts))
	}
}
