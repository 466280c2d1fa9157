package gateway

import (
	"fmt"
	"strings"
	"testing"

	"msigate/gateway/policy"
)

// severities are what the README of raised-severity demands of the program that
// each host's custom action starts: how bad, and the reason that raised it.
var severities = []struct {
	host     string
	severity policy.Severity
	reason   string
}{
	{"ws361", policy.Critical, "the script is fetched or encoded"},
	{"ws362", policy.Critical, "the script is fetched or encoded"},
	{"ws363", policy.High, ""},
	{"ws364", policy.High, ""},
	{"ws365", policy.Critical, "it starts again by itself, from where payloads run from"},
	{"ws366", policy.High, ""},
	{"ws367", policy.Critical, "the package came from the web"},
	{"ws368", policy.Critical, "it touches what watches over the host"},
}

func TestStoryOfRaisedSeverityTellsHowBadAndWhy(t *testing.T) {
	got := map[string]string{}
	for _, d := range decisionsOf(t, builtIn(t), "raised-severity") {
		if strings.Contains(d.What, "custom-action server) →") {
			got[d.Host] = fmt.Sprint(d.Severity, ": ", d.Signals[0].Evidence["context"])
		}
	}
	for _, want := range severities {
		if told := got[want.host+".corp.example"]; told != fmt.Sprint(want.severity, ": ", want.reason) {
			t.Errorf("%s is told as %q, not as %s for the reason %q", want.host, told, want.severity, want.reason)
		}
	}
}

// That an install asks nothing is never told by itself: what its tree does shows it.
func TestStoryOfAQuietInstallShowsItBesideWhatIsTold(t *testing.T) {
	want := map[string]string{"ws353.corp.example": "none", "ws354.corp.example": "passive"}
	for _, d := range decisionsOf(t, builtIn(t), "quiet-install") {
		for _, signal := range d.Signals {
			if signal.Evidence["session.quiet"] != want[d.Host] {
				t.Errorf("%s %s: the evidence says quiet %q, not %q", d.Host, signal.ID, signal.Evidence["session.quiet"], want[d.Host])
			}
			delete(want, d.Host)
		}
	}
	if len(want) > 0 {
		t.Errorf("nothing is told of %v", want)
	}
}
