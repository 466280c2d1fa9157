package event

import (
	"testing"
	"time"
)

func TestParseUint(t *testing.T) {
	for s, want := range map[string]uint64{
		"6612": 6612, "0x19d4": 0x19d4, "0X19D4": 0x19d4, " 77\t": 77, "6180.0": 6180, "1e3": 1000, "0": 0, "9999999999999999999": 9999999999999999999,
	} {
		if got, ok := parseUint(s); !ok || got != want {
			t.Errorf("parseUint(%q) = %d, %v; want %d", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "-", "-1", "x", "0x", "0xg", "1.5", "1e99", "0x1p3", "1_000", "NaN", "Inf", "99999999999999999999", "１"} {
		if got, ok := parseUint(s); ok {
			t.Errorf("parseUint(%q) = %d", s, got)
		}
	}
}

func TestParsePIDIsZeroOutOfRange(t *testing.T) {
	for s, want := range map[string]uint32{"4294967295": 4294967295, "4294967296": 0, "-4": 0, "": 0} {
		if got := parsePID(textValue(s)); got != want {
			t.Errorf("parsePID(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestLogonIDsOfAnyBaseAreHex(t *testing.T) {
	for s, want := range map[string]string{"0x3e7": "0x3e7", "999": "0x3e7", "0X3E7": "0x3e7", "0x0000000000f33c": "0xf33c", "0x0": "", "-": ""} {
		if got := parseLogonID(textValue(s)); got != want {
			t.Errorf("parseLogonID(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestParseHashes(t *testing.T) {
	full := hashesOf("a")
	for s, want := range map[string]Hashes{
		"MD5=" + full.MD5 + ",SHA256=" + full.SHA256 + ",IMPHASH=" + full.Imphash: full,
		"sha256=" + full.SHA256 + ", md5=" + full.MD5:                             {MD5: full.MD5, SHA256: full.SHA256},
		"SHA1=06B1640F88EDC6A7CE3303CB14A505A86B061616":                           {SHA1: "06b1640f88edc6a7ce3303cb14a505a86b061616"},
		"IMPHASH=00000000000000000000000000000000":                                {},
		"MD5=short,SHA256=zz,TLSH=1":                                              {},
		"":                                                                        {},
		"Unknown":                                                                 {},
	} {
		if got := parseHashes(s); got != want {
			t.Errorf("parseHashes(%q) = %+v, want %+v", s, got, want)
		}
	}
}

func TestSignatureUnavailableIsUnknown(t *testing.T) {
	tests := []struct {
		signed, subject, status string
		want                    Signature
	}{
		{"true", "Contoso", "Valid", Signature{Known: true, Signed: true, Subject: "Contoso", Status: "Valid"}},
		{"true", "Contoso", "Expired", Signature{Known: true, Signed: true, Subject: "Contoso", Status: "Expired"}},
		{"false", "", "Unavailable", Signature{Status: "Unavailable"}},
		{"true", "", "unavailable", Signature{Status: "unavailable"}},
		{"false", "", "", Signature{}},
		{"false", "", "Invalid", Signature{Known: true, Status: "Invalid"}},
		{"", "", "", Signature{}},
	}
	for _, test := range tests {
		if got := parseSignature(test.signed, test.subject, test.status); got != test.want {
			t.Errorf("%+v: got %+v", test, got)
		}
	}
}

func TestParseTime(t *testing.T) {
	at := func(nanos int) time.Time { return time.Date(2026, 3, 2, 9, 14, 5, nanos, time.UTC) }
	tests := []struct {
		text  string
		form  form
		want  time.Time
		zoned bool
	}{
		{"2026-03-02T09:14:05Z", formPlain, at(0), true},
		{"2026-03-02T09:14:05.127Z", formPlain, at(127_000_000), true},
		{"2026-03-02T09:14:05.1234567Z", formPlain, at(123_456_700), true},
		{"2026-03-02T09:14:05.12345678901Z", formPlain, at(123_456_789), true},
		{"2026-03-02 09:14:05.127", formPlain, at(127_000_000), false},
		{"2026-03-02 10:14:05+01:00", formPlain, at(0), true},
		{"2026-03-02T04:44:05-0430", formPlain, at(0), true},
		{"2026-03-02T10:14:05 +01", formPlain, at(0), true},
		{" 2026-03-02 09:14:05 ", formPlain, at(0), false},
		{"1772442845", formNumber, at(0), true},
		{"1772442845.5", formNumber, at(500_000_000), true},
		{"1772442845123", formNumber, at(123_000_000), true},
		{"1772442845123456", formNumber, at(123_456_000), true},
	}
	for _, test := range tests {
		got, zoned, ok := parseTime(value{raw: []byte(test.text), form: test.form})
		if !ok || zoned != test.zoned || !got.Equal(test.want) || got.Location() != time.UTC {
			t.Errorf("parseTime(%q) = %v, %v, %v; want %v, %v", test.text, got, zoned, ok, test.want, test.zoned)
		}
	}
	for _, text := range []string{
		"", "-", "soon", "2026-03-02", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-02T24:00:00Z", "2026-03-02T09:14:05X",
		"2026-03-02T09:14:05+99:00", "1600-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "1772442845", "2026-03-02T09:14:05+", "２026-03-02T09:14:05Z",
	} {
		if got, _, ok := parseTime(textValue(text)); ok {
			t.Errorf("parseTime(%q) = %v", text, got)
		}
	}
	for _, number := range []string{"-1", "1e99", "99999999999999999999", "1.x"} {
		if got, _, ok := parseTime(value{raw: []byte(number), form: formNumber}); ok {
			t.Errorf("parseTime(%s) = %v", number, got)
		}
	}
}

func TestIntegrityOfLabels(t *testing.T) {
	for label, want := range map[string]string{
		"S-1-16-0": "Untrusted", "S-1-16-4096": "Low", "S-1-16-8192": "Medium", "S-1-16-8448": "MediumPlus",
		"S-1-16-12288": "High", "S-1-16-16384": "System", "S-1-16-20480": "ProtectedProcess", "S-1-16-7": "", "S-1-5-18": "", "": "",
	} {
		if got := integrityOf(label); got != want {
			t.Errorf("integrityOf(%q) = %q, want %q", label, got, want)
		}
	}
}
