package finding

import (
	"regexp/syntax"
	"strings"
)

// pretest tells in one pass over a text that none of the masking patterns can
// match it, which is so for almost every text: a pattern that needs one of a
// few literals ("password", "/pw:") is not run where none of them stands.
type pretest struct {
	always   bool // one pattern needs no literal that could be looked for
	pairs    [1 << 16]bool
	literals map[[2]byte][]string // lower case, by their first two bytes
}

// add takes in a pattern that compiles.
func (t *pretest) add(pattern string) {
	re, err := syntax.Parse(pattern, syntax.Perl|syntax.FoldCase)
	if err != nil {
		t.always = true
		return
	}
	literals := needed(re.Simplify())
	if len(literals) == 0 {
		t.always = true
		return
	}
	if t.literals == nil {
		t.literals = map[[2]byte][]string{}
	}
	for _, literal := range literals {
		key := [2]byte{literal[0], literal[1]}
		t.pairs[int(key[0])<<8|int(key[1])] = true
		t.literals[key] = append(t.literals[key], literal)
	}
}

// maybe reports whether a pattern may match s. False is certain.
func (t *pretest) maybe(s string) bool {
	if t.always {
		return true
	}
	if len(s) < 2 {
		return false
	}
	previous := lowerByte(s[0])
	for i := 1; i < len(s); i++ {
		c := lowerByte(s[i])
		if t.pairs[int(previous)<<8|int(c)] && t.at(s[i-1:], previous, c) {
			return true
		}
		if c >= 0x80 && foldsToASCII(s[i-1:]) {
			return true
		}
		previous = c
	}
	return foldsToASCII(s)
}

func (t *pretest) at(s string, first, second byte) bool {
	for _, literal := range t.literals[[2]byte{first, second}] {
		if len(s) >= len(literal) && equalFoldASCII(s[:len(literal)], literal) {
			return true
		}
	}
	return false
}

// foldsToASCII reports whether s begins with, or has after its first byte, one
// of the two letters beyond ASCII that case folding makes ASCII: ſ (U+017F)
// and the Kelvin sign (U+212A). Go's expressions fold them, pairs does not.
func foldsToASCII(s string) bool {
	for range 2 {
		if strings.HasPrefix(s, "\u017f") || strings.HasPrefix(s, "\u212a") {
			return true
		}
		if s == "" {
			return false
		}
		s = s[1:]
	}
	return false
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// equalFoldASCII compares s with lower, which is in lower case and as long.
func equalFoldASCII(s, lower string) bool {
	for i := range len(lower) {
		if lowerByte(s[i]) != lower[i] {
			return false
		}
	}
	return true
}

// needed gives literals, in lower case and two bytes long at least, one of
// which stands in every match of re; nil where that cannot be told.
func needed(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		return plainLiteral(string(re.Rune))
	case syntax.OpCapture, syntax.OpPlus:
		return needed(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needed(re.Sub[0])
		}
		return nil
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if found := needed(sub); better(found, best) {
				best = found
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			found := needed(sub)
			if found == nil {
				return nil
			}
			all = append(all, found...)
		}
		return all
	default:
		return nil
	}
}

// better prefers the set whose shortest literal is longer: it lies less often.
func better(a, b []string) bool {
	if len(a) == 0 {
		return false
	}
	return len(b) == 0 || shortest(a) > shortest(b)
}

func shortest(literals []string) int {
	n := len(literals[0])
	for _, l := range literals {
		n = min(n, len(l))
	}
	return n
}

// plainLiteral is the longest part of a literal that reads the same inside a
// JSON text, so that one test serves a value and the text it stands in.
func plainLiteral(s string) []string {
	plain := func(r rune) bool {
		return r >= ' ' && r < 0x7f && !strings.ContainsRune(`"\/<>&`, r)
	}
	best := ""
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return !plain(r) }) {
		if len(part) > len(best) {
			best = part
		}
	}
	if len(best) < 2 {
		return nil
	}
	return []string{strings.ToLower(best)}
}
