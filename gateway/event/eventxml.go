package event

import (
	"bytes"
	"fmt"
	"sync"
)

var xmlScanners = sync.Pool{New: func() any { return &xmlScanner{} }}

// release empties the scanner, so that it holds no message, and keeps it for the
// next one.
func (s *xmlScanner) release() {
	clear(s.open[:cap(s.open)])
	clear(s.attrs[:cap(s.attrs)])
	*s = xmlScanner{open: s.open[:0], attrs: s.attrs[:0]}
	xmlScanners.Put(s)
}

// eventXML reads one <Event> as Windows renders it (wevtutil, Windows Event
// Collector, XmlWinEventLog …). The scanner stands at its '<'.
//
//	Event / System / Provider@Name EventID TimeCreated@SystemTime EventRecordID Channel Computer
//	Event / EventData / Data@Name …, Data (classic providers), Binary
//	Event / RenderingInfo / Message
func (s *xmlScanner) eventXML(r *record) *Fault {
	r.shape, r.utc, r.repeats = ShapeEventXML, true, true
	base := len(s.open)
	var section []byte // the child of Event that is open
	var leaf xmlTag    // the last start tag inside it
	var name value     // its Name attribute
	content := -1      // where the leaf's content begins; -1 where it is none
	for {
		tag, fault := s.next()
		switch {
		case fault != nil:
			return fault
		case tag.name == nil:
			return s.fault("cut short: no </Event>")
		}
		depth := len(s.open) - base
		if !tag.end && !tag.empty {
			depth-- // the depth the element itself stands at
		}
		switch {
		case tag.end && depth == 0:
			return nil
		case tag.empty && depth == 0:
			return nil
		case depth == 1 && !tag.end:
			section = tag.name
		case depth == 2 && !tag.end:
			leaf, name, content = tag, s.attr("Name"), s.at
			if string(section) == "System" {
				if fault := r.systemAttributes(tag.name, s); fault != nil {
					return fault
				}
			}
			if tag.empty {
				if fault := r.leaf(section, tag.name, name, nil); fault != nil {
					return fault
				}
				content = -1
			}
		case depth == 2 && tag.end && content >= 0:
			if fault := r.leaf(section, leaf.name, name, s.text[content:tag.start]); fault != nil {
				return fault
			}
			content = -1
		case depth > 2:
			content = -1 // an element with elements inside is no fact
		}
	}
}

// systemAttributes takes the header facts that are attributes.
func (r *record) systemAttributes(name []byte, s *xmlScanner) *Fault {
	switch string(name) {
	case "Provider":
		return r.once(&r.provider, s.attr("Name"), name)
	case "TimeCreated":
		return r.once(&r.times[0], s.attr("SystemTime"), name)
	}
	return nil
}

// leaf takes one element that holds nothing but text.
func (r *record) leaf(section, name []byte, label value, content []byte) *Fault {
	v := value{raw: content, form: formXML}
	switch string(section) {
	case "System":
		v.raw = bytes.TrimSpace(content)
		switch string(name) {
		case "EventID":
			return r.once(&r.eventID, v, name)
		case "EventRecordID":
			return r.once(&r.recordID, v, name)
		case "Channel":
			return r.once(&r.channel, v, name)
		case "Computer":
			return r.once(&r.host, v, name)
		}
	case "EventData":
		switch string(name) {
		case "Data":
			r.add(labelName(label), v)
		case "Binary":
			r.add(name, v)
		}
	case "RenderingInfo":
		if string(name) == "Message" {
			return r.once(&r.message, v, name)
		}
	}
	return nil
}

// labelName is a Data element's name; nil of a classic provider's.
func labelName(label value) []byte {
	if !label.present() {
		return nil
	}
	if !label.marked() {
		return label.raw
	}
	return []byte(label.string())
}

// once sets a header fact; parsers differ on which counts where one is there
// twice.
func (r *record) once(to *value, v value, name []byte) *Fault {
	if to.present() {
		return &Fault{Reason: ReasonDuplicateKey, Detail: fmt.Sprintf("%s: %q is there twice", r.shape, clip(name))}
	}
	*to = v
	return nil
}
