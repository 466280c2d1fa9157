package msi

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const packages = "../../testdata/packages"

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(packages, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func inspect(t testing.TB, content []byte) *Report {
	t.Helper()
	report, err := Inspect(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// program is what testdata/packages/build.sh makes of a text.
func program(characteristics, text string) []byte {
	return []byte("MZ" + strings.Repeat("\x00", 58) + "\x40\x00\x00\x00PE\x00\x00\x4c\x01\x00\x00" + strings.Repeat("\x00", 12) + "\x00\x00" + characteristics + text)
}

const exe, dll = "\x02\x01", "\x02\x21"

func sums(content []byte) hashes {
	one, two := sha1.Sum(content), sha256.Sum256(content)
	return hashes{hex.EncodeToString(one[:]), hex.EncodeToString(two[:])}
}

func TestEveryTypeOfCustomActionIsTold(t *testing.T) {
	report := inspect(t, fixture(t, "actions.msi"))
	var told []string
	basics := map[int]bool{}
	for _, a := range report.Actions {
		what := a.Runs
		if a.Script != "" {
			what = strings.TrimSpace(a.Script)
		}
		when := "never"
		if len(a.Scheduled) > 0 {
			when = a.Scheduled[0].Table
		}
		told = append(told, fmt.Sprintf("%s|%d|%s|%s|%s", a.Name, a.Basic, strings.Join(a.Options(), ", "), what, when))
		basics[a.Basic] = true
	}
	for basic, kind := range kinds {
		if !basics[basic] {
			t.Errorf("no action of actions.msi has type %d, %s", basic, kind)
		}
	}
	slices.Sort(told)
	want := []string{
		"ByProperty|50|immediate, terminal-server aware|C:\\Program Files\\Orchard\\tool.exe /x|InstallExecuteSequence",
		"Dll|1|immediate|MSIxxxx.tmp (Library), function Configure|InstallExecuteSequence",
		"DllInstalled|17|immediate|library.dll, function Register|InstallExecuteSequence",
		"DllRollback|1|rollback, as LocalSystem|MSIxxxx.tmp (Library), function Undo|InstallExecuteSequence",
		"Exe|2|deferred, as LocalSystem|MSIxxxx.tmp (Helper) /quiet hello|InstallExecuteSequence",
		"ExeCommit|2|commit|MSIxxxx.tmp (Helper) /commit|InstallExecuteSequence",
		"ExeInstalled|18|deferred|tool.exe --register|InstallExecuteSequence",
		"InFolder|34|deferred, not waited for, its failure ignored|\"[INSTALLDIR]tool.exe\" /hello|InstallExecuteSequence",
		"JScriptInstalled|21|immediate|script.js|InstallExecuteSequence",
		"JScriptProperty|53|immediate|var x = 1;|InstallExecuteSequence",
		"JScriptText|37|immediate|var y = 2;|InstallExecuteSequence",
		"JScript|5|immediate|var greeting = \"hello\";|InstallExecuteSequence",
		"NestedAdvertised|39|immediate||InstallExecuteSequence",
		"NestedBeside|23|immediate||InstallExecuteSequence",
		"Nested|7|immediate||InstallExecuteSequence",
		"OncePerProcess|51|immediate||InstallUISequence",
		"Refuse|19|immediate||InstallUISequence",
		"SetFolder|35|immediate||InstallUISequence",
		"SetProperty|51|immediate, hidden from the log||InstallExecuteSequence",
		"Unused|2|immediate|MSIxxxx.tmp (Helper) /never|never",
		"VBScriptInstalled|22|immediate|script.js|InstallExecuteSequence",
		"VBScriptProperty|54|immediate|x = 1|InstallExecuteSequence",
		"VBScriptText|38|immediate|y = 2|InstallExecuteSequence",
		"VBScript|6|immediate, 64-bit script|Function Main\n  Main = 1\nEnd Function|InstallExecuteSequence",
		"WhenUnpatched|1|immediate, its failure ignored, when a patch is removed|MSIxxxx.tmp (Library), function Clean|InstallExecuteSequence",
	}
	slices.Sort(want)
	if !slices.Equal(told, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

func TestAnActionIsScheduledWhereTablesAndDialogsStartIt(t *testing.T) {
	report := inspect(t, fixture(t, "actions.msi"))
	i := slices.IndexFunc(report.Actions, func(a Action) bool { return a.Name == "OncePerProcess" })
	want := []Schedule{{"InstallUISequence", 901, ""}, {"ControlEvent", 0, "WelcomeDlg 1"}}
	if !slices.Equal(report.Actions[i].Scheduled, want) {
		t.Errorf("got %v, want %v", report.Actions[i].Scheduled, want)
	}
}

func TestBinaryStreamsHaveTheHashesOfTheirContent(t *testing.T) {
	report := inspect(t, fixture(t, "actions.msi"))
	library, helper := program(dll, "the library of actions.msi"), program(exe, "the helper of actions.msi")
	want := []Binary{
		{Table: "Binary", Name: "Banner", Content: "image", Size: 11, hashes: sums([]byte("BM a banner"))},
		{
			Table: "Binary", Name: "Helper", Content: "EXE", Size: int64(len(helper)), hashes: sums(helper), Extracted: true,
			RunBy: []string{"custom action Exe", "custom action ExeCommit", "custom action Unused"},
		},
		{
			Table: "Binary", Name: "Library", Content: "DLL", Size: int64(len(library)), hashes: sums(library), Extracted: true,
			RunBy: []string{"custom action Dll", "custom action DllRollback", "custom action WhenUnpatched"},
		},
	}
	var got []Binary
	for _, b := range report.Binaries {
		if !strings.HasPrefix(b.Name, "Script") {
			slices.Sort(b.RunBy)
			got = append(got, b)
		}
	}
	slices.SortFunc(got, func(a, b Binary) int { return strings.Compare(a.Name, b.Name) })
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestWhatTheInstallRunsOutOfTheCabinetIsHashed(t *testing.T) {
	report := inspect(t, fixture(t, "agent.msi"))
	if len(report.Files) != 1 {
		t.Fatalf("got %v, want the agent alone", report.Files)
	}
	got := report.Files[0]
	want := File{
		Key: "AgentExe", Name: "orchard-agent.exe", Component: "AgentComponent", Cabinet: "orchard.cab",
		hashes: sums(program(exe, "the agent of agent.msi")), RunBy: []string{"custom action Register", "service OrchardAgent"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestThePackageSaysWhatItIs(t *testing.T) {
	report := inspect(t, fixture(t, "actions.msi"))
	want := Product{
		Code: "{3D0E8C11-5B0B-4C52-8B0E-6B8F1E0D2A01}", Name: "Orchard Showcase", Version: "1.0.0", Manufacturer: "Orchard Software",
		UpgradeCode: "{3D0E8C11-5B0B-4C52-8B0E-6B8F1E0D2A02}", AllUsers: "1",
	}
	if fmt.Sprint(report.Product) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", report.Product, want)
	}
	s := report.Summary
	if s.Template != "x64;1033" || s.Revision != "{3D0E8C11-5B0B-4C52-8B0E-6B8F1E0D2A03}" || s.Author != "Orchard Software" || s.Schema != 200 || s.Application != "libmsi msibuild" {
		t.Errorf("got %+v", *s)
	}
	if report.Kind != Package || report.Signature != nil || report.hashes != sums(fixture(t, "actions.msi")) {
		t.Errorf("got kind %s, signature %v, hashes %v", report.Kind, report.Signature, report.hashes)
	}
}

func TestAHostilePackageIsToldPlainly(t *testing.T) {
	var got []string
	for _, n := range inspect(t, fixture(t, "attack.msi")).Notes {
		if n.Serious {
			got = append(got, n.About+": "+n.Says)
		}
	}
	want := []string{
		`custom action Fetch: its command line runs what is encoded`,
		`custom action Fetch: its command line starts a script interpreter`,
		`custom action Stage: its command line downloads`,
		`custom action Stage: its target is hidden from the installer's log`,
		`custom action Script: its script downloads`,
		`custom action Script: its script writes files`,
		`custom action Script: is a script that runs as LocalSystem`,
		`custom action ByProperty: its script starts programs`,
		`custom action SetQuiet: its command line starts a program that runs others' code`,
		`custom action Inner: installs another package (inner.msi), whose actions are not in this report`,
		`custom action Ghost: its binary stream Absent is not in the package`,
		`custom action Odd: its type 12 is none that is documented`,
		`binary Payload: is itself a compound file: a package within the package, whose actions are not in this report`,
		`MsiEmbeddedUI Ui: reader-ui.dll is loaded before anything is installed, with the rights of the user`,
		`MsiEmbeddedChainer Chain: installs further packages through Loader /chain`,
		`registry HKLM\Software\Microsoft\Windows\CurrentVersion\Run: starts at logon: Reader "[INSTALLDIR]reader.exe" /s`,
		`registry HKLM\Software\Policies\Microsoft\Windows Defender\Exclusions\Paths: configures Microsoft Defender: C:\ 0`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAnOrdinaryPackageHasNothingSerious(t *testing.T) {
	for _, n := range inspect(t, fixture(t, "agent.msi")).Notes {
		if n.Serious {
			t.Errorf("%s: %s", n.About, n.Says)
		}
	}
}

func TestAZIPBehindThePackageIsTold(t *testing.T) {
	// An archive's end record: no entry, a directory of no bytes at 0.
	end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	report := inspect(t, append(fixture(t, "agent.msi"), end...))
	if report.Trailing != 22 || !report.Signature.Covers {
		t.Errorf("trailing %d, covers %t; want 22 bytes that the signature does not reach", report.Trailing, report.Signature.Covers)
	}
	if !slices.ContainsFunc(report.Notes, func(n Note) bool { return n.Serious && n.About == "file" }) {
		t.Errorf("no note says so: %v", report.Notes)
	}
}

func TestAPatchIsOneByItsClass(t *testing.T) {
	content := fixture(t, "actions.msi")
	class := []byte{0x84, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}
	at := bytes.Index(content, class)
	if at < 0 {
		t.Fatal("actions.msi has no class identifier")
	}
	for second, kind := range map[byte]Kind{0x84: Package, 0x86: Patch, 0x82: Transform, 0x99: Other} {
		content[at] = second
		if got := inspect(t, content).Kind; got != kind {
			t.Errorf("class %#x: got %s, want %s", second, got, kind)
		}
	}
}
