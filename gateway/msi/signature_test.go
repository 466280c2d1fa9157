package msi

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestTheSignatureCoversWhatWasSigned(t *testing.T) {
	s := inspect(t, fixture(t, "agent.msi")).Signature
	if s == nil || !s.Covers || s.Problem != "" {
		t.Fatalf("got %+v, want one that covers", s)
	}
	if s.Signer != "Orchard Software" || s.IssuerName != "Orchard Test Authority" || s.Digest != "SHA-256" || s.Extended != "" || s.SelfSigned {
		t.Errorf("got %+v", *s)
	}
	if len(s.ThumbprintSHA1) != 40 || len(s.ThumbprintSHA256) != 64 || s.Serial == "" {
		t.Errorf("got thumbprints %q, %q, serial %q", s.ThumbprintSHA1, s.ThumbprintSHA256, s.Serial)
	}
	if s.TimestampBy != "Orchard Test Timestamp" || s.SignedAt.Before(s.NotBefore) || s.Timestamp != "" {
		t.Errorf("got a timestamp of %s by %q: %s", s.SignedAt, s.TimestampBy, s.Timestamp)
	}
}

func TestTheExtendedSignatureIsConfirmed(t *testing.T) {
	s := inspect(t, fixture(t, "agent-ex.msi")).Signature
	if !s.Covers || s.Extended != "covers" || !s.SignedAt.IsZero() {
		t.Errorf("got %+v, want one that covers names and sizes, without a timestamp", *s)
	}
}

// The content digest has no names in it; the extended one does.
func TestARenamedStreamIsNotConfirmed(t *testing.T) {
	content := fixture(t, "agent-ex.msi")
	replace(t, content, utf16le("\x05SummaryInformation"), utf16le("\x05SummaryInformatioN"))
	s := inspect(t, content).Signature
	if s.Extended != "not confirmed" {
		t.Errorf("got %q, want not confirmed", s.Extended)
	}
}

func TestAChangedPackageIsNotCovered(t *testing.T) {
	for name, change := range map[string][2]string{
		"a program":  {"the setup of agent.msi", "the setup of agent.mzi"},
		"a property": {"Orchard Agent", "Orchard Agemt"},
		"a cabinet":  {"MSCF", "MSCG"},
	} {
		t.Run(name, func(t *testing.T) {
			content := fixture(t, "agent.msi")
			replace(t, content, []byte(change[0]), []byte(change[1]))
			report := inspect(t, content)
			s := report.Signature
			if s.Covers || !strings.Contains(s.Problem, "it was changed afterwards") || s.Signer != "Orchard Software" {
				t.Errorf("got %+v, want one that does not cover", *s)
			}
			if report.Notes[0].About == "signature" && !report.Notes[0].Serious {
				t.Errorf("the first note is %v", report.Notes[0])
			}
			if _, err := report.Propose(Entry{}); err == nil || !strings.Contains(err.Error(), "does not cover") {
				t.Errorf("an entry is proposed for it: %v", err)
			}
		})
	}
}

// Every byte of the signed attributes, of the signature and of the signer's
// certificate counts; those of other certificates are for whoever trusts.
func TestAChangedSignatureDoesNotVerify(t *testing.T) {
	content := fixture(t, "agent-ex.msi")
	c, err := openContainer(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	blob, err := c.streams[signatureStream].content(maxSignature)
	if err != nil {
		t.Fatal(err)
	}
	// The signature stands last: without a timestamp, the stream ends with it.
	tail := bytes.TrimRight(blob, "\x00")
	at := bytes.Index(content, tail[len(tail)-64:])
	if at < 0 {
		t.Fatal("the signature's end is not in one piece")
	}
	content[at+32] ^= 1
	s := inspect(t, content).Signature
	if s.Covers || !strings.Contains(s.Problem, "its signature does not verify") {
		t.Errorf("got %+v, want one that does not verify", *s)
	}
}

func replace(t *testing.T, content, old, with []byte) {
	t.Helper()
	at := bytes.Index(content, old)
	if at < 0 || len(old) != len(with) {
		t.Fatalf("%q is not in the package, or longer than %q", old, with)
	}
	copy(content[at:], with)
}

func utf16le(text string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return b
}
