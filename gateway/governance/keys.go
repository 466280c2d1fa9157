package governance

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// Key is a public key that may sign, by the id that it has everywhere.
type Key struct {
	ID        string           // SHA-256 of its SubjectPublicKeyInfo, the first 32 hex digits, lower case: nobody chooses it
	Algorithm string           // JWS algorithm (RFC 7518) it signs by: ES256, ES384, ES512; RSA: RS256 unless said otherwise
	Public    crypto.PublicKey // *ecdsa.PublicKey or *rsa.PublicKey
	Name      string           // what its file calls it, for people; may be ""
	Expires   time.Time        // from then on it counts no more; zero: it has no end
}

// Keys is a set of keys by their id.
type Keys map[string]Key

// Get gives a key by its id.
func (k Keys) Get(id string) (Key, bool) { key, ok := k[id]; return key, ok }

// At leaves out the keys that have expired.
func (k Keys) At(now time.Time) Keys {
	current := Keys{}
	for id, key := range k {
		if !key.expired(now) {
			current[id] = key
		}
	}
	return current
}

// String lists the keys as messages show them.
func (k Keys) String() string {
	if len(k) == 0 {
		return "none"
	}
	all := make([]string, 0, len(k))
	for _, id := range slices.Sorted(maps.Keys(k)) {
		all = append(all, k[id].String())
	}
	return strings.Join(all, ", ")
}

func (k Key) expired(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

// String is the id, and the name where there is one.
func (k Key) String() string {
	if k.Name == "" {
		return k.ID
	}
	return k.ID + " (" + plain(k.Name) + ")"
}

// rsaAlgorithms are those that any RSA key can sign by. OPA takes all of them.
var rsaAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}

// minRSA is the shortest RSA key, in bits (NIST SP 800-131A, revision 2, table 2).
const minRSA = 2048

// fits refuses an algorithm that the key does not sign by. What a token says of
// itself is never trusted further than this.
func (k Key) fits(algorithm string) error {
	if err := noSharedSecret(algorithm); err != nil {
		return err
	}
	if algorithm == k.Algorithm {
		return nil
	}
	if _, isRSA := k.Public.(*rsa.PublicKey); isRSA && slices.Contains(rsaAlgorithms, algorithm) {
		return nil
	}
	return refuse(ErrAlgorithm, "the algorithm is %s, and key %s signs by %s", quote(algorithm), k, k.algorithms())
}

// noSharedSecret refuses HMAC, whatever key is named.
func noSharedSecret(algorithm string) error {
	if strings.HasPrefix(algorithm, "HS") {
		return refuse(ErrAlgorithm, "the algorithm is %s: with a shared secret whoever verifies can also sign; hint: sign with an ECDSA or RSA key, msigate bundle keygen makes one", plain(algorithm))
	}
	return nil
}

// By is the key with the algorithm that it is to sign by; "" leaves its own.
func (k Key) By(algorithm string) (Key, error) {
	if algorithm == "" {
		return k, nil
	}
	if err := k.fits(algorithm); err != nil {
		return Key{}, err
	}
	k.Algorithm = algorithm
	return k, nil
}

func (k Key) algorithms() string {
	if _, isRSA := k.Public.(*rsa.PublicKey); isRSA {
		return strings.Join(rsaAlgorithms, ", ")
	}
	return k.Algorithm
}

// pem is the public key in the form that OPA's verifier reads.
func (k Key) pem() (string, error) {
	der, err := x509.MarshalPKIXPublicKey(k.Public)
	if err != nil {
		return "", fmt.Errorf("encode key %s: %w", k, err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

// keyOf is the Key of a public key.
func keyOf(public crypto.PublicKey) (Key, error) {
	key := Key{Public: public}
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		key.Algorithm = map[elliptic.Curve]string{elliptic.P256(): "ES256", elliptic.P384(): "ES384", elliptic.P521(): "ES512"}[p.Curve]
		if key.Algorithm == "" {
			return Key{}, refuse(ErrAlgorithm, "an ECDSA key on %s; it must be on P-256, P-384 or P-521", p.Curve.Params().Name)
		}
	case *rsa.PublicKey:
		if p.N.BitLen() < minRSA {
			return Key{}, refuse(ErrAlgorithm, "an RSA key of %d bits; it must have %d at least", p.N.BitLen(), minRSA)
		}
		key.Algorithm = "RS256"
	default:
		// OPA's configuration lists no EdDSA, so a bundle signed so would be ours alone.
		return Key{}, refuse(ErrAlgorithm, "a key of type %T; it must be ECDSA (P-256, P-384, P-521) or RSA, which OPA verifies too", public)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return Key{}, fmt.Errorf("encode the public key: %w", err)
	}
	sum := sha256.Sum256(der)
	key.ID = hex.EncodeToString(sum[:16])
	return key, nil
}

// ReadKey reads a public key from a PEM file ("PUBLIC KEY", RFC 7468, as
// msigate bundle keygen and openssl write it). Lines before it may say Name: and
// Expires: (YYYY-MM-DD, 00:00 UTC); others must begin with #.
func ReadKey(path string) (Key, error) {
	key, err := readKey(path)
	if err != nil {
		return Key{}, fmt.Errorf("read the public key %s: %w", path, err)
	}
	return key, nil
}

func readKey(path string) (Key, error) {
	before, block, err := readPEM(path)
	if err != nil {
		return Key{}, err
	}
	var public crypto.PublicKey
	switch {
	case block.Type == "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case block.Type == "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return Key{}, fmt.Errorf("it holds a private key, which belongs to nobody but who signs; hint: give its public half (openssl pkey -in FILE -pubout)")
	default:
		return Key{}, fmt.Errorf("it holds a %s; it must be a PUBLIC KEY", quote(block.Type))
	}
	if err != nil {
		return Key{}, err
	}
	key, err := keyOf(public)
	if err != nil {
		return Key{}, err
	}
	return key, key.describe(before)
}

// describe takes what the lines before a key say of it. A line that nobody
// understands is refused: a misspelt end would be no end.
func (k *Key) describe(before string) error {
	for line := range strings.Lines(before) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); strings.ToLower(field) {
		case "name":
			k.Name = value
		case "expires":
			day, err := time.Parse(time.DateOnly, value)
			if err != nil {
				return fmt.Errorf("the line Expires says %s; it must be a day as YYYY-MM-DD", quote(value))
			}
			k.Expires = day
		default:
			return fmt.Errorf("the line %s says nothing that is known; before the key stand Name: TEXT, Expires: YYYY-MM-DD and lines that begin with #", quote(line))
		}
	}
	return nil
}

// maxKeyFile bounds a key file, in bytes: an RSA key of 16,384 bits has 13,000.
const maxKeyFile = 64 << 10

// readPEM gives the only PEM block of a file and the text before it.
func readPEM(path string) (before string, block *pem.Block, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return "", nil, err
	}
	if len(raw) > maxKeyFile {
		return "", nil, fmt.Errorf("it is larger than %d bytes", maxKeyFile)
	}
	block, rest := pem.Decode(raw)
	if block == nil {
		return "", nil, fmt.Errorf("it holds no key in PEM form (-----BEGIN PUBLIC KEY-----)")
	}
	if len(strings.TrimSpace(string(rest))) > 0 {
		return "", nil, fmt.Errorf("something follows the key: a file holds one key, and what is said of it stands before it")
	}
	before, _, _ = strings.Cut(string(raw), "-----BEGIN ")
	return before, block, nil
}
