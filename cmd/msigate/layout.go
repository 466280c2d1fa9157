package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"msigate/gateway/policy"
)

// What people are shown: a heading that begins with a word of headWidth, and
// below it lines of at most lineWidth columns, indented past that word.
const (
	headWidth = 10
	lineWidth = 100
)

var indent = strings.Repeat(" ", headWidth+1)

// disposition is the word, padded and coloured.
func (s *speaker) disposition(d policy.Disposition) string {
	colours := map[policy.Disposition]colour{policy.Alert: red, policy.Review: yellow, policy.Approved: green, policy.Expected: dim}
	return s.head(colours[d], string(d))
}

func (s *speaker) head(c colour, word string) string {
	return s.paint(c, pad(strings.ToUpper(word), headWidth))
}

// pad fills text to a width before it is painted: escape codes have no width.
func pad(text string, width int) string {
	if n := width - utf8.RuneCountInString(text); n > 0 {
		return text + strings.Repeat(" ", n)
	}
	return text
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// wrap breaks text at spaces into lines of lineWidth, the first indented by
// first and the rest by rest. A longer word stays whole: it may be a path that
// someone wants to copy.
func wrap(text, first, rest string) string {
	var b strings.Builder
	b.WriteString(first)
	start := utf8.RuneCountInString(first)
	column := start
	for word := range strings.FieldsSeq(text) {
		width := utf8.RuneCountInString(word)
		switch {
		case column == start:
		case column+1+width > lineWidth:
			b.WriteString("\n" + rest)
			start = utf8.RuneCountInString(rest)
			column = start
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += width
	}
	return b.String()
}
