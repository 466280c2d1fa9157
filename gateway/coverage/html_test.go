package coverage

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"msigate/gateway/event"
)

// What a host says stands on the page as text, and only as text.
func TestAHostileNameIsInertOnThePage(t *testing.T) {
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	r := NewRecorder(0)
	r.Saw(&event.Event{Kind: event.KindProcessStart, Host: hostile + "\u202e", Provider: hostile, Channel: hostile, EventID: 1, Stamp: begin}, Position{1, 0})
	r.Saw(&event.Event{Kind: event.KindSensor, Host: hostile + "\u202e", Provider: event.ProviderSysmon, EventID: 255, Stamp: begin, Sensor: event.Sensor{Error: hostile}}, Position{2, 0})
	report := Of(Options{Now: begin, Signals: []Signal{{ID: "x", Title: hostile, Needs: [][]string{{"image_load"}}}}}, r)
	report.Retention = []Retention{Stream{Name: "EVENTS", MaxAge: time.Hour}.Retained(30*24*time.Hour, begin)}
	var b strings.Builder
	if err := report.HTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if strings.Contains(page, "<script") || strings.Contains(page, "<img") || strings.Contains(page, "\u202e") {
		t.Error("what the host is called stands unescaped on the page")
	}
	if n := strings.Count(page, `&gt;&lt;script&gt;`); n < 4 {
		t.Errorf("what the host says stands %d times on the page", n)
	}
	if found := regexp.MustCompile(`(?i)(src|href|action)\s*=\s*["']?(https?:|//)|@import|url\(`).FindString(page); found != "" {
		t.Errorf("the page wants something from elsewhere: %s", found)
	}
	if !strings.Contains(page, "nats stream edit EVENTS --max-age=720h") || !strings.Contains(page, "Sysmon 7") {
		t.Error("the page does not tell what to do")
	}
}

func TestThePageOfNothingSaysSo(t *testing.T) {
	var b strings.Builder
	report := Of(Options{Now: begin}, NewRecorder(0))
	if err := report.HTML(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "Nothing was heard of any host") {
		t.Error("an empty report looks like a healthy one")
	}
}
