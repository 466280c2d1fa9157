package gateway

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What is told to AUDIT is completed by `msigate audit --event` and explained.
func TestAuditKindsAreAllKindsAndThePageHasEach(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "changes.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range AuditKinds {
		if !strings.Contains(string(page), "`"+kind+"`") {
			t.Errorf("docs/changes.md does not say what %s is", kind)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	written := regexp.MustCompile(`Event: +"(\w+)"|(?:s\.store\(ctx, |auditOf\()"(\w+)"|\bevent :?= "(\w+)"|report\.Event,.*"(\w+)"`)
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range written.FindAllStringSubmatch(string(source), -1) {
			kind := strings.Join(match[1:], "")
			found[kind] = true
		}
	}
	for _, reason := range []string{reasonChange, reasonHosts} { // as refuseLive names them
		found[reason+"_refused"] = true
	}
	for kind := range found {
		if !slices.Contains(AuditKinds, kind) {
			t.Errorf("%s is told and is no audit kind", kind)
		}
	}
	for _, kind := range AuditKinds {
		if !found[kind] {
			t.Errorf("nothing tells %s", kind)
		}
	}
}
