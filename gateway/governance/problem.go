package governance

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is one fault of a governance folder.
type Problem struct {
	File  string // e.g. installers.yaml
	Line  int    // from 1; 0 where the file as a whole is meant
	Entry string // the entry's id, or its position such as #3 where it has none; "" outside entries
	Field string // e.g. narrow.images[0]; "" where the entry as a whole is meant
	Why   string // what is wrong
	Want  string // what would be acceptable; may be ""
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Entry != "" {
		fmt.Fprintf(&b, ": entry %s", plain(p.Entry))
	}
	if p.Field != "" {
		fmt.Fprintf(&b, ": %s", plain(p.Field))
	}
	b.WriteString(": " + p.Why)
	if p.Want != "" {
		b.WriteString("; acceptable: " + p.Want)
	}
	return b.String()
}

// quote puts a value in quotes and leaves a path's backslashes readable.
func quote(text string) string {
	if text == plain(text) && !strings.Contains(text, `"`) {
		return `"` + text + `"`
	}
	return strconv.Quote(text)
}

// plain is text as it is, or escaped where it could be taken for something else on a line.
func plain(text string) string {
	for _, r := range text {
		if !strconv.IsPrint(r) {
			return strconv.Quote(text)
		}
	}
	return text
}

// Problems are all faults of a folder, sorted by file and line. It is the
// error that Build returns for content that cannot be right.
type Problems []Problem

// maxProblemsShown keeps an error readable; Problems itself holds them all.
const maxProblemsShown = 100

func (ps Problems) Error() string {
	var b strings.Builder
	plural := "s"
	if len(ps) == 1 {
		plural = ""
	}
	fmt.Fprintf(&b, "build governance: %d problem%s", len(ps), plural)
	for i, p := range ps {
		if i == maxProblemsShown {
			fmt.Fprintf(&b, "\n  and %d more", len(ps)-i)
			break
		}
		b.WriteString("\n  ")
		b.WriteString(p.String())
	}
	return b.String()
}

// sorted orders the problems and drops repetitions.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Why, b.Why))
	})
	return slices.Compact(ps)
}
