package event

import (
	"bytes"
	"fmt"
)

// recordList collects a message's records in order.
type recordList struct {
	records []Record
}

func (l *recordList) add(e *Event, fault *Fault) {
	l.records = append(l.records, Record{Index: len(l.records), Event: e, Fault: fault})
}

// full reports that the message carries more records than one may.
func (l *recordList) full() bool { return len(l.records) > MaxRecords }

func (l *recordList) done() ([]Record, *Fault) {
	if l.full() {
		return nil, &Fault{Reason: ReasonSize, Detail: fmt.Sprintf("message carries more than %d records", MaxRecords)}
	}
	return l.records, nil
}

// addObject adds what text, one JSON object, holds: a record, or a batch of them.
func (l *recordList) addObject(text []byte) {
	if path := batchPath(text); path != nil {
		l.batch(text, path)
		return
	}
	l.addJSON(text)
}

// addJSON adds one record.
func (l *recordList) addJSON(text []byte) {
	l.add(decodeJSON(text))
	l.records[len(l.records)-1].Text = text
}

// decodeObjects reads text that begins with an object: one, or one a line, or
// several after each other.
func decodeObjects(text []byte) ([]Record, *Fault) {
	var list recordList
	var fault *Fault
	if path := batchPath(text); path != nil {
		if isBalanced(text) {
			list.batch(text, path)
			return list.done()
		}
	} else {
		var e *Event
		if e, fault = decodeJSON(text); fault == nil {
			return []Record{{Event: e, Text: text}}, nil
		}
	}
	for chunk := range objectChunks(text) {
		if len(list.records) == 0 && len(chunk) == len(text) && fault != nil {
			return soleRecord(fault)
		}
		list.addObject(chunk)
		if list.full() {
			break
		}
	}
	if len(list.records) == 1 && list.records[0].Fault != nil {
		return soleRecord(list.records[0].Fault) // a batch that is cut short before its first record ends
	}
	return list.done()
}

// soleRecord is the result for a message whose only record has a fault: its
// own, unless it cannot even be said where the record ends.
func soleRecord(fault *Fault) ([]Record, *Fault) {
	if fault.Reason == ReasonSyntax || fault.Reason == ReasonDepth {
		return nil, fault
	}
	return []Record{{Fault: fault}}, nil
}

// objectChunks cuts text into the records it holds. If some line is a whole
// object, every line is a record (NDJSON); otherwise a record begins at every
// line that begins with a brace, which indented objects written one after the
// other have nowhere else. So a record that is cut short ends where the next
// begins, and the work is linear in the text whatever it holds.
func objectChunks(text []byte) func(yield func([]byte) bool) {
	byLine := false
	for line := range bytes.Lines(text) {
		if line[0] == '{' && isBalanced(bytes.TrimSpace(line)) {
			byLine = true
			break
		}
	}
	return func(yield func([]byte) bool) {
		start, at := 0, 0
		for line := range bytes.Lines(text) {
			if at > start && (byLine || line[0] == '{') {
				if chunk := bytes.TrimSpace(text[start:at]); len(chunk) > 0 && !yield(chunk) {
					return
				}
				start = at
			}
			at += len(line)
		}
		if chunk := bytes.TrimSpace(text[start:]); len(chunk) > 0 {
			yield(chunk)
		}
	}
}

// isBalanced reports that the bracket text begins with closes at its end.
func isBalanced(text []byte) bool {
	end, closed := valueEnd(text, 0)
	return closed && end == len(text)
}

// valueEnd gives the offset after the value that begins at i, by its brackets
// and quotes alone; what stands between is judged later. closed is false where
// the text ends first.
func valueEnd(text []byte, i int) (end int, closed bool) {
	depth := 0
	for ; i < len(text); i++ {
		switch text[i] {
		case '"':
			if i = stringEnd(text, i); i >= len(text) {
				return len(text), false
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i, true
			}
			if depth == 0 {
				return i + 1, true
			}
		case ',':
			if depth == 0 {
				return i, true
			}
		}
	}
	return len(text), false
}

// decodeArray reads a JSON array of records. An array that is cut short gives
// the elements before the cut and one Fault for it.
func decodeArray(text []byte) ([]Record, *Fault) {
	var list recordList
	list.elements(text, list.addObject)
	if len(list.records) == 1 && list.records[0].Fault != nil && !isBalanced(text) {
		return nil, list.records[0].Fault
	}
	return list.done()
}

// elements gives each element of the array text to take. They are cut apart by
// their brackets, so that one with a fault does not hide the others.
func (l *recordList) elements(text []byte, take func(element []byte)) {
	at := skipSpace(text, 1)
	if at < len(text) && text[at] == ']' {
		at++
	} else {
		for !l.full() {
			end, closed := valueEnd(text, at)
			element := bytes.TrimSpace(text[at:end])
			if !closed {
				l.add(nil, jsonFault(element))
				return
			}
			take(element)
			at = skipSpace(text, end)
			if at < len(text) && text[at] == ',' {
				at = skipSpace(text, at+1)
				continue
			}
			break
		}
		if l.full() {
			return
		}
		if at >= len(text) || text[at] != ']' {
			l.syntax(at, "the array is cut short or its elements are not separated")
			return
		}
		at++
	}
	if at = skipSpace(text, at); at < len(text) {
		l.syntax(at, "data after the end of the array")
	}
}

func (l *recordList) syntax(at int, what string) {
	l.add(nil, &Fault{Reason: ReasonSyntax, Detail: fmt.Sprintf("offset %d: %s", at, what)})
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	return i
}
