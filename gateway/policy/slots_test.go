package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestSlotsAreFilledAndStandForTheirDefaultElse(t *testing.T) {
	tests := []struct{ name, text, whole, bare string }{
		{"JSON", `{"a": "{{tool|C:\\x.exe}}", "b": "{{user|CORP\\alice}}"}`, `{"a": "c:\\ccm\\\"a\".exe", "b": "CORP\\alice"}`, `{"a": "C:\\x.exe", "b": "CORP\\alice"}`},
		{"XML", `<a>{{tool|C:\x.exe}}</a>`, `<a>c:\ccm\&quot;a&quot;.exe</a>`, `<a>C:\x.exe</a>`},
		{"twice", `{{tool|x}} {{tool|y}}`, `c:\\ccm\\\"a\".exe c:\\ccm\\\"a\".exe`, `x y`},
		{"none", `{"a":{"b":1}}`, `{"a":{"b":1}}`, `{"a":{"b":1}}`},
	}
	for _, test := range tests {
		parts, err := parseSlots(test.text)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if got := fill(parts, map[string]string{"tool": `c:\ccm\"a".exe`}); got != test.whole {
			t.Errorf("%s: filled: %s", test.name, got)
		}
		if got := fill(parts, nil); got != test.bare {
			t.Errorf("%s: bare: %s", test.name, got)
		}
	}
}

func TestWhatIsNoSlotIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{{tol|x}}`:     "there is no slot tol; the slots are host, user, tool",
		`{"a":"{{tool"`: `what stands at "{{tool\"" is no slot: it is written {{name|default}}`,
		`{{tool}} x`:    `is no slot`,
	} {
		if _, err := parseSlots(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestCanaryThatProvesNothingIsRefused(t *testing.T) {
	for _, test := range []struct {
		canary Canary
		want   string
	}{
		{Canary{Least: Expected, Messages: []string{"x"}}, `least is "expected": it must be alert or review`},
		{Canary{Least: Alert}, "messages is empty"},
		{Canary{Least: Alert, Messages: []string{"x"}, Excusable: true, Exclusion: "y"}, "excusable is true"},
		{Canary{Least: Alert, Messages: []string{"x"}, LoweredBy: []FactKind{"company"}}, `lowered_by: "company" is none of`},
		{Canary{Least: Alert, Messages: []string{"{{x|}}"}}, "messages: number 1: there is no slot x"},
	} {
		_, err := readCanaries(map[string]Canary{"one": test.canary})
		if err == nil || !strings.Contains(err.Error(), "read data.canaries.one: "+test.want) {
			t.Errorf("want %q, got %v", test.want, err)
		}
	}
}

// governed is a Snapshot that has governance data and nothing else.
func governed(t *testing.T, document string) *Snapshot {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.UseNumber()
	var data map[string]any
	if err := decoder.Decode(&data); err != nil {
		t.Fatal(err)
	}
	return &Snapshot{data: map[string]any{"governance": data}}
}

const governedTools = `
	"deployment_tools": {"t": {"created": 2000, "expires": 9000}, "old": {"created": 100, "expires": 200}},
	"sources": {"s": {"created": 3000, "expires": 9000}},
	"signers": {"p": {"created": 1000, "expires": 9000, "subjects": {"orrery ltd": true, "other makers of things": true}, "thumbprints": {"ab": true, "cd": true}}},
	"index": {"deployment_tools": {"image": {"c:\\t\\a.exe": {"t": true}, "c:\\t\\b.exe": {"t": true}, "c:\\old.exe": {"old": true}}},
		"sources": {"folder": {"https://deploy.corp.example/p": {"s": true}}}}`

// described are the scopes in words, with the time when all of it counts.
func described(fillings []Filling) []string {
	all := make([]string, len(fillings))
	for i, f := range fillings {
		all[i] = f.Entry + ": " + f.String() + " at " + f.Now.Format("05.000000000")
		if f.Whole {
			all[i] = "whole " + all[i]
		}
	}
	return all
}

func TestFillingsAreTheWholeScopeAndWhatDoesNotSuffice(t *testing.T) {
	tests := []struct {
		name, entry string
		want        []string
	}{
		{
			"each value is in one of them",
			`{"created": 1000, "expires": 9000, "deployment_tools": {"t": true}, "sources": {"s": true}, "narrow": {"file_names": {"o.exe": true, "suite.msi": true}}}`,
			[]string{
				`whole e: deployment tool c:\t\a.exe, package https://deploy.corp.example/p/suite.msi at 00.000003000`,
				`e: deployment tool c:\t\a.exe at 00.000003000`,
				`e: package https://deploy.corp.example/p/suite.msi at 00.000003000`,
				`whole e: deployment tool c:\t\b.exe, package https://deploy.corp.example/p/suite.msi at 00.000003000`,
				`e: deployment tool c:\t\b.exe at 00.000003000`,
			},
		},
		{
			"strong facts go together",
			`{"created": 1000, "expires": 9000, "sha256": {"aa": true}, "signers": {"p": true}, "sources": {"s": true}, "users": {"corp\\alice": true}, "host_groups": {"pilot": true}}`,
			[]string{
				`whole e: sha256 aa, signer orrery ltd ab, package https://deploy.corp.example/p/orrery.msi, host groups pilot, user corp\alice at 00.000003000`,
				`e: package https://deploy.corp.example/p/orrery.msi, host groups pilot, user corp\alice at 00.000003000`,
				`e: sha256 aa, signer orrery ltd ab, host groups pilot, user corp\alice at 00.000003000`,
				`whole e: sha256 aa, signer other makers of things cd, package https://deploy.corp.example/p/orrery.msi, host groups pilot, user corp\alice at 00.000003000`,
				`e: sha256 aa, signer other makers of things cd, host groups pilot, user corp\alice at 00.000003000`,
			},
		},
		{"what never counts all at once is in none", `{"created": 1000, "expires": 9000, "sha256": {"aa": true}, "deployment_tools": {"old": true}}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := governed(t, `{"installers": {"e": `+test.entry+`},`+governedTools+`}`)
			if got := described(ofEntries(t, s)); !slices.Equal(got, test.want) && len(got)+len(test.want) > 0 {
				t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(test.want, "\n  "))
			}
		})
	}
}

// ofEntries are the scopes of entries. Before them stands a change window alone,
// whatever entries there are.
func ofEntries(t *testing.T, s *Snapshot) []Filling {
	t.Helper()
	all := s.Fillings()
	if len(all) < 2 || slices.ContainsFunc(all[:2], func(f Filling) bool { return f.Entry != "" || !slices.Equal(f.Kinds, []FactKind{FactChange}) }) || all[0].Whole == all[1].Whole {
		t.Fatalf("no change window alone stands first: %v", all)
	}
	return all[2:]
}

func TestEntriesOfOneScopeShareTheirFillings(t *testing.T) {
	s := governed(t, `{"installers": {
		"a": {"created": 1000, "expires": 9000, "sha256": {"aa": true}, "deployment_tools": {"t": true}},
		"b": {"created": 4000, "expires": 9000, "sha256": {"bb": true}, "deployment_tools": {"t": true}}},`+governedTools+`}`)
	for _, f := range ofEntries(t, s) {
		if f.Entry != "a" || f.Count != 2 {
			t.Errorf("%s of %s stands for %d entries, not for both", f, f.Entry, f.Count)
		}
	}
}

func TestGovernanceOfAnotherShapeHasNoScope(t *testing.T) {
	for _, document := range []string{`{}`, `{"installers": []}`, `{"installers": {"e": 1}}`, `{"installers": {"e": {"sha256": [], "created": "x"}}, "index": 3}`} {
		if got := ofEntries(t, governed(t, document)); len(got) != 0 {
			t.Errorf("%s: %v", document, got)
		}
	}
}
