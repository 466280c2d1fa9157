package install

import (
	"strings"
	"unicode/utf8"

	"msigate/gateway/event"
)

// word is one word of a command line, its quotes taken off.
type word struct {
	text        string
	quotedStart bool // began with a quote: "A=B" is then a name, not a property
}

// splitWords cuts a command line at blanks outside quotes and drops the first
// word, the program, as Windows does whatever it says. Quotes may stand
// anywhere and vanish; inside them a doubled quote is one quote; a backslash
// escapes nothing, for msiexec takes a path's last backslash as it is.
func splitWords(line string) []word {
	line = afterProgram(line)
	if line == "" {
		return nil
	}
	words := make([]word, 0, 8) // never nil: a program without options is known to have none
	var text strings.Builder
	inWord, inQuotes, quotedStart := false, false, false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '"' && inQuotes && i+1 < len(line) && line[i+1] == '"' && text.Len() > 0:
			text.WriteByte('"')
			i++
		case c == '"':
			if !inWord {
				quotedStart = true
			}
			inWord, inQuotes = true, !inQuotes
		case isBlank(c) && !inQuotes:
			if inWord {
				words = append(words, word{text.String(), quotedStart})
				text.Reset()
				inWord, quotedStart = false, false
			}
		default:
			text.WriteByte(c)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word{text.String(), quotedStart})
	}
	return words
}

// afterProgram is what follows the first word; a blank (never empty) text
// where nothing does, and "" for a blank line. A slash that follows the
// program at once ("msiexec/i x.msi", which cmd.exe allows) begins an option.
func afterProgram(line string) string {
	line = strings.TrimLeft(line, blanks)
	if line == "" {
		return ""
	}
	if line[0] == '"' {
		_, rest, _ := strings.Cut(line[1:], `"`)
		return " " + rest
	}
	end := strings.IndexAny(line, blanks)
	if end < 0 {
		end = len(line)
	}
	program := event.LowerASCII(line[:end])
	for _, name := range []string{"msiexec.exe", "msiexec"} {
		if at := strings.Index(program, name+"/"); at >= 0 {
			end = at + len(name)
			break
		}
	}
	return " " + line[end:]
}

const blanks = " \t\r\n\v\f"

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// cutDash takes the mark of an option off: a slash, a hyphen, or one of the
// dashes that word processors put in a hyphen's place (U+2010 to U+2015, U+2212).
func cutDash(text string) (string, bool) {
	first, size := utf8.DecodeRuneInString(text)
	switch {
	case first == '/' || first == '-',
		first >= '\u2010' && first <= '\u2015',
		first == '\u2212':
		return text[size:], true
	}
	return text, false
}
