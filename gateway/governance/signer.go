package governance

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jws/jwsbb"
)

// Signer signs for a key: a SigningKey, or a program that holds the key elsewhere.
type Signer interface {
	// Identity is the public key that the signatures fit.
	Identity() Key
	// Sign gives the signature of a JWS signing input (RFC 7515, section 5.1) by
	// the algorithm of Identity, in the form of RFC 7518.
	Sign(input []byte) ([]byte, error)
}

// SigningKey is a private key.
type SigningKey struct {
	Key
	Private crypto.Signer
}

func (k *SigningKey) Identity() Key { return k.Key }

func (k *SigningKey) Sign(input []byte) ([]byte, error) {
	signature, err := jwsbb.Sign(k.Private, k.Algorithm, input, nil)
	if err != nil {
		return nil, fmt.Errorf("sign with key %s: %w", k.Key, err)
	}
	return signature, nil
}

// ReadSigningKey reads a private key from a PEM file: PKCS #8 without a
// passphrase, or the older forms EC PRIVATE KEY and RSA PRIVATE KEY.
func ReadSigningKey(path string) (*SigningKey, error) {
	key, err := readSigningKey(path)
	if err != nil {
		return nil, fmt.Errorf("read the private key %s: %w", path, err)
	}
	return key, nil
}

func readSigningKey(path string) (*SigningKey, error) {
	before, block, err := readPEM(path)
	if err != nil {
		return nil, err
	}
	var private any
	switch block.Type {
	case "PRIVATE KEY":
		private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		private, err = x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		return nil, errors.New("it is encrypted with a passphrase, which is not supported; hint: let a program sign that holds the key (--signer), for instance openssl")
	case "PUBLIC KEY":
		return nil, errors.New("it holds a public key, which cannot sign; hint: the private key lies in another file")
	default:
		return nil, fmt.Errorf("it holds a %s; it must be a PRIVATE KEY (PKCS #8)", quote(block.Type))
	}
	if err != nil {
		return nil, err
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, refuse(ErrAlgorithm, "a key of type %T cannot sign", private)
	}
	key, err := keyOf(signer.Public())
	if err != nil {
		return nil, err
	}
	return &SigningKey{Key: key, Private: signer}, key.describe(before)
}

// ExternalSigner lets a program sign, for a key that never leaves its KMS, HSM or
// token. Each signature is held to the public key before it is used.
type ExternalSigner struct {
	Key     Key       // the public half; its Algorithm is the one that the program signs by
	Command []string  // program and arguments; the signing input on stdin, the signature on stdout
	Stderr  io.Writer // where the program speaks to people
}

// maxSignature bounds what a program answers, in bytes: RSA with 16,384 bits gives 2048.
const maxSignature = 8 << 10

func (s *ExternalSigner) Identity() Key { return s.Key }

func (s *ExternalSigner) Sign(input []byte) ([]byte, error) {
	var out bytes.Buffer
	command := exec.Command(s.Command[0], s.Command[1:]...)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &out, s.Stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("let %s sign: %w", s.Command[0], err)
	}
	if out.Len() == 0 || out.Len() > maxSignature {
		return nil, fmt.Errorf("let %s sign: it wrote %d bytes to stdout; it must write the signature alone, as bytes", s.Command[0], out.Len())
	}
	signature := out.Bytes()
	if public, ok := s.Key.Public.(*ecdsa.PublicKey); ok {
		signature = concatenated(signature, public)
	}
	if err := jwsbb.Verify(s.Key.Public, s.Key.Algorithm, input, signature); err != nil {
		return nil, refuse(ErrAltered, "let %s sign: what it wrote (%d bytes) is no %s signature by key %s; hint: it must sign what it reads from stdin, hashed once, and write bytes, not Base64", s.Command[0], out.Len(), s.Key.Algorithm, s.Key)
	}
	return signature, nil
}

// concatenated turns an ECDSA signature as X.509 has it (ASN.1, what openssl and
// most KMS write) into the two numbers one after the other that JWS wants (RFC
// 7518, section 3.4). What is no ASN.1 is left as it is.
func concatenated(signature []byte, public *ecdsa.PublicKey) []byte {
	r, s := new(big.Int), new(big.Int)
	bits := public.Curve.Params().BitSize
	if err := jwsbb.UnpackASN1ECDSASignature(signature, r, s); err != nil || r.Sign() < 0 || s.Sign() < 0 || r.BitLen() > bits || s.BitLen() > bits {
		return signature
	}
	packed, err := jwsbb.PackECDSASignature(r, s, bits)
	if err != nil {
		return signature
	}
	return packed
}

// NewSigningKey makes an ECDSA key on P-256, which signs by ES256.
func NewSigningKey(name string, expires time.Time) (*SigningKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	key, err := keyOf(private.Public())
	if err != nil {
		return nil, err
	}
	key.Name, key.Expires = name, expires
	return &SigningKey{Key: key, Private: private}, nil
}

// WriteFiles writes the private key (PKCS #8, readable by its owner alone) and
// the public one. It overwrites nothing: where either file is there already,
// neither is written.
func (k *SigningKey) WriteFiles(private, public string) error {
	der, err := x509.MarshalPKCS8PrivateKey(k.Private)
	if err != nil {
		return fmt.Errorf("encode the private key: %w", err)
	}
	text, err := k.pem()
	if err != nil {
		return err
	}
	var about strings.Builder
	if k.Name != "" {
		fmt.Fprintf(&about, "Name: %s\n", k.Name)
	}
	if !k.Expires.IsZero() {
		fmt.Fprintf(&about, "Expires: %s\n", k.Expires.UTC().Format(time.DateOnly))
	}
	if err := writeNew(public, []byte(about.String()+text), 0o644); err != nil {
		return err
	}
	if err := writeNew(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return errors.Join(err, os.Remove(public)) // ours, made a moment ago, and of no use alone
	}
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, content []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write the key %s: %w", path, errors.Join(err, os.Remove(path)))
	}
	return nil
}
