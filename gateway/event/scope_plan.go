package event

import "strings"

// byteRank orders bytes by how often they stand in Windows events, the
// commonest first; what is not listed is rare.
const byteRank = `e"tsi0o\nracdlm1:,-p2u.3fgw5{}64vx_87b9hkyj`

func rank(c byte) int {
	if i := strings.IndexByte(byteRank, c); i >= 0 {
		return i
	}
	return len(byteRank)
}

// planSearches gives every name a pair to be found by: few pairs, since each
// is a pass over the message, and among those the rarest.
func planSearches(s *Scope) []search {
	var wanted []literal
	for _, names := range [][]string{s.images, s.originals, s.providers, s.patterns, s.packages} {
		for _, name := range names {
			wanted = append(wanted, literalOf(name))
		}
	}
	var searches []search
	for len(wanted) > 0 {
		best, found, score := "", 0, 0
		for _, l := range wanted {
			for i := 0; i+2 <= len(l.text); i++ {
				candidate := l.text[i : i+2]
				n := 0
				for _, other := range wanted {
					if strings.Contains(other.text, candidate) {
						n++
					}
				}
				if r := rank(candidate[0]) + rank(candidate[1]); n > found || n == found && r > score {
					best, found, score = candidate, n, r
				}
			}
		}
		next := search{pair: newPair(best[0], best[1])}
		var left []literal
		for _, l := range wanted {
			if l.offset = strings.Index(l.text, best); l.offset < 0 {
				left = append(left, l)
			} else if !containsLiteral(next.literals, l) {
				next.literals = append(next.literals, l)
			}
		}
		searches, wanted = append(searches, next), left
	}
	return searches
}

// literalOf is the piece of a name to search for: all of a plain one; of a
// pattern the first piece of two bytes or more, with the pieces after it.
func literalOf(name string) literal {
	pieces := strings.FieldsFunc(name, func(r rune) bool { return r == '*' || r == '?' })
	for i, piece := range pieces {
		if len(piece) >= 2 {
			return literal{text: piece, rest: pieces[i+1:]}
		}
	}
	return literal{text: name} // not reached: checkScopeName wants such a piece
}

func longestPiece(name string) string {
	longest := ""
	for piece := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '*' || r == '?' }) {
		if len(piece) > len(longest) {
			longest = piece
		}
	}
	return longest
}

func containsLiteral(literals []literal, l literal) bool {
	for _, one := range literals {
		if one.text == l.text && strings.Join(one.rest, "*") == strings.Join(l.rest, "*") {
			return true
		}
	}
	return false
}
