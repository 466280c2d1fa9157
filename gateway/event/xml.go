package event

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// xmlScanner walks through the tags of XML text. It knows what rendered events
// use (elements, attributes, references, CDATA, comments, processing
// instructions) and refuses document types. Unlike encoding/xml it does not
// stop at an illegal character in a text: value.text replaces and reports it.
type xmlScanner struct {
	text  []byte
	at    int
	open  [][]byte // names of the open elements
	attrs []xmlAttr
}

// maxAttrs is how many attributes a tag may have; Windows writes two or three.
const maxAttrs = 32

type xmlAttr struct {
	name  []byte
	value value
}

// xmlTag is one start or end tag.
type xmlTag struct {
	name  []byte
	start int  // offset of its '<'
	end   bool // </name>
	empty bool // <name/>: start and end in one
}

// next gives the next tag, passing over text, comments, CDATA and processing
// instructions. At the end of the text tag.name is nil.
func (s *xmlScanner) next() (tag xmlTag, fault *Fault) {
	for {
		i := bytes.IndexByte(s.text[s.at:], '<')
		if i < 0 {
			s.at = len(s.text)
			return xmlTag{start: s.at}, nil
		}
		s.at += i
		rest := s.text[s.at:]
		aside, found := xmlAsideOf(rest)
		switch {
		case found && aside.size == 0:
			s.at = len(s.text)
			return tag, s.fault("cut short: no %s", aside.ends)
		case found:
			s.at += aside.size
		case bytes.HasPrefix(rest, []byte("<!")):
			return tag, s.fault("document type declarations are refused")
		case bytes.HasPrefix(rest, []byte("</")):
			return s.endTag()
		default:
			return s.startTag()
		}
	}
}

// xmlAside is what begins with '<' and is no tag: a comment, a CDATA section or
// a processing instruction.
type xmlAside struct {
	ends  string // how it has to end
	size  int    // of the whole; 0: it does not end
	cdata []byte // a CDATA section's text
}

// xmlAsideOf is the aside that b begins with, if it does. Where it ends is looked
// for behind what it begins with: "<!-->" is the beginning of a comment.
func xmlAsideOf(b []byte) (aside xmlAside, found bool) {
	for _, one := range [...]struct{ begins, ends string }{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}} {
		content, is := bytes.CutPrefix(b, []byte(one.begins))
		if !is {
			continue
		}
		aside.ends = one.ends
		if end := bytes.Index(content, []byte(one.ends)); end >= 0 {
			aside.size = len(one.begins) + end + len(one.ends)
			if one.begins == "<![CDATA[" {
				aside.cdata = content[:end]
			}
		}
		return aside, true
	}
	return aside, false
}

func (s *xmlScanner) endTag() (tag xmlTag, fault *Fault) {
	tag = xmlTag{start: s.at, end: true}
	s.at += len("</")
	tag.name = s.name()
	s.space()
	switch {
	case s.at >= len(s.text):
		return tag, s.fault("cut short inside an end tag")
	case s.text[s.at] != '>':
		return tag, s.fault("bad end tag")
	case len(s.open) == 0 || !bytes.Equal(s.open[len(s.open)-1], tag.name):
		return tag, s.fault("end tag %q closes nothing", clip(tag.name))
	}
	s.at++
	s.open = s.open[:len(s.open)-1]
	return tag, nil
}

func (s *xmlScanner) startTag() (tag xmlTag, fault *Fault) {
	tag = xmlTag{start: s.at}
	s.at++
	if tag.name = s.name(); len(tag.name) == 0 {
		return tag, s.fault("'<' begins no tag")
	}
	s.attrs = s.attrs[:0]
	for {
		spaced := s.space()
		if s.at >= len(s.text) {
			return tag, s.fault("cut short inside a tag")
		}
		switch c := s.text[s.at]; {
		case c == '>':
			s.at++
			if len(s.open) >= MaxDepth {
				return tag, &Fault{Reason: ReasonDepth, Detail: fmt.Sprintf("offset %d: nested deeper than %d", s.at, MaxDepth)}
			}
			s.open = append(s.open, tag.name)
			return tag, nil
		case c == '/':
			if s.at+1 >= len(s.text) || s.text[s.at+1] != '>' {
				return tag, s.fault("bad tag")
			}
			s.at += len("/>")
			tag.empty = true
			return tag, nil
		case !spaced:
			return tag, s.fault("bad tag")
		}
		if fault = s.attribute(); fault != nil {
			return tag, fault
		}
	}
}

