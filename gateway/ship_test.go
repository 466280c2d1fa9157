package gateway

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"msigate/gateway/bus"
)

// shipFiles ships paths and gives what became of it; an error is the test's end.
func (s *site) shipFiles(o ShipOptions, paths ...string) ShipSummary {
	s.t.Helper()
	summary, err := Ship(patient(s.t), s.conn, paths, strings.NewReader(""), o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.shipped = max(s.shipped, summary.Last)
	return summary
}

func (s ShipSummary) counts() [5]int {
	return [5]int{s.Read, s.Stored, s.Duplicates, len(s.Undecodable), len(s.Failed)}
}

func TestShippedFilesAreDecidedAsTheirHosts(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Hosts.Collectors = []string{"wef"} })
	r := s.run()
	story, err := os.ReadFile(filepath.Join("..", "testdata", "stories", "attack-custom-action", "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Count(bytes.TrimSpace(story), []byte("\n")) + 1
	folder := inFolder(t, map[string][]byte{
		"a.jsonl": story,
		"b.xml":   []byte("<Events>" + attackXML("ws501.corp.example", 1) + attackXML("ws502.corp.example", 2) + "</Events>"),
		"c.json":  []byte("[" + string(recordOf(t, "ws503")) + ",\n" + string(recordOf(t, "ws504")) + "]"),
		"d.jsonl": []byte("{\"winlog\":\n"),
	})
	first := s.shipFiles(ShipOptions{}, folder)
	if want := [5]int{lines + 4, lines + 4, 0, 1, 0}; first.counts() != want || !first.Complete {
		t.Errorf("read, stored, there before, undecodable, failed: %v, want %v; complete: %t", first.counts(), want, first.Complete)
	}
	if lost := first.Undecodable; len(lost) != 1 || filepath.Base(lost[0].Source) != "d.jsonl" || lost[0].Line != 1 || lost[0].Reason == "" || lost[0].Detail == "" {
		t.Errorf("undecodable: %+v", first.Undecodable)
	}
	s.settled(r)
	subjects := map[string]bool{}
	for _, v := range s.verdicts() {
		subjects[v.Subject] = true
	}
	for _, host := range []string{"ws501.corp.example", "ws502.corp.example"} {
		if !subjects[bus.VerdictSubject("alert", host)] {
			t.Errorf("no alert of %s: %v", host, subjects)
		}
	}

	// Again, from a file of another name: nothing is stored twice, unless it is asked for.
	renamed := inFolder(t, map[string][]byte{"other.jsonl": story})
	if again := s.shipFiles(ShipOptions{}, renamed); again.counts() != [5]int{lines, 0, lines, 0, 0} {
		t.Errorf("shipped again: %v", again.counts())
	}
	if again := s.shipFiles(ShipOptions{Again: true}, renamed); again.counts() != [5]int{lines, lines, 0, 0, 0} {
		t.Errorf("shipped again on purpose: %v", again.counts())
	}

	// A collector, and a host, say whose what cannot be decoded is.
	asCollector := s.shipFiles(ShipOptions{Collector: "wef"}, filepath.Join(folder, "c.json"), filepath.Join(folder, "d.jsonl"))
	asHost := s.shipFiles(ShipOptions{Host: "WS505"}, filepath.Join(folder, "d.jsonl"))
	if asCollector.counts() != [5]int{2, 2, 0, 0, 0} || asHost.counts() != [5]int{1, 1, 0, 0, 0} {
		t.Errorf("as a collector %v, as a host %v", asCollector.counts(), asHost.counts())
	}
	s.settled(r)
	became := s.whatBecameOf()
	if !strings.HasPrefix(became[asCollector.Last], "quarantine.syntax") || !strings.HasPrefix(became[asHost.Last], "quarantine.syntax") {
		t.Errorf("the undecodable became %q and %q", became[asCollector.Last], became[asHost.Last])
	}
	for _, m := range s.read(bus.StreamEvents) {
		if m.Sequence == asHost.Last && m.Subject != "events.host.ws505" || m.Sequence == asCollector.First && m.Subject != "events.collector.wef" {
			t.Errorf("message %d went to %s", m.Sequence, m.Subject)
		}
	}
}

// recordOf is a record of a host that is out of scope.
func recordOf(t testing.TB, host string) []byte {
	t.Helper()
	return []byte(`{"winlog":{"computer_name":"` + host + `","event_id":1,"provider_name":"Other","channel":"Other","record_id":7}}`)
}

func TestShipSaysWhatTheBusDidNotTake(t *testing.T) {
	s := newSite(t)
	line := recordOf(t, "ws510")
	large := slices.Concat([]byte(`{"pad":"`), bytes.Repeat([]byte("x"), s.conn.MaxPayload()), []byte(`",`), line[1:])
	folder := inFolder(t, map[string][]byte{"a.jsonl": slices.Concat(line, []byte("\n"), large, []byte("\n"), recordOf(t, "ws511"))})
	var told []ShipProblem
	summary := s.shipFiles(ShipOptions{Lost: func(p ShipProblem) { told = append(told, p) }}, folder)
	if summary.counts() != [5]int{3, 2, 0, 0, 1} || len(told) != 1 || told[0].Line != 2 || !strings.Contains(told[0].Detail, "max_payload") {
		t.Errorf("one is too long: %v, told %+v", summary.counts(), told)
	}

	ctx, cancel := context.WithCancel(patient(t))
	cancelled := inFolder(t, map[string][]byte{"b.jsonl": bytes.Repeat(slices.Concat(recordOf(t, "ws512"), []byte("\n")), 50)})
	summary, err := Ship(ctx, s.conn, []string{cancelled}, nil, ShipOptions{Rate: 0, Again: true, Progress: func(s ShipSummary) { cancel() }})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if len(summary.Failed) > 0 || summary.Stored == 0 || summary.Stored+summary.Duplicates > summary.Read || summary.Complete != (err == nil) {
		t.Errorf("interrupted: %+v", summary)
	}

	s.conn = mustConnect(t, s)
	if err := s.conn.Close(patient(t)); err != nil {
		t.Fatal(err)
	}
	summary, err = Ship(patient(t), s.conn, []string{folder}, nil, ShipOptions{})
	if !errors.Is(err, ErrShipStopped) || strings.Contains(err.Error(), "read events") || len(summary.Failed) == 0 || summary.Complete {
		t.Errorf("without a connection: %v, %+v", err, summary)
	}
}

func mustConnect(t testing.TB, s *site) *bus.Conn {
	t.Helper()
	conn, err := bus.Connect(patient(t), bus.Options{URL: s.server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
