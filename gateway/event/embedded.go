package event

import "bytes"

// isMarkup tells a JSON string that holds XML.
func isMarkup(ref jsonRef) bool {
	v := ref.value()
	if ref.kind() != jsonString || len(v.raw) == 0 {
		return false
	}
	text := bytes.TrimLeft(v.raw, " \t\r\n")
	if v.form == formEscaped { // the only escapes it may begin with are those of blanks
		text = bytes.TrimSpace([]byte(v.string()))
	}
	return len(text) > 0 && text[0] == '<'
}

// embeddedXML reads the one rendered <Event> that a JSON string holds.
func (r *record) embeddedXML(shape Shape, v value) *Fault {
	scanner := xmlScanners.Get().(*xmlScanner)
	defer scanner.release()
	scanner.text = bytes.TrimSpace([]byte(v.string()))
	tag, fault := scanner.next()
	switch {
	case fault != nil:
		return fault
	case string(tag.name) != "Event" || tag.end || strayText(scanner.text[:tag.start]) != "":
		return &Fault{Reason: ReasonShape, Detail: string(shape) + ": the text is not one <Event>"}
	}
	if !tag.empty {
		scanner.at = tag.start
		scanner.open = scanner.open[:len(scanner.open)-1]
		if fault := scanner.eventXML(r); fault != nil {
			return fault
		}
	}
	if extra := strayText(scanner.text[scanner.at:]); extra != "" {
		return &Fault{Reason: ReasonSyntax, Detail: string(shape) + ": text after the <Event>: " + extra}
	}
	r.shape, r.embedded = shape, true
	return nil
}

// embeddedJSON reads the record in the event XML's structure that a JSON string
// holds as JSON.
func (r *record) embeddedJSON(v value) *Fault {
	text := []byte(v.string())
	document := &jsonDocument{} // r goes on referring to its text
	if fault := parseJSON(bytes.TrimSpace(text), document); fault != nil {
		if fault.Reason == ReasonSyntax {
			return unknownShape // a body that is any text
		}
		return fault
	}
	system, data := document.root().at("Event", "System"), document.root().at("Event", "EventData")
	if system.kind() != jsonObject {
		return unknownShape
	}
	r.structured(system, data)
	r.embedded = true
	return nil
}
