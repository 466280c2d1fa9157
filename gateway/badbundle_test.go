package gateway

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"msigate/bundles"
	"msigate/gateway/policy"
	"msigate/policies"
)

// policyFolder is a copy of the policy built in, to be edited.
func policyFolder(t testing.TB) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "policies")
	if err := os.CopyFS(folder, policies.FS); err != nil {
		t.Fatal(err)
	}
	return folder
}

// governanceFolder is a copy of the governance built in, to be edited.
func governanceFolder(t testing.TB) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "governance")
	yaml, err := fs.Sub(bundles.FS, "governance")
	if err == nil {
		err = os.CopyFS(folder, yaml)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// edit replaces the one place where old stands in a file, and gives its line.
func edit(t testing.TB, folder, name, old, new string) (line int) {
	t.Helper()
	path := filepath.Join(folder, filepath.FromSlash(name))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(string(text), old)
	if !found || strings.Contains(after, old) {
		t.Fatalf("%s does not stand once in %s", old, name)
	}
	// As an editor does it: the file is whole at every moment.
	if err := os.WriteFile(path+".new", []byte(before+new+after), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return strings.Count(before, "\n") + 1
}

func TestBundleThatIsWrongIsRefusedByFileAndLine(t *testing.T) {
	const decision = "an0940/decision.rego"
	const found = `found := [held | some id; held := data.an0940.signals[id].held]`
	tests := []struct {
		name   string
		folder func(testing.TB) string
		file   string
		old    string
		new    string
		below  int // lines from old to the fault
		want   string
	}{
		{"a syntax error", policyFolder, decision, found, found + "\n\nbroken := }", 2, "unexpected } token"},
		{"http.send", policyFolder, decision, found, found + "\n\nreport := http.send({\"method\": \"get\", \"url\": \"http://192.0.2.1\"})", 2, "undefined function http.send"},
		{"net.lookup_ip_addr", policyFolder, decision, found, found + "\n\nreport := net.lookup_ip_addr(input.host)", 2, "undefined function net.lookup_ip_addr"},
		{"a misspelt fact", policyFolder, decision, found, found + "\n\nmisspelt := input.proces.image", 2, "undefined ref: input.proces.image"},
		{"a misspelt fact, deeper", policyFolder, decision, found, found + "\n\nmisspelt := input.process.imag", 2, "undefined ref: input.process.imag"},
		{"an unknown key of governance", governanceFolder, "installers.yaml", "    sources: [configuration-manager-cache]", "    sources: [configuration-manager-cache]\n    colour: blue", 1, "colour"},
		{"a reference to nothing", governanceFolder, "installers.yaml", "    sources: [configuration-manager-cache]", "    sources: [configuration-manager-cash]", 0, "configuration-manager-cash"},
		{"YAML that is cut short", governanceFolder, "deny.yaml", "deny: []", "deny: [", 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := test.folder(t)
			line := edit(t, folder, test.file, test.old, test.new) + test.below
			_, err := LoadPolicy(patient(t), []Source{{Path: folder}}, policy.Options{})
			if err == nil {
				t.Fatal("it was taken")
			}
			if at := fmt.Sprintf("%s:%d: ", test.file, line); !strings.Contains(err.Error(), at) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("it names neither %s nor %q:\n%v", at, test.want, err)
			}
		})
	}
}

func TestPolicyThatMissesCanariesIsRefusedNamingThem(t *testing.T) {
	folder := policyFolder(t)
	edit(t, folder, "an0940/signals/shell_child/shell_child.rego", "	programs.shell\n	started\n", "	programs.shell\n	started\n	input.process.image == \"c:\\\\nowhere.exe\"\n")
	_, err := LoadPolicy(patient(t), []Source{{Path: folder}}, policy.Options{})
	if err == nil || !strings.Contains(err.Error(), "shell_child (") || !strings.Contains(err.Error(), "must be alert at least") {
		t.Errorf("got: %v", err)
	}
}

