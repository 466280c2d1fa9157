package bundles_test

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"msigate/bundles"
	"msigate/gateway/governance"
)

// The first line of a file is what an editor finds its schema by.
func TestEveryFileNamesASchemaThatIsThere(t *testing.T) {
	files, err := fs.Glob(bundles.FS, "governance/*.yaml")
	if err != nil || len(files) != 5 {
		t.Fatalf("files %v, error %v; want five", files, err)
	}
	for _, file := range files {
		content, err := fs.ReadFile(bundles.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(content), "\n")
		schema, found := strings.CutPrefix(first, "# yaml-language-server: $schema=")
		if !found {
			t.Errorf("%s begins with %q", file, first)
			continue
		}
		if _, err := fs.Stat(bundles.FS, path.Join("governance", schema)); err != nil {
			t.Errorf("%s names %s: %v", file, schema, err)
		}
	}
}

// What the comment of deny.yaml shows must be accepted when someone copies it.
func TestTheExampleInTheDenyListIsAccepted(t *testing.T) {
	fsys := fstest.MapFS{}
	files, err := fs.Glob(bundles.FS, "governance/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := fs.ReadFile(bundles.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		fsys[path.Base(file)] = &fstest.MapFile{Data: content}
	}
	example := regexp.MustCompile(`(?m)^# {3,}(.*)$`).FindAllString(string(fsys["deny.yaml"].Data), -1)
	if len(example) == 0 {
		t.Fatal("the comment holds no example")
	}
	var entry strings.Builder
	entry.WriteString("deny:\n")
	for _, line := range example {
		entry.WriteString(strings.TrimPrefix(line, "#") + "\n")
	}
	fsys["deny.yaml"] = &fstest.MapFile{Data: []byte(entry.String())}
	built, err := governance.Build(fsys, governance.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(built.Summary, "1 denial") {
		t.Errorf("built %s, want one denial", built.Summary)
	}
}
