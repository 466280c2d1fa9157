package policytest

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"
)

var told = Report{
	Took: 1500 * time.Millisecond,
	Results: []Result{
		{Kind: Rego, Name: "a_test.test_x", File: "a_test.rego", Line: 3, Took: time.Millisecond},
		{Kind: Rego, Name: "a_test.todo_test_y", Skipped: "its name begins\nwith todo_"},
		{Kind: Stories, Name: "one #1/decisions", File: "one/decisions.golden", Line: 2, Failure: "1 of 2 lines differ\nwant <a> & \"b\"\ngot  ]]>\x01"},
	},
}

func TestJUnitHasASuiteForEachKind(t *testing.T) {
	var b strings.Builder
	if err := told.WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var back junitSuites
	if err := xml.Unmarshal([]byte(b.String()), &back); err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	if back.Tests != 3 || back.Failures != 1 || back.Skipped != 1 || back.Time != "1.500" || len(back.Suites) != 2 {
		t.Fatalf("%+v", back)
	}
	failed := back.Suites[1].Cases[0]
	if back.Suites[1].Name != "story" || failed.Failure == nil || failed.Failure.Message != "1 of 2 lines differ" || !strings.Contains(failed.Failure.Text, `want <a> & "b"`) || failed.Line != 2 {
		t.Errorf("%+v, failure %+v", failed, failed.Failure)
	}
	if passed := back.Suites[0].Cases[0]; passed.Failure != nil || passed.Skipped != nil || passed.Time != "0.001" {
		t.Errorf("%+v", passed)
	}
}

func TestTAPTellsWhereAndWhyATestFailed(t *testing.T) {
	var b strings.Builder
	if err := told.WriteTAP(&b); err != nil {
		t.Fatal(err)
	}
	want := `TAP version 14
1..3
ok 1 - rego/a_test.test_x
ok 2 - rego/a_test.todo_test_y # SKIP its name begins with todo_
not ok 3 - story/one \#1/decisions
  ---
  at: "one/decisions.golden:2"
  message: |
    1 of 2 lines differ
    want <a> & "b"
    got  ]]>` + "\x01" + `
  ...
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestJSONIsOneObjectWithEveryTest(t *testing.T) {
	var b strings.Builder
	if err := told.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Results) != 3 || back.Results[2] != told.Results[2] || back.Failed() != 1 || back.Skipped() != 1 {
		t.Errorf("%+v", back)
	}
}
