package policy

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"msigate/gateway/event"
	"msigate/policies"
)

func TestUndefinedFailingAndSlowEvaluationsAreReviewsAtHighSeverity(t *testing.T) {
	// What has no answer of the policy's own must never pass for harmless.
	for name, test := range map[string]struct {
		rego string
		kind string
		want string
	}{
		"undefined":              {answering(`{"disposition": "expected"} if input.process.image == "nowhere"`), FaultUndefined, "has no value"},
		"conflicting":            {answering(`{"disposition": "expected"}` + "\n\ndecision := {\"disposition\": \"alert\"}"), FaultError, "conflict"},
		"unknown disposition":    {answering(`{"disposition": "benign", "severity": "low"}`), FaultAnswer, `"benign"`},
		"unknown severity":       {answering(`{"disposition": "expected", "severity": "none"}`), FaultAnswer, `"none"`},
		"not an object":          {answering(`"expected"`), FaultAnswer, "cannot unmarshal"},
		"approved by nobody":     {answering(`{"disposition": "approved", "severity": "low"}`), FaultAnswer, "without naming the approval"},
		"pending without a time": {answering(`{"disposition": "review", "severity": "low", "pending": [{"fact": "session"}]}`), FaultAnswer, `"session" is due at 0`},
		"pending without a fact": {answering(`{"disposition": "review", "severity": "low", "pending": [{"due": 5}]}`), FaultAnswer, "must have a name"},
		"pending in RFC 3339":    {answering(`{"disposition": "review", "severity": "low", "pending": [{"fact": "session", "due": "2026-11-20T09:00:00Z"}]}`), FaultAnswer, "cannot unmarshal"},
		"alert that waits":       {answering(`{"disposition": "alert", "severity": "low", "pending": [{"fact": "session", "due": 5}]}`), FaultAnswer, "only a review waits"},
		"too slow": {
			answering(`{"disposition": "expected", "severity": "low", "n": count({[a, b, c, d] | some a in numbers.range(1, 60); some b in numbers.range(1, 60); some c in numbers.range(1, 60); some d in numbers.range(1, 60)})}`),
			FaultTimeout, "longer than 20ms",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := decide(mustCompile(t, test.rego, Options{Deadline: 20 * time.Millisecond}), shellBelowServer())
			if d.Answer.Disposition != Review || d.Answer.Severity != High {
				t.Errorf("%s, %s; want review, high", d.Answer.Disposition, d.Answer.Severity)
			}
			if d.FaultKind() != test.kind || !strings.Contains(d.Fault, test.want) {
				t.Errorf("fault %q; want kind %s and %q", d.Fault, test.kind, test.want)
			}
			if len(d.Answer.Missing) != 1 {
				t.Errorf("missing %v; want what the context lacks", d.Answer.Missing)
			}
		})
	}
}

func TestPendingFactsAreDueAtATime(t *testing.T) {
	d := decide(mustCompile(t, answering(`{"disposition": "review", "severity": "low", "pending": [{"fact": "session", "due": input.event.received + 120000000000}]}`), Options{Deadline: time.Minute}), shellBelowServer())
	want := []Pending{{Fact: "session", Due: time.Date(2026, 11, 20, 9, 2, 1, 0, time.UTC)}}
	if d.Fault != "" || !reflect.DeepEqual(d.Answer.Pending, want) {
		t.Errorf("%+v, fault %q; want %+v", d.Answer.Pending, d.Fault, want)
	}
	raw, err := json.Marshal(d.Answer)
	if err != nil || !strings.Contains(string(raw), `"pending":[{"fact":"session","due":"2026-11-20T09:02:01Z"}]`) {
		t.Errorf("published as %s, %v", raw, err)
	}
}

func TestDecisionIDIsTheTriggersOwn(t *testing.T) {
	s := mustCompile(t, answering(harmless), Options{Deadline: time.Minute})
	first, again := decide(s, shellBelowServer()), decide(s, shellBelowServer())
	if first.ID != again.ID {
		t.Errorf("the same trigger got %s and %s", first.ID, again.ID)
	}
	other := s.Decide(t.Context(), Trigger{Stream: "EVENTS", Sequence: 1, Record: 1, Cause: CauseEvent}, facts(shellBelowServer()))
	if other.ID == first.ID {
		t.Error("another record has the same id")
	}
}

