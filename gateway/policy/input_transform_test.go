package policy

import (
	"testing"

	"msigate/gateway/install"
)

func TestTransformsThatNameAFileAreFiles(t *testing.T) {
	got := transformFiles([]string{`@https://files.orrery.example/O.mst`, `:embedded`, `\\files@SSL\pub\o.mst`, `german.mst`})
	want := []install.Package{
		{Kind: install.PackageURL, Name: `https://files.orrery.example/O.mst`},
		{Kind: install.PackageUNC, Name: `\\files@SSL\pub\o.mst`},
		{Kind: install.PackagePath, Name: `german.mst`},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got[i], want[i])
		}
	}
	if files := transformFiles([]string{":embedded"}); len(files) != 0 {
		t.Errorf("got %v", files)
	}
}
