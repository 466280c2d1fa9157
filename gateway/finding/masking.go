package finding

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Marker stands where a secret was. Its width says nothing of the secret's.
const Marker = "***"

// Bounds of a masking document, so that a bundle cannot make every command
// line cost a second.
const (
	MaxMaskingPatterns      = 256
	MaxMaskingPatternLength = 4096 // bytes
)

// MaskingDocument is data.masking of the policy bundle: what a secret looks like.
type MaskingDocument struct {
	Patterns []MaskingPattern `json:"patterns"`
}

// MaskingPattern is one form in which a secret stands in a text.
type MaskingPattern struct {
	ID string `json:"id"`
	// Pattern is an RE2 expression with exactly one capture group, around the
	// secret. Case never matters: the policy input is lower-cased.
	Pattern string `json:"pattern"`
}

// Masker takes secrets out of texts. It is immutable and safe for concurrent
// use. The nil Masker knows no pattern and masks nothing.
type Masker struct {
	patterns []maskingPattern
	test     pretest
}

type maskingPattern struct {
	id string
	re *regexp.Regexp
}

// CompileMasking compiles data.masking. Its error names the pattern that
// cannot be used and why. An empty document gives a Masker that masks nothing.
func CompileMasking(doc MaskingDocument) (*Masker, error) {
	if n := len(doc.Patterns); n > MaxMaskingPatterns {
		return nil, fmt.Errorf("compile masking patterns: %d of them, at most %d are allowed", n, MaxMaskingPatterns)
	}
	m := &Masker{}
	seen := map[string]bool{}
	for i, p := range doc.Patterns {
		name := fmt.Sprintf("masking pattern %d (id %q)", i+1, p.ID)
		switch {
		case p.ID == "":
			return nil, fmt.Errorf("compile %s: id is missing", name)
		case seen[p.ID]:
			return nil, fmt.Errorf("compile %s: another pattern has the same id", name)
		case p.Pattern == "":
			return nil, fmt.Errorf("compile %s: pattern is missing", name)
		case len(p.Pattern) > MaxMaskingPatternLength:
			return nil, fmt.Errorf("compile %s: %d bytes long, at most %d are allowed", name, len(p.Pattern), MaxMaskingPatternLength)
		}
		seen[p.ID] = true
		re, err := regexp.Compile("(?i:" + p.Pattern + ")")
		if err != nil {
			return nil, fmt.Errorf("compile %s: %w", name, err)
		}
		if n := re.NumSubexp(); n != 1 {
			return nil, fmt.Errorf("compile %s: %d capture groups, exactly one around the secret is needed; write the others as (?:…)", name, n)
		}
		m.patterns = append(m.patterns, maskingPattern{id: p.ID, re: re})
		m.test.add(p.Pattern)
	}
	return m, nil
}

// String masks the secrets in s and gives the ids of the patterns that found
// one, in the document's order. Where none did, it gives s itself and nil.
// Masking what is masked changes nothing.
func (m *Masker) String(s string) (string, []string) {
	return m.mask(s, nil)
}

// maxMaskingRounds bounds how often the result is looked at again. A mask
// taken out may uncover the next form; two rounds are what real text needs.
const maxMaskingRounds = 16

// mask is String; found, unless nil, is told each secret.
func (m *Masker) mask(s string, found func(secret string)) (string, []string) {
	if !m.suspects(s) {
		return s, nil
	}
	candidates, hits := m.candidates(s), make([]bool, len(m.patterns))
	for round := 0; ; round++ {
		spans := m.spans(s, candidates, hits)
		if len(spans) == 0 {
			break
		}
		if round == maxMaskingRounds {
			// Text made to keep the masker busy: nothing of it is worth a leak.
			s = Marker
			break
		}
		s = replaceSpans(s, spans, found)
		candidates = m.candidates(s)
	}
	var ids []string
	for i, hit := range hits {
		if hit {
			ids = append(ids, m.patterns[i].id)
		}
	}
	return s, ids
}

// suspects is the cheap test: false means that no pattern can match.
func (m *Masker) suspects(s string) bool {
	return m != nil && len(m.patterns) > 0 && m.test.maybe(s)
}

// candidates are the patterns that the cheap test leaves over.
func (m *Masker) candidates(s string) []int {
	var left []int
	found, all := m.test.scan(s)
	for i := range m.patterns {
		if m.test.candidate(i, &found, all) {
			left = append(left, i)
		}
	}
	return left
}

type span struct{ from, to int }

// spans are the parts of s that are secrets by any pattern, sorted, merged,
// none of them masked already.
func (m *Masker) spans(s string, candidates []int, hits []bool) []span {
	var all []span
	for _, i := range candidates {
		p := m.patterns[i]
		for at := 0; at <= len(s); {
			loc := p.re.FindStringSubmatchIndex(s[at:])
			if loc == nil {
				break
			}
			end := at + loc[1]
			if loc[2] < 0 || loc[2] == loc[3] { // the group took no part, or is empty
				at = max(end, at+1)
				continue
			}
			secret := span{at + loc[2], at + loc[3]}
			if !masked(s[secret.from:secret.to]) {
				all = append(all, secret)
				hits[i] = true
			}
			// What was taken for the secret may be the next switch ("-p -p
			// secret"): look again from its start while it is short enough to
			// be one. What is longer is no switch, and looking again at all of
			// it would make the cost quadratic.
			if secret.to-secret.from <= maxSwitch && secret.from > at {
				at = secret.from
			} else {
				at = max(end, at+1)
			}
		}
	}
	slices.SortFunc(all, func(a, b span) int { return a.from - b.from })
	merged := all[:0]
	for _, next := range all {
		if n := len(merged); n > 0 && next.from <= merged[n-1].to {
			merged[n-1].to = max(merged[n-1].to, next.to)
			continue
		}
		merged = append(merged, next)
	}
	return merged
}

// maxSwitch is the longest text, in bytes, that can be a switch's name.
const maxSwitch = 64

// masked reports whether s is nothing but markers.
func masked(s string) bool { return strings.Trim(s, "*") == "" }

func replaceSpans(s string, spans []span, found func(string)) string {
	var b strings.Builder
	b.Grow(len(s))
	at := 0
	for _, secret := range spans {
		if found != nil {
			found(s[secret.from:secret.to])
		}
		b.WriteString(s[at:secret.from])
		b.WriteString(Marker)
		at = secret.to
	}
	b.WriteString(s[at:])
	return b.String()
}

// member masks the value of a named value, e.g. a public property that
// msiexec's command line set: whether it is a secret may only show beside its
// name. A value that shows as one is masked whole.
func (m *Masker) member(name, value string, found func(string)) (string, bool) {
	if m == nil || len(m.patterns) == 0 || value == "" || masked(value) {
		return value, false
	}
	for _, pair := range [...]string{name + "=" + value, name + `="` + value + `"`} {
		out, ids := m.mask(pair, nil)
		if len(ids) == 0 {
			continue
		}
		if !strings.HasPrefix(out, name+"=") || !strings.HasSuffix(strings.Trim(out[len(name)+1:], `"`), value) {
			if found != nil {
				found(value)
			}
			return Marker, true
		}
	}
	return value, false
}
