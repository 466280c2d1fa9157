package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// shapes tells names apart as far as a policy could: a hundred products that a
// policy has no word for need one trial, not a hundred. Two names have one shape
// where they are written alike (words, figures and punctuation in the same order)
// and hold the same words of the policy, of its data, of the deny list and of the
// canaries in the same places, and where no pattern of the policy matches one
// alone. What a policy then makes of one, it makes of the other.
type shapes struct {
	words    map[string][]string // constants by their first two bytes, the longest first
	patterns []*regexp.Regexp
	known    map[string]string
}

func (s *Snapshot) shapes() *shapes {
	all := map[string]bool{}
	add := func(text string) {
		if text = strings.ToLower(text); len(text) > 1 && len(text) <= maxWord {
			all[text] = true
		}
	}
	h := &shapes{words: map[string][]string{}, known: map[string]string{}}
	var modules map[string]*ast.Module
	if s.compiler != nil { // else it has data alone
		modules = s.compiler.Modules
	}
	for _, module := range modules {
		ast.WalkTerms(module, func(t *ast.Term) bool {
			if text, ok := t.Value.(ast.String); ok {
				add(string(text))
			}
			return false
		})
		ast.WalkExprs(module, func(e *ast.Expr) bool {
			if e.IsCall() && e.Operator().String() == "regex.match" {
				h.addPattern(e.Operand(0))
			}
			return false
		})
	}
	for root, document := range s.data {
		switch root {
		case "governance":
			eachString(asObject(document)["deny"], add)
		case "canaries":
		default:
			eachString(document, add)
		}
	}
	for _, canary := range s.canaries {
		for _, message := range canary.Messages {
			for word := range strings.FieldsFuncSeq(strings.ToLower(message), func(r rune) bool { return strings.ContainsRune(`"\:,{}[]<>`, r) }) {
				add(strings.TrimSpace(word))
			}
		}
	}
	for word := range all {
		h.words[word[:2]] = append(h.words[word[:2]], word)
	}
	for _, words := range h.words {
		slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	}
	return h
}

// maxWord is how long a constant can be that a name could hold.
const maxWord = 256

func (h *shapes) addPattern(t *ast.Term) {
	if t == nil {
		return
	}
	if text, ok := t.Value.(ast.String); ok {
		if pattern, err := regexp.Compile(string(text)); err == nil {
			h.patterns = append(h.patterns, pattern)
		}
	}
}

// eachString gives each string of a document, keys too.
func eachString(document any, each func(string)) {
	switch d := document.(type) {
	case string:
		each(d)
	case []any:
		for _, item := range d {
			eachString(item, each)
		}
	case map[string]any:
		for key, value := range d {
			each(key)
			eachString(value, each)
		}
	}
}

// of is the shape of a name.
func (h *shapes) of(name string) string {
	if name == "" {
		return ""
	}
	if shape, ok := h.known[name]; ok {
		return shape
	}
	lower := strings.ToLower(name)
	var b strings.Builder
	for i := 0; i < len(lower); i++ {
		if i+2 <= len(lower) {
			for _, word := range h.words[lower[i:i+2]] {
				if strings.HasPrefix(lower[i:], word) && (len(word) > shortWord || wholeWord(lower, i, len(word))) {
					fmt.Fprintf(&b, "<%s>", word)
				}
			}
		}
		kind := kindOf(lower[i])
		if i == 0 || kind != kindOf(lower[i-1]) || kind != 'a' && kind != '0' {
			b.WriteByte(kind)
		}
	}
	for i, pattern := range h.patterns {
		if pattern.MatchString(lower) {
			fmt.Fprintf(&b, "~%d", i)
		}
	}
	shape := b.String()
	h.known[name] = shape
	return shape
}

// digest is the shape of a thumbprint: it is looked up, so that one stands for
// all but those that the policy or the deny list names.
func (h *shapes) digest(text string) string {
	if lower := strings.ToLower(text); len(lower) > 1 && slices.Contains(h.words[lower[:2]], lower) {
		return lower
	}
	return strings.Repeat("#", min(len(text), 1))
}

// shortWord is how long a constant can be that counts only as a word of its own:
// as a part, it is in every other name.
const shortWord = 4

// wholeWord tells whether text has a word of its own at i.
func wholeWord(text string, i, length int) bool {
	letter := func(at int) bool { return at >= 0 && at < len(text) && kindOf(text[at]) == 'a' }
	return !letter(i-1) && !letter(i+length)
}

// kindOf is a for a letter (and what is no ASCII), 0 for a digit, else the
// character itself.
func kindOf(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return '0'
	case c >= 'a' && c <= 'z', c >= 0x80:
		return 'a'
	default:
		return c
	}
}

// shapeless are the fields by which an entry can fit a canary's own words: it is
// tried by itself.
var shapeless = []string{"command_lines", "transforms", "patches", "properties"}

// shapelessNarrow are those of narrow.
var shapelessNarrow = []string{"images", "original_file_names"}

// key is what an entry's filling shares with those of others whose trial is its
// own: where it lies and what starts it as they are, names by their shape.
func (h *shapes) key(entry map[string]any, f Filling) string {
	narrow := asObject(entry["narrow"])
	for _, field := range shapeless {
		if len(asObject(entry[field])) > 0 {
			return f.Key()
		}
	}
	for _, field := range shapelessNarrow {
		if len(asObject(narrow[field])) > 0 {
			return f.Key()
		}
	}
	base := f.Package[strings.LastIndexAny(f.Package, `\/`)+1:]
	if f.User+f.Company+f.Product+f.Signer.Subject+f.Signer.Issuer+f.Signer.Thumbprint == "" && len(f.Groups) == 0 && (base == "" || base == standInPackage) {
		return f.Key() // no name is put in: who has these facts has all of it
	}
	// What an entry asks for besides: one that asks for less is another.
	var asks []string
	for field, value := range entry {
		if facts := asObject(value); len(facts) > 0 && field != "narrow" {
			asks = append(asks, field)
		}
	}
	for field := range narrow {
		if len(asObject(narrow[field])) > 0 {
			asks = append(asks, "narrow."+field)
		}
	}
	slices.Sort(asks)
	f.User, f.Company, f.Product = h.of(f.User), h.of(f.Company), h.of(f.Product)
	f.Signer = SignerFact{h.of(f.Signer.Subject), h.of(f.Signer.Issuer), h.digest(f.Signer.Thumbprint)}
	f.Package = strings.TrimSuffix(f.Package, base) + h.of(base)
	groups := make([]string, len(f.Groups))
	for i, group := range f.Groups {
		groups[i] = h.of(group)
	}
	f.Groups = groups
	return f.Key() + "\x00" + strings.Join(asks, "+")
}
