package finding

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/plugins/logs"
	"pgregory.net/rapid"

	"msigate/gateway/policy"
)

func decisionLog(tb testing.TB, d *Masked) []byte {
	tb.Helper()
	raw, err := NewDecisionLog(d, trace)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func TestDecisionLogReadsAsTheGoldenEvents(t *testing.T) {
	golden(t, "decision.alert.golden.json", pretty(t, decisionLog(t, plain(shellChild()))))
	golden(t, "decision.expected.golden.json", pretty(t, decisionLog(t, plain(expectedChild()))))
}

// roundTrip reads an event into OPA's own type, refusing a field that it does
// not know, writes it from there and compares.
func roundTrip(raw []byte) (before, after string, err error) {
	var event logs.EventV1
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&event); err != nil {
		return "", "", err
	}
	again, err := json.Marshal(event)
	if err != nil {
		return "", "", err
	}
	before, err = canonical(raw)
	if err != nil {
		return "", "", err
	}
	after, err = canonical(again)
	return before, after, err
}

func canonical(raw []byte) (string, error) {
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return "", err
	}
	out, err := json.Marshal(value)
	return string(out), err
}

func TestDecisionLogIsOPAsOwnEvent(t *testing.T) {
	for _, d := range []policy.Decision{shellChild(), approvedChild(), reviewChild(), expectedChild(), moduleLoad(), installRecord(), quarantined()} {
		before, after, err := roundTrip(decisionLog(t, plain(d)))
		if err != nil {
			t.Errorf("%s: %v", d.ID, err)
		} else if floats(before) != floats(after) {
			t.Errorf("%s changed on its way through logs.EventV1:\n%s\n%s", d.ID, before, after)
		}
	}
}

// floats evens out how encoding/json writes a number that went through any.
func floats(s string) string {
	var value any
	_ = json.Unmarshal([]byte(s), &value)
	out, _ := json.Marshal(value)
	return string(out)
}

func TestDecisionLogIsOPAsOwnEventWhateverItHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, err := NewDecisionLog(plain(drawDecision(t, 1)), trace)
		if err != nil {
			t.Fatal(err)
		}
		before, after, err := roundTrip(raw)
		if err != nil {
			t.Fatalf("%v\n%s", err, raw)
		}
		if floats(before) != floats(after) {
			t.Fatalf("changed:\n%s\n%s", before, after)
		}
	})
}

func TestDecisionLogIsASTReadable(t *testing.T) {
	var event logs.EventV1
	if err := json.Unmarshal(decisionLog(t, plain(shellChild())), &event); err != nil {
		t.Fatal(err)
	}
	if _, err := event.AST(); err != nil {
		t.Errorf("OPA's mask and drop policies cannot read it: %v", err)
	}
}

func TestAnExpectedDecisionIsLoggedWithoutItsInput(t *testing.T) {
	d := expectedChild()
	d.Input = []byte(`{"process":{}}`)
	event, err := ReadDecisionLog(decisionLog(t, plain(d)))
	if err != nil {
		t.Fatal(err)
	}
	if event.Input != nil || event.Custom.Finding != "" {
		t.Errorf("input %s, finding %q", event.Input, event.Custom.Finding)
	}
	if event.Custom.What == "" || event.Custom.Why == "" {
		t.Error("it does not say what happened and why")
	}
}

func TestReadDecisionLogGivesBackTheAnswer(t *testing.T) {
	d := shellChild()
	event, err := ReadDecisionLog(decisionLog(t, plain(d)))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(d.Answer)
	got, _ := json.Marshal(event.Result)
	if string(got) != string(want) {
		t.Errorf("answer\n got %s\nwant %s", got, want)
	}
	if event.Custom.Sequence != 42 || event.Custom.Stream != "EVENTS" || event.Custom.Cause != policy.CauseEvent || event.Custom.Serials["policy"] != 12 {
		t.Errorf("custom %+v", event.Custom)
	}
	if _, err := ReadDecisionLog([]byte(`{"labels":`)); err == nil {
		t.Error("half an event is read without an error")
	}
}

func TestWhatNoMessageCouldCarryIsErasedOrShortened(t *testing.T) {
	d := shellChild()
	d.Input = []byte(`{"process":{"command_line":"` + strings.Repeat("x", MaxInput) + `"}}`)
	d.Answer.Signals[0].Evidence["process.command_line"] = strings.Repeat("y", maxResult+1)
	raw := decisionLog(t, plain(d))
	event, err := ReadDecisionLog(raw)
	if err != nil {
		t.Fatal(err)
	}
	if event.Input != nil || !slices.Contains(event.Erased, "/input") {
		t.Errorf("input of %d bytes, erased %v", len(event.Input), event.Erased)
	}
	if !slices.Contains(event.Masked, "/result/signals/0/evidence/process.command_line") {
		t.Errorf("masked %v", event.Masked)
	}
	if len(raw) > 64<<10 {
		t.Errorf("%d bytes", len(raw))
	}
}
