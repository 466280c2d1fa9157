package event

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// form is how a value's bytes are to be read.
type form uint8

const (
	formNone    form = iota // the record has no such value
	formPlain               // as it stands
	formEscaped             // JSON string text with backslash escapes
	formNumber              // JSON number
	formXML                 // XML character data: references, CDATA, comments
)

// value is one fact as it lies in the message, not yet turned into a string:
// most facts of most records are never asked for.
type value struct {
	raw  []byte
	form form
}

// textValue makes a value of a string that was put together by a decoder.
func textValue(s string) value { return value{raw: []byte(s), form: formPlain} }

func (v value) present() bool { return v.form != formNone }

// string is text without the word on mangling.
func (v value) string() string {
	s, _ := v.text()
	return s
}

// text is the value as a string of legal characters. Characters that neither
// JSON nor XML may carry (control characters but tab and line ends, lone
// surrogates, bad UTF-8, U+FFFE and U+FFFF) become U+FFFD, however they were
// written, and mangled says that this happened: the same fact reads the same in
// every shape.
func (v value) text() (s string, mangled bool) {
	switch v.form {
	case formNone:
		return "", false
	case formEscaped:
		return unescapeJSON(v.raw)
	case formXML:
		if v.marked() {
			return unescapeXML(v.raw)
		}
	}
	return legalText(v.raw)
}

// marked reports whether XML text holds what stands for something else: a
// reference, CDATA or a comment, a line end.
func (v value) marked() bool {
	return bytes.IndexByte(v.raw, '&') >= 0 || bytes.IndexByte(v.raw, '<') >= 0 || bytes.IndexByte(v.raw, '\r') >= 0
}

// equalFold compares the value with an ASCII word without making a string of
// it where that can be helped.
func (v value) equalFold(word string) bool {
	if v.form == formEscaped || v.form == formXML && v.marked() {
		return EqualFoldASCII(v.string(), word)
	}
	if len(v.raw) != len(word) {
		return false
	}
	for i := range v.raw {
		if v.raw[i] != word[i] && lowerByte(v.raw[i]) != lowerByte(word[i]) {
			return false
		}
	}
	return true
}

// equals compares the value with a text, case and all.
func (v value) equals(text string) bool {
	if v.form == formEscaped || v.form == formXML {
		return v.string() == text
	}
	return string(v.raw) == text
}

// legalText copies b, with its illegal characters replaced.
func legalText(b []byte) (s string, mangled bool) {
	for i, c := range b {
		if c < ' ' && !isSpace(c) || c >= utf8.RuneSelf {
			return legalFrom(b, i)
		}
	}
	return string(b), false
}

// legalFrom is legalText for a b whose first i bytes are known to be legal.
func legalFrom(b []byte, i int) (s string, mangled bool) {
	if utf8.Valid(b[i:]) && !hasIllegal(b[i:]) {
		return string(b), false
	}
	out := make([]byte, i, len(b)+8)
	copy(out, b)
	for i < len(b) {
		var size int
		var replaced bool
		out, size, replaced = appendLegal(out, b[i:])
		mangled = mangled || replaced
		i += size
	}
	return string(out), mangled
}

// appendLegal appends the character that b begins with, or what stands for one
// that is not legal, and gives its length in b.
func appendLegal(out, b []byte) (to []byte, size int, replaced bool) {
	r, size := utf8.DecodeRune(b)
	if size == 1 && r == utf8.RuneError || !isLegal(r) {
		return append(out, replacement...), size, true
	}
	return append(out, b[:size]...), size, false
}

const replacement = "\uFFFD"

// hasIllegal looks for control characters and noncharacters in valid UTF-8.
func hasIllegal(b []byte) bool {
	for _, c := range b {
		if c < ' ' && !isSpace(c) {
			return true
		}
	}
	return bytes.Contains(b, []byte("\uFFFE")) || bytes.Contains(b, []byte("\uFFFF"))
}

// isLegal reports what XML 1.0 calls a character, which leaves out exactly the
// code points that no shape should carry in a fact.
func isLegal(r rune) bool {
	switch {
	case r < ' ': // and -1, which is no character
		return r == '\t' || r == '\n' || r == '\r'
	case r <= 0xD7FF:
		return true
	case r <= 0xDFFF:
		return false
	case r <= 0xFFFD:
		return true
	}
	return r >= 0x10000 && r <= utf8.MaxRune
}

// unescapeJSON reads the text between a JSON string's quotes. jsontext has
// found its escapes well-formed; surrogates may still be alone. A raw tab or
// line end is illegal there, but it is still the character the sensor saw.
func unescapeJSON(b []byte) (s string, mangled bool) {
	out := make([]byte, 0, len(b)) // an escape is never shorter than its character
	for i := 0; i < len(b); {
		plain := i
		for i < len(b) && isPlainText[b[i]] {
			i++
		}
		out = append(out, b[plain:i]...)
		if i == len(b) {
			break
		}
		var r rune
		if b[i] == '\\' && i+1 < len(b) {
			r, i = jsonEscape(b, i)
		} else {
			var size int
			if r, size = utf8.DecodeRune(b[i:]); size == 1 {
				r = -1 // bad UTF-8, or a control character
			}
			i += size
		}
		if isLegal(r) {
			out = utf8.AppendRune(out, r)
		} else {
			out, mangled = append(out, replacement...), true
		}
	}
	return string(out), mangled
}

// isPlainText holds the bytes that stand for themselves in a JSON string.
var isPlainText = func() (plain [256]bool) {
	for c := range plain {
		plain[c] = c < utf8.RuneSelf && isLegal(rune(c)) && c != '\\'
	}
	return plain
}()

// jsonEscape reads the escape at b[i] and gives its character and the offset
// after it. A lone surrogate gives itself, which is not a legal character.
func jsonEscape(b []byte, i int) (r rune, next int) {
	switch b[i+1] {
	case 'n':
		return '\n', i + 2
	case 't':
		return '\t', i + 2
	case 'r':
		return '\r', i + 2
	case 'b':
		return '\b', i + 2
	case 'f':
		return '\f', i + 2
	case 'u':
		r, ok := hex4(b, i+2)
		if !ok {
			return 0, len(b)
		}
		if utf16.IsSurrogate(r) && i+7 < len(b) && b[i+6] == '\\' && b[i+7] == 'u' {
			if low, ok := hex4(b, i+8); ok {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					return pair, i + 12
				}
			}
		}
		return r, i + 6
	}
	return rune(b[i+1]), i + 2 // quote, backslash, slash
}

// hex4 reads four hex digits at b[i].
func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		digit, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// absent reports the ways sensors and shippers write "nothing".
func absent(s string) bool {
	switch s {
	case "", "-", "(NULL)":
		return true
	}
	return strings.TrimSpace(s) == ""
}
