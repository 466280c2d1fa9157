package governance

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// approvedWith is a signed bundle whose approvals are those given, whatever Sign
// would say of them.
func approvedWith(t testing.TB, b *Bundle, signer *SigningKey, approvals ...Approval) []byte {
	t.Helper()
	list, err := json.Marshal(approvals)
	if err != nil {
		t.Fatal(err)
	}
	return resigned(t, archiveOf(t, b), signer, "SHA-256", func(files map[string]string) {
		files[manifestFile] = strings.Replace(files[manifestFile], `"metadata":{`, `"metadata":{"approvals":`+string(list)+`,`, 1)
	})
}

// approvalOf is the approval that a key gives a bundle.
func approvalOf(t testing.TB, b *Bundle, key *SigningKey) Approval {
	t.Helper()
	if err := b.Approve(key, testNow); err != nil {
		t.Fatal(err)
	}
	c, err := b.Claims()
	if err != nil {
		t.Fatal(err)
	}
	return c.Approvals[len(c.Approvals)-1]
}

func TestApprovalsThatDoNotCount(t *testing.T) {
	owner, second, stranger := newTestKey(t, "owner"), newTestKey(t, "second"), newTestKey(t, "stranger")
	changed := sound()
	changed["signers.yaml"].Data = []byte(strings.ReplaceAll(string(changed["signers.yaml"].Data), "Example Ltd", "Other Ltd"))
	plainOne := func() *Bundle { return stamped(t, sound(), 5) }
	later := plainOne()
	if err := later.Stamp(5, untilSpring.AddDate(0, 1, 0)); err != nil {
		t.Fatal(err)
	}
	good := approvalOf(t, plainOne(), second)
	opened, err := signStatement("msigate-change-approve", mustPayload(t, good.JWS), second)
	if err != nil {
		t.Fatal(err)
	}
	expired := second.Key
	expired.Expires = testNow
	policy, err := ReadDir(folder(map[string]string{"an0940/a.rego": policyRego}), NamePolicy)
	if err != nil {
		t.Fatal(err)
	}
	if err := policy.Stamp(5, untilSpring); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name      string
		approval  Approval
		keys      Keys // that may approve
		want      error
		says      string
		andCounts bool
	}{
		{"the good one", good, keySet(second), nil, "", true},
		{"the signer's own", approvalOf(t, plainOne(), owner), keySet(owner, second), ErrApproval, "a second person's part", false},
		{"the signer's own under another name", Approval{KeyID: second.ID, JWS: approvalOf(t, plainOne(), owner).JWS}, keySet(owner, second), ErrApproval, "a second person's part", false},
		{"over other content", approvalOf(t, stamped(t, changed, 5), second), keySet(second), ErrApproval, "it approves revision", false},
		{"over another serial", approvalOf(t, stamped(t, sound(), 4), second), keySet(second), ErrApproval, "it approves serial 4, and this is 5", false},
		{"over another not_after", approvalOf(t, later, second), keySet(second), ErrApproval, "it approves not_after", false},
		{"over another bundle", approvalOf(t, policy, second), keySet(second), ErrApproval, "it approves bundle policy", false},
		{"by a key that may not approve", approvalOf(t, plainOne(), stranger), keySet(second), ErrKey, stranger.ID, false},
		{"by a key that has expired", good, Keys{second.ID: expired}, ErrKey, second.ID, false},
		{"by a key that was removed", good, keySet(stranger), ErrKey, second.ID, false},
		{"altered", Approval{KeyID: second.ID, JWS: good.JWS[:len(good.JWS)-8] + "AAAAAAAA"}, keySet(second), ErrAltered, "does not fit", false},
		{"a change's approval in its place", Approval{KeyID: second.ID, JWS: opened}, keySet(second), ErrStatement, `a "msigate-change-approve" stands where a msigate-approval belongs`, false},
		{"HS256", Approval{KeyID: second.ID, JWS: hmacApproval(t, good.JWS, second)}, keySet(second), ErrAlgorithm, "with a shared secret", false},
		{"no token at all", Approval{KeyID: second.ID, JWS: "approved"}, keySet(second), ErrStatement, "has 1 parts", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			raw := approvedWith(t, plainOne(), owner, test.approval)
			b, err := Verify(raw, Trust{Name: NameGovernance, Keys: keySet(owner), Approvers: test.keys, Now: testNow})
			if err != nil {
				t.Fatal(err)
			}
			if test.andCounts {
				if !slices.Equal(b.ApprovedBy, []string{second.ID}) || len(b.Disregarded) > 0 {
					t.Errorf("approved by %v, disregarded %v", b.ApprovedBy, b.Disregarded)
				}
				return
			}
			if len(b.ApprovedBy) > 0 || len(b.Disregarded) != 1 || !errors.Is(b.Disregarded[0], test.want) || !strings.Contains(b.Disregarded[0].Error(), test.says) {
				t.Errorf("approved by %v, disregarded %v, want %v that says %q", b.ApprovedBy, b.Disregarded, test.want, test.says)
			}
		})
	}
}

