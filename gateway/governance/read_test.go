package governance

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestBundleIsHeldToTheRootsOfItsName(t *testing.T) {
	tests := []struct {
		name   string
		bundle string
		files  map[string]string
		want   string // part of the error; "" where it is accepted
	}{
		{"policy with Rego and data", NamePolicy, map[string]string{"an0940/a.rego": policyRego, "scope/data.yaml": "images: []\n"}, ""},
		{"policy without a manifest that stays inside", NamePolicy, map[string]string{"data.json": `{"lib":{"x":1}}`}, ""},
		{"policy with data of governance", NamePolicy, map[string]string{"data.json": `{"governance":{"installers":{}}}`}, "holds data.governance; its owner has an0940, canaries, lib, masking, scope"},
		{"policy with a package of governance", NamePolicy, map[string]string{"lib/a.rego": "package governance.installers\n\nx := 1\n"}, "lib/a.rego is package governance.installers; its owner has"},
		{"policy with a package of OPA's own", NamePolicy, map[string]string{"a.rego": "package system.log\n\nx := 1\n"}, "is package system.log"},
		{"governance with Rego", NameGovernance, map[string]string{"governance/a.rego": "package governance\n\nx := 1\n"}, "governance/a.rego is Rego, and this bundle holds data only"},
		{"governance with a test in Rego", NameGovernance, map[string]string{"governance/a_test.rego": "package governance\n", "data.json": `{"governance":{}}`}, "is Rego"},
		{"governance with data of policy", NameGovernance, map[string]string{"data.json": `{"governance":{},"scope":{}}`}, "holds data.scope; its owner has governance"},
		{"governance with everything as root", NameGovernance, map[string]string{".manifest": `{"revision":"1","roots":[""]}`, "data.json": `{"governance":{}}`}, `the manifest claims the root ""`},
		{"governance with policy's root", NameGovernance, map[string]string{".manifest": `{"revision":"1","roots":["governance","an0940/signals"]}`, "data.json": `{"governance":{}}`}, `the manifest claims the root "an0940/signals"`},
		{"governance with a root that only begins alike", NameGovernance, map[string]string{".manifest": `{"revision":"1","roots":["governance2"]}`, "data.json": `{"governance2":{}}`}, `the manifest claims the root "governance2"`},
		{"governance whose manifest names no roots", NameGovernance, map[string]string{".manifest": `{"revision":"1"}`, "data.json": `{"governance":{},"an0940":{}}`}, "holds data.an0940"},
		{"overlapping roots", NamePolicy, map[string]string{".manifest": `{"revision":"1","roots":["lib","lib/paths"]}`, "data.json": `{"lib":{}}`}, "overlapped roots"},
		{"data outside the manifest's own roots", NamePolicy, map[string]string{".manifest": `{"revision":"1","roots":["scope"]}`, "data.json": `{"lib":{}}`}, "do not permit data at path '/lib'"},
		{"Wasm", NamePolicy, map[string]string{"policy.wasm": "\x00asm", "an0940/a.rego": policyRego}, "policy.wasm is compiled code"},
		{"Wasm in governance", NameGovernance, map[string]string{"x/policy.wasm": "\x00asm", "data.json": `{"governance":{}}`}, "compiled code"},
		{"Wasm named in the manifest", NamePolicy, map[string]string{".manifest": `{"revision":"1","roots":["an0940"],"wasm":[{"entrypoint":"an0940/decision","module":"/policy.wasm"}]}`, "an0940/a.rego": policyRego}, "the manifest names Wasm"},
		{"plan", NameBaseline, map[string]string{"plan.json": "{}", "data.json": `{"baseline":{}}`}, "plan.json is compiled code"},
		{"delta", NameGovernance, map[string]string{"patch.json": `{"data":[{"op":"upsert","path":"/governance/installers","value":{}}]}`}, "patch.json is a delta bundle"},
		{"manifest as protobuf", NameGovernance, map[string]string{".manifest.pb": "\x0a\x011", "data.json": `{"governance":{}}`}, "a second form of the manifest"},
		{"manifest below the top", NameGovernance, map[string]string{"x/.manifest": `{"roots":["governance"]}`, "data.json": `{"governance":{}}`}, "is a manifest below the top"},
		{"another manifest by ending", NameGovernance, map[string]string{"x.manifest": `{"roots":["governance"]}`, "data.json": `{"governance":{}}`}, "a second form of the manifest"},
		{"old Rego", NamePolicy, map[string]string{".manifest": `{"revision":"1","roots":["an0940"],"rego_version":0}`, "an0940/a.rego": policyRego}, "rego_version 0"},
		{"old Rego for one file", NamePolicy, map[string]string{".manifest": `{"revision":"1","roots":["an0940"],"file_rego_versions":{"/an0940/*":0}}`, "an0940/a.rego": policyRego}, "rego_version 0 for /an0940/*"},
		{"manifest that is no JSON", NamePolicy, map[string]string{".manifest": `{"roots":`, "an0940/a.rego": policyRego}, "read .manifest"},
		{"data that is no JSON", NamePolicy, map[string]string{"lib/data.json": `{"x":`}, "lib/data.json"},
		{"baseline", NameBaseline, map[string]string{"baseline/data.json": `{"packages":{}}`}, ""},
		{"baseline with governance's data", NameBaseline, map[string]string{"data.json": `{"governance":{}}`}, "holds data.governance; its owner has baseline"},
		{"no such name", "canaries", map[string]string{"data.json": `{"canaries":{}}`}, "no such bundle; it is policy, governance or baseline"},
		{"nothing", NamePolicy, map[string]string{"README.md": "hello"}, "holds neither Rego nor data"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var entries []tarEntry
			for name, content := range test.files {
				entries = append(entries, packedFile("/"+name, content))
			}
			fromFolder, err := ReadDir(folder(test.files), test.bundle)
			check := func(from string, err error) {
				t.Helper()
				switch {
				case test.want == "" && err != nil:
					t.Errorf("%s: %v", from, err)
				case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
					t.Errorf("%s: error %v, want one with %q", from, err, test.want)
				}
			}
			check("folder", err)
			fromArchive, err := ReadArchive(bytes.NewReader(packed(t, entries...)), test.bundle)
			check("archive", err)
			if test.want == "" && fromFolder != nil && fromArchive != nil {
				if fromFolder.Revision != fromArchive.Revision {
					t.Errorf("revision %s from the folder, %s from the archive", fromFolder.Revision, fromArchive.Revision)
				}
				if got := strings.Join(*fromFolder.Content.Manifest.Roots, " "); got != strings.Join(owners[test.bundle].roots, " ") {
					t.Errorf("roots %q, want the owner's", got)
				}
			}
		})
	}
}

