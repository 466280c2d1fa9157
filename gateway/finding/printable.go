package finding

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable makes s safe to show on a terminal and in a ticket: every
// character that moves a cursor, changes colour or direction, or cannot be seen
// (control and format characters, line and paragraph separators, bytes that are
// no UTF-8) is written as its number, e.g. <U+001B>. Backslashes and everything
// else stay as they are.
func Printable(s string) string {
	clean := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, "<0x%02X>", s[0])
		case r != ' ' && !unicode.IsGraphic(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Zs) && r != ' ':
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String()
}

// excerpt is Printable, cut to about limit bytes at a character's boundary.
func excerpt(s string, limit int) string {
	if len(s) <= limit {
		return Printable(s)
	}
	return Printable(cut(s, limit)) + "…"
}

// cut is the longest prefix of s of at most limit bytes that ends with a whole
// character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// clip is cut, with a word on what is not there.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	head := cut(s, limit)
	return fmt.Sprintf("%s… (%d more bytes)", head, len(s)-len(head))
}

// base is the last element of a Windows path.
func base(path string) string {
	return path[strings.LastIndexAny(path, `\/`)+1:]
}
