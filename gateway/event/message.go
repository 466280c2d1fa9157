package event

import "strings"

// messageHead is how much of a rendered message is read first: the ids that are
// looked for stand near its beginning, and the whole can be long.
const messageHead = 512

// messageField reads "Name: value" from a rendered message. The first line of
// that name counts: what an attacker can write (command lines) comes after the
// ids that are looked for. A message in another language has no such line.
func messageField(message value, name string) value {
	if len(message.raw) > messageHead {
		head := value{raw: message.raw[:messageHead], form: message.form}
		text := head.string()
		// The last line of the head may be cut in the middle.
		if found := lineField(text[:strings.LastIndexByte(text, '\n')+1], name); found.present() {
			return found
		}
	}
	return lineField(message.string(), name)
}

func lineField(text, name string) value {
	for line := range strings.Lines(text) {
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