func TestRevisionIsOfTheContentWhateverTheManifestClaims(t *testing.T) {
	read := func(revision, rego string) string {
		b, err := ReadDir(folder(map[string]string{".manifest": `{"revision":"` + revision + `","roots":["an0940"]}`, "an0940/a.rego": rego}), NamePolicy)
		if err != nil {
			t.Fatal(err)
		}
		if b.Serial != 0 || b.Content.Manifest.Revision != b.Revision {
			t.Errorf("serial %d, manifest %q", b.Serial, b.Content.Manifest.Revision)
		}
		return b.Revision
	}
	first, renamed, changed := read("1", policyRego), read("2", policyRego), read("1", policyRego+"\n")
	if first != renamed || first == changed {
		t.Errorf("revisions %s, %s under another name, %s with other content", first, renamed, changed)
	}
}

func TestSyntaxErrorsOfEveryModuleNameFileAndLine(t *testing.T) {
	_, err := ReadDir(folder(map[string]string{
		"an0940/a.rego": "package an0940\n\nx := {\n",
		"an0940/b.rego": policyRego,
		"lib/c.rego":    "package lib.c\n\n\ny if else\n",
	}), NamePolicy)
	for _, want := range []string{"an0940/a.rego:", "lib/c.rego:4", "rego_parse_error"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error does not name %s: %v", want, err)
		}
	}
}

