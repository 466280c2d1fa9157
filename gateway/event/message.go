package event

import "strings"

// messageField reads "Name: value" from a rendered message. The first line of
// that name counts: what an attacker can write (command lines) comes after the
// ids that are looked for. A message in another language has no such line.
func messageField(message, name string) value {
	for line := range strings.Lines(message) {
		line = strings.TrimLeft(line, " \t")
		rest, found := strings.CutPrefix(line, name)
		if !found {
			continue
		}
		if rest, found = strings.CutPrefix(rest, ":"); found {
			return textValue(strings.TrimSpace(rest))
		}
	}
	return value{}
}
