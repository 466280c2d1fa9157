package event

import "testing"

func TestLowerASCIIFoldsASCIIOnly(t *testing.T) {
	for s, want := range map[string]string{
		"MsiExec.EXE": "msiexec.exe", "": "", "already": "already", "ÜBUNG": "Übung", "\u212Aelvin": "\u212Aelvin", "A\xffB": "a\xffb", "@[`{": "@[`{",
	} {
		if got := LowerASCII(s); got != want {
			t.Errorf("LowerASCII(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestLowerASCIIDoesNotAllocateWhereNothingChanges(t *testing.T) {
	s := `c:\windows\system32\msiexec.exe`
	if n := testing.AllocsPerRun(100, func() { LowerASCII(s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestEqualFoldASCII(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"MSIEXEC", "msiexec", true}, {"", "", true}, {"a", "ab", false}, {"k", "\u212A", false}, {"Ü", "ü", false}, {"Ü", "Ü", true}, {"@", "`", false}, {"[", "{", false},
	}
	for _, test := range tests {
		if got := EqualFoldASCII(test.a, test.b); got != test.want {
			t.Errorf("EqualFoldASCII(%q, %q) = %v", test.a, test.b, got)
		}
	}
}

func TestTrimDNSSuffix(t *testing.T) {
	suffixes := []string{"example", ".corp.example", "corp.example.", ""}
	for host, want := range map[string]string{
		"ws01.corp.example": "ws01", "WS01.Corp.Example": "WS01", "ws01.dev.example": "ws01.dev", "ws01": "ws01",
		"ws01corp.example": "ws01corp", "corp.example": "corp", ".example": ".example", "example": "example", "": "", "ws01.other": "ws01.other",
	} {
		if got := TrimDNSSuffix(host, suffixes); got != want {
			t.Errorf("TrimDNSSuffix(%q) = %q, want %q", host, got, want)
		}
	}
	if got := TrimDNSSuffix("ws01.corp.example", nil); got != "ws01.corp.example" {
		t.Errorf("without suffixes: %q", got)
	}
}
