package gateway

import (
	"slices"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/coverage"
)

// A running gateway writes down what arrives of its hosts, also of what the scope
// test puts aside; whoever may read that is told, and the gateway after it goes
// on counting where this one ended, after a stop and after a crash.
func TestWhatArrivesIsToldAndSurvives(t *testing.T) {
	s := newSite(t, func(c *Config) {
		c.State.SaveInterval = time.Hour
		c.Hosts.Collectors = []string{"wef"}
	})
	policy := builtIn(t)
	aside := func(id string) []byte {
		return []byte(`{"@timestamp":"2026-11-20T09:00:00Z","winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","event_id":` + id +
			`,"computer_name":"ws07","record_id":5,"event_data":{"ProcessGuid":"{5e0c1d2a-0000-0001-0000-000000000001}","ProcessId":"77","Image":"C:\\Program Files\\x.exe"}}}`)
	}
	first := s.start(s.config, policy, s.server.URL())
	for _, one := range storyOf(t, "custom-action-dll", "ws04.corp.example", "ws07") {
		s.ship("ws07", one)
	}
	for range 30 {
		s.ship("ws08", []byte(`{"@timestamp":"2026-11-20T09:00:00Z","winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","event_id":3,"computer_name":"ws08","record_id":5,"event_data":{"ProcessGuid":"{5e0c1d2a-0000-0001-0000-000000000001}","ProcessId":"77","Image":"C:\\Program Files\\x.exe"}}}`))
	}
	s.shipTo("events.collector.wef", aside("5"))
	s.shipTo("events.host.ws08", []byte(`{"cut`))
	s.idle(first)
	if n := first.Coverage(coverage.Options{Now: time.Now()}).Fleet.Hosts; n != 2 {
		t.Errorf("%d hosts, not 2", n)
	}
	first.end(t)

	counts := func() map[string]uint64 {
		t.Helper()
		r, refused, err := ReadCoverage(patient(t), s.conn)
		if err != nil || len(refused) > 0 {
			t.Fatal(err, refused)
		}
		all := map[string]uint64{}
		for _, h := range coverage.Of(coverage.Options{Now: time.Now()}, r).Hosts {
			for _, a := range h.Arrives {
				all[h.Host+" "+a.Name] += a.Count
			}
			all[h.Host+" refused"] = h.Refused
		}
		return all
	}
	want := map[string]uint64{"ws07 Sysmon 1": 2, "ws07 Sysmon 11": 1, "ws07 Sysmon 7": 2, "ws07 Sysmon 5": 1, "ws07 refused": 0, "ws08 Sysmon 3": 30, "ws08 refused": 1}
	check := func(when string) {
		t.Helper()
		got := counts()
		for key, n := range want {
			if got[key] != n {
				t.Errorf("%s: %s: %d, not %d", when, key, got[key], n)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v", when, got)
		}
	}
	check("stopped")

	second := s.start(s.config, policy, s.server.URL())
	s.ship("ws08", []byte(`{"@timestamp":"2026-11-20T09:00:00Z","winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","event_id":3,"computer_name":"ws08","record_id":6,"event_data":{"ProcessGuid":"{5e0c1d2a-0000-0001-0000-000000000001}","ProcessId":"77","Image":"C:\\Program Files\\x.exe"}}}`))
	s.idle(second)
	second.saveCoverage(patient(t), true)
	want["ws08 Sysmon 3"] = 31
	second.crash()
	check("crashed")

	// What it had written is not counted again, though EVENTS is read again.
	third := s.start(s.config, policy, s.server.URL())
	s.idle(third)
	third.end(t)
	check("started again")

	// An entry that cannot be read is told, and told anew.
	s.rewrite(bus.CoverageKey("ws08"), []byte("rubbish"))
	if _, refused, err := ReadCoverage(patient(t), s.conn); err != nil || len(refused) != 1 {
		t.Errorf("%v %v", refused, err)
	}
	fourth := s.start(s.config, policy, s.server.URL())
	s.ship("ws08", aside("3"))
	s.idle(fourth)
	fourth.end(t)
	r, refused, err := ReadCoverage(patient(t), s.conn)
	if err != nil || len(refused) > 0 {
		t.Fatal(err, refused)
	}
	hosts := coverage.Of(coverage.Options{}, r).Hosts
	if !slices.ContainsFunc(hosts, func(h coverage.Host) bool { return h.Host == "ws08" }) {
		t.Errorf("ws08 is not told anew: %+v", hosts)
	}
	streams, err := CoverageStreams(patient(t), s.conn)
	if err != nil || len(streams) != 3 || streams[0].Name != bus.StreamEvents || streams[0].Messages == 0 || streams[0].MaxAge != bus.DefaultEventsAge {
		t.Errorf("%+v %v", streams, err)
	}
}

// Every signal of the shipped policy says what it needs in words that a record has.
func TestEverySignalSaysWhatItNeeds(t *testing.T) {
	signals, err := CoverageSignals(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(signals) < 30 {
		t.Fatalf("%d signals", len(signals))
	}
	for _, s := range signals {
		if len(s.Needs) == 0 || s.Title == "" {
			t.Errorf("%s: %+v", s.ID, s)
		}
	}
}
