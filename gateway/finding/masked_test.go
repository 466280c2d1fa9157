package finding

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"msigate/gateway/event"
	"msigate/gateway/install"
	"msigate/gateway/policy"
)

// told is everything that comes out for a Decision.
func told(tb testing.TB, d *Masked) string {
	tb.Helper()
	all := Summary(d) + Explanation(d) + WhatHappened(d) + sessionText(d)
	all += string(decisionLog(tb, d))
	for _, u := range newFindings().Apply(d, trace) {
		all += string(u.Document)
	}
	return all
}

// withCommandLine puts line into every place that a command line gets to, as
// the steps before do: lower-cased into the input, parsed, quoted as evidence.
func withCommandLine(line string, properties map[string]string) policy.Decision {
	d := shellChild()
	d.Context = cloneContext(d.Context)
	e := d.Context.Event
	e.Process.CommandLine, e.Parent.CommandLine = line, line
	msiexec := &install.CommandLine{Verb: "install", Properties: properties, Package: &install.Package{Kind: install.PackagePath, Name: `C:\a.msi`}}
	processes := []*install.Process{&d.Context.Process, &d.Context.Parent, &d.Context.Root}
	for i := range d.Context.Lineage {
		processes = append(processes, &d.Context.Lineage[i])
	}
	parsed := map[string]string{}
	for name, value := range properties {
		parsed[event.LowerASCII(name)] = event.LowerASCII(value)
		d.Answer.Signals[0].Evidence["process.msiexec.properties."+event.LowerASCII(name)] = value
	}
	for _, p := range processes {
		p.CommandLine, p.Msiexec = line, msiexec
	}
	client := d.Context.Process
	session := install.Session{
		ID: "5e55", Client: &client, Launcher: []install.Process{client}, Properties: properties, Package: msiexec.Package,
		PackageFile: &install.PackageFile{Writer: &client},
	}
	session.Candidates = []install.Session{session}
	d.Context.Session = &session
	d.Answer.Signals[0].Evidence["process.command_line"] = line
	d.Fault = "evaluation of " + line
	process := map[string]any{"command_line": event.LowerASCII(line), "msiexec": map[string]any{"properties": parsed}}
	d.Input, _ = json.Marshal(map[string]any{"process": process, "parent": process, "root": process, "lineage": []any{process}, "session": map[string]any{
		"client": process, "launcher": []any{process}, "candidates": []any{map[string]any{"client": process}},
	}})
	return d
}

// sessionText is every text of a Decision's session.
func sessionText(d *Masked) string {
	text, err := json.Marshal(d.Decision().Context.Session)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// secretForms are the forms that the shipped patterns know, %s the secret.
var secretForms = []string{
	`ADMINPASSWORD=%s`, `DB_PWD="%s"`, `apikey=%s`, `ClientSecret = %s`, ` -Password %s`, ` /password:%s`, ` --token=%s`,
	` /p:%s`, ` /rp %s`, `net user svc %s`, `Authorization: Bearer %s`, `"X-Api-Key: %s"`, `https://svc:%s@files.corp.example/`,
	`https://files.corp.example/a?sig=%s&x=y`, `curl -u svc:%s`, `ConvertTo-SecureString "%s"`,
}

func TestNoSecretInAKnownFormComesOut(t *testing.T) {
	m := shippedMasker(t)
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Z][A-Za-z0-9]{8,20}[0-9]Qz`).Draw(t, "secret")
		form := rapid.SampledFrom(secretForms).Draw(t, "form")
		word := rapid.StringMatching(`[a-z/\\.: "=-]{0,24}`)
		line := `C:\Windows\x.exe ` + word.Draw(t, "before") + ` ` + strings.ReplaceAll(form, "%s", secret) + ` ` + word.Draw(t, "after")
		properties := map[string]string{}
		if name, value, ok := strings.Cut(strings.ReplaceAll(form, "%s", secret), "="); ok && !strings.ContainsAny(name, " :/") {
			properties[name] = strings.Trim(value, `"`)
		}
		d := m.Mask(withCommandLine(line, properties))
		out := told(discard{}, d)
		if strings.Contains(event.LowerASCII(out), event.LowerASCII(secret)) {
			t.Fatalf("%q in %q comes out:\n%s", secret, line, out)
		}
		if len(d.Facts) == 0 || len(d.Pointers) == 0 {
			t.Fatalf("it was masked, and the facts %v and pointers %v do not say so", d.Facts, d.Pointers)
		}
		again := m.Mask(*d.Decision())
		if !reflect.DeepEqual(again.Decision(), d.Decision()) {
			t.Fatal("masking twice differs from once")
		}
	})
}

// discard lets helpers that take a testing.TB run inside rapid.
type discard struct{ testing.TB }

