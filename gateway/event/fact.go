package event

import (
	"math"
	"strconv"
	"strings"
)

// parseUint reads a decimal or 0x-hexadecimal number, or a float without a
// fraction (some JSON writers have no integers).
func parseUint(s string) (uint64, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		n, err := strconv.ParseUint(s[2:], 16, 64)
		return n, err == nil
	}
	if n, ok := parseDecimal(s); ok {
		return n, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 1<<53 || f != math.Trunc(f) || strings.ContainsAny(s, "xXpP_") {
		return 0, false
	}
	return uint64(f), true
}

// parseDecimal reads plain digits without allocating an error.
func parseDecimal(s string) (uint64, bool) {
	if s == "" || len(s) > 19 {
		return 0, false
	}
	var n uint64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return n, true
}

// parsePID reads a process id; 0, which no user process has, where there is
// none or it is out of range.
func parsePID(v value) uint32 {
	n, ok := parseUint(v.string())
	if !ok || n > math.MaxUint32 {
		return 0
	}
	return uint32(n)
}

func parsePort(v value) uint16 {
	n, ok := parseUint(v.string())
	if !ok || n > math.MaxUint16 {
		return 0
	}
	return uint16(n)
}

// parseLogonID writes a logon id as lower-case hex with 0x, whatever base the
// sensor used. Logon id 0 is "none".
func parseLogonID(v value) string {
	n, ok := parseUint(v.string())
	if !ok || n == 0 {
		return ""
	}
	return "0x" + strconv.FormatUint(n, 16)
}

// parseGUID writes a GUID in lower case without braces; "" where it is none,
// or all zero, which is how Sysmon writes an unknown process.
func parseGUID(s string) string {
	s = strings.TrimSpace(s)
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		s = s[1:37]
	}
	if len(s) != 36 {
		return ""
	}
	zero := true
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return ""
			}
			continue
		}
		if _, ok := hexDigit(s[i]); !ok {
			return ""
		}
		zero = zero && s[i] == '0'
	}
	if zero {
		return ""
	}
	return LowerASCII(s)
}

// parseHashes reads Sysmon's "MD5=…,SHA256=…,IMPHASH=…".
func parseHashes(s string) Hashes {
	var h Hashes
	for s != "" {
		var part string
		part, s, _ = strings.Cut(s, ",")
		name, digits, found := strings.Cut(part, "=")
		if !found {
			continue
		}
		switch name = strings.TrimSpace(name); {
		case EqualFoldASCII(name, "MD5"):
			h.MD5 = hexOf(digits, 32)
		case EqualFoldASCII(name, "SHA1"):
			h.SHA1 = hexOf(digits, 40)
		case EqualFoldASCII(name, "SHA256"):
			h.SHA256 = hexOf(digits, 64)
		case EqualFoldASCII(name, "IMPHASH"):
			h.Imphash = hexOf(digits, 32)
		}
	}
	return h
}

// hexOf is s in lower case if it is exactly n hex digits and not all zero
// (Sysmon's import hash of a file that imports nothing).
func hexOf(s string, n int) string {
	s = strings.TrimSpace(s)
	if len(s) != n || strings.Trim(s, "0") == "" {
		return ""
	}
	for i := range len(s) {
		if _, ok := hexDigit(s[i]); !ok {
			return ""
		}
	}
	return LowerASCII(s)
}

// parseSignature judges Sysmon's three signature fields. "Unavailable" is what
// Sysmon writes both of an unsigned file and of one that was gone before it
// could be verified, so it means unknown, never unsigned.
func parseSignature(signed, subject, status string) Signature {
	s := Signature{Subject: subject, Status: status}
	switch {
	case EqualFoldASCII(status, "Unavailable"):
	case EqualFoldASCII(signed, "true"):
		s.Known, s.Signed = true, true
	case EqualFoldASCII(signed, "false") && status != "":
		s.Known = true
	}
	return s
}
