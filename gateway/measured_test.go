package gateway

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"msigate/gateway/bus"
	"msigate/gateway/finding"
	"msigate/gateway/install"
	"msigate/gateway/policy"
	"msigate/gateway/telemetry"
)

// metric reads one series of a running gateway; 0 where it is not there.
func (r *gatewayRun) metric(t testing.TB, series string) float64 {
	t.Helper()
	response, err := http.Get("http://" + r.HTTP + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

// An operator sees that the state is written, how much, and what the last start
// made of it.
func TestStateAndRecoveryAreMeasured(t *testing.T) {
	s := newSite(t, func(c *Config) {
		c.HTTP.Listen = "127.0.0.1:0"
		c.State.SaveInterval = 50 * time.Millisecond
	})
	events, err := os.ReadFile(filepath.Join(storyFolder, "extracted-exe", "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	first := s.run()
	for line := range strings.Lines(string(events)) {
		s.ship("ws03.corp.example", []byte(strings.TrimSpace(line)))
	}
	s.settled(first)
	eventually(t, "a host is written down", func() bool {
		return first.metric(t, "msigate_state_entries_written_total") > 0 && first.metric(t, "msigate_state_written_bytes_total") > 0 &&
			first.metric(t, `msigate_state_saves_total{outcome="complete"}`) > 0 && first.metric(t, "msigate_state_age_seconds") > 0
	})
	if err := first.end(); err != nil {
		t.Fatal(err)
	}

	states, err := bus.OpenState(patient(t), s.conn)
	if err != nil {
		t.Fatal(err)
	}
	for host, entry := range map[string]string{
		"ws04.corp.example": "nothing of ours",
		"ws05.corp.example": fmt.Sprintf("%s%c and what a newer one wrote", stateMark, stateVersion+1),
	} {
		if _, err := states.Put(patient(t), bus.StateKey(host), []byte(entry), 0); err != nil {
			t.Fatal(err)
		}
	}
	second := s.run()
	for series, want := range map[string]float64{
		"msigate_recovery_hosts":                        1,
		"msigate_recovery_events":                       0, // all was written down
		`msigate_state_refused_total{reason="corrupt"}`: 1,
		`msigate_state_refused_total{reason="newer"}`:   1,
	} {
		if got := second.metric(t, series); got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
	if took := second.metric(t, "msigate_recovery_duration_seconds"); took <= 0 {
		t.Errorf("the start took %v s", took)
	}
}

func TestTimersAreCountedByWhatTheyWaitFor(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	all := newTimers()
	at := install.Position{Stream: "EVENTS", Sequence: 1}
	all.pend("ws01", at, []policy.Pending{{Fact: "process.signer", Due: now.Add(time.Second)}, {Fact: "session", Due: now.Add(time.Minute)}}, now)
	all.settle("ws01", "a", now.Add(time.Hour))
	all.settle("ws02", "b", now.Add(time.Hour))
	if facts, findings := all.waiting(); facts != 2 || findings != 2 {
		t.Errorf("%d facts and %d findings, want 2 of each", facts, findings)
	}
	all.pend("ws01", at, nil, now)
	all.closed("ws02", "b")
	if facts, findings := all.waiting(); facts != 0 || findings != 1 {
		t.Errorf("%d facts and %d findings, want 0 and 1", facts, findings)
	}
}

func TestWhatRollupsForgetIsToldOnce(t *testing.T) {
	r := newRollups("test")
	r.all = finding.NewRollups(finding.RollupLimits{MaxGroups: 1}, "test")
	for _, group := range []string{"a", "b", "c"} {
		r.observe([]finding.Update{{UID: group, Host: "ws01", Group: group, Disposition: policy.Alert, Severity: policy.High, Stands: true, Activity: finding.Create, Revision: 1}})
	}
	r.report(telemetry.Off().Metrics)
	if r.evicted != 2 || r.evicted != r.all.Evicted() {
		t.Errorf("%d told of %d", r.evicted, r.all.Evicted())
	}
}
