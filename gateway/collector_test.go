package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"testing"

	"msigate/gateway/bus"
)

func TestCollectorsRecordsAreDecidedUnderTheirOwnHostsInOrder(t *testing.T) {
	s := newSite(t)
	s.config.Hosts.Collectors = []string{"wef"}
	r := s.run()
	var records [][]byte
	want := map[string]int{}
	for n := range 60 {
		host := fmt.Sprintf("ws%02d.corp.example", n%7)
		records = append(records, attack(host, n))
		want[bus.DecisionSubject(host)]++
	}
	s.shipTo(bus.CollectorSubject("wef"), list(records...))
	s.settled(r)
	got, before := map[string]int{}, map[string]int{}
	for _, m := range s.read(bus.StreamDecisions) {
		got[m.Subject]++
		record, err := strconv.Atoi(m.Header.Get(bus.HeaderRecord))
		if err != nil || record < before[m.Subject] {
			t.Errorf("%s: record %d after %d: %v", m.Subject, record, before[m.Subject], err)
		}
		before[m.Subject] = record
	}
	if !maps.Equal(got, want) {
		t.Errorf("decisions by subject: %v, want %v", got, want)
	}
}

// A collector may carry a tree in several messages and between other hosts':
// each host's records must still meet their own tree.
func TestTreesAreFollowedThroughACollector(t *testing.T) {
	s := newSite(t)
	s.config.Hosts.Collectors = []string{"wef"}
	r := s.run()
	whoami := func(host string) []byte {
		return started(host, 2, `C:\Windows\System32\whoami.exe`, "whoami /all", powershell, "powershell.exe", 1).json()
	}
	s.shipTo(bus.CollectorSubject("wef"), list(attack("ws01", 1), ordinary("ws02", 0)))
	seq := s.shipTo(bus.CollectorSubject("wef"), list(whoami("ws02"), whoami("ws01")))
	s.settled(r)
	logs := s.decisions()[seq]
	if len(logs) != 1 || logs[0].Custom.Record != 1 || logs[0].Custom.Host != "ws01" {
		t.Errorf("decided: %+v", logs)
	}
}

// What ship lets a collector be called is what a configuration file may name.
func TestWhatCanNameACollectorIsWhatAConfigurationTakes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"wef": true, "WEF-2_b": true, "a b": false, "a.b": false, "a*": false, ">": false, "": false, "wef\n": false} {
		can, err := CanNameCollector(name)
		if err != nil || can != want {
			t.Errorf("%q: %v, %v", name, can, err)
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readConfigText(t, "hosts:\n  collectors: ["+string(quoted)+"]\n"); (err == nil) != want {
			t.Errorf("%q in a configuration: %v", name, err)
		}
	}
}
