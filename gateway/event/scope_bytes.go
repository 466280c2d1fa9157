package event

import (
	"bytes"
	"encoding/binary"
)

// The raw scope test looks at every byte of every message, so it must cost a
// fraction of a nanosecond a byte. It looks for two neighbouring bytes of a
// name, eight positions at a time in ordinary 64-bit words, and compares the
// whole name only where they stand. Skipping searches (Horspool, Wu-Manber)
// are slower here: a skip has to wait for the one before it.

// pair is two neighbouring bytes of a name, each spread over a word. Letters
// are folded by setting bit 5. That takes a few other bytes for one another too
// (@ and `), which costs a comparison and nothing else.
type pair struct {
	first, second uint64
}

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

func newPair(first, second byte) pair {
	return pair{first: uint64(first|0x20) * lows, second: uint64(second|0x20) * lows}
}

// literal is a piece of a name that must stand in the bytes as it is.
type literal struct {
	text   string   // lower case
	offset int      // where in text its pair begins
	rest   []string // further pieces of the same name, in order
}

// standsAt reports whether the literal stands where its pair does.
func (l *literal) standsAt(message []byte, pairAt int) bool {
	begin := pairAt - l.offset
	if begin < 0 || len(message)-begin < len(l.text) || !equalFoldBytes(message[begin:begin+len(l.text)], l.text) {
		return false
	}
	return containsInOrder(message[begin+len(l.text):], l.rest)
}

// search is the literals that one pair finds.
type search struct {
	pair     pair
	literals []literal
}

// finds reports whether one of the literals stands in message, or a JSON \u
// escape, which is looked for in the same pass.
func (s *search) finds(message []byte) bool {
	const fold, c, d = 0x20 * lows, '\\' * lows, 'u' * lows
	a, b := s.pair.first, s.pair.second
	i := 0
	for ; i+33 <= len(message); i += 32 {
		// Written out four times because the compiler keeps all of it in
		// registers then; a loop or a call costs half as much again.
		block := (*[33]byte)(message[i:])
		var found uint64
		at, after := binary.LittleEndian.Uint64(block[0:8]), binary.LittleEndian.Uint64(block[1:9])
		name, escape := ((at|fold)^a)|((after|fold)^b), (at^c)|(after^d)
		found |= (name-lows)&^name | (escape-lows)&^escape
		at, after = binary.LittleEndian.Uint64(block[8:16]), binary.LittleEndian.Uint64(block[9:17])
		name, escape = ((at|fold)^a)|((after|fold)^b), (at^c)|(after^d)
		found |= (name-lows)&^name | (escape-lows)&^escape
		at, after = binary.LittleEndian.Uint64(block[16:24]), binary.LittleEndian.Uint64(block[17:25])
		name, escape = ((at|fold)^a)|((after|fold)^b), (at^c)|(after^d)
		found |= (name-lows)&^name | (escape-lows)&^escape
		at, after = binary.LittleEndian.Uint64(block[24:32]), binary.LittleEndian.Uint64(block[25:33])
		name, escape = ((at|fold)^a)|((after|fold)^b), (at^c)|(after^d)
		found |= (name-lows)&^name | (escape-lows)&^escape
		if found&highs != 0 && s.standsNear(message, i, 32) {
			return true
		}
	}
	return s.standsNear(message, i, len(message)-i)
}

// standsNear looks closer at n positions from i on.
func (s *search) standsNear(message []byte, i, n int) bool {
	first, second := byte(s.pair.first), byte(s.pair.second)
	for end := min(i+n, len(message)-1); i < end; i++ {
		if message[i+1] == 'u' && isUnicodeEscape(message[i:]) {
			return true
		}
		if message[i]|0x20 != first || message[i+1]|0x20 != second {
			continue
		}
		for l := range s.literals {
			if s.literals[l].standsAt(message, i) {
				return true
			}
		}
	}
	return false
}

// isUnicodeEscape reports whether text begins with \u and four hex digits. How
// many backslashes come before does not matter: JSON inside a JSON string
// doubles them.
func isUnicodeEscape(text []byte) bool {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return false
	}
	for _, c := range text[2:6] {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// mayHide reports whether message holds anything but a JSON \u escape behind
// which a decoder could find a name that does not stand in the bytes: an XML
// character reference, declaration, CDATA section, comment or processing
// instruction, or an encoding that needs more than one byte a letter.
//
// JSON's other escapes (\\ \/ \" \b \f \n \r \t) and XML's named references
// stand for characters that no name of a scope may hold.
func mayHide(message []byte) bool {
	if bytes.IndexByte(message, 0) >= 0 {
		return true
	}
	return bytes.IndexByte(message, '<') >= 0 && // none: no XML, at any level
		(followed(message, '&', '#') || preceded(message, '!', '<') || preceded(message, '?', '<'))
}

// followed reports whether second stands right after a first.
func followed(message []byte, first, second byte) bool {
	for {
		i := bytes.IndexByte(message, first)
		if i < 0 || i+1 == len(message) {
			return false
		}
		if message = message[i+1:]; message[0] == second {
			return true
		}
	}
}

// preceded reports whether first stands right before a second, other than at
// the very beginning (the XML declaration).
func preceded(message []byte, second, first byte) bool {
	for i := 2; i < len(message); i++ {
		at := bytes.IndexByte(message[i:], second)
		if at < 0 {
			return false
		}
		i += at
		if message[i-1] == first {
			return true
		}
	}
	return false
}

// equalFoldBytes compares under ASCII folding; name is lower case and as long.
func equalFoldBytes(raw []byte, name string) bool {
	for i := range len(name) {
		if lowerByte(raw[i]) != name[i] {
			return false
		}
	}
	return true
}

// containsInOrder reports whether the pieces, which are lower case, follow
// each other in message, whatever stands between.
func containsInOrder(message []byte, pieces []string) bool {
	for _, piece := range pieces {
		i := 0
		for ; ; i++ {
			if len(message)-i < len(piece) {
				return false
			}
			if equalFoldBytes(message[i:i+len(piece)], piece) {
				break
			}
		}
		message = message[i+len(piece):]
	}
	return true
}
