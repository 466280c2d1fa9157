package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"msigate/gateway/bus"
)

func fetch(t testing.TB, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fillAudit writes to AUDIT until it takes nothing any more.
func (s *site) fillAudit() {
	s.t.Helper()
	for range 10_000 {
		if _, err := s.conn.Ship(patient(s.t), bus.AuditSubject("filler"), "", bytes.Repeat([]byte("x"), 700), nil); err != nil {
			for range 100 { // what is smaller finds no room either
				if _, err := s.conn.Ship(patient(s.t), bus.AuditSubject("filler"), "", nil, nil); err != nil {
					return
				}
			}
		}
	}
	s.t.Fatal("AUDIT is never full")
}

// makeRoomInAudit is what an administrator does.
func (s *site) makeRoomInAudit(bytes int64) {
	s.t.Helper()
	s.administer(func(js jetstream.JetStream) error {
		stream, err := js.Stream(patient(s.t), bus.StreamAudit)
		if err != nil {
			return err
		}
		config := stream.CachedInfo().Config
		config.MaxBytes = bytes
		_, err = js.UpdateStream(patient(s.t), config)
		return err
	})
}

func TestFullAuditStreamRefusesWhatWidensAndLetsPassWhatNarrows(t *testing.T) {
	auditBytes = 64 << 10
	t.Cleanup(func() { auditBytes = 0 })
	d := newDesk(t)
	folder := wider(t)
	if err := d.give(signed(t, folder, d.both(1))); err != nil {
		t.Fatal(err)
	}
	d.site.fillAudit()
	before := d.policy.Snapshot()

	entry(t, folder, "by-another-hash", "sha256: [\"1d5a3f0c1b2e4d6f8a9b0c1d2e3f4a5b6c7d8e9f00112233445566778899aabb\"]\ndeployment_tools: [configuration-manager]")
	widest := signed(t, folder, d.both(2))
	err := d.give(widest)
	if !errors.Is(err, errNotStored) || d.policy.Snapshot() != before {
		t.Fatalf("widening, unseen: %v", err)
	}
	waiting := len(d.ledger.waiting()) // the refusal, and that it is degraded

	narrow := signed(t, governanceFolder(t), signing{serial: 3, by: d.owner})
	if err := d.give(narrow); err != nil {
		t.Fatalf("narrowing: %v", err)
	}
	if serial, _ := d.active(); serial != 3 || !d.degraded(reasonAudit) {
		t.Errorf("serial %d decides, degraded %q", serial, d.health.shown())
	}
	if n := len(d.ledger.waiting()); n != waiting+1 {
		t.Errorf("%d events are kept on disk after %d", n, waiting)
	}

	// A restart forgets none of it.
	d.start()
	if serial, _ := d.active(); serial != 3 || !d.degraded(reasonAudit) {
		t.Errorf("after a restart: serial %d, degraded %q", serial, d.health.shown())
	}
	d.site.makeRoomInAudit(10 << 20)
	d.tendOnce(patient(t))
	if d.degraded(reasonAudit) || len(d.ledger.waiting()) != 0 {
		t.Errorf("with room again: degraded %q, %d wait", d.health.shown(), len(d.ledger.waiting()))
	}
	var serials []int64
	for _, e := range d.site.auditsOf("activation") {
		for _, c := range e.Changed {
			serials = append(serials, c.Serial)
		}
	}
	if !slices.Equal(serials, []int64{1, 3}) {
		t.Errorf("AUDIT tells of the activations of %v", serials)
	}
	if refused := d.site.auditsOf("refusal"); len(refused) != 1 || refused[0].Changed[0].Serial != 2 {
		t.Errorf("refusals: %+v", refused)
	}
}

// What went nowhere but to the log is not taken back by what waits being stored.
func TestLostAuditEventIsToldUntilTheNextStart(t *testing.T) {
	auditBytes = 64 << 10
	t.Cleanup(func() { auditBytes = 0 })
	d := newDesk(t)
	d.site.fillAudit()
	d.ledger.record(patient(t), auditEvent{Event: "keys"})
	d.ledger.kept = maxKept
	d.ledger.record(patient(t), auditEvent{Event: "keys"})
	d.site.makeRoomInAudit(10 << 20)
	d.tendOnce(patient(t))
	if shown := d.detail(reasonAudit, ""); len(d.ledger.waiting()) != 0 || !strings.Contains(shown, "went nowhere but to the log") || strings.Contains(shown, "wait on disk") {
		t.Errorf("%d wait: %q", len(d.ledger.waiting()), shown)
	}
	d.start()
	if d.degraded(reasonAudit) {
		t.Errorf("after a restart: degraded %q", d.health.shown())
	}
}

// Where neither the stream nor the disk takes the event, nothing becomes active.
func TestActivationThatNobodyCouldSeeIsRefusedEvenIfItNarrows(t *testing.T) {
	auditBytes = 64 << 10
	t.Cleanup(func() { auditBytes = 0 })
	d := newDesk(t)
	if err := d.give(signed(t, wider(t), d.both(1))); err != nil {
		t.Fatal(err)
	}
	d.site.fillAudit()
	if err := os.WriteFile(d.site.config.auditFolder(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.give(signed(t, governanceFolder(t), signing{serial: 3, by: d.owner})); !errors.Is(err, errNotStored) {
		t.Fatalf("got %v", err)
	}
	if serial, _ := d.active(); serial != 1 || !d.degraded(reasonAudit) {
		t.Errorf("serial %d, degraded %q", serial, d.health.shown())
	}
}

// A gateway that is told to stop keeps what it could not store for the next one,
// and does not call itself degraded for that.
func TestAuditEventAtAStopIsKeptAndNoReasonToBeDegraded(t *testing.T) {
	d := newDesk(t)
	stopped, stop := context.WithCancel(patient(t))
	stop()
	d.ledger.record(stopped, auditEvent{Event: "keys", Detail: "at a stop"})
	if n := len(d.ledger.waiting()); n != 1 || d.degraded(reasonAudit) {
		t.Errorf("%d events wait, degraded %q", n, d.health.shown())
	}
	d.start()
	d.tendOnce(patient(t))
	if told := d.site.auditsOf("keys"); len(told) != 1 || told[0].Detail != "at a stop" || d.degraded(reasonAudit) {
		t.Errorf("the next one stored %+v, degraded %q", told, d.health.shown())
	}
}
