package governance

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// Trust says what a bundle of a configured name must be to be believed.
type Trust struct {
	Name          string    // policy, governance or baseline: fixes the roots, whatever the bundle says
	Keys          Keys      // that may sign this name
	Approvers     Keys      // that may approve it; empty: Keys
	AllowUnsigned bool      // an unsigned bundle is taken where no signed one was active; a signature that is there is verified all the same
	Floor         Floor     // what was active last; zero: nothing yet
	Now           time.Time // not_after and the ends of keys are held against it; zero: the clock
}

// Floor is the highest serial that was active, and its content.
type Floor struct {
	Serial   int64
	Revision string
}

// Verify reads a bundle archive and believes of it what trust allows: caps, then
// the signature by OPA's own verifier, then roots and content, then serial and
// not_after. What is refused gives no Bundle and an error that is one of the
// Err… reasons to errors.Is; with one exception: the bundle that is the floor
// itself comes with ErrPastNotAfter where it is past its not_after, and with ErrKey
// where the key that signed it has expired since. It is active already and goes on
// to count, on a gateway that is degraded.
func Verify(raw []byte, trust Trust) (*Bundle, error) {
	b, err := trust.verify(raw)
	if err != nil {
		return b, fmt.Errorf("verify bundle %s: %w", trust.Name, err)
	}
	return b, nil
}

func (t Trust) verify(raw []byte) (*Bundle, error) {
	if t.Now.IsZero() {
		t.Now = time.Now()
	}
	if _, known := owners[t.Name]; !known {
		return nil, fmt.Errorf("no such bundle; it is policy, governance or baseline")
	}
	files, err := unpack(bytes.NewReader(raw), DefaultLimits)
	if err != nil {
		return nil, refuse(ErrArchive, "unpack it: %w", err)
	}
	signatures, err := signaturesOf(files)
	if err != nil {
		return nil, err
	}
	if signatures == nil {
		return t.unsigned(files)
	}
	key, covered, err := t.signer(*signatures)
	if err != nil {
		return nil, err
	}
	var expired error
	if key.expired(t.Now) {
		expired = refuse(ErrKey, "it is signed by key %s, which expired on %s", key, key.Expires.Format(time.DateOnly))
		if t.Floor.Serial == 0 {
			return nil, expired
		}
	}
	if err := verifyFiles(files, covered); err != nil {
		return nil, err
	}
	b, err := read(t.Name, files)
	if err != nil {
		return nil, err
	}
	b.SignedBy = key.ID
	b.Content.Signatures = *signatures
	b, err = t.current(b)
	if expired == nil || err != nil {
		return b, err
	}
	if b.Serial != t.Floor.Serial {
		return nil, expired
	}
	return b, expired
}

func (t Trust) unsigned(files []file) (*Bundle, error) {
	switch {
	case !t.AllowUnsigned:
		return nil, refuse(ErrUnsigned, "it is not signed; hint: msigate bundle sign, with one of the keys %s", t.Keys)
	case t.Floor.Serial > 0:
		return nil, refuse(ErrSerial, "it is not signed and so has no serial, and serial %d was active: going back is publishing the old content under a higher serial", t.Floor.Serial)
	}
	return read(t.Name, files)
}

// signer gives the key that made the signature, and the files that it covers.
// The key id in a token is a hint (RFC 7515, section 4.1.4): opa build writes
// what it was told. So where it names none of the keys, each is tried; which one
// fits is then known for certain, as OPA is given that one alone. It may have
// expired.
func (t Trust) signer(signatures bundle.SignaturesConfig) (Key, map[string]bundle.FileInfo, error) {
	if n := len(signatures.Signatures); n != 1 {
		return Key{}, nil, refuse(ErrAltered, "%s holds %d signatures; it must be one", signaturesFile, n)
	}
	parsed, err := takeApart(signatures.Signatures[0])
	if err != nil {
		return Key{}, nil, refuse(ErrAltered, "read %s: %w", signaturesFile, err)
	}
	if err := noSharedSecret(parsed.header.Algorithm); err != nil {
		return Key{}, nil, err
	}
	candidates := t.Keys
	if key, ok := t.Keys.Get(parsed.header.KeyID); ok {
		candidates = Keys{key.ID: key}
	}
	refused := refuse(ErrKey, "it is signed by a key that calls itself %s, which is none of those that may sign it: %s", quote(parsed.header.KeyID), t.Keys.At(t.Now))
	for _, id := range slices.Sorted(maps.Keys(candidates)) {
		key := candidates[id]
		covered, err := key.verifySignature(signatures, parsed)
		if err == nil {
			return key, covered, nil
		}
		if id == parsed.header.KeyID {
			refused = err
		}
	}
	return Key{}, nil, refused
}

