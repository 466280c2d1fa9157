package policies_test

import (
	"context"
	"testing"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// BenchmarkDecide evaluates the last message of each canary: a suspicious
// event each, input building included.
func BenchmarkDecide(b *testing.B) {
	s := snapshot(b)
	for _, canary := range s.Canaries() {
		facts := lastFacts(b, canary.Messages)
		b.Run(canary.Name, func(b *testing.B) { decideRepeatedly(b, s, facts) })
	}
	for _, canary := range s.Canaries() {
		if canary.Name == "shell_child" {
			// Its first messages are the installer's own machinery.
			service := lastFacts(b, canary.Messages[:1])
			b.Run("machinery", func(b *testing.B) { decideRepeatedly(b, s, service) })
		}
	}
}

func decideRepeatedly(b *testing.B, s *policy.Snapshot, facts policy.Facts) {
	b.ReportAllocs()
	trigger := policy.Trigger{Stream: "canary", Sequence: 1, Cause: policy.CauseEvent}
	for b.Loop() {
		if d := s.Decide(context.Background(), trigger, facts); d.Fault != "" {
			b.Fatal(d.Fault)
		}
	}
}

// lastFacts is what is known of the last message, all before it applied.
func lastFacts(t testing.TB, messages []string) policy.Facts {
	t.Helper()
	tracker := install.NewTracker(install.Limits{})
	var facts policy.Facts
	for i, message := range messages {
		records, fault := event.Decode([]byte(message))
		if fault != nil {
			t.Fatal(fault)
		}
		around := tracker.Apply(records[0].Event, install.Position{Stream: "canary", Sequence: uint64(i + 1)})
		facts = policy.Facts{Context: &around, Host: "ws01", Now: records[0].Event.Time}
	}
	return facts
}
