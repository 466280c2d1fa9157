package governance

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// The names a bundle can be configured under. The name fixes what it may hold.
const (
	NamePolicy     = "policy"     // detection engineering's: Rego and data
	NameGovernance = "governance" // security governance's: data only
	NameBaseline   = "baseline"   // computed prevalence: data only
)

// owned is what a name allows.
type owned struct {
	roots []string
	code  bool // Rego allowed
}

var owners = map[string]owned{
	NamePolicy:     {roots: []string{"an0940", "canaries", "lib", "masking", "scope"}, code: true},
	NameGovernance: {roots: []string{"governance"}},
	NameBaseline:   {roots: []string{"baseline"}},
}

// Bundle is an OPA bundle whose content is proven to lie inside its name's roots.
type Bundle struct {
	Name     string         // policy, governance or baseline
	Revision string         // SHA-256 of the content, lower-case hex, whatever the manifest says
	Serial   int64          // 0: unsigned, or not verified
	Content  *bundle.Bundle // roots are the name's, whatever the manifest said
	Summary  string         // one line for people: what it holds

	// What Verify has found true; zero for a bundle that came another way.
	NotAfter    time.Time // from then on a gateway that still has it is degraded
	SignedBy    string    // id of the key that signed it; "": unsigned
	ApprovedBy  []string  // ids of the keys, other than the signer's, whose approval counts, sorted
	Disregarded []error   // of each other approval, why it does not count

	// Tests are the Rego tests (_test.rego) that lay beside it, by path: no part of
	// the bundle and not parsed. nil where it was built from YAML.
	Tests map[string][]byte
}

// seal stamps an unsigned bundle: the roots of its name, serial 0, and its
// content's SHA-256 as revision, whatever the manifest claimed.
func seal(name string, content *bundle.Bundle) (*Bundle, error) {
	slices.SortFunc(content.Modules, func(a, b bundle.ModuleFile) int { return cmp.Compare(a.Path, b.Path) })
	revision, err := contentHash(content)
	if err != nil {
		return nil, fmt.Errorf("read bundle %s: %w", name, err)
	}
	roots := slices.Clone(owners[name].roots)
	content.Manifest.Roots = &roots
	content.Manifest.Revision = revision
	return &Bundle{Name: name, Revision: revision, Content: content, Summary: summary(name, content)}, nil
}

// contentHash covers data and modules, not the manifest: the same content has
// the same revision from a folder, an archive or a build.
func contentHash(b *bundle.Bundle) (string, error) {
	h := sha256.New()
	if err := encode(h, b.Data); err != nil {
		return "", fmt.Errorf("hash the data: %w", err)
	}
	fmt.Fprintln(h)
	for _, m := range b.Modules {
		fmt.Fprintf(h, "%s\x00%d\x00", m.Path, len(m.Raw))
		h.Write(m.Raw)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// encode writes a document as encoding/json does, with sorted keys, but member by
// member: of 100,000 entries it never holds the whole text.
func encode(w io.Writer, document any) error {
	members, ok := document.(map[string]any)
	if !ok || members == nil {
		text, err := json.Marshal(document)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	}
	fmt.Fprint(w, "{")
	separator := ""
	for _, key := range sortedKeys(members) {
		name, err := json.Marshal(key)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s%s:", separator, name)
		if err := encode(w, members[key]); err != nil {
			return err
		}
		separator = ","
	}
	_, err := fmt.Fprint(w, "}")
	return err
}

func summary(name string, b *bundle.Bundle) string {
	if name != NameGovernance {
		return fmt.Sprintf("%s: %s, data.%s", name, count(len(b.Modules), "module"), strings.Join(sortedKeys(b.Data), ", data."))
	}
	all, _ := b.Data["governance"].(map[string]any)
	of := func(kind, one string) string {
		entries, _ := all[kind].(map[string]any)
		return count(len(entries), one)
	}
	return fmt.Sprintf("governance: %s, %s, %s, %s, %s", of("installers", "installer"), of("deployment_tools", "deployment tool"),
		of("sources", "source"), of("signers", "signer"), of("deny", "denial"))
}

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// WriteArchive writes the bundle as OPA's .tar.gz, with its signature where Sign
// made one. The same unsigned bundle gives the same bytes: OPA's writer sets no
// time, owner or name that varies, and sorts what it encodes.
func (b *Bundle) WriteArchive(w io.Writer) error {
	if err := bundle.NewWriter(w).UseModulePath(true).DisableFormat(true).Write(*b.Content); err != nil {
		return fmt.Errorf("write bundle %s: %w", b.Name, err)
	}
	return nil
}
