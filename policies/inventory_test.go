package policies_test

import (
	"context"
	"testing"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// Reading Win32_Product reconfigures every product on a host, one record each.
// The records are nothing to look at; what runs meanwhile is.
func TestInventoryIsNothingToLookAtAndHidesNothing(t *testing.T) {
	s := snapshot(t)
	var messages []string
	for _, canary := range s.Canaries() {
		if canary.Name == "child_within_an_inventory" {
			messages = canary.Messages
		}
	}
	if len(messages) == 0 {
		t.Fatal("there is no canary of a child within an inventory")
	}
	tracker := install.NewTracker(install.Limits{})
	records := 0
	var last policy.Answer
	for i, message := range messages {
		decoded, fault := event.Decode([]byte(message))
		if fault != nil {
			t.Fatal(fault)
		}
		e := decoded[0].Event
		around := tracker.Apply(e, install.Position{Stream: "canary", Sequence: uint64(i) + 1})
		d := s.Decide(context.Background(), policy.Trigger{Stream: "canary", Sequence: uint64(i) + 1, Cause: policy.CauseEvent},
			policy.Facts{Context: &around, Host: "ws01", Now: e.Time})
		last = d.Answer
		if e.Kind != event.KindInstall {
			continue
		}
		if s.Triggers(&around) {
			t.Errorf("message %d, of an inventory, is looked at", i+1)
		}
		if d.Answer.Disposition != policy.Expected || len(d.Answer.Signals) > 0 {
			t.Errorf("message %d, of an inventory, is %s: %+v", i+1, d.Answer.Disposition, d.Answer.Signals)
		}
		if around.Session != nil && around.Session.Inventory {
			records++
		}
	}
	if records == 0 {
		t.Error("correlation recognises no inventory in the messages")
	}
	if last.Disposition != policy.Alert {
		t.Errorf("the shell within the inventory is %s: %+v", last.Disposition, last.Signals)
	}
}
