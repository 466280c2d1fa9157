package msi

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sassoftware/relic/v8/lib/pkcs7"
	"github.com/sassoftware/relic/v8/lib/pkcs9"
	"github.com/sassoftware/relic/v8/lib/x509tools"
)

// Signature is the Authenticode signature of a package: who signed, and whether
// that covers what the package contains. Whether the certificate is trusted is
// not decided here: that is for the host that installs the package. Of several
// signatures the first is told.
type Signature struct {
	// Covers says that the certificate's key signed exactly this content. Why not
	// stands in Problem; then nothing else of the signature says anything.
	Covers  bool   `json:"covers"`
	Problem string `json:"problem,omitempty"`

	Signer           string    `json:"signer,omitempty"`  // the subject's common name, as Sysmon and Defender report it
	Subject          string    `json:"subject,omitempty"` // RFC 4514
	Issuer           string    `json:"issuer,omitempty"`
	IssuerName       string    `json:"issuer_name,omitempty"` // its common name
	Serial           string    `json:"serial,omitempty"`      // hexadecimal
	ThumbprintSHA1   string    `json:"thumbprint_sha1,omitempty"`
	ThumbprintSHA256 string    `json:"thumbprint_sha256,omitempty"`
	NotBefore        time.Time `json:"not_before,omitzero"`
	NotAfter         time.Time `json:"not_after,omitzero"`
	Digest           string    `json:"digest,omitempty"` // algorithm, e.g. SHA-256
	SelfSigned       bool      `json:"self_signed,omitempty"`

	// The timestamp, where there is one that fits: until then the signature was made.
	SignedAt    time.Time `json:"signed_at,omitzero"`
	TimestampBy string    `json:"timestamp_by,omitempty"`
	Timestamp   string    `json:"timestamp_problem,omitempty"`

	// Extended is MsiDigitalSignatureEx, which covers the streams' names and sizes
	// besides: "" (absent), "covers", or "not confirmed".
	Extended string `json:"extended,omitempty"`
}

const (
	signatureStream   = "\x05DigitalSignature"
	signatureExStream = "\x05MsiDigitalSignatureEx"
)

// [Windows Authenticode Portable Executable Signature Format], SpcIndirectDataContent.
var oidIndirectData = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 1, 4}

type indirectData struct {
	Data          asn1.RawValue
	MessageDigest struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
}

// readSignature gives nil where there is none. A signature that cannot be read
// is one with a Problem, not an error: the rest of the package is still told.
func readSignature(c *container) *Signature {
	e := c.streams[signatureStream]
	if e == nil {
		return nil
	}
	s := &Signature{}
	if err := s.read(c, e); err != nil {
		s.Problem, s.Covers = err.Error(), false
	}
	return s
}

func (s *Signature) read(c *container, e *entry) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("its PKCS #7 contradicts itself (%v)", p)
		}
	}()
	blob, err := e.content(maxSignature)
	if err != nil {
		return err
	}
	signed, err := pkcs7.Unmarshal(blob)
	if err != nil {
		return fmt.Errorf("it is no PKCS #7: %w", err)
	}
	if !signed.Content.ContentInfo.ContentType.Equal(oidIndirectData) {
		return errors.New("it is no Authenticode signature")
	}
	if n := len(signed.Content.SignerInfos); n != 1 {
		return fmt.Errorf("it has %d signers, and Authenticode has one", n)
	}
	if err := verifiable(signed.Content.Certificates); err != nil {
		return err
	}
	// Named before anything is verified: a person wants to know who is claimed.
	certificates, _ := signed.Content.Certificates.Parse()
	certificate, err := signed.Content.SignerInfos[0].FindCertificate(certificates)
	if err != nil {
		return fmt.Errorf("its signer's certificate: %w", err)
	}
	s.name(certificate)
	verified, err := signed.Content.Verify(nil, false)
	if err != nil {
		return fmt.Errorf("its signature does not verify: %w", err)
	}
	s.timestamp(verified)
	var indirect indirectData
	if err := signed.Content.ContentInfo.Unmarshal(&indirect); err != nil {
		return fmt.Errorf("its indirect data: %w", err)
	}
	hash, err := x509tools.PkixDigestToHashE(indirect.MessageDigest.Algorithm)
	if err != nil {
		return fmt.Errorf("its digest: %w", err)
	}
	s.Digest = hash.String()
	return s.compare(c, hash, indirect.MessageDigest.Digest)
}

func (s *Signature) compare(c *container, hash crypto.Hash, want []byte) error {
	var extended []byte
	if e := c.streams[signatureExStream]; e != nil {
		var err error
		if extended, err = e.content(int64(hash.Size())); err != nil {
			return err
		}
		s.Extended = "not confirmed"
		if metadata, err := digestMetadata(c, hash); err == nil && bytes.Equal(metadata, extended) {
			s.Extended = "covers"
		}
	}
	got, err := digestContent(c, hash, extended)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return errors.New("the package's content is not what was signed: it was changed afterwards")
	}
	s.Covers = true
	return nil
}

func (s *Signature) name(c *x509.Certificate) {
	one, two := sha1.Sum(c.Raw), sha256.Sum256(c.Raw)
	s.Signer, s.Subject = c.Subject.CommonName, c.Subject.String()
	s.IssuerName, s.Issuer = c.Issuer.CommonName, c.Issuer.String()
	s.Serial = strings.ToUpper(c.SerialNumber.Text(16))
	s.ThumbprintSHA1, s.ThumbprintSHA256 = hex.EncodeToString(one[:]), hex.EncodeToString(two[:])
	s.NotBefore, s.NotAfter = c.NotBefore.UTC(), c.NotAfter.UTC()
	s.SelfSigned = bytes.Equal(c.RawSubject, c.RawIssuer)
}

// timestamp tells an RFC 3161 token or a PKCS #9 countersignature.
func (s *Signature) timestamp(verified pkcs7.Signature) {
	for _, oid := range []asn1.ObjectIdentifier{pkcs9.OidAttributeTimeStampToken, pkcs9.OidSpcTimeStampToken} {
		var token pkcs7.ContentInfoSignedData
		if verified.SignerInfo.UnauthenticatedAttributes.GetOne(oid, &token) != nil {
			continue
		}
		if err := verifiable(token.Content.Certificates); err != nil {
			s.Timestamp = err.Error()
			return
		}
	}
	stamped, err := pkcs9.VerifyOptionalTimestamp(verified)
	switch {
	case err != nil:
		s.Timestamp = err.Error()
	case stamped.CounterSignature != nil:
		s.SignedAt = stamped.CounterSignature.SigningTime.UTC()
		s.TimestampBy = stamped.CounterSignature.Certificate.Subject.CommonName
	}
}

// verifiable refuses keys so long that verifying with one is an attack on whoever verifies.
func verifiable(raw pkcs7.RawCertificates) error {
	certificates, _ := raw.Parse() // what does not parse verifies nothing
	for _, c := range certificates {
		if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSA {
			return fmt.Errorf("a certificate's RSA key has %d bits, more than %d", key.N.BitLen(), maxRSA)
		}
	}
	return nil
}