func (discard) Helper()           {}
func (discard) Fatal(args ...any) { panic(args) }

func TestAPropertyIsASecretByItsName(t *testing.T) {
	m := shippedMasker(t)
	d := m.Mask(withCommandLine(`msiexec /i a.msi ADMINPASSWORD="my secret words" REGION=eu`, map[string]string{
		"ADMINPASSWORD": "my secret words", "REGION": "eu",
	}))
	properties := d.Decision().Context.Process.Msiexec.Properties
	if properties["ADMINPASSWORD"] != Marker || properties["REGION"] != "eu" {
		t.Errorf("properties %v", properties)
	}
	for _, want := range []string{"/input/process/msiexec/properties/adminpassword", "/input/process/command_line", "/result/signals/0/evidence/process.command_line"} {
		if !slices.Contains(d.Pointers, want) {
			t.Errorf("%s is not among %v", want, d.Pointers)
		}
	}
	if !slices.Contains(d.Facts, "process.msiexec.properties.adminpassword") || !slices.Contains(d.Facts, "root.command_line") {
		t.Errorf("facts %v", d.Facts)
	}
	event, err := ReadDecisionLog(decisionLog(t, d))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(event.Masked, d.Pointers) {
		t.Errorf("the decision log says masked %v", event.Masked)
	}
}

func TestMaskingLeavesTheDecisionAsItIs(t *testing.T) {
	m := shippedMasker(t)
	before := withCommandLine(`msiexec /i a.msi ADMINPASSWORD=Winter2026`, map[string]string{"ADMINPASSWORD": "Winter2026"})
	twin := withCommandLine(`msiexec /i a.msi ADMINPASSWORD=Winter2026`, map[string]string{"ADMINPASSWORD": "Winter2026"})
	d := m.Mask(before)
	if !reflect.DeepEqual(before, twin) {
		t.Error("the Decision that was given was changed")
	}
	a, b := d.Decision().Answer, before.Answer
	if a.Disposition != b.Disposition || a.Severity != b.Severity || len(a.Signals) != len(b.Signals) || a.Signals[0].ID != b.Signals[0].ID {
		t.Error("masking changed what was decided")
	}
	if UID(d) != UID(plain(before)) {
		t.Error("masking changed the finding's uid")
	}
}

func TestAPackageCannotHideWhatItRanByCallingItAPassword(t *testing.T) {
	m := shippedMasker(t)
	d := withCommandLine(`msiexec /i a.msi PASSWORD=powershell.exe`, map[string]string{"PASSWORD": "powershell.exe"})
	d.Context.Process.CommandLine = `powershell.exe -enc SQBFAFgA`
	out := m.Mask(d)
	c := out.Decision().Context
	if c.Process.Image != d.Context.Process.Image || c.Process.CommandLine != d.Context.Process.CommandLine {
		t.Errorf("image %q, command line %q", c.Process.Image, c.Process.CommandLine)
	}
	if !strings.Contains(WhatHappened(out), "powershell.exe -enc") {
		t.Errorf("what happened reads %q", WhatHappened(out))
	}
}

func TestWithoutASecretNothingIsCopied(t *testing.T) {
	m := shippedMasker(t)
	d := approvedChild()
	out := m.Mask(d)
	if out.Decision().Context.Event != d.Context.Event || &out.Decision().Input[0] != &d.Input[0] {
		t.Error("a Decision without a secret was copied")
	}
}

func TestAnInputThatIsNoJSONIsErased(t *testing.T) {
	m := shippedMasker(t)
	for _, input := range []string{`{"a":"password=x"`, `{"a":"password=x"}}`, `"password=x" 1 2`, `{"a":"password=x",}`} {
		d := shellChild()
		d.Input = []byte(input)
		out := m.Mask(d)
		if len(out.Decision().Input) != 0 && strings.Contains(string(out.Decision().Input), "=x") || !slices.Contains(out.Erased, "/input") {
			t.Errorf("%s became %s, erased %v", input, out.Decision().Input, out.Erased)
		}
	}
}

func TestAMaskedInputIsTheSameJSONButForTheSecrets(t *testing.T) {
	m := shippedMasker(t)
	d := shellChild()
	d.Input = []byte(`{"password=x":1.5,"now":1777896002000000000,"list":["a \u003c b","PASSWORD=x",null,true],"o":{"e":"ä"}}`)
	out := m.Mask(d)
	var got, want any
	if err := json.Unmarshal(out.Decision().Input, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{"password=x":1.5,"now":1777896002000000000,"list":["a < b","PASSWORD=***",null,true],"o":{"e":"ä"}}`), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("input %s", out.Decision().Input)
	}
	if !slices.Equal(out.Pointers, []string{"/input/list/1"}) {
		t.Errorf("pointers %v", out.Pointers)
	}
}
