package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"msigate/gateway/governance"
	"msigate/gateway/policy"
)

// candidateOf compiles bundles and tries nothing.
func candidateOf(t testing.TB, sources ...Source) *active {
	t.Helper()
	bundles, err := ReadBundles(sources)
	if err != nil {
		t.Fatal(err)
	}
	return candidateFrom(t, bundles)
}

func candidateFrom(t testing.TB, bundles []*governance.Bundle) *active {
	t.Helper()
	s, err := CompileBundles(patient(t), bundles, policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	candidate, err := prepare(s)
	if err != nil {
		t.Fatal(err)
	}
	return candidate
}

// entry appends an entry of installers.yaml, with what every entry needs besides.
func entry(t testing.TB, folder, id, facts string) {
	t.Helper()
	path := filepath.Join(folder, "installers.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	added := "\n  - id: " + id + "\n    title: Entry of a test\n    owner: endpoint-engineering\n    reason: It is tried against the canaries by a test.\n" +
		"    created: 2026-11-01\n    expires: 2027-10-31\n"
	for line := range strings.Lines(facts) {
		added += "    " + strings.TrimSpace(line) + "\n"
	}
	if err := os.WriteFile(path, append(text, added...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// At a start the scopes that the binary ships are not tried, because this is.
func TestShippedEntriesHideNoCanary(t *testing.T) {
	candidate := builtIn(t).current.Load()
	fillings := candidate.snapshot.Fillings()
	if len(fillings) < 20 {
		t.Fatalf("only %d scopes", len(fillings))
	}
	if err := candidate.tryFillings(patient(t), fillings); err != nil {
		t.Error(err)
	}
}

// What does not suffice would prove nothing if what suffices were not seen
// either: with a whole scope put in, a canary that may be excused is approved.
func TestWholeScopeExcusesWhatMayBeExcused(t *testing.T) {
	folder := governanceFolder(t)
	const hash = "0d5a3f0c1b2e4d6f8a9b0c1d2e3f4a5b6c7d8e9f00112233445566778899aabb"
	entry(t, folder, "by-hash-and-tool", "sha256: ["+hash+"]\ndeployment_tools: [configuration-manager]")
	entry(t, folder, "by-hash-and-source", "sha256: ["+hash+"]\nsources: [configuration-manager-cache]")
	entry(t, folder, "by-hash-and-change", "sha256: ["+hash+"]\nchange_window: true")
	entry(t, folder, "of-a-group", "sha256: ["+hash+"]\ndeployment_tools: [configuration-manager]\nhost_groups: [finance-laptops]")
	entry(t, folder, "of-an-account", "sha256: ["+hash+"]\ndeployment_tools: [configuration-manager]\nusers: ['CORP\\installer']")
	candidate := candidateOf(t, Source{Path: folder})
	approving := map[string]map[string]bool{} // canary → entries
	for _, f := range candidate.snapshot.Fillings() {
		for _, canary := range candidate.snapshot.Canaries() {
			messages, ok, err := canary.Fill(f)
			if err != nil {
				t.Fatal(err)
			}
			if !ok || !f.Whole || !canary.Excusable {
				continue
			}
			groups, open := inWindow(f)
			d, err := candidate.decideIn(patient(t), canaryRun{ask: (*policy.Snapshot).Decide, groups: groups, open: open}, messages, f.Now)
			if err != nil {
				t.Fatal(err)
			}
			if d != nil && d.Answer.Disposition == policy.Approved && d.Answer.Approval.Entry == f.Entry {
				if approving[canary.Name] == nil {
					approving[canary.Name] = map[string]bool{}
				}
				approving[canary.Name][d.Answer.Approval.Entry] = true
			}
		}
	}
	for _, canary := range candidate.snapshot.Canaries() {
		if canary.Excusable && !approving[canary.Name]["by-hash-and-tool"] {
			t.Errorf("%s: hash and tool do not excuse it; approving: %v", canary.Name, approving[canary.Name])
		}
	}
	all := fmt.Sprint(approving)
	for _, id := range []string{"by-hash-and-source", "by-hash-and-change", "of-a-group", "of-an-account", "known-publishers-by-deployment-tools", "known-publishers-by-intune-line-of-business"} {
		if !strings.Contains(all, id) {
			t.Errorf("no canary shows the scope of %s: %s", id, all)
		}
	}
}

// anyFactLeads has a policy look for what explains an event among all entries that
// one fact leads to, as one that is content with one fact would have to.
func anyFactLeads(t testing.TB, folder string) {
	t.Helper()
	edit(t, folder, "lib/approvals/approval.rego", "some id in leading", "some id in candidates")
}

// One fact suffices, or an interpreter's arguments do not matter, or what nothing
// excuses is excused: canaries and entry are named.
func TestPolicyThatLetsAnEntryExcuseTooMuchIsRefusedNamingCanaryAndEntry(t *testing.T) {
	t.Parallel()
	const carried, failed = "lib/approvals/carried.rego", "lib/approvals/failed.rego"
	const strong = "carries(_, facts) if {\n\tcount(facts & own_facts) > 0\n\tcount(facts & situational) > 0\n}"
	tests := []struct {
		name, file, old, new string
		want                 []string
	}{
		{
			"a signer alone", carried, strong, "carries(_, facts) if {\n\tcount(facts & own_facts) > 0\n}",
			[]string{"unexpected_child (A program outside Program Files and Windows, by a custom-action server): is approved by entry known-publishers-by-", "must be alert at least, with this of entry known-publishers-by-deployment-tools", "put in: signer adobe inc."},
		},
		{
			"a tool alone", carried, strong, strong + "\n\ncarries(_, facts) if \"deployment_tool\" in facts",
			[]string{"child_of_extracted (", "is approved by entry", "put in: deployment tool c:\\windows\\ccm\\ccmexec.exe"},
		},
		{
			"an interpreter, whatever its arguments", failed, "	exact(fitting_facts(id))\n	not \"command_line\" in matched[id]\n", "	false\n	not \"command_line\" in matched[id]\n",
			[]string{"never_inherit_drive (PowerShell with an encoded command, started by a client that installs from drive C): is approved by entry configuration-manager-content, must be alert at least", "put in: deployment tool c:\\windows\\ccm\\ccmexec.exe, package c:\\windows\\ccmcache\\orrery.msi"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := policyFolder(t)
			edit(t, folder, test.file, test.old, test.new)
			anyFactLeads(t, folder)
			candidate := candidateOf(t, Source{Path: folder})
			if err := runCanaries(patient(t), candidate, nil); err != nil {
				t.Fatalf("it is refused before any entry is put in: %v", err)
			}
			_, err := NewPolicy(patient(t), candidate.snapshot)
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, want := range append(test.want, "the bundles are refused, entries of the governance data hide", "hint: an entry may explain what shows") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("does not say %q:\n%v", want, err)
				}
			}
		})
	}
}

// What an entry has besides files and tools is put in as well: without it, these
// policies would be taken.
func TestChangeWindowAndHashOfThePackageArePutIn(t *testing.T) {
	const carried, situational = "lib/approvals/carried.rego", "situational := {"
	const hash = "0d5a3f0c1b2e4d6f8a9b0c1d2e3f4a5b6c7d8e9f00112233445566778899aabb"
	tests := []struct{ name, facts, rule, want string }{
		{
			"a window beside a tool", "sha256: [" + hash + "]\nchange_window: true\ndeployment_tools: [configuration-manager]",
			"carries(_, facts) if count(facts & situational) == 2", "put in: deployment tool c:\\windows\\ccm\\ccmexec.exe, an open change window",
		},
		{"a package's hash alone", "sha256: [" + hash + "]\ndeployment_tools: [configuration-manager]", `carries(_, facts) if "package_sha256" in facts`, "put in: sha256 " + hash},
		{
			"a window beside a tool, in a host group", "sha256: [" + hash + "]\nchange_window: true\ndeployment_tools: [configuration-manager]\nhost_groups: [finance-laptops]",
			"carries(_, facts) if count(facts & situational) == 2", "an open change window, host groups finance-laptops",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rules, entries := policyFolder(t), governanceFolder(t)
			edit(t, rules, carried, situational, test.rule+"\n\n"+situational)
			anyFactLeads(t, rules)
			entry(t, entries, "of-the-test", test.facts)
			candidate := candidateOf(t, Source{Path: rules}, Source{Path: entries})
			var of []policy.Filling
			for _, f := range candidate.snapshot.Fillings() {
				if f.Entry == "of-the-test" {
					of = append(of, f)
				}
			}
			err := candidate.tryFillings(patient(t), of)
			if err == nil || !strings.Contains(err.Error(), "by entry of-the-test, must be") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("does not say %q:\n%v", test.want, err)
			}
		})
	}
}

// A bundle that was not built by the gateway's rules holds what they refuse.
func TestEntryThatCoversWhatAttackersDoIsRefusedNamingIt(t *testing.T) {
	bundles, err := ReadBundles([]Source{{Path: governanceFolder(t)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bundles {
		if b.Name != governance.NameGovernance {
			continue
		}
		b.Revision = "by-hand"
		document := b.Content.Data["governance"].(map[string]any)
		document["deployment_tools"].(map[string]any)["configuration-manager"].(map[string]any)["started_by_service"] = false
		index := document["index"].(map[string]any)
		index["deployment_tools"].(map[string]any)["image"].(map[string]any)[`c:\windows\explorer.exe`] = map[string]any{"configuration-manager": true}
		index["sources"].(map[string]any)["folder"].(map[string]any)[`c:\users`] = map[string]any{"configuration-manager-cache": true}
	}
	candidate := candidateFrom(t, bundles)
	f := candidate.snapshot.Fillings()
	if !slices.ContainsFunc(f, func(f policy.Filling) bool { return f.Tool == `c:\windows\explorer.exe` }) {
		t.Errorf("what the index finds is in no scope: %v", f)
	}
	// As they stand, canaries are run under the entries that count today, which a test must not rest on.
	err = candidate.tryEntries(patient(t), nil, "")
	if err == nil || !strings.Contains(err.Error(), "package_user_folder (A quiet install from Downloads): is approved by entry configuration-manager-content, must be review at least") {
		t.Errorf("got: %v", err)
	}
}

// Each fact comes from a file that only governance owns, so a widened tool,
// source or signer widens every entry that names it.
func TestOnlyNewAndWidenedEntriesAreTried(t *testing.T) {
	folder := governanceFolder(t)
	first := candidateOf(t, Source{Path: folder})
	if err := first.tryEntries(patient(t), nil, ""); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(folder string)
		want   []string // "" : nothing is tried
	}{
		{"a reason", func(folder string) {
			edit(t, folder, "installers.yaml", "already administers the host; both facts", "administers the host already; both facts")
		}, nil},
		{"an entry less", func(folder string) {
			edit(t, folder, "installers.yaml", "    signers: [adobe-inc, google-llc, microsoft-corporation, mozilla-corporation]\n    sources: [intune-line-of-business]", "    signers: [adobe-inc]\n    sources: [intune-line-of-business]")
		}, nil},
		{"a hash that differs from one with the same scope", func(folder string) {
			entry(t, folder, "one", "sha256: [\"0d5a3f0c1b2e4d6f8a9b0c1d2e3f4a5b6c7d8e9f00112233445566778899aabb\"]\ndeployment_tools: [pdq-deploy]")
			entry(t, folder, "two", "sha256: [\"1d5a3f0c1b2e4d6f8a9b0c1d2e3f4a5b6c7d8e9f00112233445566778899aabb\"]\ndeployment_tools: [pdq-deploy]")
		}, []string{"one whole sha256+deployment_tool 2", "one part sha256 2"}},
		{"a wider source", func(folder string) {
			edit(t, folder, "sources.yaml", "      - C:\\Windows\\ccmcache", "      - C:\\Windows\\ccmcache\n      - \\\\deploy.corp.example\\packages")
		}, []string{"configuration-manager-content whole deployment_tool+source 1", "configuration-manager-content part source 1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := governanceFolder(t)
			test.change(folder)
			next := candidateOf(t, Source{Path: folder})
			untried, err := next.untried(first)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range untried {
				kinds := make([]string, len(f.Kinds))
				for i, kind := range f.Kinds {
					kinds[i] = string(kind)
				}
				got = append(got, fmt.Sprintf("%s %s %s %d", f.Entry, map[bool]string{true: "whole", false: "part"}[f.Whole], strings.Join(kinds, "+"), f.Count))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("tried: %q\nwant: %q", got, test.want)
			}
			if err := next.tryEntries(patient(t), first, ""); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("a denial less", func(t *testing.T) {
		denying := governanceFolder(t)
		edit(t, denying, "deny.yaml", "deny: []", "deny:\n  - id: no\n    title: Denied by a test\n    owner: security-operations\n    reason: Without it, what it covers has not been tried.\n    created: 2026-11-01\n    expires: 2027-10-31\n    images: ['C:\\Orrery\\o.exe']")
		before := candidateOf(t, Source{Path: denying})
		if _, err := before.untried(nil); err != nil {
			t.Fatal(err)
		}
		untried, err := candidateOf(t, Source{Path: folder}).untried(before)
		if err != nil || len(untried) != 0 {
			t.Errorf("what the binary ships is tried: %v, %v", untried, err)
		}
		edited := governanceFolder(t)
		edit(t, edited, "installers.yaml", "already administers the host; both facts", "administers the host already; both facts")
		untried, err = candidateOf(t, Source{Path: edited}).untried(before)
		if err != nil || len(untried) < 20 {
			t.Errorf("only %d scopes are tried again, %v", len(untried), err)
		}
	})
}

// Names of one shape share a trial; what a policy has a word for has its own.
func TestNamesThatAPolicyCannotTellApartShareATrial(t *testing.T) {
	folder := governanceFolder(t)
	first := candidateOf(t, Source{Path: folder})
	if err := first.tryEntries(patient(t), nil, ""); err != nil {
		t.Fatal(err)
	}
	const hash = "0d5a3f0c1b2e4d6f8a9b0c1d2e3f4a5b6c7d8e9f00112233445566778899aab"
	many := []struct{ id, facts string }{
		{"a", "narrow: {products: [\"Balmorova Server\"]}"},
		{"b", "narrow: {products: [\"Quamfennova Klienten\"]}"},                          // as a
		{"c", "narrow: {products: [\"TeamViewer Server\"]}"},                             // the policy knows it
		{"d", "narrow: {products: [\"Balmorova\"]}"},                                     // one word
		{"e", "narrow: {products: [\"Drizolova Server\"]}\ncommand_lines: ['x.exe /a']"}, // asks for more
		{"f", "narrow: {products: [\"Lurhibova Server\"], companies: [\"Vektunova\"]}"},
		{"g", "narrow: {products: [\"Fennquamova Server\"], product_codes: [\"{5F0C1D2A-5E0C-4D2A-8E0C-1D2A5E0C1D2A}\"]}"}, // asks for more than can be put in
	}
	for i, e := range many {
		entry(t, folder, "name-"+e.id, fmt.Sprintf("sha256: [\"%s%d\"]\ndeployment_tools: [configuration-manager]\n%s", hash, i, e.facts))
	}
	untried, err := candidateOf(t, Source{Path: folder}).untried(first)
	if err != nil {
		t.Fatal(err)
	}
	var whole []string
	for _, f := range untried {
		if f.Whole {
			whole = append(whole, fmt.Sprintf("%s %d", f.Entry, f.Count))
		}
	}
	if want := []string{"name-a 2", "name-c 1", "name-d 1", "name-e 1", "name-f 1", "name-g 1"}; !slices.Equal(whole, want) {
		t.Errorf("tried: %q, want %q", whole, want)
	}
	hundred(t, folder, 1)
	untried, err = candidateOf(t, Source{Path: folder}).untried(first)
	if err != nil || len(untried) > 60 {
		t.Errorf("a hundred entries more make %d trials, %v", len(untried), err)
	}
}

func TestNoBundleDropsOrWeakensTheFloorSet(t *testing.T) {
	const blind = "	programs.shell\n	started\n"
	drop := func(t *testing.T, folder, name string) {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(folder, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name   string
		change func(t *testing.T, folder string)
		want   string
	}{
		{"the canary is dropped, and its signal", func(t *testing.T, folder string) {
			drop(t, folder, "canaries")
			drop(t, folder, "an0940/signals/shell_child")
		}, "never_inherit_service_child (PowerShell with an encoded command, started by the installer service itself): is review, must be alert at least"},
		{"the canary asks for less", func(t *testing.T, folder string) {
			edit(t, folder, "canaries/shell_child/data.yaml", "least: alert", "least: review")
			edit(t, folder, "an0940/signals/shell_child/shell_child.rego", "else := \"alert\"", "else := \"review\"")
		}, "shell_child (PowerShell from an elevated custom-action server, as the system account): is review, must be alert at least"},
		{"the canary may be excused", func(t *testing.T, folder string) {
			edit(t, folder, "canaries/shell_child/data.yaml", "least: alert", "least: alert\nexcusable: true")
			edit(t, folder, "an0940/signals/shell_child/shell_child.rego", blind, blind+"	false\n")
		}, "shell_child ("},
		{"the scope knows no msiexec", func(t *testing.T, folder string) {
			drop(t, folder, "canaries")
			narrowScope(t, folder)
		}, "shell_child (PowerShell from an elevated custom-action server, as the system account): is not decided at all"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := policyFolder(t)
			test.change(t, folder)
			_, err := LoadPolicy(patient(t), []Source{{Path: folder}}, policy.Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("it does not say %q:\n%v", test.want, err)
			}
		})
	}
}

// A canary is more than one disposition: without its signal it is missed, also
// where another signal alarms as loudly.
func TestCanaryIsMissedWithoutItsSignal(t *testing.T) {
	t.Parallel()
	candidate := builtIn(t).current.Load()
	bySignal := map[string][]policy.Canary{}
	for _, canary := range candidate.snapshot.Canaries() {
		bySignal[canary.Signal] = append(bySignal[canary.Signal], canary)
	}
	for signal, canaries := range bySignal {
		if signal == "unexplained" {
			continue // what remains where no signal speaks: its folder is no signal's
		}
		t.Run(signal, func(t *testing.T) {
			folder := policyFolder(t)
			if err := os.RemoveAll(filepath.Join(folder, "an0940", "signals", signal)); err != nil {
				t.Fatal(err)
			}
			blind := candidateOf(t, Source{Path: folder})
			for _, canary := range canaries {
				if _, err := candidate.try(patient(t), canary); err != nil {
					t.Errorf("with the signal, %s %v", canary.Name, err)
				}
				if _, err := blind.try(patient(t), canary); err == nil {
					t.Errorf("without the signal, %s is seen", canary.Name)
				}
			}
		})
	}
}

// The cost of the guardrails, for docs/decisions/0011.
func BenchmarkTryEntry(b *testing.B) {
	candidate := builtIn(b).current.Load()
	fillings := candidate.snapshot.Fillings()
	began := time.Now()
	for b.Loop() {
		if err := candidate.tryFillings(b.Context(), fillings); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(time.Since(began).Milliseconds())/float64(b.N)/float64(len(fillings)), "ms/scope")
}

// narrowScope leaves no msiexec in the scope.
func narrowScope(t testing.TB, folder string) {
	t.Helper()
	path := filepath.Join(folder, "scope", "data.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	narrowed := strings.ReplaceAll(string(text), "- msiexec.exe", "- setup.exe")
	if err := os.WriteFile(path, []byte(narrowed), 0o600); err != nil || narrowed == string(text) {
		t.Fatalf("the scope is not narrowed: %v", err)
	}
}
