package governance

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// opaConfig is what OPA is configured with to verify by a key: opa run has it as
// --verification-key, --verification-key-id and --signing-alg.
func opaConfig(t testing.TB, key Key, id string) *bundle.VerificationConfig {
	t.Helper()
	text, err := key.pem()
	if err != nil {
		t.Fatal(err)
	}
	return bundle.NewVerificationConfig(map[string]*bundle.KeyConfig{id: {Key: text, Algorithm: key.Algorithm}}, "", "", nil)
}

func TestOPAReadsAndVerifiesWhatWeSign(t *testing.T) {
	owner, second, other := newTestKey(t, "owner"), newTestKey(t, "second"), newTestKey(t, "other")
	policy, err := ReadDir(folder(map[string]string{
		"an0940/a.rego": policyRego, "an0940/deep/b.rego": "package an0940.deep\n\nx := 1\n", "scope/data.yaml": "images: [msiexec.exe]\n",
	}), NamePolicy)
	if err != nil {
		t.Fatal(err)
	}
	if err := policy.Stamp(3, untilSpring); err != nil {
		t.Fatal(err)
	}
	for _, b := range []*Bundle{stamped(t, shipped(t), 7), policy} {
		raw := signedBy(t, b, owner, second)
		theirs, err := bundle.NewReader(bytes.NewReader(raw)).WithBundleVerificationConfig(opaConfig(t, owner.Key, owner.ID)).Read()
		if err != nil {
			t.Fatalf("%s: %v", b.Name, err)
		}
		if !reflect.DeepEqual(theirs.Data, b.Content.Data) || len(theirs.Modules) != len(b.Content.Modules) || theirs.Manifest.Revision != b.Revision {
			t.Errorf("%s: OPA reads another content", b.Name)
		}
		if _, err := bundle.NewReader(bytes.NewReader(raw)).WithBundleVerificationConfig(opaConfig(t, other.Key, owner.ID)).Read(); err == nil {
			t.Errorf("%s: OPA takes it under another key of that id", b.Name)
		}
	}
}

func TestWeReadAndVerifyWhatOPASigns(t *testing.T) {
	owner := newTestKey(t, "owner")
	dir := t.TempDir()
	private := filepath.Join(dir, "owner.key.pem")
	if err := owner.WriteFiles(private, filepath.Join(dir, "owner.pub.pem")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(private)
	if err != nil {
		t.Fatal(err)
	}
	// opa build names the key "default"; opa sign names none.
	for _, id := range []string{"default", "", owner.ID} {
		b := stamped(t, shipped(t), 7)
		if err := b.Content.GenerateSignature(bundle.NewSigningConfig(string(text), "ES256", ""), id, true); err != nil {
			t.Fatal(err)
		}
		read, err := Verify(archiveOf(t, b), Trust{Name: NameGovernance, Keys: keySet(newTestKey(t, "another"), owner), Now: testNow})
		if err != nil {
			t.Errorf("key id %q: %v", id, err)
		} else if read.SignedBy != owner.ID || read.Serial != 7 {
			t.Errorf("key id %q: signed by %s, serial %d", id, read.SignedBy, read.Serial)
		}
	}
}

// What OPA's own reader promises, and msigate relies on or repeats. Where a newer
// OPA takes one of these, this test says so before anybody else.
func TestOPARefusesByItself(t *testing.T) {
	owner := newTestKey(t, "owner")
	good := signedBy(t, stamped(t, sound(), 5), owner)
	for _, test := range []struct {
		name string
		raw  []byte
		says string
	}{
		{"signature stripped", repacked(t, good, func(f map[string]string) { delete(f, signaturesFile) }), "missing .signatures.json"},
		{"two tokens", withTokens(t, good, func(s string) []string { return []string{s, s} }), "multiple JWTs not supported"},
		{"no token", withTokens(t, good, func(string) []string { return []string{} }), "missing .signatures.json"},
		{"foosignatures.json in place of the signature", repacked(t, good, func(f map[string]string) {
			f["foosignatures.json"] = f[signaturesFile]
			delete(f, signaturesFile)
		}), "missing .signatures.json"},
		{"foosignatures.json beside the signature", repacked(t, good, func(f map[string]string) { f["foosignatures.json"] = f[signaturesFile] }), "not included in bundle signature"},
		{"an unsigned delta", packed(t, packedFile("/patch.json", `{"data":[{"op":"upsert","path":"/governance/installers/x","value":{}}]}`)), "delta bundles do not support signature verification"},
		{"a delta with the signature of another bundle", repacked(t, good, func(f map[string]string) {
			f["patch.json"] = `{"data":[{"op":"remove","path":"/governance/deny"}]}`
			delete(f, "data.json")
		}), "delta bundles do not support signature verification"},
		{"HS256 with the public key as the secret", withTokens(t, good, func(s string) []string { return []string{hmacSigned(t, s, owner)} }), "failed to verify JWT signature"},
	} {
		_, err := bundle.NewReader(bytes.NewReader(test.raw)).WithBundleVerificationConfig(opaConfig(t, owner.Key, owner.ID)).Read()
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: OPA says %v, want %q", test.name, err, test.says)
		}
		if b, err := Verify(test.raw, Trust{Name: NameGovernance, Keys: keySet(owner), AllowUnsigned: true, Floor: Floor{Serial: 5}, Now: testNow}); err == nil {
			t.Errorf("%s: msigate takes it: %v", test.name, b)
		}
	}
}

func TestSignedArchiveHoldsItsContentAndNothingThatVaries(t *testing.T) {
	owner := newTestKey(t, "owner")
	b := stamped(t, sound(), 5)
	before := archiveOf(t, b)
	raw := signedBy(t, b, owner)
	files, err := unpack(bytes.NewReader(raw), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.path)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != ".manifest .signatures.json data.json" {
		t.Errorf("files %s", got)
	}
	if again := archiveOf(t, stamped(t, sound(), 5)); !bytes.Equal(before, again) {
		t.Error("built twice with one serial and end, the unsigned archives differ")
	}
}
