package event

import (
	"bytes"
	"fmt"
)

// decodeXML reads one <Event>, several, or an <Events> of them, with or without
// an XML declaration. Each <Event> is cut out first: it ends where the next
// begins, unless it nests, so that one with a fault does not hide the others.
func decodeXML(text []byte) ([]Record, *Fault) {
	scanner := xmlScanners.Get().(*xmlScanner)
	defer scanner.release()
	scanner.text = text

	var list recordList
	wrapped, started := false, false
	for !list.full() {
		before := scanner.at
		tag, fault := scanner.next()
		if fault == nil {
			if stray := strayText(text[before:tag.start]); stray != "" {
				list.add(nil, &Fault{Reason: ReasonSyntax, Detail: fmt.Sprintf("offset %d: text outside of any Event: %s", before, stray)})
			}
		}
		isEvent := string(tag.name) == "Event" && !tag.end
		switch {
		case fault != nil:
		case tag.name == nil:
			if wrapped && len(scanner.open) > 0 {
				list.add(nil, scanner.fault("cut short: no </Events>"))
			}
			return list.done()
		case isEvent:
			started = true
			if fault = decodeEventXML(scanner, tag, &list); fault == nil {
				continue
			}
		case !started && string(tag.name) == "Events" && !tag.end:
			wrapped, started = true, true
			continue
		case wrapped && tag.end:
			continue // </Events>
		case !started:
			return nil, &Fault{Reason: ReasonShape, Detail: fmt.Sprintf("root element %q is neither Event nor Events", clip(tag.name))}
		default:
			fault = &Fault{Reason: ReasonShape, Detail: fmt.Sprintf("offset %d: element %q where an Event is expected", tag.start, clip(tag.name))}
		}
		from := before
		if isEvent {
			from = tag.start + 1
			if fault.Reason == ReasonDepth {
				from = eventEnd(text, tag.start)
			}
		}
		return resumeXML(text, nextEvent(text, from), wrapped, &list, fault)
	}
	return list.done()
}

// decodeEventXML reads the Event whose start tag was just read. A fault of the
// record (absent field, repeated name) is added to the list; one of the XML is
// given back, since the scanner no longer knows where it is.
func decodeEventXML(scanner *xmlScanner, tag xmlTag, list *recordList) *Fault {
	r := newRecord()
	defer r.release()
	if !tag.empty {
		// The record begins at its start tag again, so that its depth is its own.
		scanner.at = tag.start
		scanner.open = scanner.open[:len(scanner.open)-1]
		if fault := scanner.eventXML(r); fault != nil {
			return fault
		}
	}
	if size := scanner.at - tag.start; size > MaxRecordSize {
		list.add(nil, tooLong(size))
		return nil
	}
	list.add(r.event())
	list.records[len(list.records)-1].Text = scanner.text[tag.start:scanner.at]
	return nil
}

// resumeXML goes on after a fault: what was faulty is one record, and every
// "<Event" from next on begins another, which ends where the following begins.
func resumeXML(text []byte, next int, wrapped bool, list *recordList, fault *Fault) ([]Record, *Fault) {
	if len(list.records) == 0 && next >= len(text) {
		return soleRecord(fault)
	}
	list.add(nil, fault)
	for next < len(text) && !list.full() {
		start := next
		next = nextEvent(text, start+1)
		chunk := text[start:next]
		if wrapped && next >= len(text) {
			if end := bytes.LastIndex(chunk, []byte("</Events")); end >= 0 {
				chunk = chunk[:end]
			}
		}
		scanner := xmlScanner{text: chunk}
		tag, fault := scanner.next()
		if fault == nil {
			fault = decodeEventXML(&scanner, tag, list)
		}
		if fault != nil {
			list.add(nil, fault)
		} else if extra := strayText(chunk[scanner.at:]); extra != "" {
			list.add(nil, &Fault{Reason: ReasonSyntax, Detail: "text outside of any Event: " + extra})
		}
	}
	return list.done()
}

// nextEvent is the offset of the next "<Event" start tag at or after at.
func nextEvent(text []byte, at int) int {
	const open = "<Event"
	for at < len(text) {
		i := bytes.Index(text[at:], []byte(open))
		if i < 0 {
			return len(text)
		}
		at += i
		if end := at + len(open); end < len(text) && (isSpace(text[end]) || text[end] == '>' || text[end] == '/') {
			return at
		}
		at++
	}
	return len(text)
}

// eventEnd is the offset after the end tag of the Event that begins at start,
// counting only the tags of that name; len(text) where it has none.
func eventEnd(text []byte, start int) int {
	const endTag = "</Event>"
	depth, at := 1, start+1
	for depth > 0 {
		end := bytes.Index(text[at:], []byte(endTag))
		if end < 0 {
			return len(text)
		}
		end += at
		for at = nextEvent(text[:end], at); at < end; at = nextEvent(text[:end], at+1) {
			depth++
		}
		depth--
		at = end + len(endTag)
	}
	return at
}

// strayText is what text holds besides white space, comments and processing
// instructions, shortened.
func strayText(text []byte) string {
	for {
		text = bytes.TrimSpace(text)
		aside, found := xmlAsideOf(text)
		switch {
		case len(text) == 0, found && aside.size == 0: // which is a fault of its own
			return ""
		case !found, aside.cdata != nil:
			return fmt.Sprintf("%q", clip(text))
		}
		text = text[aside.size:]
	}
}