// Entries are tried by the outcome alone: a policy whose outcome says more than
// its decision would let an entry pass that hides something.
func TestPolicyWhoseOutcomeIsNotItsDecisionIsRefused(t *testing.T) {
	folder := policyFolder(t)
	edit(t, folder, "an0940/decision.rego", "decision := object.union(outcome, explanation)", `decision := object.union(outcome, explanation) if outcome.disposition != "review"

else := object.union(object.union(outcome, explanation), {"disposition": "alert"})`)
	_, err := LoadPolicy(patient(t), []Source{{Path: folder}}, policy.Options{})
	if err == nil || !strings.Contains(err.Error(), "is alert by data.an0940.decision and review by data.an0940.outcome: the two must not differ") {
		t.Errorf("got: %v", err)
	}
}

func TestTwoBundlesOfOneNameAreRefused(t *testing.T) {
	_, err := LoadPolicy(patient(t), SourcesFromPaths([]string{governanceFolder(t), governanceFolder(t)}), policy.Options{})
	if err == nil || !strings.Contains(err.Error(), "there is a governance bundle already; name one of each") {
		t.Errorf("got: %v", err)
	}
}

func TestUnsignedBundleMustBeAllowed(t *testing.T) {
	s := newSite(t)
	folder := governanceFolder(t)
	s.config.Bundles = []BundleConfig{{Name: "governance", Path: folder}}
	err := s.runError()
	if err == nil || !strings.Contains(err.Error(), "bundle governance from "+folder+" is not signed; allow_unsigned: true in its source accepts that") {
		t.Errorf("got: %v", err)
	}
}

func TestConfiguredNameFixesWhatABundleMayHold(t *testing.T) {
	s := newSite(t)
	s.config.Bundles = []BundleConfig{{Name: "governance", Path: policyFolder(t), AllowUnsigned: true}}
	if err := s.runError(); err == nil || !strings.Contains(err.Error(), "governance") {
		t.Errorf("a policy was taken for governance: %v", err)
	}
}

// What hides most is what is quickest written: each is refused before any canary
// has to notice, and the message says what would do instead.
func TestEntryThatCoversTooMuchIsRefusedSayingWhatWouldDo(t *testing.T) {
	tests := []struct{ name, file, old, new, want string }{
		{
			"powershell.exe by name", "installers.yaml", "    sources: [configuration-manager-cache]", "    sources: [configuration-manager-cache]\n    narrow: {file_names: [powershell.exe]}",
			`entry configuration-manager-content: narrow.file_names[0]: "powershell.exe" is an interpreter or system tool: what it does is in its arguments; acceptable: command_lines with its exact arguments besides, or the name of the product's own program`,
		},
		{
			"powershell.exe as a deployment tool", "deployment_tools.yaml", `      - C:\Windows\CCM\CcmExec.exe`, `      - C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`,
			`is an interpreter, a system tool or a host that many services share: anything can stand behind it; acceptable: the full path of the tool's own service program, in a folder that ordinary users cannot write`,
		},
		{
			"any signer", "signers.yaml", "      - Adobe Inc.", `      - "*"`,
			`entry adobe-inc: subjects[0]: "*" has a wildcard; acceptable: exact text of`,
		},
		{
			`C:\Windows\Installer\*`, "sources.yaml", `      - C:\Windows\ccmcache`, `      - C:\Windows\Installer\*`,
			`entry configuration-manager-cache: folders[0]: "C:\Windows\Installer\*" has a wildcard; acceptable: `,
		},
		{
			`C:\Windows\Installer`, "sources.yaml", `      - C:\Windows\ccmcache`, `      - C:\Windows\Installer`,
			`is where every package is cached and every custom action extracted, an attacker's too; acceptable: a folder that only administrators and the deployment tool can write`,
		},
		{
			"a parent that ends E Global\\MSI0000", "installers.yaml", "    sources: [configuration-manager-cache]", "    sources: [configuration-manager-cache]\n    command_lines: ['MsiExec.exe -Embedding 6D1A E Global\\MSI0000']",
			`every elevated custom-action server ends in "E Global\MSI0000", an attacker's too; acceptable: the exact command line of the product's own program`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := governanceFolder(t)
			edit(t, folder, test.file, test.old, test.new)
			_, err := LoadPolicy(patient(t), []Source{{Path: folder}}, policy.Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("it does not say %q:\n%v", test.want, err)
			}
		})
	}
}
