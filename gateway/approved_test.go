package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"msigate/gateway/bus"
)

func TestWhatAnEntryApprovedIsNotedOnceADay(t *testing.T) {
	s := newSite(t)
	r := s.run()
	for range 2 {
		for _, host := range []string{"ws01.corp.example", "ws02.corp.example"} {
			for _, e := range managedInstall(host) {
				s.ship(host, e)
			}
		}
		s.settled(r)
	}
	var approved Approved
	for ctx := patient(t); len(approved.Last) == 0 && ctx.Err() == nil; {
		var err error
		if approved, err = ReadApproved(ctx, s.conn); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	if last := approved.Last["configuration-manager-content"]; len(approved.Last) != 1 || time.Since(last) > time.Hour || approved.Since.IsZero() {
		t.Errorf("there is noted %+v", approved)
	}
	if last, err := bus.LastSequence(patient(t), s.conn, bus.BucketStream(bus.BucketApprovals)); err != nil || last != 1 {
		t.Errorf("it was written %d times, %v", last, err)
	}
}

// A day on which the bucket was away is not a day on which nobody needed the entry.
func TestNoteThatFailedIsWrittenAtTheNextApproval(t *testing.T) {
	s := newSite(t)
	r := s.run()
	s.administer(func(js jetstream.JetStream) error {
		return js.DeleteStream(patient(t), bus.BucketStream(bus.BucketApprovals))
	})
	approve := func(host string) {
		for _, e := range managedInstall(host) {
			s.ship(host, e)
		}
	}
	approve("ws01.corp.example")
	for ctx := patient(t); !strings.Contains(r.log.String(), "it is not noted that an entry approved something"); {
		if ctx.Err() != nil {
			t.Fatal("nobody says that it failed")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := bus.Setup(patient(t), s.conn, s.config.TopologyOptions()); err != nil {
		t.Fatal(err)
	}
	approve("ws02.corp.example")
	var approved Approved
	for ctx := patient(t); len(approved.Last) == 0; {
		var err error
		if approved, err = ReadApproved(ctx, s.conn); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEntryIsUnusedAfterNinetyDaysOfLooking(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }
	for name, test := range map[string]struct {
		since, created, last int // days; last 0: never
		want                 bool
	}{
		"never, and long looked for":              {1, 1, 0, true},
		"never, and not long looked for":          {150, 1, 0, false},
		"never, and it is new":                    {1, 150, 0, false},
		"a short while ago":                       {1, 1, 150, false},
		"long ago":                                {1, 1, 100, true},
		"before it was made what it is now":       {1, 150, 20, false},
		"before the bucket was made anew, lately": {150, 1, 20, false},
	} {
		t.Run(name, func(t *testing.T) {
			approved := Approved{Since: day(test.since), Last: map[string]time.Time{}}
			if test.last > 0 {
				approved.Last["entry"] = day(test.last)
			}
			if got := approved.Unused("entry", day(test.created), day(200)); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
