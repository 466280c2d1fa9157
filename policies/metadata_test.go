package policies_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"msigate/policies"
)

// signal is what the METADATA of a signal's package says.
type signal struct {
	Title       string `json:"-"`
	Description string `json:"-"`
	Folder      string `json:"-"` // of its Rego, below this folder

	ID          string `json:"id"`
	Severity    string `json:"severity"`
	Disposition string `json:"disposition"`
	Attack      string `json:"attack"`
	Sources     []struct {
		Name     string `json:"name"`
		Official bool   `json:"official"` // named by AN0940 itself
	} `json:"sources"`
	// Needs are groups of kinds and facts; a host that sends none of a group blinds the signal.
	Needs [][]string `json:"needs"`
	// WeakerWithout tells less, or only in part of the cases, where one of them is not sent.
	WeakerWithout []string `json:"weaker_without"`
	Trigger       []struct {
		Kind     string   `json:"kind"`
		EventIDs []int    `json:"event_ids"`
		Names    []string `json:"names"`
		Paths    []string `json:"paths"`
		Outside  []string `json:"outside"`
		Roles    []string `json:"roles"`
		Written  bool     `json:"written"`
	} `json:"trigger"`
	Excusable  bool     `json:"excusable"`
	ExcusedBy  []string `json:"excused_by"`
	Governance bool     `json:"governance"` // rests on governance data, which a canary must not assume
}

// facts are those that an approval can match, by the name it gives them.
var facts = []string{"sha256", "sha1", "signer", "package_sha256", "deployment_tool", "source", "command_line"}

// signals reads the METADATA of every signal, by id.
func signals(t testing.TB) []signal {
	t.Helper()
	var all []signal
	for name, module := range modules(t, false) {
		for _, a := range module.Annotations {
			if a.Scope != "package" || a.Custom["id"] == nil {
				continue
			}
			raw, err := json.Marshal(a.Custom)
			if err != nil {
				t.Fatal(err)
			}
			s := signal{Title: a.Title, Description: strings.TrimSpace(a.Description), Folder: name[:strings.LastIndex(name, "/")]}
			decoder := json.NewDecoder(strings.NewReader(string(raw)))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&s); err != nil {
				t.Fatalf("%s: METADATA custom: %v", name, err)
			}
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b signal) int { return strings.Compare(a.ID, b.ID) })
	return all
}

func TestMetadataOfEachSignalIsComplete(t *testing.T) {
	all := signals(t)
	if len(all) < 13 {
		t.Fatalf("only %d signals declare themselves", len(all))
	}
	canaries := documents(t)["canaries"].(map[string]any)
	for _, s := range all {
		t.Run(s.ID, func(t *testing.T) {
			if !strings.HasSuffix(s.Folder, "/"+s.ID) {
				t.Errorf("id %s, but its folder is %s", s.ID, s.Folder)
			}
			if s.Title == "" || s.Description == "" || s.Attack != "AN0940" {
				t.Error("title, description and attack (AN0940) are needed")
			}
			if !slices.Contains([]string{"low", "medium", "high", "critical"}, s.Severity) {
				t.Errorf("severity is %q", s.Severity)
			}
			if s.Disposition != "alert" && s.Disposition != "review" {
				t.Errorf("disposition is %q", s.Disposition)
			}
			if len(s.Sources) == 0 || len(s.Trigger) == 0 || len(s.Needs) == 0 {
				t.Error("sources, needs and trigger are needed")
			}
			for _, source := range s.Sources {
				if official := source.Name == "Sysmon 1" || source.Name == "Sysmon 11"; source.Official != official {
					t.Errorf("source %s: official is %t; AN0940's own log sources are Sysmon 1 and 11", source.Name, source.Official)
				}
			}
			if s.Excusable != (len(s.ExcusedBy) > 0) {
				t.Errorf("excusable is %t, excused_by is %v", s.Excusable, s.ExcusedBy)
			}
			for _, fact := range s.ExcusedBy {
				if !slices.Contains(facts, fact) {
					t.Errorf("excused_by: %s is no fact that an approval matches: %v", fact, facts)
				}
			}
			if s.Excusable && slices.Contains(s.ExcusedBy, "sha256") {
				checkPackageHash(t, s)
			}
			if _, err := fs.Stat(policies.FS, s.Folder+"/"+s.ID+"_test.rego"); err != nil {
				t.Error(err)
			}
			if _, ok := canaries[s.ID]; ok == s.Governance {
				t.Errorf("canary: there is one: %t; rests on governance data: %t", ok, s.Governance)
			}
		})
	}
}

// checkPackageHash holds excused_by to what lib/approvals does: the hash of the
// package stands for what the installer itself starts. A module needs a strong
// fact of its own, and so does a program that only bears the name of an extracted one.
func checkPackageHash(t *testing.T, s signal) {
	t.Helper()
	starts := false
	for _, trigger := range s.Trigger {
		starts = starts || trigger.Kind == "process_start"
	}
	want := starts && s.ID != "planted_temporary"
	if got := slices.Contains(s.ExcusedBy, "package_sha256"); got != want {
		t.Errorf("excused_by names package_sha256: %t; a process of the installer's starts, and nothing else is asked of it: %t", got, want)
	}
}

// Every rule says what it is for. In lib/behaviour the text that a rule yields
// is its title already.
func TestEveryRuleHasMetadata(t *testing.T) {
	compiler := compile(t, modules(t, false))
	annotations := compiler.GetAnnotationSet()
	for name, module := range compiler.Modules {
		for _, rule := range module.Rules {
			if strings.HasPrefix(name, "lib/behaviour/") && rule.Head.RuleKind() == ast.MultiValue {
				continue
			}
			ref := rule.Ref().GroundPrefix()
			if len(annotations.GetRuleScope(rule)) == 0 && annotations.GetDocumentScope(ref) == nil {
				t.Errorf("%s:%d: rule %s has no METADATA", name, rule.Location.Row, rule.Head.Ref())
			}
		}
	}
}

// What the rule takes for a side-loaded library must be what its trigger fits:
// METADATA cannot refer to data, so both name them.
func TestTriggerNamesEveryLibraryOfWindowsThatCanBeSideLoaded(t *testing.T) {
	var named []string
	for _, s := range signals(t) {
		if s.ID != "dropped_then_loaded" {
			continue
		}
		for _, trigger := range s.Trigger {
			named = append(named, trigger.Names...)
		}
	}
	tuning := documents(t)["an0940"].(map[string]any)["tuning"].(map[string]any)
	known := slices.Sorted(maps.Keys(tuning["system_libraries"].(map[string]any)))
	slices.Sort(named)
	if !slices.Equal(named, known) {
		t.Errorf("the trigger names %v, system_libraries are %v", named, known)
	}
}