func mustPayload(t testing.TB, compact string) []byte {
	t.Helper()
	parsed, err := takeApart(compact)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.payload
}

// hmacApproval is an approval as HS256 has it, of the right type.
func hmacApproval(t testing.TB, compact string, key *SigningKey) string {
	t.Helper()
	parsed, err := takeApart(compact)
	if err != nil {
		t.Fatal(err)
	}
	forged := *key
	forged.Algorithm = "HS256"
	signed, err := signStatement(typeApproval, parsed.payload, macSigner{forged.Key})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// macSigner writes a header that says HS256; what follows it is never looked at.
type macSigner struct{ key Key }

func (m macSigner) Identity() Key                 { return m.key }
func (m macSigner) Sign(_ []byte) ([]byte, error) { return make([]byte, 32), nil }

func TestWithoutApproversTheSigningKeysApproveEachOther(t *testing.T) {
	one, two := newTestKey(t, "one"), newTestKey(t, "two")
	raw := signedBy(t, stamped(t, sound(), 1), one, two)
	b, err := Verify(raw, Trust{Name: NameGovernance, Keys: keySet(one, two), Now: testNow})
	if err != nil || !slices.Equal(b.ApprovedBy, []string{two.ID}) {
		t.Errorf("approved by %v, %v", b, err)
	}
	b, err = Verify(raw, Trust{Name: NameGovernance, Keys: keySet(one, two), Approvers: keySet(newTestKey(t, "three")), Now: testNow})
	if err != nil || len(b.ApprovedBy) > 0 {
		t.Errorf("with approvers of their own: approved by %v, %v", b, err)
	}
}

func TestApprovingHasItsPlaceBetweenBuildAndSign(t *testing.T) {
	owner, second, old := newTestKey(t, "owner"), newTestKey(t, "second"), newTestKey(t, "old")
	old.Expires = testNow
	signed := stamped(t, sound(), 1)
	if err := signed.Sign(owner, testNow); err != nil {
		t.Fatal(err)
	}
	bare, err := Build(sound(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	// An approval that lay in the manifest when the serial was changed by hand.
	moved := stamped(t, sound(), 1)
	if err := moved.Approve(second, testNow); err != nil {
		t.Fatal(err)
	}
	moved.Content.Manifest.Metadata["serial"] = 2
	for _, test := range []struct {
		name string
		err  error
		want error
		says string
	}{
		{"approve what is signed", signed.Approve(second, testNow), ErrApproval, "hint: approve the unsigned archive, then sign it"},
		{"approve without a serial", bare.Approve(second, testNow), ErrSerial, "it has no serial"},
		{"approve with an expired key", stamped(t, sound(), 1).Approve(old, testNow), ErrKey, "expired on 2026-11-24"},
		{"sign without a serial", bare.Sign(owner, testNow), ErrSerial, "hint: msigate bundle build --serial N"},
		{"sign with an expired key", stamped(t, sound(), 1).Sign(old, testNow), ErrKey, "expired on 2026-11-24"},
		{"sign over an approval of another serial", moved.Sign(owner, testNow), ErrApproval, "it approves serial 1, and this is 2"},
		{"serial 0", bare.Stamp(0, untilSpring), ErrSerial, "the first is 1"},
		{"no end", bare.Stamp(1, time.Time{}), ErrNotAfter, "for ever"},
	} {
		if !errors.Is(test.err, test.want) || !strings.Contains(test.err.Error(), test.says) {
			t.Errorf("%s: error %v, want %v that says %q", test.name, test.err, test.want, test.says)
		}
	}
	twice := stamped(t, sound(), 1)
	for range 2 {
		if err := twice.Approve(second, testNow); err != nil {
			t.Fatal(err)
		}
	}
	if c, err := twice.Claims(); err != nil || len(c.Approvals) != 1 {
		t.Errorf("approved twice by one key: %d approvals, %v", len(c.Approvals), err)
	}
}
