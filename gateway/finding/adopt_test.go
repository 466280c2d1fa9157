package finding

import (
	"testing"

	"msigate/gateway/policy"
)

// What was published of the first event under a Snapshot that is no more.
func published(activity Activity, queue policy.Disposition) Published {
	return Published{
		UID: UID(plain(alert(1, once))), Host: ws01, Session: "s1", Disposition: queue, Severity: policy.High,
		Revision: 7, Activity: activity,
	}
}

func TestWhatStandsOnTheBusIsPutRightByTheNextDecision(t *testing.T) {
	for _, c := range []struct {
		name    string
		before  []policy.Decision // what the state knows
		adopted []Published
		next    policy.Decision
		want    string
	}{
		{"it belongs there", nil, []Published{published(Create, policy.Alert)}, alert(1, once), "Update alert"},
		{"it belongs elsewhere", nil, []Published{published(Create, policy.Alert)}, review(1, once), "Close alert → review, Create review ← alert"},
		{"it is expected now", nil, []Published{published(Create, policy.Alert)}, expected(1, once), "Close alert"},
		{
			"it is expected now, and others stand",
			[]policy.Decision{review(2, once)},
			[]Published{published(Close, policy.Review), published(Create, policy.Alert)},
			expected(1, once), "Close alert → review, Create review ← alert",
		},
		{
			"it went on as it still does",
			[]policy.Decision{review(2, once)},
			[]Published{published(Change, policy.Review)},
			expected(1, once), "Update review",
		},
		{
			"only the close came out",
			[]policy.Decision{review(2, once)},
			[]Published{published(Close, policy.Review)},
			alert(1, once), "Create alert",
		},
		{
			"only the close came out, and it belongs where it was",
			[]policy.Decision{review(2, once)},
			[]Published{published(Close, policy.Review)},
			expected(1, once), "Create review",
		},
		{"closed, and nothing stands", nil, []Published{published(Close, policy.Alert)}, expected(1, once), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFindings()
			for _, d := range c.before {
				f.Apply(plain(d), trace)
			}
			for _, p := range c.adopted {
				f.Adopt(p)
			}
			updates := f.Apply(plain(c.next), trace)
			if got := lived(updates); got != c.want {
				t.Fatalf("%q, want %q", got, c.want)
			}
			for _, u := range updates {
				if u.Revision != 8 {
					t.Errorf("revision %d, want the one after the published", u.Revision)
				}
				if schema := ocsfSchema(t); schema != nil {
					if err := invalid(schema, u.Document); err != nil {
						t.Error(err)
					}
				}
			}
			if got := lived(f.Apply(plain(expected(1, fact(9))), trace)); rank(c.next.Answer.Disposition) == 0 && got != "" {
				t.Errorf("it is put right twice: %q", got)
			}
		})
	}
}

func TestTheCloseOfWhatIsExpectedNowSaysSo(t *testing.T) {
	f := newFindings()
	f.Adopt(published(Create, policy.Alert))
	doc := read(t, f.Apply(plain(expected(1, once)), trace)[0])
	if want := "explained by the installer's own machinery"; doc.StatusDetail != want {
		t.Errorf("%q, want %q", doc.StatusDetail, want)
	}
}

func TestAnAdoptedFindingThatNothingContradictsSettlesAsItWasPublished(t *testing.T) {
	f := newFindings()
	p := published(Create, policy.Alert)
	f.Adopt(p)
	if got := lived(f.Settle(ws01, p.UID, evening)); got != "Update alert settled" {
		t.Errorf("%q", got)
	}
}

func TestWhatIsNoDocumentOfAFindingIsNotAdopted(t *testing.T) {
	f := newFindings()
	for _, p := range []Published{{}, published(0, policy.Alert), published(Create, policy.Expected), published(Create, "other")} {
		f.Adopt(p)
	}
	if f.Len() != 0 {
		t.Errorf("%d findings", f.Len())
	}
}
