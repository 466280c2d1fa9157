package gateway

import (
	"slices"
	"testing"
	"time"

	"msigate/gateway/telemetry"
)

// A server that comes and goes does not fill AUDIT; that it went and stayed away is
// told all the same.
func TestReasonThatCameAgainSoonAndStayedIsAudited(t *testing.T) {
	tel, err := telemetry.Setup(patient(t), telemetry.Options{Log: telemetry.Logging{Output: &logBuffer{}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tel.Shutdown(patient(t)) })
	h := newHealth(tel.Log, tel.Metrics)
	expect := func(when string, want ...bool) {
		t.Helper()
		var came []bool
		for _, change := range h.changes() {
			came = append(came, change.came)
		}
		if !slices.Equal(came, want) {
			t.Errorf("%s: came %v, want %v", when, came, want)
		}
	}
	h.set(reasonSource, "policy", "")
	h.clear(reasonSource, "policy")
	h.set(reasonSource, "policy", "")
	expect("within the interval", true, false)
	expect("and still within it")
	h.audited[degradedKey{reasonSource, "policy"}] = time.Now().Add(-degradedAuditInterval)
	expect("after it", true)
	expect("once")
	h.clear(reasonSource, "policy")
	expect("at its end", false)
}
