package msi

import "strings"

// decodeName gives a stream's name as the database knows it. Windows Installer
// packs two characters of 0-9 A-Z a-z . _ into one code point from U+3800 on, or
// one into a code point from U+4800 on, and marks a table's stream with U+4840,
// since a compound file's names are at most 31 characters long.
func decodeName(stored string) (name string, table bool) {
	var b strings.Builder
	for i, r := range stored {
		switch {
		case r >= 0x3800 && r < 0x4800:
			b.WriteByte(packed[(r-0x3800)&0x3f])
			b.WriteByte(packed[(r-0x3800)>>6&0x3f])
		case r >= 0x4800 && r < 0x4840:
			b.WriteByte(packed[r-0x4800])
		case r == 0x4840 && i == 0:
			table = true
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), table
}

const packed = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"
