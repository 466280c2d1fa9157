package governance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"
)

const signaturesFile = ".signatures.json"

// Claims is what a bundle says of itself, before anybody has verified it.
type Claims struct {
	Serial    int64      // the manifest's metadata.serial; 0: none
	NotAfter  time.Time  // metadata.not_after, UTC, to the second; zero: none
	Approvals []Approval // metadata.approvals
	Signed    bool       // there is a signature
	KeyID     string     // the key that the signature names; may be "" where opa made it
	Algorithm string     // by which it says it was made
	SignedAt  time.Time  // zero where it does not say
}

// Approval is a second person's signature, as it stands in the manifest.
type Approval struct {
	KeyID string `json:"keyid"`
	JWS   string `json:"jws"` // compact, over an approval statement
}

// metadata is what of a manifest's metadata is msigate's.
type metadata struct {
	Serial    *int64     `json:"serial,omitempty"`
	NotAfter  string     `json:"not_after,omitempty"`
	Approvals []Approval `json:"approvals,omitempty"`
}

// maxApprovals bounds the signatures that one bundle makes anybody verify.
const maxApprovals = 16

// Claims reads serial, not_after and approvals from the manifest, and what the
// signature says, trusting neither.
func (b *Bundle) Claims() (Claims, error) {
	var c Claims
	text, err := json.Marshal(b.Content.Manifest.Metadata)
	if err != nil {
		return c, refuse(ErrManifest, "read the manifest's metadata: %w", err)
	}
	var m metadata
	if err := json.Unmarshal(text, &m); err != nil {
		return c, refuse(ErrManifest, "read the manifest's metadata: %w; serial is a whole number, not_after a text as 2026-12-31T00:00:00Z, approvals a list of {keyid, jws}", err)
	}
	if m.Serial != nil {
		if *m.Serial < 1 {
			return c, refuse(ErrSerial, "metadata.serial is %d; the first is 1", *m.Serial)
		}
		c.Serial = *m.Serial
	}
	if m.NotAfter != "" {
		at, err := time.Parse(time.RFC3339, m.NotAfter)
		if err != nil {
			return c, refuse(ErrNotAfter, "metadata.not_after is %s; it must be a time as 2026-12-31T00:00:00Z (RFC 3339)", quote(m.NotAfter))
		}
		c.NotAfter = at.UTC()
	}
	if len(m.Approvals) > maxApprovals {
		return c, refuse(ErrManifest, "metadata.approvals has %d approvals; at most %d", len(m.Approvals), maxApprovals)
	}
	c.Approvals = m.Approvals
	if signatures := b.Content.Signatures.Signatures; len(signatures) > 0 {
		c.Signed = true
		if t, err := takeApart(signatures[0]); err == nil {
			var said bundle.DecodedSignature
			_ = json.Unmarshal(t.payload, &said) // its form is the verifier's matter
			c.KeyID, c.Algorithm = t.header.KeyID, t.header.Algorithm
			if said.IssuedAt > 0 {
				c.SignedAt = time.Unix(said.IssuedAt, 0).UTC()
			}
		}
	}
	return c, nil
}

// ReadSigned reads an archive as ReadArchive does, with its signature, which it
// does not verify: for people who look at a bundle, approve it or sign it.
func ReadSigned(raw []byte, name string) (*Bundle, error) {
	files, err := unpack(bytes.NewReader(raw), DefaultLimits)
	if err != nil {
		return nil, refuse(ErrArchive, "unpack bundle%s: %w", named(name), err)
	}
	b, err := read(name, files)
	if err != nil {
		return nil, err
	}
	signatures, err := signaturesOf(files)
	if err != nil {
		return nil, fmt.Errorf("read bundle %s: %w", b.Name, err)
	}
	if signatures != nil {
		b.Content.Signatures = *signatures
	}
	return b, nil
}

// NameOf is the name that an archive's manifest or content gives it, for a file
// that a person chose. Nothing is verified.
func NameOf(raw []byte) (string, error) {
	files, err := unpack(bytes.NewReader(raw), DefaultLimits)
	if err != nil {
		return "", refuse(ErrArchive, "unpack bundle: %w", err)
	}
	return nameOf(files)
}

// signaturesOf reads .signatures.json as OPA will; nil where there is none.
func signaturesOf(files []file) (*bundle.SignaturesConfig, error) {
	var found *bundle.SignaturesConfig
	for _, f := range files {
		switch {
		case f.path == signaturesFile:
			found = &bundle.SignaturesConfig{}
			if err := util.NewJSONDecoder(bytes.NewReader(f.content)).Decode(found); err != nil {
				return nil, refuse(ErrAltered, "read %s: %w", signaturesFile, err)
			}
		case path.Base(f.path) == signaturesFile:
			return nil, refuse(ErrAltered, "%s is a signature below the top", f.path)
		}
	}
	return found, nil
}

// Stamp gives a bundle its serial and the time until which it counts without a
// newer one (UTC, to the second). Approvals and signatures fall away: they were
// for what it was before.
func (b *Bundle) Stamp(serial int64, notAfter time.Time) error {
	if serial < 1 {
		return refuse(ErrSerial, "stamp bundle %s: the serial is %d; the first is 1, and each bundle that is published has a higher one", b.Name, serial)
	}
	if notAfter.IsZero() {
		return refuse(ErrNotAfter, "stamp bundle %s: not_after is missing: without an end a bundle that is held back would count for ever", b.Name)
	}
	return b.setMetadata(metadata{Serial: &serial, NotAfter: notAfter.UTC().Format(time.RFC3339)})
}

// setMetadata puts msigate's part of the metadata into the manifest and leaves
// the rest. A signature that was there covers another manifest, so it goes.
func (b *Bundle) setMetadata(m metadata) error {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode the metadata of bundle %s: %w", b.Name, err)
	}
	var fields map[string]any
	if err := util.UnmarshalJSON(text, &fields); err != nil {
		return fmt.Errorf("encode the metadata of bundle %s: %w", b.Name, err)
	}
	all := maps.Clone(b.Content.Manifest.Metadata)
	if all == nil {
		all = map[string]any{}
	}
	for _, name := range []string{"serial", "not_after", "approvals"} {
		delete(all, name)
	}
	maps.Copy(all, fields)
	b.Content.Manifest.Metadata = all
	b.Content.Signatures = bundle.SignaturesConfig{}
	return nil
}
