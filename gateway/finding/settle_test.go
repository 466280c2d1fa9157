package finding

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"msigate/gateway/policy"
)

const ws01 = "ws01.corp.example"

var evening = noon.Add(time.Hour)

func TestAnApprovedFindingIsClosedWhenItSettles(t *testing.T) {
	f := newFindings()
	uid := f.Apply(plain(approved(1, once)), trace)[0].UID
	updates := f.Settle(ws01, uid, evening)
	if got, want := lived(updates), "Close approved settled"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
	doc := read(t, updates[0])
	if !doc.Unmapped.Msigate.Settled || !strings.HasPrefix(doc.StatusDetail, "settled, nothing more will change: approved by contoso-agent") {
		t.Errorf("settled %v: %s", doc.Unmapped.Msigate.Settled, doc.StatusDetail)
	}
	if f.Len() != 0 || f.Tombstones() != 1 {
		t.Errorf("%d findings and %d tombstones are kept, want 0 and 1", f.Len(), f.Tombstones())
	}
	if got := f.Settle(ws01, uid, evening); got != nil {
		t.Errorf("it settles twice: %s", lived(got))
	}
}

func TestAnAlertThatSettlesIsToldOnceMoreAndStaysOpen(t *testing.T) {
	f := newFindings()
	opened := f.Apply(plain(alert(1, once)), trace)[0]
	updates := f.Settle(ws01, opened.UID, evening)
	if got, want := lived(updates), "Update alert settled"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
	doc := read(t, updates[0])
	if len(doc.Evidences) != 1 || doc.FindingInfo.Modified != evening.UnixMilli() || updates[0].Revision != 2 {
		t.Errorf("%d evidences, modified %d, revision %d", len(doc.Evidences), doc.FindingInfo.Modified, updates[0].Revision)
	}
	if updates[0].MsgID == opened.MsgID {
		t.Error("its Msg-Id is that of the Create")
	}
}

// A record that comes after all was told goes on from the tombstone.
func TestALateDecisionGoesOnFromTheTombstone(t *testing.T) {
	for _, c := range []struct {
		name        string
		first, late policy.Decision
		want        string
	}{
		{"an approved one was closed", approved(1, once), approved(2, once), "Create approved"},
		{"an approved one was closed and is an alert", approved(1, once), alert(2, once), "Create alert"},
		{"an alert is never milder", alert(1, once), approved(2, once), "Update alert"},
		{"a review gets worse", review(1, once), alert(2, once), "Close review → alert, Create alert ← review"},
		{"an expected decision changes nothing", review(1, once), expected(1, fact(9)), ""},
		{"the last decision again changes nothing", review(1, once), review(1, once), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFindings()
			uid := f.Apply(plain(c.first), trace)[0].UID
			settled := f.Settle(ws01, uid, evening)[0]
			updates := f.Apply(plain(c.late), trace)
			if got := lived(updates); got != c.want {
				t.Fatalf("%q, want %q", got, c.want)
			}
			for _, u := range updates {
				if u.UID != uid || u.Revision <= settled.Revision || u.MsgID == settled.MsgID {
					t.Errorf("uid %s, revision %d after %d", u.UID, u.Revision, settled.Revision)
				}
			}
			if len(updates) > 0 && f.Tombstones() != 0 {
				t.Error("the tombstone is still there")
			}
		})
	}
}

func TestOpenListsWhatCanStillBeToldByUID(t *testing.T) {
	f := newFindings()
	f.Apply(plain(alert(1, once)), trace)
	f.Apply(plain(about(2, once, policy.Approved, policy.Low, "s2")), trace)
	gone := f.Apply(plain(about(3, once, policy.Review, policy.Low, "s3")), trace)[0].UID
	f.Settle(ws01, gone, evening)
	var got []string
	last := ""
	for _, one := range f.Open(ws01) {
		if one.UID <= last {
			t.Error("not by uid")
		}
		last = one.UID
		got = append(got, fmt.Sprintf("%s %s %v %s", one.Session, one.Disposition, one.Settled, one.LastDecision.Format("15:04:05")))
	}
	for _, want := range []string{"s1 alert false 12:01:01", "s2 approved false 12:01:02", "s3 review true 12:01:03"} {
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if len(got) != 3 || f.Open("ws02.corp.example") != nil {
		t.Errorf("%q, and another host's: %v", got, f.Open("ws02.corp.example"))
	}
}

func TestAFindingThatMadeRoomIsNeverMilderAndStillSettles(t *testing.T) {
	f := NewFindings(Limits{MaxPerHost: 1}, "")
	first := f.Apply(plain(alert(1, once)), trace)[0]
	f.Apply(plain(about(2, once, policy.Review, policy.Low, "s2")), trace)
	if f.Evicted() != 1 || f.Tombstones() != 1 {
		t.Fatalf("%d evicted, %d tombstones", f.Evicted(), f.Tombstones())
	}
	updates := f.Apply(plain(review(3, once)), trace)
	if got := lived(updates); got != "Update alert" || updates[0].UID != first.UID {
		t.Errorf("%q", got)
	}
	second := UID(plain(about(2, once, policy.Review, policy.Low, "s2")))
	settled := f.Settle(ws01, second, evening)
	if got := lived(settled); got != "Update review settled" {
		t.Errorf("%q", got)
	}
	if schema := ocsfSchema(t); schema != nil {
		if err := invalid(schema, settled[0].Document); err != nil {
			t.Error(err)
		}
	}
}

func TestTombstonesAreBoundedAndCounted(t *testing.T) {
	f := NewFindings(Limits{MaxTombstones: 10, MaxTombstonesPerHost: 4}, "")
	for n := range 9 {
		u := f.Apply(plain(about(n, once, policy.Alert, policy.Low, fmt.Sprint(n))), trace)[0]
		f.Settle(ws01, u.UID, evening)
	}
	if f.Tombstones() != 4 || f.EvictedTombstones() != 5 || len(f.index) != 0 {
		t.Errorf("%d kept, %d evicted, %d hosts; want 4, 5, 0", f.Tombstones(), f.EvictedTombstones(), len(f.index))
	}
}
