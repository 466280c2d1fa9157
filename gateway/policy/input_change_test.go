package policy

import (
	"encoding/json"
	"testing"
	"time"
)

func TestTheInputHoldsTheHostsGroupsAndItsChangeWindows(t *testing.T) {
	type change struct {
		Ticket, Opener, Approver string
		HostGroup                string `json:"host_group"`
		Packages                 []string
		Begin, End, Opened       int64
	}
	var input struct {
		Host   struct{ Groups []string }
		Change []change
	}
	begin := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	f := facts(shellBelowServer())
	f.Groups = []string{"Finance-Laptops"}
	f.Changes = []Change{{
		Ticket: "CHG-7", Opener: "Endpoint-Engineering", HostGroup: "Finance-Laptops", Packages: []string{"Orrery.MSI"},
		Begin: begin, End: begin.Add(time.Hour),
	}}
	for len(f.Changes) < MaxChanges+3 {
		f.Changes = append(f.Changes, Change{})
	}
	if err := json.Unmarshal(inputJSON(inputValue(f, newSessionTerms())), &input); err != nil {
		t.Fatal(err)
	}
	if len(input.Host.Groups) != 1 || input.Host.Groups[0] != "finance-laptops" {
		t.Errorf("groups %v", input.Host.Groups)
	}
	if len(input.Change) != MaxChanges {
		t.Fatalf("%d windows, want %d", len(input.Change), MaxChanges)
	}
	// What nobody said is there and empty: it must not be undefined in a comparison.
	got := input.Change[0]
	if got.Ticket != "chg-7" || got.Opener != "endpoint-engineering" || got.Approver != "" || got.HostGroup != "finance-laptops" ||
		len(got.Packages) != 1 || got.Packages[0] != "orrery.msi" || got.Begin != begin.UnixNano() || got.End != begin.Add(time.Hour).UnixNano() || got.Opened != 0 {
		t.Errorf("window %+v", got)
	}
}
