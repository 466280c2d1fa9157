package governance

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// filesOnly is an OPA signing plugin that signs nothing: OPA's own code says which
// files a signature covers and hashes them, and how it is signed is ours, since
// OPA's signer needs the private key at hand.
type filesOnly struct{}

const filesOnlyID = "msigate-files"

func (filesOnly) GenerateSignedToken(files []bundle.FileInfo, _ *bundle.SigningConfig, _ string) (string, error) {
	text, err := json.Marshal(files)
	return string(text), err
}

func init() {
	// The only error is the name of OPA's own.
	_ = bundle.RegisterSigner(filesOnlyID, filesOnly{})
}

// Sign signs the bundle as OPA does (.signatures.json: one JWT over the digest of
// every file, the manifest with its approvals included). A signature that is
// there already is replaced. Approvals that are not for this very bundle are
// refused; whether their keys may approve is for those who verify.
func (b *Bundle) Sign(by Signer, now time.Time) error {
	c, err := b.Claims()
	if err != nil {
		return fmt.Errorf("sign bundle %s: %w", b.Name, err)
	}
	key := by.Identity()
	switch {
	case c.Serial == 0:
		return refuse(ErrSerial, "sign bundle %s: it has no serial, and without one an older bundle could take its place; hint: msigate bundle build --serial N --not-after DATE", b.Name)
	case c.NotAfter.IsZero():
		return refuse(ErrNotAfter, "sign bundle %s: it has no not_after: without an end a bundle that is held back would count for ever; hint: msigate bundle build --not-after DATE", b.Name)
	case key.expired(now):
		return refuse(ErrKey, "sign bundle %s: key %s expired on %s", b.Name, key, key.Expires.Format(time.DateOnly))
	}
	for _, a := range c.Approvals {
		t, err := takeApart(a.JWS)
		if err == nil {
			err = b.approves(c, t.payload)
		}
		if err != nil {
			return fmt.Errorf("sign bundle %s: the approval by key %s: %w; hint: build it again, then have it approved", b.Name, quote(a.KeyID), err)
		}
	}
	b.Content.Signatures = bundle.SignaturesConfig{}
	if err := b.Content.GenerateSignature(bundle.NewSigningConfig("", "", "").WithPlugin(filesOnlyID), key.ID, true); err != nil {
		return fmt.Errorf("sign bundle %s: hash its files: %w", b.Name, err)
	}
	payload, err := json.Marshal(struct {
		Files    json.RawMessage `json:"files"`
		IssuedAt int64           `json:"iat"`
	}{json.RawMessage(b.Content.Signatures.Signatures[0]), now.Unix()})
	b.Content.Signatures = bundle.SignaturesConfig{}
	if err != nil {
		return fmt.Errorf("sign bundle %s: %w", b.Name, err)
	}
	signed, err := sign("JWT", payload, by)
	if err != nil {
		return fmt.Errorf("sign bundle %s: %w", b.Name, err)
	}
	b.Content.Signatures.Signatures = []string{signed}
	return nil
}
