package gateway

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"msigate/gateway/governance"
)

// signing says who signs and approves a test's bundle.
type signing struct {
	serial    int64
	notAfter  time.Time // zero: in 30 days
	by        *person
	approvers []*person
}

// person is a key pair of a test.
type person struct {
	key    *governance.SigningKey
	public string // file of the public key
}

func newPerson(t testing.TB, name string) *person {
	t.Helper()
	key, err := governance.NewSigningKey(name, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	p := &person{key: key, public: filepath.Join(folder, name+".pub.pem")}
	if err := key.WriteFiles(filepath.Join(folder, name+".pem"), p.public); err != nil {
		t.Fatal(err)
	}
	return p
}

// rewrite changes the file of the public key, which may be gone.
func (p *person) rewrite(t testing.TB, change func(string) string) {
	t.Helper()
	before, err := os.ReadFile(p.public)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.public, []byte(change(string(before))), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *person) id() string { return p.key.Identity().ID }

// signed builds a folder of governance YAML, has it approved and signs it.
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
	if s.notAfter.IsZero() {
		s.notAfter = time.Now().Add(30 * 24 * time.Hour)
	}
	if err := b.Stamp(s.serial, s.notAfter); err != nil {
		t.Fatal(err)
	}
	for _, a := range s.approvers {
		if err := b.Approve(a.key, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Sign(s.by.key, time.Now()); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := b.WriteArchive(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
