package coverage

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"msigate/gateway/event"
)

var begin = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// message is a record as winlogbeat sends it, of a program that msigate is not about.
func message(provider string, id int, record uint64, at time.Time, data string) []byte {
	channel := "Microsoft-Windows-Sysmon/Operational"
	if provider != event.ProviderSysmon {
		channel = "System"
	}
	return fmt.Appendf(nil, `{"@timestamp":%q,"winlog":{"channel":%q,"provider_name":%q,"event_id":%d,"computer_name":"WS01","record_id":%d,"event_data":{%s}}}`,
		at.Format(time.RFC3339Nano), channel, provider, id, record, data)
}

const registryData = `"ProcessGuid":"{5e0c1d2a-0000-0001-0000-000000000001}","ProcessId":"77","Image":"C:\\a.exe","EventType":"SetValue","TargetObject":"HKLM\\x","Details":"1"`

func report(r *Recorder, now time.Time) Host {
	return Of(Options{Now: now}, r).Hosts[0]
}

func kindOf(t *testing.T, h Host, name string) Arriving {
	t.Helper()
	i := slices.IndexFunc(h.Arrives, func(a Arriving) bool { return a.Name == name })
	if i < 0 {
		t.Fatalf("%s does not arrive: %+v", name, h.Arrives)
	}
	return h.Arrives[i]
}

func TestMessagesPutAsideAreCountedByTheirEventID(t *testing.T) {
	r := NewRecorder(0)
	sequence := uint64(0)
	for i := range 1000 {
		sequence++
		at := begin.Add(time.Duration(i) * time.Second)
		r.Skipped("ws01", message(event.ProviderSysmon, 13, sequence, at, registryData), at, Position{sequence, WholeMessage})
		if i%10 == 0 {
			sequence++
			r.Skipped("ws01", message("Microsoft-Windows-Kernel-General", 16, sequence, at, `"a":"1"`), at, Position{sequence, WholeMessage})
		}
	}
	for range 40 { // what a sensor says of itself is not guessed from a sample
		sequence++
		r.Skipped("ws01", message(event.ProviderSysmon, 255, sequence, begin, `"ID":"QUEUE"`), begin, Position{sequence, WholeMessage})
	}
	h := report(r, begin.Add(time.Hour))
	if h.Sensor == nil || h.Sensor.Errors != 40 {
		t.Errorf("sensor: %+v", h.Sensor)
	}
	if a := kindOf(t, h, "Sysmon 13"); a.Count != 1000 || a.Decoded < sampleFirst || a.Decoded > 50 || a.Last != begin.Add(999*time.Second) {
		t.Errorf("%+v", a)
	}
	if !h.Sampled || len(h.Foreign) != 1 || h.Foreign[0].Count != 100 || h.Records != 1140 {
		t.Errorf("sampled %t, %d records, foreign %+v", h.Sampled, h.Records, h.Foreign)
	}
	// Of a sample the numbers are known, of all how many came: the other provider's
	// hundred took numbers of their own here.
	for _, n := range h.Numbers {
		if n.Channel == "Microsoft-Windows-Sysmon/Operational" && (n.Arrived < 500 || n.Lost < 0.05 || n.Lost > 0.15) {
			t.Errorf("%+v", n)
		}
	}
}

func TestARecordThatIsReadAgainIsCountedOnce(t *testing.T) {
	r := NewRecorder(0)
	m := message(event.ProviderSysmon, 13, 1, begin, registryData)
	for range 3 {
		r.Skipped("ws01", m, begin, Position{7, WholeMessage})
	}
	e := &event.Event{Kind: event.KindProcessStart, Host: "ws01", Provider: event.ProviderSysmon, EventID: 1, Stamp: begin}
	r.Saw(e, Position{8, 0})
	r.Saw(e, Position{8, 1})
	r.Saw(e, Position{8, 1})
	r.Saw(e, Position{8, 0})
	h := report(r, begin)
	if a, b := kindOf(t, h, "Sysmon 13"), kindOf(t, h, "Sysmon 1"); a.Count != 1 || b.Count != 2 {
		t.Errorf("%d and %d records, not 1 and 2", a.Count, b.Count)
	}
	r.Restart()
	r.Saw(e, Position{1, 0})
	if b := kindOf(t, report(r, begin), "Sysmon 1"); b.Count != 3 {
		t.Errorf("on another stream: %d records, not 3", b.Count)
	}
}

