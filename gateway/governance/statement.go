package governance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/lestrrat-go/jwx/v3/jws/jwsbb"
)

// typeApproval is the type of a signed approval (RFC 7515, section 4.1.9). One
// type is never taken for another, so that an approval opens no change window.
const typeApproval = "msigate-approval"

// maxToken bounds a compact JWS, in bytes, before it is taken apart. OPA's
// signature names each file: 10,000 of them with long paths are about 4 MB.
const maxToken = 16 << 20

// token is a compact JWS (RFC 7515, section 7.1) taken apart, verified by nobody yet.
type token struct {
	header    tokenHeader
	payload   []byte
	input     []byte // what is signed
	signature []byte
}

type tokenHeader struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid,omitempty"`
	Type      string `json:"typ,omitempty"`
}

// sign gives the compact JWS of a payload.
func sign(typ string, payload []byte, signer Signer) (string, error) {
	key := signer.Identity()
	header, err := json.Marshal(tokenHeader{Algorithm: key.Algorithm, KeyID: key.ID, Type: typ})
	if err != nil {
		return "", fmt.Errorf("encode the header: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	input := encode(header) + "." + encode(payload)
	signature, err := signer.Sign([]byte(input))
	if err != nil {
		return "", err
	}
	return input + "." + encode(signature), nil
}

// takeApart reads a compact JWS without verifying it.
func takeApart(compact string) (token, error) {
	if len(compact) > maxToken {
		return token{}, refuse(ErrStatement, "the token has %d bytes, more than %d", len(compact), maxToken)
	}
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return token{}, refuse(ErrStatement, "the token has %d parts; a compact JWS has 3", len(parts))
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return token{}, refuse(ErrStatement, "part %d of the token: %w", i+1, err)
		}
	}
	t := token{payload: decoded[1], input: []byte(parts[0] + "." + parts[1]), signature: decoded[2]}
	if err := json.Unmarshal(decoded[0], &t.header); err != nil {
		return token{}, refuse(ErrStatement, "the token's header: %w", err)
	}
	return t, nil
}

// verify holds the token to a key. The key says which algorithms are acceptable.
func (t token) verify(key Key) error {
	if err := key.fits(t.header.Algorithm); err != nil {
		return err
	}
	if err := jwsbb.Verify(key.Public, t.header.Algorithm, t.input, t.signature); err != nil {
		return refuse(ErrAltered, "the signature of key %s does not fit", key)
	}
	return nil
}

// signStatement gives the compact JWS of a statement of a type.
func signStatement(typ string, payload []byte, signer Signer) (string, error) {
	signed, err := sign(typ, payload, signer)
	if err != nil {
		return "", fmt.Errorf("sign the %s: %w", typ, err)
	}
	return signed, nil
}

// verifyStatement gives what was signed, and by whom: one of keys, by its id.
func verifyStatement(typ, signed string, keys Keys) (payload []byte, by string, err error) {
	t, err := takeApart(signed)
	if err != nil {
		return nil, "", fmt.Errorf("the %s: %w", typ, err)
	}
	if t.header.Type != typ {
		return nil, "", refuse(ErrStatement, "a %s stands where a %s belongs", quote(t.header.Type), typ)
	}
	key, ok := keys.Get(t.header.KeyID)
	if !ok {
		return nil, "", refuse(ErrKey, "the %s is signed by key %s; those that may are %s", typ, quote(t.header.KeyID), keys)
	}
	if err := t.verify(key); err != nil {
		return nil, "", fmt.Errorf("the %s: %w", typ, err)
	}
	return t.payload, key.ID, nil
}
