package governance

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// untilSpring is the not_after of the tests' bundles.
var untilSpring = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

// newTestKey is an ECDSA key on P-256.
func newTestKey(t testing.TB, name string) *SigningKey {
	t.Helper()
	key, err := NewSigningKey(name, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func keyFrom(t testing.TB, private crypto.Signer, err error) *SigningKey {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	key, err := keyOf(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return &SigningKey{Key: key, Private: private}
}

// keySet is the set of the keys' public halves.
func keySet(keys ...*SigningKey) Keys {
	all := Keys{}
	for _, k := range keys {
		all[k.ID] = k.Key
	}
	return all
}

// stamped is the governance of a folder with a serial, neither approved nor signed.
func stamped(t testing.TB, fsys fs.FS, serial int64) *Bundle {
	t.Helper()
	b, err := Build(fsys, Options{Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Stamp(serial, untilSpring); err != nil {
		t.Fatal(err)
	}
	return b
}

// signedBy is the archive of a bundle that a key signed, approved by others first.
func signedBy(t testing.TB, b *Bundle, signer Signer, approvers ...Signer) []byte {
	t.Helper()
	for _, a := range approvers {
		if err := b.Approve(a, testNow); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Sign(signer, testNow); err != nil {
		t.Fatal(err)
	}
	return archiveOf(t, b)
}

func archiveOf(t testing.TB, b *Bundle) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := b.WriteArchive(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// repacked is an archive with its files changed by edit, by path without a slash.
func repacked(t testing.TB, archive []byte, edit func(files map[string]string)) []byte {
	t.Helper()
	files, err := unpack(bytes.NewReader(archive), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	byPath := map[string]string{}
	for _, f := range files {
		byPath[f.path] = string(f.content)
	}
	edit(byPath)
	var entries []tarEntry
	for path, content := range byPath {
		entries = append(entries, packedFile("/"+path, content))
	}
	return packed(t, entries...)
}

func TestAKeysIDComesFromTheKeyAlone(t *testing.T) {
	dir := t.TempDir()
	key := newTestKey(t, "governance-2026")
	key.Expires = untilSpring
	private, public := filepath.Join(dir, "governance-2026.key.pem"), filepath.Join(dir, "governance-2026.pub.pem")
	if err := key.WriteFiles(private, public); err != nil {
		t.Fatal(err)
	}
	read, err := ReadKey(public)
	if err != nil {
		t.Fatal(err)
	}
	if read.ID != key.ID || read.Algorithm != "ES256" || read.Name != "governance-2026" || !read.Expires.Equal(untilSpring) {
		t.Errorf("read back as %+v", read)
	}
	again, err := ReadSigningKey(private)
	if err != nil || again.ID != key.ID {
		t.Errorf("private key read back as %v, %v", again, err)
	}
	text, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	renamed := filepath.Join(dir, "renamed.pem")
	if err := os.WriteFile(renamed, []byte(strings.ReplaceAll(string(text), "governance-2026", "policy-2026")), 0o600); err != nil {
		t.Fatal(err)
	}
	if other, err := ReadKey(renamed); err != nil || other.ID != key.ID {
		t.Errorf("under another name it is %v, %v", other, err)
	}
	if info, err := os.Stat(private); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key's mode is %v, %v", info.Mode(), err)
	}
	for _, taken := range []string{private, public} {
		other := private
		if taken == private {
			other = public
		}
		fresh := filepath.Join(t.TempDir(), "fresh.pem")
		files := map[string]string{taken: taken, other: fresh}
		if err := newTestKey(t, "").WriteFiles(files[private], files[public]); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s is written over: %v", taken, err)
		}
		if _, err := os.Stat(fresh); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("half of a pair is left beside %s: %v", taken, err)
		}
	}
}

func TestKeyFilesThatCannotBeRightAreRefused(t *testing.T) {
	key := newTestKey(t, "")
	public, err := key.pem()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	private := filepath.Join(dir, "key.pem")
	if err := key.WriteFiles(private, filepath.Join(dir, "pub.pem")); err != nil {
		t.Fatal(err)
	}
	secret, err := os.ReadFile(private)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, content, want string }{
		{"private key", string(secret), "it holds a private key, which belongs to nobody but who signs"},
		{"no PEM", "hello", "it holds no key in PEM form"},
		{"two keys", public + public, "a file holds one key"},
		{"an end that is misspelt", "Expiry: 2027-01-01\n" + public, `the line "Expiry: 2027-01-01" says nothing that is known`},
		{"an end that is no day", "Expires: soon\n" + public, `Expires says "soon"`},
		{"a certificate", strings.ReplaceAll(public, "PUBLIC KEY", "CERTIFICATE"), `it holds a "CERTIFICATE"`},
		{"too large", strings.Repeat("# \n", 30_000) + public, "larger than 65536 bytes"},
		{"comments", "# of security governance\n\nname: x\nEXPIRES: 2027-01-01\n" + public, ""},
	} {
		file := filepath.Join(dir, "case.pem")
		if err := os.WriteFile(file, []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadKey(file)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
	if _, err := ReadSigningKey(filepath.Join(dir, "pub.pem")); err == nil || !strings.Contains(err.Error(), "a public key, which cannot sign") {
		t.Errorf("signing with a public key: %v", err)
	}
}

func TestOnlyKeysThatOPAVerifiesAreTaken(t *testing.T) {
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, public := range map[string]crypto.PublicKey{"P-224": p224.Public(), "RSA of 1024 bits": short.Public(), "a secret": []byte("secret")} {
		if _, err := keyOf(public); !errors.Is(err, ErrAlgorithm) {
			t.Errorf("%s: error %v, want ErrAlgorithm", name, err)
		}
	}
}