func TestWhatIsKnownOfAHostSurvives(t *testing.T) {
	r := NewRecorder(0)
	for i := range 40 {
		at := begin.Add(time.Duration(i) * time.Minute)
		r.Skipped("ws01", message(event.ProviderSysmon, 13, uint64(i+1), at, registryData), at, Position{uint64(i + 1), WholeMessage})
	}
	r.Saw(&event.Event{
		Kind: event.KindSensor, Host: "ws01", Provider: event.ProviderSysmon, EventID: 4, Stamp: begin.Add(time.Hour), Time: begin.Add(time.Hour),
		Sensor: event.Sensor{State: "Stopped"},
	}, Position{100, 0})
	written, err := r.Unsaved(begin.Add(2*time.Hour), 10, false)
	if err != nil || len(written) != 1 {
		t.Fatalf("%d entries, %v", len(written), err)
	}
	if again, _ := r.Unsaved(begin.Add(3*time.Hour), 10, true); len(again) != 0 {
		t.Errorf("nothing has changed, and %d are written", len(again))
	}
	other := NewRecorder(0)
	if name, err := other.Import(written[0].Data, begin); err != nil || name != "ws01" {
		t.Fatalf("%q %v", name, err)
	}
	a, b := report(r, begin.Add(3*time.Hour)), report(other, begin.Add(3*time.Hour))
	if fmt.Sprintf("%+v", a.Arrives) != fmt.Sprintf("%+v", b.Arrives) || *a.Sensor.StateAt != *b.Sensor.StateAt || b.Sensor.State != "Stopped" || *a.Last != *b.Last {
		t.Errorf("%+v\nis not\n%+v", b, a)
	}
	other.Skipped("ws01", message(event.ProviderSysmon, 13, 40, begin, registryData), begin, Position{40, WholeMessage})
	if n := kindOf(t, report(other, begin), "Sysmon 13").Count; n != 40 {
		t.Errorf("a message that was counted before the restart is counted again: %d", n)
	}
	r.Lost("ws01")
	if again, _ := r.Unsaved(begin.Add(3*time.Hour), 10, false); len(again) != 1 {
		t.Error("an entry that was not stored is not written again")
	}
	for _, bad := range []string{`{`, `{}`, `{"host":"x","kinds":[{"k":"none","p":"","s":""}]}`, `{"host":"x","first":5,"last":1}`} {
		if _, err := other.Import([]byte(bad), begin); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestWhatIsKeptOfAHostIsBounded(t *testing.T) {
	r := NewRecorder(2)
	for i := range 500 {
		at := begin.Add(time.Duration(i) * time.Second)
		r.Skipped("ws01", message(fmt.Sprintf("Provider-%d", i), 1000+i, 1, at, `"a":"1"`), at, Position{uint64(i + 1), WholeMessage})
	}
	r.Skipped("ws01", message(event.ProviderSysmon, 13, 1, begin, registryData), begin.Add(time.Hour), Position{1000, WholeMessage})
	h := r.hosts["ws01"]
	if len(h.Kinds) > maxKinds || len(h.ids) > maxIDs+2 || len(h.Channels) > maxChannels {
		t.Errorf("%d kinds, %d ids, %d channels", len(h.Kinds), len(h.ids), len(h.Channels))
	}
	if told := report(r, begin); told.Over == 0 {
		t.Error("what has no room is not counted")
	} else {
		kindOf(t, told, "Sysmon 13") // what others invent leaves room for what counts
	}
	for i := range 50 {
		r.Saw(&event.Event{Kind: event.KindOther, Host: fmt.Sprintf("h%d", i), Provider: "x", EventID: 5, Stamp: begin}, Position{uint64(2000 + i), 0})
	}
	if len(r.hosts) != 2 || r.Evicted() != 49 {
		t.Errorf("%d hosts, %d evicted", len(r.hosts), r.Evicted())
	}
}

func TestAHostThatIsPushedOutIsRemovedWhereItIsWritten(t *testing.T) {
	r := NewRecorder(1)
	saw := func(host string, at int) {
		r.Saw(&event.Event{Kind: event.KindOther, Host: host, Provider: "x", EventID: 5, Stamp: begin}, Position{uint64(at), 0})
	}
	saw("a", 1)
	if _, err := r.Unsaved(begin, 10, true); err != nil {
		t.Fatal(err)
	}
	saw("b", 2)
	written, err := r.Unsaved(begin, 10, true)
	saw("a", 3) // it is back, and b is pushed out: what is written of it stays
	if back, err := r.Unsaved(begin, 10, true); err != nil || len(back) != 2 || back[0].Host != "b" || back[0].Data != nil || back[1].Host != "a" || back[1].Data == nil {
		t.Errorf("%+v %v", back, err)
	}
	saw("b", 4) // before a's removal is told, a comes again
	saw("a", 5)
	for _, one := range must(r.Unsaved(begin, 10, true)) {
		if one.Host == "a" && one.Data == nil {
			t.Error("a host that is back is removed")
		}
	}
	if err != nil || len(written) != 2 || written[0].Host != "a" || written[0].Data != nil || written[1].Host != "b" || written[1].Data == nil {
		t.Errorf("%+v %v", written, err)
	}
}

func TestSilencesClockAndSensorAreTold(t *testing.T) {
	r := NewRecorder(0)
	n := uint64(0)
	saw := func(kind event.Kind, id int, at time.Time, late time.Duration, change func(*event.Event)) {
		n++
		e := &event.Event{Kind: kind, Host: "ws01", Provider: event.ProviderSysmon, Channel: "Microsoft-Windows-Sysmon/Operational", EventID: id, RecordID: n, Time: at, Stamp: at.Add(late)}
		if change != nil {
			change(e)
		}
		r.Saw(e, Position{n, 0})
	}
	for hour := range 30 {
		at := begin.Add(time.Duration(hour) * time.Hour)
		if hour >= 10 && hour < 18 {
			continue
		}
		saw(event.KindRegistry, 13, at, -20*time.Minute, nil)
		if hour < 2 || hour > 25 {
			saw(event.KindProcessStart, 1, at.Add(time.Minute), -20*time.Minute, nil)
		}
	}
	saw(event.KindSensor, 16, begin.Add(30*time.Hour), 0, func(e *event.Event) { e.Sensor.Configuration = "new.xml" })
	saw(event.KindSensor, 255, begin.Add(30*time.Hour), 0, func(e *event.Event) { e.Sensor.Error = "QUEUE" })
	n += 100 // numbers that do not arrive
	saw(event.KindRegistry, 13, begin.Add(29*time.Hour), 0, nil)
	h := Of(Options{Now: begin.Add(60 * time.Hour), Gap: 6 * time.Hour}, r).Hosts[0]
	if len(h.Gaps) != 2 || h.Gaps[0].Of != "process_start" || h.Gaps[1].Of != "all" || h.Gaps[1].Hours != 8 {
		t.Errorf("gaps: %+v", h.Gaps)
	}
	if h.Clock.Least != -1200 || !strings.Contains(h.Clock.Text, "ahead") || h.Clock.Backs != 1 || h.Clock.Back != 3600 {
		t.Errorf("clock: %+v", h.Clock)
	}
	if !h.Silent || h.Sensor == nil || h.Sensor.Changes != 1 || h.Sensor.Configuration != "new.xml" || h.Sensor.Errors != 1 || h.Sensor.Error != "QUEUE" {
		t.Errorf("silent %t, sensor %+v", h.Silent, h.Sensor)
	}
	if len(h.Numbers) != 1 || h.Numbers[0].Numbered-h.Numbers[0].Arrived != 100 {
		t.Errorf("numbers: %+v", h.Numbers)
	}
}

func TestWhatWasMendedIsForgotten(t *testing.T) {
	k := kindCount{RecordKind: &RecordKind{Kind: event.KindProcessStart}}
	for range 4000 {
		k.lacking([]string{"process.command_line"})
	}
	if share := k.share("process.command_line"); share != 1 {
		t.Fatalf("absent in %f", share)
	}
	for range 20_000 {
		k.lacking(nil)
	}
	if share := k.share("process.command_line"); share > partlyAt {
		t.Errorf("20,000 records later it counts as absent in %f", share)
	}
}

func TestAFactIsJudgedByTheSourceThatTellsBest(t *testing.T) {
	s := Signal{ID: "x", Needs: [][]string{{"process_start"}, {"process.command_line"}}}
	r := NewRecorder(0)
	saw := func(provider string, id, n int, missing ...string) {
		for range n {
			r.Saw(&event.Event{Kind: event.KindProcessStart, Host: "ws01", Provider: provider, EventID: id, Time: begin, Missing: missing}, Position{})
		}
	}
	sight := func() string { return r.hosts["ws01"].sight(&s, 0).Sight }
	saw(event.ProviderSecurity, 4688, 100, "process.command_line")
	if got := sight(); got != Blind {
		t.Errorf("4688 without command lines: %s", got)
	}
	saw(event.ProviderSysmon, 1, 2)
	if got := sight(); got != Blind {
		t.Errorf("two Sysmon 1 beside a hundred 4688: %s", got)
	}
	saw(event.ProviderSysmon, 1, 98)
	if got := sight(); got != Sees {
		t.Errorf("as many Sysmon 1: %s", got)
	}
	if got := r.hosts["ws01"].sight(&s, begin.Unix()+1).Sight; got != Blind {
		t.Errorf("what came last before since counts as arriving: %s", got)
	}
	kindAlone := Signal{ID: "y", Needs: [][]string{{"process_start"}}}
	if h := r.hosts["ws01"]; h.sight(&kindAlone, begin.Unix()).Sight != Sees || h.sight(&kindAlone, begin.Unix()+1).Sight != Blind {
		t.Error("a kind that came last before since counts as arriving, or one that came then does not")
	}
	if err := (&Signal{ID: "x", Needs: [][]string{{"process.comand_line"}}}).Check(); err == nil {
		t.Error("a misspelt fact is taken")
	}
}

func TestAFleetOfWhichNothingIsHeardIsSaidToBeSo(t *testing.T) {
	r := Of(Options{Now: begin, Expected: []string{"ws01", "ws02"}}, NewRecorder(0))
	if !r.Nothing || r.Fleet.Hosts != 2 || r.Fleet.Silent != 2 {
		t.Errorf("%+v", r)
	}
	if r := Of(Options{}, NewRecorder(0)); !r.Nothing {
		t.Errorf("%+v", r)
	}
}

func TestTheFleetIsCounted(t *testing.T) {
	r := NewRecorder(0)
	now := begin.Add(30 * time.Hour)
	for i, e := range []event.Event{
		{Host: "a", Kind: event.KindProcessStart, Stamp: now},
		{Host: "a", Kind: event.KindFileCreate, Stamp: now},
		{Host: "b", Kind: event.KindRegistry, Stamp: now},
		{Host: "c", Kind: event.KindProcessStart, Stamp: begin},
	} {
		r.Saw(&e, Position{uint64(i + 1), 0})
	}
	if got, want := r.Counted(Fleet{}, now), (Fleet{Heard: 3, Silent: 1, NoStarts: 1, NoFileWrites: 1}); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
}

func TestRetentionIsHeldAgainstAnInvestigation(t *testing.T) {
	day := 24 * time.Hour
	s := Stream{Name: "EVENTS", MaxAge: 3 * day, MaxBytes: -1, MaxMsgs: -1, Messages: 100, Bytes: 1000, First: begin, Last: begin.Add(day)}
	if r := s.Retained(30*day, begin); !r.Short || r.By != "max_age" || r.Command != "nats stream edit EVENTS --max-age=720h" {
		t.Errorf("%+v", r)
	}
	s.MaxAge = 30 * day
	if r := s.Retained(30*day, begin); r.Short || r.Keeps != int64(30*day/time.Second) {
		t.Errorf("%+v", r)
	}
	s.MaxBytes = 2000 // two days at this rate
	if r := s.Retained(30*day, begin); !r.Short || r.By != "max_bytes" || r.Keeps != int64(2*day/time.Second) {
		t.Errorf("%+v", r)
	}
}

func BenchmarkSkipped(b *testing.B) {
	data := registryData + `,"RuleName":"` + strings.Repeat("technique_id=T1547,", 30) + `"`
	m := message(event.ProviderSysmon, 13, 100, begin, data)
	r := NewRecorder(0)
	at := uint64(0)
	hosts := make([]string, 1000)
	for i := range hosts {
		hosts[i] = fmt.Sprintf("ws%04d", i)
		for range 20 {
			at++
			r.Skipped(hosts[i], m, begin, Position{at, WholeMessage})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		at++
		r.Skipped(hosts[at%1000], m, begin.Add(time.Duration(at)*time.Millisecond), Position{at, WholeMessage})
	}
}

func BenchmarkSaw(b *testing.B) {
	records, _ := event.Decode(message(event.ProviderSysmon, 1, 100, begin, registryData))
	e := records[0].Event
	r := NewRecorder(0)
	at := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		at++
		e.Stamp = begin.Add(time.Duration(at) * time.Millisecond)
		r.Saw(e, Position{at, 0})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
