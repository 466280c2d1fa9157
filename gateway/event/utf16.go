package event

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// TextUTF8 gives text as UTF-8 without a byte order mark. UTF-16 is told by its
// mark, or by the zero byte beside the bracket that all JSON and XML begins
// with, and is transcoded: PowerShell and wevtutil write it. A lone surrogate
// becomes a byte that is no UTF-8, so that the decoder reports the fact that
// holds it as mangled. UTF-8 is given back as it is, not copied.
func TextUTF8(text []byte) []byte {
	switch {
	case bytes.HasPrefix(text, []byte("\xEF\xBB\xBF")):
		return text[3:]
	case bytes.HasPrefix(text, []byte("\xFF\xFE")):
		return fromUTF16(text[2:], binary.LittleEndian)
	case bytes.HasPrefix(text, []byte("\xFE\xFF")):
		return fromUTF16(text[2:], binary.BigEndian)
	case len(text) >= 2 && text[1] == 0 && isOpening(text[0]):
		return fromUTF16(text, binary.LittleEndian)
	case len(text) >= 2 && text[0] == 0 && isOpening(text[1]):
		return fromUTF16(text, binary.BigEndian)
	}
	return text
}

func isOpening(c byte) bool { return c == '{' || c == '[' || c == '<' }

func fromUTF16(text []byte, order binary.ByteOrder) []byte {
	const notUTF8 = 0xFF
	out := make([]byte, 0, len(text)/2+len(text)/8)
	for len(text) >= 2 {
		r := rune(order.Uint16(text))
		text = text[2:]
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if len(text) >= 2 {
				pair = utf16.DecodeRune(r, rune(order.Uint16(text)))
			}
			if pair == utf8.RuneError {
				out = append(out, notUTF8)
				continue
			}
			r, text = pair, text[2:]
		}
		out = utf8.AppendRune(out, r)
	}
	if len(text) > 0 {
		out = append(out, notUTF8) // cut in the middle of a character
	}
	return out
}
