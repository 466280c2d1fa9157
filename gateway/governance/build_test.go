package governance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"

	"msigate/bundles"
)

// testdata/built.txtar is a folder that uses every field, and the document it becomes.
func TestBuildGivesTheDocumentThatThePolicyReads(t *testing.T) {
	const path = "testdata/built.txtar"
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fsys, want := fstest.MapFS{}, ""
	for _, file := range archive.Files {
		if file.Name == "data.json" {
			want = string(file.Data)
			continue
		}
		fsys[file.Name] = &fstest.MapFile{Data: file.Data}
	}
	built, err := Build(fsys, Options{Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(built.Content.Data, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		archive.Files[len(archive.Files)-1] = txtar.File{Name: "data.json", Data: got}
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := diff.Diff("want", []byte(want), "got", got); d != nil {
		t.Errorf("data differs:\n%s", d)
	}
	if want := "governance: 2 installers, 1 deployment tool, 1 source, 1 signer, 1 denial"; built.Summary != want {
		t.Errorf("summary %q, want %q", built.Summary, want)
	}
}

func TestBuildIsReproducibleByteForByte(t *testing.T) {
	var first []byte
	for range 5 {
		built, err := Build(shipped(t), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var archive bytes.Buffer
		if err := built.WriteArchive(&archive); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = archive.Bytes()
		} else if !bytes.Equal(first, archive.Bytes()) {
			t.Fatal("two builds of one folder differ")
		}
	}
}

func TestBuildChangesItsRevisionWithItsContentOnly(t *testing.T) {
	revision := func(change func(fstest.MapFS)) string {
		fsys := sound()
		change(fsys)
		built, err := Build(fsys, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return built.Revision
	}
	plain := revision(func(fstest.MapFS) {})
	comment := revision(func(f fstest.MapFS) { f["deny.yaml"].Data = []byte("# a comment\ndeny: []\n") })
	owner := revision(func(f fstest.MapFS) {
		f["signers.yaml"].Data = bytes.ReplaceAll(f["signers.yaml"].Data, []byte("owner: endpoint-engineering"), []byte("owner: desktop-engineering"))
	})
	if plain != comment {
		t.Error("a comment changed the revision")
	}
	if plain == owner {
		t.Error("another owner did not change the revision")
	}
}

func TestArchiveIsReadByOPAsOwnReaderAndByOurs(t *testing.T) {
	built, err := Build(shipped(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := built.WriteArchive(&archive); err != nil {
		t.Fatal(err)
	}
	theirs, err := bundle.NewReader(bytes.NewReader(archive.Bytes())).Read()
	if err != nil {
		t.Fatal(err)
	}
	if theirs.Manifest.Revision != built.Revision || strings.Join(*theirs.Manifest.Roots, " ") != "governance" {
		t.Errorf("OPA reads the manifest %s", theirs.Manifest)
	}
	ours, err := ReadArchive(bytes.NewReader(archive.Bytes()), NameGovernance)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(built.Content.Data, theirs.Data) {
		t.Error("OPA reads other data than was built")
	}
	if !reflect.DeepEqual(built.Content.Data, ours.Content.Data) {
		t.Error("we read other data than was built")
	}
	if ours.Revision != built.Revision {
		t.Errorf("revision %s read back as %s", built.Revision, ours.Revision)
	}
}

func TestNearMissListsAreCutToTheLowestIDs(t *testing.T) {
	fsys := manyInstallers(40)
	installers := fsys["installers.yaml"]
	installers.Data = bytes.ReplaceAll(installers.Data, []byte("    sha256: ["), []byte("    signers: [publisher]\n    sha256: ["))
	built, err := Build(fsys, Options{})
	if err != nil {
		t.Fatal(err)
	}
	index := built.Content.Data["governance"].(object)["index"].(object)["installers"].(object)
	tool := index["tool"].(object)["agent"].(object)
	if len(tool) != maxNear {
		t.Errorf("%d entries under the tool, want %d", len(tool), maxNear)
	}
	if _, there := tool["entry-000000"]; !there {
		t.Error("the lowest id is not among them")
	}
	if signer := index["signer"].(object)["publisher"].(object); len(signer) != maxNear {
		t.Errorf("%d entries under the signer, want %d", len(signer), maxNear)
	}
	// Under a pair stands what approves, all of it, each under its own ProductCode.
	for pair, under := range map[string]string{"signer_tool": "publisher|agent", "tool_source": "agent|share"} {
		found := index[pair].(object)
		if len(found) != 20 {
			t.Errorf("%d keys in %s, want 20", len(found), pair)
		}
		for key, ids := range found {
			if !strings.HasPrefix(key, under+"|product_code|{") || len(ids.(object)) != 1 {
				t.Errorf("%s: %s lists %v", pair, key, ids)
			}
		}
	}
}

// shipped is the folder of the binary.
func shipped(tb testing.TB) fs.FS {
	tb.Helper()
	fsys, err := fs.Sub(bundles.FS, "governance")
	if err != nil {
		tb.Fatal(err)
	}
	return fsys
}

// manyInstallers is a sound folder with n installers: half rest on a hash and a
// tool, half on a tool and a source.
func manyInstallers(n int) fstest.MapFS {
	var b bytes.Buffer
	b.WriteString("installers:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - id: entry-%06d\n    title: Product number %d\n    owner: endpoint-engineering\n    reason: Rolled out to every workstation by the deployment tool.\n    created: 2026-11-01\n    expires: 2027-10-31\n    deployment_tools: [agent]\n", i, i)
		if i%2 == 0 {
			fmt.Fprintf(&b, "    sha256: [%064x]\n", i)
		} else {
			b.WriteString("    sources: [share]\n")
		}
		fmt.Fprintf(&b, "    narrow:\n      product_codes: [\"{%08x-0000-0000-0000-000000000000}\"]\n", i)
	}
	fsys := sound()
	fsys["installers.yaml"] = &fstest.MapFile{Data: b.Bytes()}
	return fsys
}

func BenchmarkBuild100000Entries(b *testing.B) {
	fsys := manyInstallers(100_000)
	b.ReportAllocs()
	for b.Loop() {
		built, err := Build(fsys, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if len(built.Content.Data["governance"].(object)["installers"].(object)) != 100_000 {
			b.Fatal("entries are missing")
		}
	}
}

func BenchmarkRead100000Entries(b *testing.B) {
	built, err := Build(manyInstallers(100_000), Options{})
	if err != nil {
		b.Fatal(err)
	}
	var archive bytes.Buffer
	if err := built.WriteArchive(&archive); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadArchive(bytes.NewReader(archive.Bytes()), NameGovernance); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(archive.Len()), "packed-bytes")
}

// FuzzBuild holds the build to never panic, and what it accepts to be readable.
func FuzzBuild(f *testing.F) {
	for _, kind := range kinds {
		content, err := fs.ReadFile(shipped(f), fileName(kind))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(kind, content)
	}
	f.Add("deny", []byte("deny: [&a {id: *a}]"))
	f.Add("installers", []byte("installers: [{? [a]: b, <<: *x, !!binary id: x}]\n---\n"))
	f.Add("sources", []byte("\xff\xfes\x00o\x00u\x00r\x00c\x00e\x00s\x00:\x00"))
	f.Add("signers", []byte("signers:\n- id: a\n\tid: b"))
	f.Fuzz(func(t *testing.T, kind string, content []byte) {
		fsys := sound()
		name := fileName(kind)
		if !fs.ValidPath(name) {
			return
		}
		fsys[name] = &fstest.MapFile{Data: content}
		built, err := Build(fsys, Options{Now: testNow})
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		var archive bytes.Buffer
		if err := built.WriteArchive(&archive); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadArchive(&archive, NameGovernance); err != nil {
			t.Fatalf("what was built cannot be read: %v", err)
		}
	})
}
