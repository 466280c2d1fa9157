package install

import (
	"testing"
	"time"

	"msigate/gateway/event"
)

func TestASessionEnds(t *testing.T) {
	idOf := func(s *scene, p event.Process) string { return s.sessionOf(p).ID }
	for _, test := range []struct {
		name string
		play func(*scene) (id string)
		want time.Duration // 0: not over; below 0: over, at no time
	}{
		{"its client runs", func(s *scene) string { s.start(client, ccm); return idOf(s, client) }, 0},
		{"its client ended", func(s *scene) string { s.start(client, ccm); s.exits(client); return idOf(s, client) }, 2 * time.Second},
		{"a record says so, its client runs", func(s *scene) string {
			s.start(client, ccm)
			s.begins(cachedMSI, client.PID)
			s.ends(cachedMSI, client.PID)
			return idOf(s, client)
		}, 0},
		{"its client is gone, a transaction goes on", func(s *scene) string {
			s.start(client, ccm)
			s.begins(cachedMSI, client.PID)
			s.exits(client)
			return idOf(s, client)
		}, 0},
		{"so it was five minutes ago", func(s *scene) string {
			s.start(client, ccm)
			s.begins(cachedMSI, client.PID)
			s.exits(client)
			s.wait(6 * time.Minute)
			s.remember(ccm, services)
			return idOf(s, client)
		}, 3 * time.Second},
		{"nobody told of its client's end", func(s *scene) string {
			s.start(client, ccm)
			s.wait(40 * time.Minute)
			s.remember(ccm, services)
			return idOf(s, client)
		}, time.Second},
		{"records alone, going on", func(s *scene) string { return s.begins(cachedMSI, 4242).Session.ID }, 0},
		{"records alone, ended", func(s *scene) string {
			id := s.begins(cachedMSI, 4242).Session.ID
			s.ends(cachedMSI, 4242)
			return id
		}, 2 * time.Second},
		{"a product alone", func(s *scene) string {
			return s.record(idInstalled, event.Installer{Product: "A"}).Session.ID
		}, time.Second},
		{"for nobody known, the service runs", func(s *scene) string {
			s.start(service, services)
			s.start(server, service)
			return idOf(s, server)
		}, 0},
		{"for nobody known, the service ended", func(s *scene) string {
			s.start(service, services)
			s.start(server, service)
			s.exits(service)
			return idOf(s, server)
		}, 3 * time.Second},
		{"for nobody known, of a server alone", func(s *scene) string {
			s.start(server, event.Process{})
			s.exits(server)
			return idOf(s, server)
		}, 2 * time.Second},
		{"unknown", func(s *scene) string { s.start(client, ccm); return "unknown" }, -1},
		{"none", func(s *scene) string { s.start(client, ccm); return "" }, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			id := test.play(s)
			end, over := s.tracker.Ended(testHost, id)
			switch {
			case over != (test.want != 0):
				t.Errorf("over %v at %v", over, end)
			case test.want > 0 && end.Sub(begin) != test.want, test.want < 0 && !end.IsZero(), !over && !end.IsZero() && test.name != "its client is gone, a transaction goes on" && test.name != "records alone, going on":
				t.Errorf("ended at %v (%v)", end, end.Sub(begin))
			}
		})
	}
	if end, over := newScene(t).tracker.Ended("unknown", "x"); !over || !end.IsZero() {
		t.Errorf("%v %v", end, over)
	}
}
