package coverage

import (
	"strings"
	"testing"
	"unicode/utf8"

	"msigate/gateway/event"
)

// Texts in any language, and what is no text, are cut so that they can be
// written down.
func TestACutTextCanBeWrittenDown(t *testing.T) {
	for _, long := range []string{strings.Repeat("ü", 300), "x" + strings.Repeat("ü", 300), strings.Repeat("日本", 300), strings.Repeat("x🖥", 200), strings.Repeat("\x80", 300), "ws\xff"} {
		r := NewRecorder(0)
		for i, e := range []event.Event{
			{Kind: event.KindSensor, Provider: event.ProviderSysmon, EventID: 16, Sensor: event.Sensor{Configuration: long}},
			{Kind: event.KindSensor, Provider: event.ProviderSysmon, EventID: 255, Sensor: event.Sensor{Error: "QUEUE", Description: long}},
			{Kind: event.KindOther, Provider: long, Channel: long, EventID: 5},
			{Kind: event.KindOther, Provider: long, Channel: long, EventID: 5},
		} {
			e.Host, e.Stamp = long, begin
			r.Saw(&e, Position{uint64(i + 1), 0})
		}
		written, err := r.Unsaved(begin, 10, true)
		if err != nil || len(written) != 1 {
			t.Fatalf("%.10q: %d entries, %v", long, len(written), err)
		}
		name, err := NewRecorder(0).Import(written[0].Data, begin)
		if err != nil || name != written[0].Host || name == "" || len(name) > 255 {
			t.Errorf("%.10q: read as %q: %v", long, name, err)
		}
		h := report(r, begin)
		for _, s := range []string{h.Sensor.Configuration, h.Sensor.Error, h.Foreign[0].Name, h.Host} {
			if s == "" || !utf8.ValidString(s) {
				t.Errorf("%.10q: %q is no text", long, s)
			}
		}
		if h.Foreign[0].Count != 2 {
			t.Errorf("%.10q: two records of a kind are taken for %d", long, h.Foreign[0].Count)
		}
	}
}

// A host that cannot be written down does not keep the others from it.
func TestAHostThatCannotBeWrittenDownIsPassedOver(t *testing.T) {
	r := NewRecorder(0)
	saw := func(host string, at uint64) {
		r.Saw(&event.Event{Kind: event.KindOther, Host: host, Provider: "x", EventID: 5, Stamp: begin}, Position{at, 0})
	}
	for i, name := range []string{"a", "bad", "b", "c", "d"} {
		saw(name, uint64(i+1))
	}
	r.hosts["bad"].Sensor.State = "\xff"
	told := 0
	written := map[string]bool{}
	for {
		all, err := r.Unsaved(begin, 2, true)
		if err != nil {
			told++
			if !strings.Contains(err.Error(), "the coverage of bad") {
				t.Error(err)
			}
		}
		for _, one := range all {
			written[one.Host] = true
		}
		if len(all) < 2 {
			break
		}
	}
	if again, err := r.Unsaved(begin, 2, true); err != nil || len(again) != 0 {
		t.Errorf("nothing has changed, and told again are %v and %v", again, err)
	}
	if len(written) != 4 || told != 1 {
		t.Errorf("%v are written down, the error is told %d times", written, told)
	}
	saw("bad", 100)
	if _, err := r.Unsaved(begin, 2, true); err == nil {
		t.Error("a host that cannot be written down is told of once and never again")
	}
}

// A removal that failed is tried again, also where a writing of the same host had
// failed before.
func TestARemovalThatFailedIsTriedAgain(t *testing.T) {
	r := NewRecorder(1)
	saw := func(host string, at uint64) {
		r.Saw(&event.Event{Kind: event.KindOther, Host: host, Provider: "x", EventID: 5, Stamp: begin}, Position{at, 0})
	}
	saw("a", 1)
	for range 2 {
		must(r.Unsaved(begin, 10, true))
		r.Lost("a")
	}
	saw("b", 2)
	for range 2 {
		if all := must(r.Unsaved(begin, 10, true)); len(all) == 0 || all[0].Host != "a" || all[0].Data != nil {
			t.Errorf("given %+v", all)
		}
		r.Lost("a")
	}
}

func TestAnEntryThatCannotHaveBeenWrittenIsRefused(t *testing.T) {
	_, err := NewRecorder(0).Import([]byte(`{"host":"ws01","channels":[{"c":"x","nb":1,"ab":2}]}`), begin)
	if err == nil || !strings.Contains(err.Error(), "more records arrived than were numbered") {
		t.Errorf("error %v", err)
	}
}

// A name that is cut is the same host's at each record, and pushes nobody out.
func TestAHostWhoseNameIsCutIsOneHost(t *testing.T) {
	r := NewRecorder(2)
	saw := func(host string, at uint64) {
		r.Saw(&event.Event{Kind: event.KindOther, Host: host, Provider: "x", EventID: 5, Stamp: begin}, Position{at, 0})
	}
	saw("ws01", 1)
	long := strings.Repeat("a", 300)
	for at := range uint64(20) {
		saw(long, at+2)
	}
	if r.Evicted() != 0 || r.hosts["ws01"] == nil {
		t.Errorf("%d hosts are pushed out", r.Evicted())
	}
	if h := r.hosts[long[:255]]; h == nil || h.Messages != 20 || h.Kinds[0].Count != 20 {
		t.Errorf("%+v", h)
	}
	if _, err := r.Import([]byte(`{"host":"`+long+`"}`), begin); err == nil {
		t.Error("an entry is taken over of a host that has no such name")
	}
}