// verifySignature lets OPA's verifier hold a signature to one key, under the
// algorithm that is the key's.
func (k Key) verifySignature(signatures bundle.SignaturesConfig, parsed token) (map[string]bundle.FileInfo, error) {
	if err := k.fits(parsed.header.Algorithm); err != nil {
		return nil, err
	}
	text, err := k.pem()
	if err != nil {
		return nil, err
	}
	config := bundle.NewVerificationConfig(map[string]*bundle.KeyConfig{k.ID: {Key: text, Algorithm: parsed.header.Algorithm}}, k.ID, "", nil)
	covered, err := bundle.VerifyBundleSignature(signatures, config)
	if err != nil {
		return nil, refuse(ErrAltered, "the signature of key %s does not fit: %w", k, err)
	}
	for name, f := range covered {
		// OPA takes MD5 and SHA-1 too, for which two contents with one digest can be made.
		if !slices.Contains([]string{"SHA-256", "SHA-384", "SHA-512"}, f.Algorithm) {
			return nil, refuse(ErrAlgorithm, "the signature covers %s by its %s digest; it must be SHA-256, SHA-384 or SHA-512", name, quote(f.Algorithm))
		}
	}
	return covered, nil
}

// verifyFiles holds each file to its digest, as OPA's reader does: none without
// one, and none missing.
func verifyFiles(files []file, covered map[string]bundle.FileInfo) error {
	for _, f := range files {
		if f.path == signaturesFile {
			continue
		}
		if err := bundle.VerifyBundleFile(f.path, *bytes.NewBuffer(f.content), covered); err != nil {
			return refuse(ErrAltered, "%s is not what was signed: %w", f.path, err)
		}
	}
	if len(covered) > 0 {
		return refuse(ErrAltered, "what was signed is missing: %s", strings.Join(slices.Sorted(maps.Keys(covered)), ", "))
	}
	return nil
}

// current holds a signed bundle to serial and not_after.
func (t Trust) current(b *Bundle) (*Bundle, error) {
	c, err := b.Claims()
	if err != nil {
		return nil, err
	}
	switch {
	case c.Serial == 0:
		return nil, refuse(ErrSerial, "the manifest has no metadata.serial; hint: msigate bundle build --serial N")
	case c.NotAfter.IsZero():
		return nil, refuse(ErrNotAfter, "the manifest has no metadata.not_after; hint: msigate bundle build --not-after DATE")
	case c.Serial < t.Floor.Serial:
		return nil, refuse(ErrSerial, "its serial is %d, and %d was active: going back is publishing the old content under a higher serial", c.Serial, t.Floor.Serial)
	case c.Serial == t.Floor.Serial && b.Revision != t.Floor.Revision:
		return nil, refuse(ErrSerial, "its serial %d is that of the active bundle, and its content is another (%.12s, active is %.12s): each content has a serial of its own", c.Serial, b.Revision, t.Floor.Revision)
	}
	b.Serial, b.NotAfter = c.Serial, c.NotAfter
	approvers := t.Approvers
	if len(approvers) == 0 {
		approvers = t.Keys
	}
	b.ApprovedBy, b.Disregarded = b.approvers(c, b.SignedBy, approvers.At(t.Now))
	if !t.Now.Before(c.NotAfter) {
		if c.Serial == t.Floor.Serial {
			return b, refuse(ErrPastNotAfter, "serial %d is past its not_after, %s", c.Serial, c.NotAfter.Format(time.RFC3339))
		}
		return nil, refuse(ErrNotAfter, "its not_after, %s, is past; it is %s", c.NotAfter.Format(time.RFC3339), t.Now.UTC().Format(time.RFC3339))
	}
	return b, nil
}
