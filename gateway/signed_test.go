package gateway

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"msigate/gateway/governance"
)

// signing says who signs and approves a test's bundle.
type signing struct {
	serial    int64
	notAfter  time.Time
	by        *person
	approvers []*person
}

// person is a key pair of a test.
type person struct {
	name   string
	public string // file of the public key
}

func newPerson(t testing.TB, name string) *person {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".pem")
	if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
		t.Fatal(err)
	}
	return &person{name: name, public: file}
}

func (p *person) id(testing.TB) string { return p.name }

// signed builds a folder of governance YAML and signs it.
func signed(t testing.TB, folder string, s signing) []byte {
	t.Helper()
	b, err := governance.Build(os.DirFS(folder), governance.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return signedBundle(t, b, s)
}

func signedBundle(t testing.TB, b *governance.Bundle, s signing) []byte {
	t.Helper()
	meta := map[string]any{"serial": s.serial, "stub_signed_by": s.by.name}
	if !s.notAfter.IsZero() {
		meta["not_after"] = s.notAfter.UTC().Format(time.RFC3339)
	}
	approved := []string{}
	for _, a := range s.approvers {
		approved = append(approved, a.name)
	}
	meta["stub_approved_by"] = approved
	b.Content.Manifest.Metadata = meta
	var out bytes.Buffer
	if err := b.WriteArchive(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