func (s *xmlScanner) attribute() *Fault {
	name := s.name()
	s.space()
	if len(name) == 0 || s.at >= len(s.text) || s.text[s.at] != '=' {
		return s.fault("bad attribute")
	}
	s.at++
	s.space()
	if s.at >= len(s.text) || s.text[s.at] != '"' && s.text[s.at] != '\'' {
		return s.fault("attribute without quotes")
	}
	quote := s.text[s.at]
	s.at++
	end := bytes.IndexByte(s.text[s.at:], quote)
	if end < 0 {
		return s.fault("cut short inside an attribute")
	}
	raw := s.text[s.at : s.at+end]
	if len(s.attrs) == maxAttrs {
		return s.fault("more than %d attributes", maxAttrs)
	}
	if bytes.IndexByte(raw, '<') >= 0 {
		return s.fault("'<' inside an attribute")
	}
	for i := range s.attrs {
		if bytes.Equal(s.attrs[i].name, name) {
			return &Fault{Reason: ReasonDuplicateKey, Detail: fmt.Sprintf("offset %d: attribute %q is there twice", s.at, clip(name))}
		}
	}
	s.at += end + 1
	s.attrs = append(s.attrs, xmlAttr{name: name, value: value{raw: raw, form: formXML}})
	return nil
}

// attr is the last start tag's attribute of that name.
func (s *xmlScanner) attr(name string) value {
	for i := range s.attrs {
		if string(s.attrs[i].name) == name {
			return s.attrs[i].value
		}
	}
	return value{}
}

// name reads an element's or attribute's name; nil where there is none.
func (s *xmlScanner) name() []byte {
	start := s.at
	for s.at < len(s.text) && isNameByte(s.text[s.at], s.at == start) {
		s.at++
	}
	return s.text[start:s.at]
}

func isNameByte(c byte, first bool) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == ':', c >= utf8.RuneSelf:
		return true
	}
	return !first && (c >= '0' && c <= '9' || c == '-' || c == '.')
}

func (s *xmlScanner) space() (any bool) {
	for s.at < len(s.text) && isSpace(s.text[s.at]) {
		s.at++
		any = true
	}
	return any
}

func (s *xmlScanner) fault(format string, args ...any) *Fault {
	return &Fault{Reason: ReasonSyntax, Detail: fmt.Sprintf("offset %d: ", s.at) + fmt.Sprintf(format, args...)}
}

// clip keeps a name that somebody else wrote short enough to show.
func clip(name []byte) string {
	const most = 60
	if len(name) > most {
		return strings.ToValidUTF8(string(name[:most]), replacement) + "…"
	}
	return string(name)
}

// unescapeXML reads an element's content or an attribute: references and CDATA
// are resolved, comments and instructions left out, line ends become one line
// feed, as XML has it. An illegal character or reference becomes U+FFFD; an
// ampersand that begins no reference stays, and counts as mangled.
func unescapeXML(b []byte) (s string, mangled bool) {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		switch c := b[i]; {
		case c == '&':
			r, size := xmlReference(b[i:])
			switch {
			case size == 0:
				out, mangled, size = append(out, '&'), true, 1
			case !isLegal(r):
				out, mangled = append(out, replacement...), true
			default:
				out = utf8.AppendRune(out, r)
			}
			i += size
		case c == '<':
			aside, _ := xmlAsideOf(b[i:])
			if aside.size == 0 {
				return string(out), true
			}
			legal, bad := legalText(lineFeeds(aside.cdata))
			out, mangled = append(out, legal...), mangled || bad
			i += aside.size
		case c == '\r':
			out = append(out, '\n')
			if i++; i < len(b) && b[i] == '\n' {
				i++
			}
		default:
			var size int
			var replaced bool
			out, size, replaced = appendLegal(out, b[i:])
			mangled = mangled || replaced
			i += size
		}
	}
	return string(out), mangled
}

func lineFeeds(b []byte) []byte {
	if bytes.IndexByte(b, '\r') < 0 {
		return b
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
}

// xmlReference reads the reference that b begins with: its character and its
// length, 0 where it is none. A number that is no character gives a rune that
// is not legal.
func xmlReference(b []byte) (r rune, size int) {
	end := bytes.IndexByte(b[:min(len(b), 16)], ';')
	if end < 2 {
		return 0, 0
	}
	name := string(b[1:end])
	switch name {
	case "amp":
		return '&', end + 1
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	}
	digits, isNumber := strings.CutPrefix(name, "#")
	if !isNumber {
		return 0, 0
	}
	base := rune(10)
	if hex, found := strings.CutPrefix(digits, "x"); found {
		digits, base = hex, 16
	}
	if digits == "" {
		return 0, 0
	}
	for i := range len(digits) {
		digit, ok := hexDigit(digits[i])
		if !ok || rune(digit) >= base {
			return 0, 0
		}
		if r = r*base + rune(digit); r > utf8.MaxRune {
			r = 0xFFFF // stays illegal
		}
	}
	return r, end + 1
}