func TestCausesAreOfTheirPublishedForm(t *testing.T) {
	if got := FactCause(1234, 5); got != "fact:1234.5" {
		t.Errorf("%s", got)
	}
	if sequence, record, ok := FactCause(1234, 5).Late(); !ok || sequence != 1234 || record != 5 {
		t.Errorf("late record %d.%d %v", sequence, record, ok)
	}
	for _, none := range []Cause{CauseEvent, DueCause("1.0"), "fact:", "fact:1", "fact:x.0", "fact:1.x"} {
		if _, _, ok := none.Late(); ok {
			t.Errorf("%q names a late record", none)
		}
	}
	if fact, ok := DueCause("process.signer").Due(); !ok || fact != "process.signer" {
		t.Errorf("due %q %v", fact, ok)
	}
	if _, ok := FactCause(1, 0).Due(); ok {
		t.Error("a late record is due")
	}
	if got := DueCause("process.signer"); got != "due:process.signer" {
		t.Errorf("%s", got)
	}
	trigger := Trigger{Stream: "EVENTS", Sequence: 7, Record: 1, Cause: FactCause(9, 0)}
	if got := trigger.String(); got != "EVENTS:7.1:fact:9.0" {
		t.Errorf("%s", got)
	}
}

func TestWhatWasPublishedIsNotEvaluatedAgain(t *testing.T) {
	s := mustCompile(t, answering(harmless), Options{})
	c := shellBelowServer()
	trigger := Trigger{Stream: "EVENTS", Sequence: 1, Cause: DueCause("process.signer")}
	before := Published{
		Answer:  Answer{Disposition: Alert, Severity: High, Signals: []Signal{{ID: "shell_child", Evidence: map[string]string{"process.image": "powershell.exe"}}}},
		Input:   []byte("{}"),
		Fault:   "x",
		Bundles: []BundleStamp{{Name: "policy", Revision: "older", Serial: 4}},
		Now:     c.Event.Time.Add(time.Hour),
		Took:    time.Millisecond,
	}
	want := Decision{
		ID: trigger.ID(), Trigger: trigger, Now: before.Now, Context: *c, Answer: before.Answer, Input: before.Input,
		Fault: before.Fault, Bundles: before.Bundles, Took: before.Took,
	}
	if got := s.Decided(trigger, facts(c), before); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

func TestEvidenceIsInTheCaseTheSensorGave(t *testing.T) {
	d := decide(builtIn(t), shellBelowServer())
	if d.Answer.Disposition != Alert || len(d.Answer.Signals) == 0 {
		t.Fatalf("%s %v, fault %q", d.Answer.Disposition, d.Answer.Signals, d.Fault)
	}
	evidence := d.Answer.Signals[0].Evidence
	for fact, want := range map[string]string{
		"process.image":        `C:\Windows\System32\WindowsPowerShell\v1.0\PowerShell.exe`,
		"process.command_line": `PowerShell.exe -EncodedCommand SQBFAFgA`,
	} {
		if evidence[fact] != want {
			t.Errorf("%s is %q, want %q", fact, evidence[fact], want)
		}
	}
	if strings.Contains(string(d.Input), "PowerShell.exe") {
		t.Error("the policy saw upper case")
	}
}

func TestEvidenceFromAroundTheEventIsInItsOwnCaseToo(t *testing.T) {
	c := shellBelowServer()
	c.Session = wholeSession(c)
	written(c)
	a := Answer{Signals: []Signal{{Evidence: map[string]string{
		"written.by": `c:\windows\system32\msiexec.exe`, "package": `c:\pkg\a.msi`, "wrapper": `c:\windows\system32\msiexec.exe`, "other": `c:\pkg\a.msi`,
	}}}}
	restoreCase(&a, c)
	want := map[string]string{
		"written.by": `C:\Windows\System32\msiexec.exe`, "package": `C:\Pkg\A.msi`, "wrapper": `C:\Windows\System32\msiexec.exe`, "other": `c:\pkg\a.msi`,
	}
	if got := a.Signals[0].Evidence; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	bare := shellBelowServer()
	bare.Lineage = nil
	untouched := Answer{Signals: []Signal{{Evidence: map[string]string{"written.by": "x", "package": "y", "wrapper": "z"}}}}
	restoreCase(&untouched, bare)
	if got := untouched.Signals[0].Evidence; got["written.by"] != "x" || got["package"] != "y" || got["wrapper"] != "z" {
		t.Errorf("%v", got)
	}
}

func TestExpectedDecisionCarriesNoInput(t *testing.T) {
	if d := decide(mustCompile(t, answering(harmless), Options{Deadline: time.Minute}), shellBelowServer()); d.Input != nil || d.Fault != "" {
		t.Errorf("input of %d bytes, fault %q", len(d.Input), d.Fault)
	}
}

func TestInputIsOfThePublishedSchema(t *testing.T) {
	raw, err := policies.FS.ReadFile("schemas/input.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("urn:input", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("urn:input")
	if err != nil {
		t.Fatal(err)
	}
	c := shellBelowServer()
	everything := *c.Event
	everything.Module = event.Module{Path: `C:\Windows\Installer\MSI1.tmp`, Signature: event.Signature{Known: true, Signed: true, Subject: "x", Status: "Valid"}}
	everything.File = event.File{Path: `C:\Users\Alice\AppData\Local\Temp\a.dll`, Contents: "[ZoneTransfer]", Stream: "Zone.Identifier"}
	everything.Registry = event.Registry{Operation: "SetValue", Key: `HKLM\x`, Value: "1"}
	everything.Network = event.Network{DestinationIP: "192.0.2.1", DestinationPort: 443}
	everything.Installer = event.Installer{Package: `C:\a.msi`, ClientPID: 4, Product: "P"}
	for i, kind := range event.Kinds() {
		e := everything
		e.Kind = kind
		withKind := *c
		withKind.Event = &e
		if i > 0 { // one without what need not be there
			withKind.Session = wholeSession(c)
			written(&withKind)
		}
		var instance any
		if err := json.Unmarshal(inputJSON(inputValue(facts(&withKind), newSessionTerms())), &instance); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestTriggersCutWhatNoSignalAsksFor(t *testing.T) {
	s := builtIn(t)
	c := shellBelowServer()
	if !s.Triggers(c) {
		t.Error("a process start in a tree matches no trigger")
	}
	load := *c.Event
	load.Kind = event.KindImageLoad
	load.Module.Path = `C:\Windows\System32\msi.dll`
	c.Event = &load
	if s.Triggers(c) {
		t.Error("the installer's own library matches a trigger")
	}
	load.Module.Path = `C:\Windows\Installer\MSI12AB.TMP`
	if !s.Triggers(c) {
		t.Error("a custom-action DLL, in upper case, matches no trigger")
	}
}

func BenchmarkDecide(b *testing.B) {
	empty := mustCompile(b, answering(harmless), Options{Deadline: time.Minute})
	full := builtIn(b)
	for _, test := range []struct {
		name string
		s    *Snapshot
	}{{"empty", empty}, {"suspicious", full}} {
		b.Run(test.name, func(b *testing.B) {
			c := shellBelowServer()
			b.ReportAllocs()
			for b.Loop() {
				decide(test.s, c)
			}
		})
	}
}

func TestTimeThatIsNotKnownIsZeroAndApprovesNothing(t *testing.T) {
	c := shellBelowServer()
	c.Event.Time = time.Time{}
	d := builtIn(t).Decide(t.Context(), Trigger{Stream: "file", Sequence: 1, Cause: CauseEvent}, Facts{Context: c, Host: "ws01"})
	var input struct {
		Now   int64
		Event struct{ Time int64 }
	}
	if err := json.Unmarshal(d.Input, &input); err != nil || input.Now != 0 || input.Event.Time != 0 {
		t.Errorf("now %d, time %d, %v; want 0 and 0", input.Now, input.Event.Time, err)
	}
	if d.Answer.Disposition != Alert {
		t.Errorf("%s; want alert", d.Answer.Disposition)
	}
}
