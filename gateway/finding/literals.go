package finding

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// Bounds of what is read out of one expression.
const (
	maxAlternatives = 64 // literals of a clause
	maxClassRunes   = 8  // runes of a character class that is spelt out
)

// needed gives the clauses of an expression: of each, one literal at least
// stands in every match. Literals are in lower case and two bytes long at
// least. None where nothing can be told.
func needed(re *syntax.Regexp) [][]string {
	switch re.Op {
	case syntax.OpConcat:
		return neededConcat(re.Sub)
	case syntax.OpCapture, syntax.OpPlus:
		return needed(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needed(re.Sub[0])
		}
		return nil
	case syntax.OpAlternate:
		// Every branch must give a clause; together they are one.
		var all []string
		for _, branch := range re.Sub {
			clauses := needed(branch)
			if len(clauses) == 0 {
				return nil
			}
			all = append(all, slices.MaxFunc(clauses, byStrength)...)
		}
		return clause(all)
	default:
		return clause(exact(re))
	}
}

// neededConcat joins neighbours that are spelt out ("-", then "p" or "rp",
// then ":" or "=") to longer literals. What stands between gives its own
// clauses.
func neededConcat(parts []*syntax.Regexp) [][]string {
	var all [][]string
	var run []string
	end := func() {
		all = append(all, clause(run)...)
		run = nil
	}
	for _, part := range parts {
		if zeroWidth(part) {
			continue
		}
		words := exact(part)
		if words == nil {
			end()
			all = append(all, needed(part)...)
			continue
		}
		if joined := cross(run, words); joined != nil {
			run = joined
			continue
		}
		end()
		run = words
	}
	end()
	return all
}

// zeroWidth parts stand between characters and keep no neighbours apart.
func zeroWidth(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	default:
		return false
	}
}

// exact is every text that re matches, in lower case; nil where there are too
// many, or one that would not read the same inside a JSON text.
func exact(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpEmptyMatch: // "sig" or "signature" is parsed as "sig", then nothing or "nature"
		return []string{""}
	case syntax.OpLiteral:
		s := strings.ToLower(string(re.Rune))
		if strings.ContainsFunc(s, notPlain) {
			return nil
		}
		return []string{s}
	case syntax.OpCharClass:
		return exactClass(re.Rune)
	case syntax.OpCapture:
		return exact(re.Sub[0])
	case syntax.OpConcat:
		words := []string{""}
		for _, part := range re.Sub {
			if zeroWidth(part) {
				continue
			}
			if words = cross(words, exact(part)); words == nil {
				return nil
			}
		}
		return words
	case syntax.OpAlternate:
		var all []string
		for _, branch := range re.Sub {
			words := exact(branch)
			if words == nil {
				return nil
			}
			all = append(all, words...)
		}
		return bounded(all)
	case syntax.OpQuest:
		words := exact(re.Sub[0])
		if words == nil {
			return nil
		}
		return bounded(append(slices.Clone(words), ""))
	default:
		return nil
	}
}

func exactClass(ranges []rune) []string {
	var words []string
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] >= maxClassRunes {
			return nil
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r == '\u017f' || r == '\u212a' { // scan looks for these itself
				continue
			}
			if notPlain(r) {
				return nil
			}
			words = append(words, strings.ToLower(string(r)))
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	if len(words) == 0 || len(words) > maxClassRunes {
		return nil
	}
	return words
}

// cross joins each of a with each of b; nil a stands for nothing before b.
func cross(a, b []string) []string {
	if a == nil {
		return b
	}
	if b == nil || len(a)*len(b) > maxAlternatives {
		return nil
	}
	all := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			all = append(all, x+y)
		}
	}
	return bounded(all)
}

func bounded(words []string) []string {
	slices.Sort(words)
	words = slices.Compact(words)
	if len(words) > maxAlternatives {
		return nil
	}
	return words
}

// clause makes one of literals that are all long enough to look for.
func clause(words []string) [][]string {
	words = bounded(slices.Clone(words))
	if len(words) == 0 || shortest(words) < 2 {
		return nil
	}
	return [][]string{words}
}

// byStrength orders clauses: the longer its shortest literal, the rarer it is.
func byStrength(a, b []string) int { return shortest(a) - shortest(b) }

func shortest(words []string) int {
	n := len(words[0])
	for _, w := range words {
		n = min(n, len(w))
	}
	return n
}

// notPlain reports a character that may be escaped inside a JSON text.
func notPlain(r rune) bool {
	return r < ' ' || r >= 0x7f || strings.ContainsRune(`"\<>&`, r)
}
