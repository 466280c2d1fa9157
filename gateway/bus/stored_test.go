package bus

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func TestReadOutputsGivesWhatWasPublished(t *testing.T) {
	_, c := ready(t, EmbeddedOptions{})
	p := publisher(t, c, PublisherOptions{})
	var s settled
	for seq := uint64(1); seq <= 3; seq++ {
		o := decision("ws01", seq, 2, s.done)
		o.Triggers[0].Trigger.Record, o.Triggers[0].Trigger.Cause = 4, "fact:17.2"
		o.Triggers[0].Decision.Header = Header{"Msigate-Previous": {"review"}, HeaderTraceparent: {"00-a-b-01"}}
		if err := p.Publish(patient(t), o); err != nil {
			t.Fatal(err)
		}
	}
	q := Quarantined{Reason: "syntax", Stream: StreamEvents, Sequence: 9, Record: -1, Subject: EventSubject("ws01"), Data: []byte("{")}
	rollup := Output{Subject: RollupSubject("a1"), MsgID: "rollup:a1:1", Data: []byte("{}")}
	err := p.Publish(patient(t), Outputs{Host: "ws01", Settled: s.done, Triggers: []Triggered{
		{Trigger: q.Trigger(), Verdicts: []Output{q.Output()}}, {Verdicts: []Output{rollup}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	drain(t, p)
	s.want(t, 4)
	for stream, subject := range map[string]string{StreamDecisions: "decisions.x", StreamVerdicts: "verdicts.x.y", StreamQuarantine: "quarantine.x"} {
		if _, err := c.Ship(patient(t), subject, "", []byte("not ours"), nil); err != nil {
			t.Fatal(stream, err)
		}
	}

	var got, bad []string
	read := func(from map[string]uint64, stop int) {
		got, bad = nil, nil
		err := ReadOutputs(patient(t), c, ReadOutputsOptions{From: from, Malformed: func(stream string, seq uint64, err error) {
			bad = append(bad, fmt.Sprintf("%s/%d: %v", stream, seq, err))
		}}, func(o StoredOutput) bool {
			if time.Since(o.Stamp) > time.Minute {
				t.Errorf("stamped %s", o.Stamp)
			}
			if o.Stream == StreamDecisions && (o.Header.Get("Msigate-Previous") != "review" || o.Header.Get("traceparent") != "00-a-b-01") {
				t.Errorf("headers %v", o.Header)
			}
			got = append(got, fmt.Sprintf("%s/%d %s %s %s/%d.%d %s #%d %q", o.Stream, o.Sequence, o.Subject, o.MsgID,
				o.Trigger.Stream, o.Trigger.Sequence, o.Trigger.Record, o.Trigger.Cause, o.Ordinal, o.Data))
			return len(got) != stop
		})
		if err != nil {
			t.Error(err)
		}
	}
	read(map[string]uint64{StreamDecisions: 2, StreamVerdicts: 4, StreamQuarantine: 0}, 0)
	want := []string{
		`DECISIONS/2 decisions.ws01 d-ws01-2 EVENTS/2.4 fact:17.2 #2 "decision 2"`,
		`DECISIONS/3 decisions.ws01 d-ws01-3 EVENTS/3.4 fact:17.2 #2 "decision 3"`,
		`VERDICTS/4 verdicts.alert.ws01 v-ws01-2-1 EVENTS/2.4 fact:17.2 #1 ""`,
		`VERDICTS/5 verdicts.alert.ws01 v-ws01-3-0 EVENTS/3.4 fact:17.2 #0 ""`,
		`VERDICTS/6 verdicts.alert.ws01 v-ws01-3-1 EVENTS/3.4 fact:17.2 #1 ""`,
		`VERDICTS/7 verdicts.rollup.a1 rollup:a1:1 /0.0  #0 ""`,
		`QUARANTINE/1 quarantine.syntax quarantine:EVENTS:9:-1:syntax EVENTS/9.-1 quarantine #0 ""`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if wantBad := []string{"DECISIONS/4: no header Nats-Msg-Id", "VERDICTS/8: no header Nats-Msg-Id", "QUARANTINE/2: no header Nats-Msg-Id"}; !reflect.DeepEqual(bad, wantBad) {
		t.Errorf("malformed %v, want %v", bad, wantBad)
	}
	read(map[string]uint64{StreamVerdicts: 7}, 0)
	if len(got) != 1 {
		t.Errorf("one stream alone: %v", got)
	}
	read(map[string]uint64{StreamDecisions: 0, StreamVerdicts: 0}, 3)
	if len(got) != 3 {
		t.Errorf("stopped after three: %v", got)
	}
	if err := ReadOutputs(patient(t), c, ReadOutputsOptions{From: map[string]uint64{StreamAudit: 1}}, nil); err == nil {
		t.Error("AUDIT was read")
	}
}

// FuzzStoredOutput: no headers make it panic, and what it takes it would write
// again as it is.
func FuzzStoredOutput(f *testing.F) {
	f.Add("d-1", "EVENTS", "42", "7", "event", "1")
	f.Add("q-1", "EVENTS", "42", "-1", "quarantine", "0")
	f.Add("r-1", "", "", "", "", "")
	f.Add("", "EVENTS", "42", "0", "event", "0")
	f.Add("x", "EVENTS", "-1", "99999999999999999999", " ", "+1")
	f.Add("x", "EVENTS", "18446744073709551615", "2147483647", "due:parent", "2147483647")
	f.Fuzz(func(t *testing.T, id, stream, sequence, record, cause, ordinal string) {
		h := Header{}
		for name, value := range map[string]string{
			jetstream.MsgIDHeader: id, HeaderStream: stream, HeaderSequence: sequence, HeaderRecord: record, HeaderCause: cause, HeaderOrdinal: ordinal,
		} {
			if value != "" {
				h.Set(name, value)
			}
		}
		out, err := storedOutput(&Message{Stream: StreamDecisions, Sequence: 1, Header: h})
		if err != nil {
			return
		}
		if out.MsgID != id || out.Ordinal < 0 || out.Trigger.Record < -1 {
			t.Fatalf("%+v of %v", out, h)
		}
		if out.Trigger == (Trigger{}) {
			return
		}
		again, err := storedOutput(&Message{Stream: StreamDecisions, Sequence: 1, Header: Header(
			Output{Subject: "decisions.x", MsgID: out.MsgID}.message(out.Trigger, out.Ordinal).Header)})
		if err != nil && printable(out.Trigger.Cause, 256) != "" {
			t.Fatalf("written again: %v", err)
		}
		if printable(id, 1024) == id && printable(stream, 256) == stream && printable(cause, 256) == cause && err == nil &&
			(again.Trigger != out.Trigger || again.Ordinal != out.Ordinal || again.MsgID != out.MsgID) {
			t.Fatalf("%+v, written again %+v", out, again)
		}
	})
}
