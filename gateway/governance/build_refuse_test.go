package governance

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden errors of testdata/refused anew")

// testNow is the clock of the tests.
var testNow = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// sound is a folder without a fault, to which a case's files are added.
func sound() fstest.MapFS {
	const common = `
    title: An entry of the test
    owner: endpoint-engineering
    reason: An entry that a test needs, nothing more.
    created: 2026-11-01
    expires: 2027-10-31
`
	return folder(map[string]string{
		"installers.yaml":       "installers: []\n",
		"deny.yaml":             "deny: []\n",
		"signers.yaml":          "signers:\n  - id: publisher" + common + "    subjects: [Example Ltd]\n",
		"sources.yaml":          "sources:\n  - id: share" + common + "    folders: ['\\\\fs01.corp.example\\packages']\n",
		"deployment_tools.yaml": "deployment_tools:\n  - id: agent" + common + "    images: ['C:\\Program Files\\Example\\agent.exe']\n    started_by_service: true\n",
	})
}

func folder(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return fsys
}

// Each archive of testdata/refused is a folder and the whole error it gets.
func TestBuildRefusesWithFileLineEntryAndWhatIsAcceptable(t *testing.T) {
	cases, err := filepath.Glob("testdata/refused/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			fsys, want := sound(), ""
			for _, file := range archive.Files {
				if file.Name == "error" {
					want = string(file.Data)
					continue
				}
				fsys[file.Name] = &fstest.MapFile{Data: file.Data}
			}
			_, err = Build(fsys, Options{Now: testNow})
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error is %v (%T), want Problems", err, err)
			}
			got := err.Error() + "\n"
			if *update {
				archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "error" })
				archive.Files = append(archive.Files, txtar.File{Name: "error", Data: []byte(got)})
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestBuildAcceptsTheFolderThatTheRefusalsStartFrom(t *testing.T) {
	if _, err := Build(sound(), Options{Now: testNow}); err != nil {
		t.Fatal(err)
	}
}

func TestBuildNamesEachMissingFile(t *testing.T) {
	_, err := Build(folder(nil), Options{})
	for _, kind := range kinds {
		if err == nil || !strings.Contains(err.Error(), kind+".yaml: the file is missing; acceptable: "+kind+": []") {
			t.Errorf("error does not name %s.yaml: %v", kind, err)
		}
	}
}

func TestBuildTellsAnUnreadableFileFromAFaultyOne(t *testing.T) {
	_, err := Build(brokenFS{sound()}, Options{})
	var problems Problems
	if err == nil || errors.As(err, &problems) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error is %v, want one that is a permission's and no Problems", err)
	}
}

type brokenFS struct{ fs.FS }

func (b brokenFS) Open(name string) (fs.File, error) {
	if name == "signers.yaml" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return b.FS.Open(name)
}
