package governance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// TestMain lets the test binary stand in for a program that signs: with
// MSIGATE_TEST_SIGNER it reads stdin and writes what the value asks for.
func TestMain(m *testing.M) {
	if how := os.Getenv("MSIGATE_TEST_SIGNER"); how != "" {
		os.Exit(signerProgram(how, os.Getenv("MSIGATE_TEST_KEY")))
	}
	os.Exit(m.Run())
}

func signerProgram(how, file string) int {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 1
	}
	key, err := ReadSigningKey(file)
	if err != nil {
		return 1
	}
	var out []byte
	switch how {
	case "jws":
		out, err = key.Sign(input)
	case "asn1":
		sum := sha256.Sum256(input)
		out, err = ecdsa.SignASN1(rand.Reader, key.Private.(*ecdsa.PrivateKey), sum[:])
	case "other input":
		out, err = key.Sign(append(input, '!'))
	case "nothing":
	case "too much":
		out = make([]byte, maxSignature+1)
	default:
		_, _ = io.WriteString(os.Stderr, "the token is locked\n")
		return 3
	}
	if _, werr := os.Stdout.Write(out); err != nil || werr != nil {
		return 1
	}
	return 0
}

func TestAProgramSignsForAKeyThatIsNotHere(t *testing.T) {
	key, another := newTestKey(t, "kms"), newTestKey(t, "another")
	dir := t.TempDir()
	private := dir + "/kms.key.pem"
	if err := key.WriteFiles(private, dir+"/kms.pub.pem"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MSIGATE_TEST_KEY", private)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		how    string
		public *SigningKey
		want   error
		says   string
	}{
		{"jws", key, nil, ""},
		{"asn1", key, nil, ""},
		{"asn1", another, ErrAltered, "is no ES256 signature by key " + another.ID},
		{"other input", key, ErrAltered, "hint: it must sign what it reads from stdin"},
		{"nothing", key, nil, "it wrote 0 bytes"},
		{"too much", key, nil, "it wrote 8193 bytes"},
		{"fails", key, nil, "exit status 3"},
	} {
		t.Setenv("MSIGATE_TEST_SIGNER", test.how)
		var said strings.Builder
		b := stamped(t, sound(), 1)
		err := b.Sign(&ExternalSigner{Key: test.public.Key, Command: []string{self}, Stderr: &said}, testNow)
		switch {
		case test.says == "" && err != nil, test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)), test.want != nil && !errors.Is(err, test.want):
			t.Errorf("%s: error %v, want %v that says %q", test.how, err, test.want, test.says)
		case err == nil:
			if _, err := Verify(archiveOf(t, b), Trust{Name: NameGovernance, Keys: keySet(key), Now: testNow}); err != nil {
				t.Errorf("%s: %v", test.how, err)
			}
		case len(b.Content.Signatures.Signatures) > 0:
			t.Errorf("%s: it is signed for all that", test.how)
		}
		if test.how == "fails" && said.String() != "the token is locked\n" {
			t.Errorf("what the program says is lost: %q", said.String())
		}
	}
}

func TestAnAlgorithmIsOneOfTheKeys(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	key := keyFrom(t, private, err)
	if by, err := key.By("PS384"); err != nil || by.Algorithm != "PS384" || by.ID != key.ID {
		t.Errorf("RSA by PS384: %+v, %v", by, err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for _, algorithm := range []string{"ES384", "RS256", "HS256", "none"} {
		if _, err := keyFrom(t, p256, err).By(algorithm); !errors.Is(err, ErrAlgorithm) {
			t.Errorf("P-256 by %s: %v", algorithm, err)
		}
	}
}
