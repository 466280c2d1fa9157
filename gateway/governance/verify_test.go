package governance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"
)

func TestVerifiedBundleSaysWhoSignedAndApproved(t *testing.T) {
	owner, second := newTestKey(t, "owner"), newTestKey(t, "second")
	raw := signedBy(t, stamped(t, sound(), 7), owner, second)
	b, err := Verify(raw, Trust{Name: NameGovernance, Keys: keySet(owner, second), Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	built, err := Build(sound(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if b.Serial != 7 || !b.NotAfter.Equal(untilSpring) || b.SignedBy != owner.ID || !slices.Equal(b.ApprovedBy, []string{second.ID}) || b.Revision != built.Revision || len(b.Disregarded) > 0 {
		t.Errorf("serial %d until %s, signed by %s, approved by %v, revision %s, disregarded %v", b.Serial, b.NotAfter, b.SignedBy, b.ApprovedBy, b.Revision, b.Disregarded)
	}
}

func TestEveryAlgorithmThatIsTakenSignsAndVerifies(t *testing.T) {
	p384, err384 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p521, err521 := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	rsa2048, errRSA := rsa.GenerateKey(rand.Reader, 2048)
	keys := []*SigningKey{newTestKey(t, ""), keyFrom(t, p384, err384), keyFrom(t, p521, err521)}
	for _, algorithm := range rsaAlgorithms {
		key := keyFrom(t, rsa2048, errRSA)
		key.Algorithm = algorithm
		keys = append(keys, key)
	}
	for _, key := range keys {
		raw := signedBy(t, stamped(t, sound(), 1), key)
		// What verifies knows the public key as its file gives it: RSA without a choice.
		known, err := keyOf(key.Public)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Verify(raw, Trust{Name: NameGovernance, Keys: Keys{known.ID: known}, Now: testNow})
		if err != nil || b.SignedBy != key.ID {
			t.Errorf("%s: %v", key.Algorithm, err)
		}
	}
}

// hmacSigned is a token as HS256 has it, with the public key as the secret: what
// works where a verifier believes the token's own algorithm.
func hmacSigned(t testing.TB, signed string, key *SigningKey) string {
	t.Helper()
	secret, err := key.pem()
	if err != nil {
		t.Fatal(err)
	}
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","kid":"` + key.ID + `"}`))
	input := header + "." + strings.Split(signed, ".")[1]
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// withTokens is an archive with other tokens in .signatures.json.
func withTokens(t testing.TB, archive []byte, edit func(signed string) []string) []byte {
	t.Helper()
	return repacked(t, archive, func(files map[string]string) {
		var s bundle.SignaturesConfig
		if err := json.Unmarshal([]byte(files[signaturesFile]), &s); err != nil {
			t.Fatal(err)
		}
		s.Signatures = edit(s.Signatures[0])
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		files[signaturesFile] = string(text)
	})
}

// resigned is an archive whose files were changed, signed anew by a key over
// whatever they are now and by whatever digest: what somebody can make who holds
// the key and does not use msigate.
func resigned(t testing.TB, archive []byte, key *SigningKey, digest string, edit func(files map[string]string)) []byte {
	t.Helper()
	return repacked(t, archive, func(files map[string]string) {
		delete(files, signaturesFile)
		edit(files)
		hash, err := bundle.NewSignatureHasher(bundle.HashingAlgorithm(digest))
		if err != nil {
			t.Fatal(err)
		}
		var infos []bundle.FileInfo
		for path, content := range files {
			var value any = []byte(content)
			if bundle.IsStructuredDoc(path) {
				if err := util.Unmarshal([]byte(content), &value); err != nil { // as OPA does: a number keeps its digits
					t.Fatal(err)
				}
			}
			sum, err := hash.HashFile(value)
			if err != nil {
				t.Fatal(err)
			}
			infos = append(infos, bundle.NewFile(path, hex.EncodeToString(sum), digest))
		}
		payload, err := json.Marshal(map[string]any{"files": infos})
		if err != nil {
			t.Fatal(err)
		}
		signed, err := sign("JWT", payload, key)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(bundle.SignaturesConfig{Signatures: []string{signed}})
		if err != nil {
			t.Fatal(err)
		}
		files[signaturesFile] = string(text)
	})
}

func TestBundlesThatMayNotBeBelievedAreRefusedWithTheirReason(t *testing.T) {
	owner, other, policyKey := newTestKey(t, "owner"), newTestKey(t, "other"), newTestKey(t, "policy")
	good := signedBy(t, stamped(t, sound(), 5), owner)
	content, err := Build(sound(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	changed := sound()
	changed["signers.yaml"].Data = []byte(strings.ReplaceAll(string(changed["signers.yaml"].Data), "Example Ltd", "Other Ltd"))
	trust := Trust{Name: NameGovernance, Keys: keySet(owner), Now: testNow}
	with := func(edit func(*Trust)) Trust {
		t := trust
		edit(&t)
		return t
	}
	policy, err := ReadDir(folder(map[string]string{"an0940/a.rego": policyRego}), NamePolicy)
	if err != nil {
		t.Fatal(err)
	}
	if err := policy.Stamp(5, untilSpring); err != nil {
		t.Fatal(err)
	}
	expired := owner.Key
	expired.Expires = testNow
	metadata := func(text string) func(map[string]string) {
		return func(files map[string]string) {
			files[manifestFile] = `{"revision":"x","roots":["governance"],"metadata":` + text + `}`
		}
	}
	tests := []struct {
		name  string
		raw   []byte
		trust Trust
		want  error
		says  string
	}{
		{"the good one", good, trust, nil, ""},
		{"a second key valid at once", signedBy(t, stamped(t, sound(), 5), other), with(func(t *Trust) { t.Keys = keySet(owner, other) }), nil, ""},
		{"signature stripped", repacked(t, good, func(f map[string]string) { delete(f, signaturesFile) }), trust, ErrUnsigned, "it is not signed"},
		{"signature stripped where unsigned is allowed, after a signed one", repacked(t, good, func(f map[string]string) { delete(f, signaturesFile) }), with(func(t *Trust) { t.AllowUnsigned, t.Floor = true, Floor{5, content.Revision} }), ErrSerial, "serial 5 was active"},
		{"no token", withTokens(t, good, func(string) []string { return []string{} }), trust, ErrAltered, "holds 0 signatures"},
		{"two tokens", withTokens(t, good, func(s string) []string { return []string{s, s} }), trust, ErrAltered, "holds 2 signatures"},
		{"signature below the top", repacked(t, good, func(f map[string]string) { f["governance/"+signaturesFile] = f[signaturesFile] }), trust, ErrAltered, "below the top"},
		{"a verifier of another name", repacked(t, good, func(f map[string]string) {
			f[signaturesFile] = strings.Replace(f[signaturesFile], "{", `{"plugin":"none",`, 1)
		}), trust, ErrAltered, "no verifier exists"},
		{"foosignatures.json beside the signature", repacked(t, good, func(f map[string]string) { f["foosignatures.json"] = f[signaturesFile] }), trust, ErrAltered, "foosignatures.json"},
		{"a file that nobody signed", repacked(t, good, func(f map[string]string) { f["governance/more/data.json"] = `{}` }), trust, ErrAltered, "not included in bundle signature"},
		{"a file that is missing", repacked(t, good, func(f map[string]string) { delete(f, manifestFile) }), trust, ErrAltered, "what was signed is missing: .manifest"},
		{"data changed after signing", repacked(t, good, func(f map[string]string) {
			f["data.json"] = strings.ReplaceAll(f["data.json"], "example ltd", "other ltd")
		}), trust, ErrAltered, "data.json is not what was signed"},
		{"serial raised after signing", repacked(t, good, func(f map[string]string) {
			f[manifestFile] = strings.Replace(f[manifestFile], `"serial":5`, `"serial":6`, 1)
		}), trust, ErrAltered, ".manifest is not what was signed"},
		{"the key's id on another's signature", withTokens(t, signedBy(t, stamped(t, sound(), 5), other), func(s string) []string {
			parts := strings.Split(s, ".")
			parts[0] = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"` + owner.ID + `"}`))
			return []string{strings.Join(parts, ".")}
		}), trust, ErrAltered, "does not fit"},
		{"unknown key", signedBy(t, stamped(t, sound(), 5), other), trust, ErrKey, other.ID},
		{"no keys at all", good, with(func(t *Trust) { t.Keys, t.AllowUnsigned = nil, true }), ErrKey, "none of those that may sign it: none"},
		{"removed key", good, with(func(t *Trust) { t.Keys = keySet(other) }), ErrKey, owner.ID},
		{"expired key", good, with(func(t *Trust) { t.Keys = Keys{owner.ID: expired} }), ErrKey, "which expired on 2026-11-24"},
		{"expired key that hides its name", withTokens(t, good, func(s string) []string {
			payload, err := base64.RawURLEncoding.DecodeString(strings.Split(s, ".")[1])
			if err != nil {
				t.Fatal(err)
			}
			unnamed := *owner
			unnamed.ID = ""
			signed, err := sign("JWT", payload, &unnamed)
			if err != nil {
				t.Fatal(err)
			}
			return []string{signed}
		}), with(func(t *Trust) { t.Keys = Keys{owner.ID: expired} }), ErrKey, ""},
		{"policy's key on governance", signedBy(t, stamped(t, sound(), 5), policyKey), trust, ErrKey, policyKey.ID},
		{"governance's key on policy", signedBy(t, policy, owner), Trust{Name: NamePolicy, Keys: keySet(policyKey), Now: testNow}, ErrKey, owner.ID},
		{"governance offered as policy by a key of both", good, Trust{Name: NamePolicy, Keys: keySet(owner), Now: testNow}, ErrRoots, `claims the root "governance"`},
		{"HS256 with the public key as the secret", withTokens(t, good, func(s string) []string { return []string{hmacSigned(t, s, owner)} }), trust, ErrAlgorithm, "with a shared secret whoever verifies can also sign"},
		{"HS256 under a key that nobody knows", withTokens(t, good, func(s string) []string { return []string{hmacSigned(t, s, other)} }), trust, ErrAlgorithm, "HS256"},
		{"algorithm none", withTokens(t, good, func(s string) []string {
			return []string{base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+owner.ID+`"}`)) + "." + strings.Split(s, ".")[1] + "."}
		}), trust, ErrAlgorithm, `"none"`},
		{"a digest for which two contents can be made", resigned(t, good, owner, "MD5", func(map[string]string) {}), trust, ErrAlgorithm, "MD5"},
		{"Rego signed by governance's key", resigned(t, good, owner, "SHA-256", func(f map[string]string) { f["governance/a.rego"] = "package governance\n\nx := 1\n" }), trust, ErrContent, "holds data only"},
		{"Wasm signed by governance's key", resigned(t, good, owner, "SHA-256", func(f map[string]string) { f["policy.wasm"] = "\x00asm" }), trust, ErrContent, "compiled code"},
		{"policy's data signed by governance's key", resigned(t, good, owner, "SHA-256", func(f map[string]string) {
			f["data.json"], f[manifestFile] = `{"scope":{}}`, `{"revision":"x","metadata":{"serial":5,"not_after":"2027-03-01T00:00:00Z"}}`
		}), trust, ErrRoots, "holds data.scope"},
		{"no serial", resigned(t, good, owner, "SHA-256", metadata(`{"not_after":"2027-03-01T00:00:00Z"}`)), trust, ErrSerial, "no metadata.serial"},
		{"serial 0", resigned(t, good, owner, "SHA-256", metadata(`{"serial":0,"not_after":"2027-03-01T00:00:00Z"}`)), trust, ErrSerial, "the first is 1"},
		{"serial as text", resigned(t, good, owner, "SHA-256", metadata(`{"serial":"9","not_after":"2027-03-01T00:00:00Z"}`)), trust, ErrManifest, "serial is a whole number"},
		{"serial beyond 64 bits", resigned(t, good, owner, "SHA-256", metadata(`{"serial":99999999999999999999,"not_after":"2027-03-01T00:00:00Z"}`)), trust, ErrManifest, ""},
		{"no not_after", resigned(t, good, owner, "SHA-256", metadata(`{"serial":5}`)), trust, ErrNotAfter, "no metadata.not_after"},
		{"not_after of another form", resigned(t, good, owner, "SHA-256", metadata(`{"serial":5,"not_after":"next spring"}`)), trust, ErrNotAfter, "RFC 3339"},
		{"lower serial", good, with(func(t *Trust) { t.Floor = Floor{6, content.Revision} }), ErrSerial, "its serial is 5, and 6 was active"},
		{"same serial, other content", signedBy(t, stamped(t, changed, 5), owner), with(func(t *Trust) { t.Floor = Floor{5, content.Revision} }), ErrSerial, "its content is another"},
		{"same serial, same content", good, with(func(t *Trust) { t.Floor = Floor{5, content.Revision} }), nil, ""},
		{"not_after passed", good, with(func(t *Trust) { t.Now = untilSpring }), ErrNotAfter, "2027-03-01T00:00:00Z, is past"},
		{"not_after passed, a lower one active", good, with(func(t *Trust) { t.Now, t.Floor = untilSpring, Floor{4, content.Revision} }), ErrNotAfter, "is past"},
		{"half a download", good[:len(good)/2], trust, ErrArchive, "unexpected EOF"},
		{"a web page", []byte("<html>Sign in</html>"), trust, ErrArchive, "not a gzip archive"},
		{"a path that leads outside", packed(t, packedFile("../data.json", "{}")), trust, ErrArchive, "leads outside"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, err := Verify(test.raw, test.trust)
			if !errors.Is(err, test.want) || test.want != nil && (b != nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("bundle %v, error %v, want %v that says %q", b != nil, err, test.want, test.says)
			}
		})
	}
}

// activeBundle is a bundle of serial 5, and the trust in it once it is the floor.
func activeBundle(t *testing.T, owner *SigningKey) ([]byte, Trust) {
	t.Helper()
	raw := signedBy(t, stamped(t, sound(), 5), owner)
	trust := Trust{Name: NameGovernance, Keys: keySet(owner), Now: testNow}
	b, err := Verify(raw, trust)
	if err != nil {
		t.Fatal(err)
	}
	trust.Floor = Floor{b.Serial, b.Revision}
	return raw, trust
}

func TestActiveBundlePastItsNotAfterGoesOnToCountAndSaysSo(t *testing.T) {
	owner := newTestKey(t, "owner")
	raw, trust := activeBundle(t, owner)
	trust.Now = untilSpring.Add(-time.Second)
	if _, err := Verify(raw, trust); err != nil {
		t.Errorf("a second before: %v", err)
	}
	trust.Now = untilSpring
	again, err := Verify(raw, trust)
	if !errors.Is(err, ErrPastNotAfter) || errors.Is(err, ErrNotAfter) || again == nil || again.Serial != 5 || again.SignedBy != owner.ID {
		t.Errorf("past it: bundle %v, error %v", again, err)
	}
}

func TestActiveBundleWhoseKeyHasExpiredGoesOnToCountAndSaysSo(t *testing.T) {
	owner := newTestKey(t, "owner")
	raw, trust := activeBundle(t, owner)
	expired := owner.Key
	expired.Expires = testNow
	trust.Keys = Keys{owner.ID: expired}
	again, err := Verify(raw, trust)
	if !errors.Is(err, ErrKey) || again == nil || again.Serial != 5 || again.SignedBy != owner.ID {
		t.Errorf("the active one: bundle %v, error %v", again, err)
	}
	if newer, err := Verify(signedBy(t, stamped(t, sound(), 6), owner), trust); !errors.Is(err, ErrKey) || newer != nil {
		t.Errorf("a new one: bundle %v, error %v", newer, err)
	}
	trust.Floor.Serial = 6
	if older, err := Verify(raw, trust); err == nil || older != nil {
		t.Errorf("an older one: bundle %v, error %v", older, err)
	}
}

func TestUnsignedBundleIsTakenOnlyWhereThatIsAllowed(t *testing.T) {
	built, err := Build(sound(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := built.Stamp(9, untilSpring); err != nil {
		t.Fatal(err)
	}
	raw := archiveOf(t, built)
	if _, err := Verify(raw, Trust{Name: NameGovernance, Now: testNow}); !errors.Is(err, ErrUnsigned) {
		t.Errorf("not allowed: %v", err)
	}
	b, err := Verify(raw, Trust{Name: NameGovernance, AllowUnsigned: true, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	if b.Serial != 0 || b.SignedBy != "" || !b.NotAfter.IsZero() || b.Revision != built.Revision {
		t.Errorf("unsigned, and yet serial %d, signed by %q, until %s, revision %s", b.Serial, b.SignedBy, b.NotAfter, b.Revision)
	}
}
