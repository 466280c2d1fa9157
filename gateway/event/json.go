package event

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep a record's objects, arrays or elements may nest. Real
// records need at most 8.
const MaxDepth = 64

// jsonKind is what a JSON value is.
type jsonKind uint8

const (
	jsonNone jsonKind = iota // no such member
	jsonObject
	jsonArray
	jsonString
	jsonNumber
	jsonTrue
	jsonFalse
	jsonNull
)

// jsonNode is one value of a parsed record; its children are a linked list in
// the document's arena. It refers to the text by offsets, so that neither
// writing nor collecting it costs the runtime anything.
type jsonNode struct {
	name, nameEnd int32 // member name between its quotes; empty inside arrays
	raw, rawEnd   int32 // a string's text between its quotes, a number's digits
	child         int32 // first child, 0 for none (node 0 is the root, nobody's child)
	next          int32 // next sibling, 0 for none
	kind          jsonKind
	nameEscaped   bool // the name holds backslash escapes
	escaped       bool // so does raw
}

// jsonDocument is one parsed JSON record. It refers to the message's bytes.
type jsonDocument struct {
	text  []byte
	nodes []jsonNode
}

var jsonDocuments = sync.Pool{New: func() any { return &jsonDocument{nodes: make([]jsonNode, 0, 128)} }}

// newJSONDocument gives a document for parseJSON, which release takes back.
func newJSONDocument() *jsonDocument { return jsonDocuments.Get().(*jsonDocument) }

func (d *jsonDocument) release() {
	d.text = nil
	jsonDocuments.Put(d)
}

// parseJSON reads exactly one JSON value. jsontext judges the structure: one
// value, nothing after it, no name twice in an object. What is wrong inside a
// string (raw control characters, bad UTF-8, lone surrogates) is no fault: it
// stays in raw, and value.text replaces and reports it.
func parseJSON(text []byte, document *jsonDocument) *Fault {
	if !jsontext.Value(text).IsValid(jsontext.AllowInvalidUTF8(true)) {
		patched, changed := withoutRawControls(text)
		if !changed || !jsontext.Value(patched).IsValid(jsontext.AllowInvalidUTF8(true)) {
			return jsonFault(patched)
		}
	}
	document.text, document.nodes = text, document.nodes[:0]
	walker := jsonWalker{text: text, document: document}
	if !walker.value(jsonNode{}, 1) {
		return &Fault{Reason: ReasonDepth, Detail: fmt.Sprintf("offset %d: nested deeper than %d", walker.at, MaxDepth)}
	}
	return nil
}

// jsonFault says why text is not one JSON value.
func jsonFault(text []byte) *Fault {
	decoder := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowInvalidUTF8(true))
	_, err := decoder.ReadValue()
	if err == nil {
		return &Fault{Reason: ReasonSyntax, Detail: fmt.Sprintf("offset %d: data after the end of the JSON value", decoder.InputOffset())}
	}
	offset, where := int64(len(text)), ""
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		offset, where = syntactic.ByteOffset, string(syntactic.JSONPointer)
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &Fault{Reason: ReasonDuplicateKey, Detail: fmt.Sprintf("offset %d: name %s is there twice", offset, printable(where))}
	case deeperThan(text, MaxDepth):
		return &Fault{Reason: ReasonDepth, Detail: fmt.Sprintf("nested deeper than %d", MaxDepth)}
	case syntactic == nil || errors.Is(err, io.ErrUnexpectedEOF):
		return &Fault{Reason: ReasonSyntax, Detail: fmt.Sprintf("offset %d: cut short: unexpected end of the JSON text", offset)}
	}
	return &Fault{Reason: ReasonSyntax, Detail: fmt.Sprintf("offset %d: %v", offset, syntactic.Err)}
}

// printable keeps a pointer that an attacker may have written short and on one
// line.
func printable(pointer string) string {
	const most = 120
	if len(pointer) > most {
		pointer = pointer[:most] + "…"
	}
	return fmt.Sprintf("%q", strings.ToValidUTF8(pointer, "\uFFFD"))
}

// deeperThan reports whether brackets nest deeper than limit anywhere in text.
func deeperThan(text []byte, limit int) bool {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = stringEnd(text, i)
		case '{', '[':
			if depth++; depth > limit {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}

// stringEnd gives the offset of the quote that ends the string opened at i, or
// len(text) where it is cut short.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}

// jsonWalker builds the nodes of a text that jsontext has found valid, so it
// checks nothing but the depth.
type jsonWalker struct {
	text     []byte
	at       int
	document *jsonDocument
}

// value reads one value at w.at into node, which has its name already, and
// reports false where it nests too deep.
func (w *jsonWalker) value(node jsonNode, depth int) bool {
	if depth > MaxDepth {
		return false
	}
	w.space()
	switch w.text[w.at] {
	case '{':
		node.kind = jsonObject
	case '[':
		node.kind = jsonArray
	case '"':
		node.kind = jsonString
		node.raw, node.rawEnd, node.escaped = w.string()
	case 't':
		node.kind = jsonTrue
		w.at += len("true")
	case 'f':
		node.kind = jsonFalse
		w.at += len("false")
	case 'n':
		node.kind = jsonNull
		w.at += len("null")
	default:
		node.kind, node.raw = jsonNumber, int32(w.at)
		for w.at < len(w.text) && isNumberByte(w.text[w.at]) {
			w.at++
		}
		node.rawEnd = int32(w.at)
	}
	w.document.nodes = append(w.document.nodes, node)
	if node.kind == jsonObject || node.kind == jsonArray {
		return w.children(len(w.document.nodes)-1, node.kind, depth)
	}
	return true
}

// children reads the members of the object, or elements of the array, parent.
func (w *jsonWalker) children(parent int, kind jsonKind, depth int) bool {
	w.at++ // the opening bracket
	last := -1
	for {
		w.space()
		switch w.text[w.at] {
		case '}', ']':
			w.at++
			return true
		case ',':
			w.at++
			w.space()
		}
		var node jsonNode
		if kind == jsonObject {
			node.name, node.nameEnd, node.nameEscaped = w.string()
			w.space()
			w.at++ // the colon
		}
		child := len(w.document.nodes)
		if last < 0 {
			w.document.nodes[parent].child = int32(child)
		} else {
			w.document.nodes[last].next = int32(child)
		}
		last = child
		if !w.value(node, depth+1) {
			return false
		}
	}
}

// string reads the string at w.at and gives where the text between its quotes
// lies.
func (w *jsonWalker) string() (start, end int32, escaped bool) {
	i := w.at + 1
	start = int32(i)
	for {
		switch w.text[i] {
		case '"':
			w.at = i + 1
			return start, int32(i), escaped
		case '\\':
			escaped = true
			i++
		}
		i++
	}
}

func (w *jsonWalker) space() {
	for w.at < len(w.text) && isSpace(w.text[w.at]) {
		w.at++
	}
}

// isSpace reports JSON's and XML's white space; they have the same.
func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func isNumberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}
