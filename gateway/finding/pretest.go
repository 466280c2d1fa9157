package finding

import (
	"regexp/syntax"
	"strings"
)

// maxClauses bounds how many clauses a pretest looks for; a pattern beyond it
// is run on every text.
const maxClauses = 512

// bits is a set of clauses.
type bits [maxClauses / 64]uint64

func (b *bits) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b *bits) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }
func (b *bits) empty() bool    { return *b == bits{} }

// pretest tells in one pass over a text which masking patterns can match it:
// for almost every text, none. A pattern is a list of clauses; it can match
// only where one literal of each stands ("net" or "net1", and "user").
type pretest struct {
	patterns []patternClauses
	always   bool // one pattern has no clause
	clauses  int
	pairs    []bool                // by two bytes: a literal begins so
	literals map[[2]byte][]literal // likewise
}

type patternClauses struct{ from, to int } // clauses; none: can always match

type literal struct {
	text   string // lower case
	clause int
}

// add takes in a pattern that compiles.
func (t *pretest) add(pattern string) {
	var clauses [][]string
	if re, err := syntax.Parse(pattern, syntax.Perl|syntax.FoldCase); err == nil {
		clauses = needed(re.Simplify())
	}
	if t.clauses+len(clauses) > maxClauses {
		clauses = nil
	}
	t.patterns = append(t.patterns, patternClauses{t.clauses, t.clauses + len(clauses)})
	t.always = t.always || len(clauses) == 0
	if t.pairs == nil {
		t.pairs = make([]bool, 1<<16)
		t.literals = map[[2]byte][]literal{}
	}
	for _, clause := range clauses {
		for _, text := range clause {
			key := [2]byte{text[0], text[1]}
			t.pairs[int(key[0])<<8|int(key[1])] = true
			t.literals[key] = append(t.literals[key], literal{text, t.clauses})
		}
		t.clauses++
	}
}

// maybe reports whether any pattern may match s. False is certain.
func (t *pretest) maybe(s string) bool {
	if t.always {
		return true
	}
	found, all := t.scan(s)
	if all {
		return true
	}
	if found.empty() {
		return false
	}
	for i := range t.patterns {
		if t.candidate(i, &found, false) {
			return true
		}
	}
	return false
}

// candidate reports whether pattern i may match a text, from what scan gave.
func (t *pretest) candidate(i int, found *bits, all bool) bool {
	if all {
		return true
	}
	for clause := t.patterns[i].from; clause < t.patterns[i].to; clause++ {
		if !found.has(clause) {
			return false
		}
	}
	return true
}

// scan gives the clauses of which a literal stands in s. all: it cannot tell.
func (t *pretest) scan(s string) (found bits, all bool) {
	if len(s) < 2 || t.clauses == 0 {
		return found, false
	}
	previous := lowerByte(s[0])
	for i := 1; i < len(s); i++ {
		c := lowerByte(s[i])
		if t.pairs[int(previous)<<8|int(c)] {
			for _, l := range t.literals[[2]byte{previous, c}] {
				if !found.has(l.clause) && hasPrefixLower(s[i-1:], l.text) {
					found.set(l.clause)
				}
			}
		}
		// ſ (U+017F) and the Kelvin sign (U+212A) fold to ASCII letters in
		// Go's expressions, and not here.
		if previous == 0xc5 && c == 0xbf || previous == 0xe2 && strings.HasPrefix(s[i-1:], "\u212a") {
			return found, true
		}
		previous = c
	}
	return found, false
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// hasPrefixLower reports whether s begins with lower, but for ASCII case.
func hasPrefixLower(s, lower string) bool {
	if len(s) < len(lower) {
		return false
	}
	for i := range len(lower) {
		if lowerByte(s[i]) != lower[i] {
			return false
		}
	}
	return true
}

// maybeJSON is maybe for each string of a JSON text, escapes left as they are.
func (t *pretest) maybeJSON(raw []byte) bool {
	if t.always {
		return true
	}
	s := string(raw)
	for {
		_, rest, found := strings.Cut(s, `"`)
		if !found {
			return false
		}
		end := stringEnd(rest)
		if t.maybe(rest[:end]) {
			return true
		}
		if end == len(rest) {
			return false
		}
		s = rest[end+1:]
	}
}

// stringEnd is where the quote that ends a JSON string stands, or the end.
func stringEnd(s string) int {
	for at := 0; ; {
		next := strings.IndexAny(s[at:], `"\`)
		switch {
		case next < 0:
			return len(s)
		case s[at+next] == '"':
			return at + next
		}
		at = min(at+next+2, len(s))
	}
}
