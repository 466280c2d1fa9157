package event

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// The batches that services send: the names of the arrays to go through, from
// the outside in.
var (
	eventHubPath = []string{"records"}                                 // Azure Event Hubs: Defender XDR
	otlpPath     = []string{"resourceLogs", "scopeLogs", "logRecords"} // OTLP/JSON
)

// batchPath tells a batch by its first member; nil where text is none.
func batchPath(text []byte) []string {
	if len(text) == 0 || text[0] != '{' {
		return nil
	}
	rest, found := bytes.CutPrefix(text[skipSpace(text, 1):], []byte(`"`))
	if !found {
		return nil
	}
	for _, path := range [...][]string{eventHubPath, otlpPath} {
		after, found := bytes.CutPrefix(rest, []byte(path[0]+`"`))
		if !found {
			continue
		}
		if i := skipSpace(after, 0); i < len(after) && after[i] == ':' {
			if i = skipSpace(after, i+1); i < len(after) && after[i] == '[' {
				return path
			}
		}
	}
	return nil
}

// batch adds the records of a batch: of the object text, those in the array
// path[0], or deeper. Like an array's, they are cut apart by their brackets. What
// else the object has is checked and not read.
func (l *recordList) batch(text []byte, path []string) {
	at := skipSpace(text, 1)
	if at < len(text) && text[at] == '}' {
		return
	}
	seen := false
	for !l.full() {
		nameEnd := len(text)
		if at < len(text) && text[at] == '"' {
			nameEnd = stringEnd(text, at)
		}
		if nameEnd >= len(text) {
			l.syntax(at, "the batch is cut short or a member has no name")
			return
		}
		name := value{raw: text[at+1 : nameEnd], form: formEscaped}.string()
		if at = skipSpace(text, nameEnd+1); at >= len(text) || text[at] != ':' {
			l.syntax(at, "no colon after a member's name")
			return
		}
		at = skipSpace(text, at+1)
		end, closed := valueEnd(text, at)
		content := bytes.TrimSpace(text[at:end])
		switch {
		case name == path[0] && seen:
			l.add(nil, &Fault{Reason: ReasonDuplicateKey, Detail: fmt.Sprintf("offset %d: name %s is there twice", at, printable(name))})
			return
		case name == path[0] && len(content) > 0 && content[0] == '[':
			seen = true
			l.elements(content, func(element []byte) {
				if len(path) > 1 && len(element) > 0 && element[0] == '{' {
					l.batch(element, path[1:])
				} else {
					l.addJSON(element)
				}
			})
		case !jsontext.Value(content).IsValid(jsontext.AllowInvalidUTF8(true)):
			l.add(nil, jsonFault(content))
			return
		}
		if !closed {
			return
		}
		if at = skipSpace(text, end); at < len(text) && text[at] == ',' {
			at = skipSpace(text, at+1)
			continue
		}
		break
	}
	if l.full() {
		return
	}
	if at >= len(text) || text[at] != '}' {
		l.syntax(at, "the batch is cut short or its members are not separated")
	} else if at = skipSpace(text, at+1); at < len(text) {
		l.syntax(at, "data after the end of the batch")
	}
}
