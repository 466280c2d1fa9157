package bus

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
)

// quarantine publishes q and gives what QUARANTINE holds then.
func quarantine(t *testing.T, c *Conn, q Quarantined, times int) []*Message {
	t.Helper()
	p := publisher(t, c, PublisherOptions{})
	var s settled
	for range times {
		err := p.Publish(patient(t), Outputs{
			Host: "ws01", Settled: s.done,
			Triggers: []Triggered{{Trigger: q.Trigger(), Verdicts: []Output{q.Output()}}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	drain(t, p)
	s.want(t, times)
	return read(t, c, StreamQuarantine, int(stored(t, c, StreamQuarantine)))
}

func TestQuarantineKeepsTheMessageWholeOnce(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	raw := "{\"a\":1,\"a\":2}\x00\x01\xff"
	got := quarantine(t, c, Quarantined{
		Reason: "duplicate_key", Detail: "offset 8: \"a\"\r\nNats-Rollup: all", Subject: "events.host.ws01",
		Stream: StreamEvents, Sequence: 12, Record: 3, Data: []byte(raw),
		Header: Header{
			"Traceparent": {"00-aa-bb-01"}, "Nats-Msg-Id": {"chosen"}, "nats-rollup": {"all"},
			"Msigate-Reason": {"forged"}, "Line\r\nBreak": {"x"}, "X-Large": {strings.Repeat("x", maxCopiedHeader+1)},
		},
	}, 2)
	if len(got) != 1 {
		t.Fatalf("%d messages, want 1", len(got))
	}
	m := got[0]
	if string(m.Data) != raw || m.Subject != "quarantine.duplicate_key" {
		t.Errorf("%q on %s", m.Data, m.Subject)
	}
	for name, want := range map[string]string{
		HeaderReason: "duplicate_key", HeaderDetail: `offset 8: "a"??Nats-Rollup: all`, HeaderSubject: "events.host.ws01",
		HeaderStream: "EVENTS", HeaderSequence: "12", HeaderRecord: "3", HeaderReduced: "",
		"traceparent": "00-aa-bb-01", "Nats-Msg-Id": "quarantine:EVENTS:12:3:duplicate_key", "Nats-Rollup": "", "X-Large": "",
	} {
		if v := m.Header.Get(name); v != want {
			t.Errorf("header %s is %q, want %q", name, v, want)
		}
	}
}

func TestQuarantineRecordsAMessageAtMaxPayload(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{MaxPayload: 32 << 10})
	raw := make([]byte, 32<<10) // EVENTS took it; with the headers of quarantine it is over
	if _, err := c.Ship(patient(t), EventSubject("ws01"), "", raw, nil); err != nil {
		t.Fatal(err)
	}
	got := quarantine(t, c, Quarantined{
		Reason: "syntax", Detail: "offset 0: NUL", Subject: "events.host.ws01", Stream: StreamEvents, Sequence: 1, Record: -1, Data: raw,
	}, 1)
	if len(got) != 1 || got[0].Header.Get(HeaderReduced) != "true" {
		t.Fatalf("%d messages, the first with %v", len(got), got[0].Header)
	}
	var r QuarantineRecord
	if err := json.Unmarshal(got[0].Data, &r); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	want := QuarantineRecord{
		Stream: StreamEvents, Sequence: 1, Record: -1, Subject: "events.host.ws01", Reason: "syntax", Detail: "offset 0: NUL",
		Size: 32 << 10, SHA256: hex.EncodeToString(sum[:]),
	}
	if r != want {
		t.Errorf("record %+v\nwant   %+v", r, want)
	}
}

func TestHeaderIsReadInAnyCase(t *testing.T) {
	h := Header{"Traceparent": {"other"}, "traceparent": {"exact"}, "X-Empty": {}}
	for name, want := range map[string]string{"traceparent": "exact", "Traceparent": "other", "TRACEPARENT": "", "x-empty": "", "absent": ""} {
		got := h.Get(name)
		if name == "TRACEPARENT" {
			if got != "exact" && got != "other" {
				t.Errorf("Get(%q) = %q", name, got)
			}
			continue
		}
		if got != want {
			t.Errorf("Get(%q) = %q, want %q", name, got, want)
		}
	}
	h.Set("a", "b")
	if len(h.Keys()) != 4 || h.Get("A") != "b" {
		t.Errorf("after Set: %v", h)
	}
	if Header(nil).Get("x") != "" {
		t.Error("a nil header has a value")
	}
}