func TestTestsSchemasAndHiddenFilesAreNoPartOfThePolicy(t *testing.T) {
	b, err := ReadDir(folder(map[string]string{
		"an0940/a.rego":      policyRego,
		"an0940/a_test.rego": "package an0940_test\n",
		"schemas/input.json": "{}",
		"schemas/data.json":  `{"elsewhere":{}}`,
		".git/lib/b.rego":    "package broken {",
		"lib/.b.rego":        "package broken {",
		"README.md":          "# read me",
	}), NamePolicy)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Content.Modules) != 1 || len(b.Content.Data) != 0 {
		t.Errorf("%d modules and data %v, want the one module", len(b.Content.Modules), b.Content.Data)
	}
}

func TestFolderOfGovernanceYAMLIsBuiltOnTheWay(t *testing.T) {
	for _, name := range []string{NameGovernance, ""} {
		b, err := ReadDir(sound(), name)
		if err != nil {
			t.Fatal(err)
		}
		built, err := Build(sound(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if b.Revision != built.Revision || b.Name != NameGovernance {
			t.Errorf("read as %q: %s %s, built %s", name, b.Name, b.Revision, built.Revision)
		}
	}
	both := sound()
	both["data.json"] = &fstest.MapFile{Data: []byte("{}")}
	if _, err := ReadDir(both, NameGovernance); err == nil || !strings.Contains(err.Error(), "both governance YAML and data.json") {
		t.Errorf("YAML beside data.json: error %v", err)
	}
	above := fstest.MapFS{}
	for name, f := range sound() {
		above["governance/"+name] = f
	}
	if _, err := ReadDir(above, NameGovernance); err == nil || !strings.Contains(err.Error(), "hint: the YAML is in its folder governance") {
		t.Errorf("the folder above: error %v", err)
	}
}

func TestOpenTellsAnUnnamedBundleByItsContent(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("policy/an0940/a.rego", policyRego)
	write("baseline/.manifest", `{"roots":["baseline"]}`)
	write("baseline/data.json", `{"baseline":{}}`)
	write("unclear/data.json", `{"baseline":{}}`)
	for name, f := range sound() {
		write("yaml/"+name, string(f.Data))
	}
	built, err := Build(sound(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := built.WriteArchive(&archive); err != nil {
		t.Fatal(err)
	}
	write("governance.tar.gz", archive.String())
	for path, want := range map[string]string{"policy": NamePolicy, "baseline": NameBaseline, "yaml": NameGovernance, "governance.tar.gz": NameGovernance} {
		b, err := Open(filepath.Join(dir, path), "")
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if b.Name != want {
			t.Errorf("%s is read as %s, want %s", path, b.Name, want)
		}
	}
	for path, want := range map[string]string{"unclear": "cannot tell whether it is policy, governance or baseline", "absent": "no such file"} {
		if _, err := Open(filepath.Join(dir, path), ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
	}
}

func TestFolderIsCappedBeforeAnythingIsParsed(t *testing.T) {
	files := map[string]string{"an0940/a.rego": policyRego, "lib/data.json": `{"x":"` + strings.Repeat("a", 1000) + `"}`, "README.md": "x"}
	for _, test := range []struct {
		limits Limits
		want   string
	}{
		{Limits{Unpacked: 1 << 20, Files: 2}, "more than the 2 files"},
		{Limits{Unpacked: 500, Files: 10}, "more bytes than allowed"},
		{Limits{Unpacked: 1 << 20, Files: 3}, ""},
	} {
		_, err := readDir(folder(files), NamePolicy, test.limits)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%+v: error %v, want %q", test.limits, err, test.want)
		}
	}
}

// A mounted ConfigMap is a folder of links into a hidden folder.
func TestLinksToFilesAreFollowed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "..2026"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, f := range sound() {
		if err := os.WriteFile(filepath.Join(dir, "..2026", name), f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	if err := os.Symlink("..2026", filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, NameGovernance); err != nil {
		t.Error(err)
	}
}
