package finding

import (
	"strings"
	"testing"
	"time"

	"msigate/gateway/policy"
)

func TestPrevalenceIsAmongTheAnomalysBaselines(t *testing.T) {
	first := time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)
	lead := &Standing{Subject: "helper.exe", Baseline: &policy.Prevalence{
		Package: "kestrel.msi", Child: "sha256:5f1d", Hosts: 412, FirstSeen: first, LastSeen: first.AddDate(0, 6, 0),
	}}
	v := &view{lead: lead, signals: []SignalCount{{ID: "unexpected_child", Title: "Unexpected program", Count: 1}}}
	all := v.anomalies()
	if len(all) != 1 || len(all[0].Baselines) != 1 {
		t.Fatalf("analyses %+v", all)
	}
	p := all[0].Baselines[0]
	if p.Parameter != "kestrel.msi" || p.Type != "Prevalence" || p.Pattern != "started or loaded sha256:5f1d" ||
		len(p.Observations) != 1 || p.Observations[0].Value != "seen on 412 hosts, from 2026-03-01 to 2026-09-01" {
		t.Errorf("pattern %+v", p)
	}
	lead.Baseline.Hosts = 1
	if got := v.anomalies()[0].Baselines[0].Observations[0].Value; got != "seen on 1 host, from 2026-03-01 to 2026-09-01" {
		t.Error(got)
	}
	if err := lead.checkAnswer(); err != nil {
		t.Errorf("it is kept and cannot be read back: %v", err)
	}
	lead.Baseline.Child = strings.Repeat("x", 4*maxName)
	if lead.checkAnswer() == nil {
		t.Error("a child without bounds is read back")
	}
}
