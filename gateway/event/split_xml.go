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
	defer xmlScanners.Put(scanner)
	*scanner = xmlScanner{text: text, open: scanner.open[:0], attrs: scanner.attrs[:0]}
	defer func() { scanner.text = nil }()

	var list recordList
	wrapped, started := false, false
	for !list.full() {
		before := scanner.at
		tag, fault := scanner.next()
		switch {
		case fault == nil && tag.name == nil:
			if wrapped && len(scanner.open) > 0 {
				list.add(nil, scanner.fault("cut short: no </Events>"))
			}
			if extra := strayText(text[before:]); extra != "" {
				list.add(nil, &Fault{Reason: ReasonSyntax, Detail: fmt.Sprintf("offset %d: text outside of any Event: %s", before, extra)})
			}
			return list.done()
		case fault == nil && !started && !wrapped && string(tag.name) == "Events" && !tag.end:
			wrapped, started = true, true
			continue
		case fault == nil && wrapped && tag.end:
			continue // </Events>
		case fault == nil && string(tag.name) == "Event" && !tag.end:
			started = true
			fault = decodeEventXML(scanner, tag, &list)
			if fault == nil {
				continue
			}
		case fault == nil && !started:
			return nil, &Fault{Reason: ReasonShape, Detail: fmt.Sprintf("root element %q is neither Event nor Events", clip(tag.name))}
		case fault == nil:
			fault = &Fault{Reason: ReasonShape, Detail: fmt.Sprintf("offset %d: element %q where an Event is expected", tag.start, clip(tag.name))}
		}
		return resumeXML(text, before, wrapped, &list, fault)
	}
	return list.done()
}

// decodeEventXML reads the Event whose start tag was just read. A fault of the
// record (absent field, repeated name) is added to the list; one of the XML is
// given back, since the scanner no longer knows where it is.
func decodeEventXML(scanner *xmlScanner, tag xmlTag, list *recordList) *Fault {
	r := records.Get().(*record)
	defer records.Put(r)
	r.reset()
	if !tag.empty {
		// The record begins at its start tag again, so that its depth is its own.
		scanner.at = tag.start
		scanner.open = scanner.open[:len(scanner.open)-1]
		if fault := scanner.eventXML(r); fault != nil && fault.Reason != ReasonDuplicateKey {
			return fault
		} else if fault != nil {
			return fault
		}
	}
	if size := scanner.at - tag.start; size > MaxRecordSize {
		list.add(nil, tooLong(size))
		return nil
	}
	list.add(r.event())
	return nil
}

// resumeXML goes on after a fault: the faulty stretch is one record, and every
// following "<Event" begins another, which ends where the next one begins.
func resumeXML(text []byte, at int, wrapped bool, list *recordList, fault *Fault) ([]Record, *Fault) {
	next := nextEvent(text, at+1)
	if at < len(text) && nextEvent(text, at) != at {
		next = nextEvent(text, nextEvent(text, at)+1)
	}
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

// strayText is what text holds besides white space and comments, shortened.
func strayText(text []byte) string {
	text = bytes.TrimSpace(text)
	for bytes.HasPrefix(text, []byte("<!--")) {
		_, rest, found := bytes.Cut(text, []byte("-->"))
		if !found {
			break
		}
		text = bytes.TrimSpace(rest)
	}
	if len(text) == 0 {
		return ""
	}
	return fmt.Sprintf("%q", clip(text))
}
