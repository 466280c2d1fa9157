package event

// jsonRef points at a value of a document; the zero jsonRef is "no such
// member", and every look-up in it finds nothing, so that a path of names can
// be followed without a test at each step.
type jsonRef struct {
	document *jsonDocument
	index    int32
}

// root is the document's outermost value.
func (d *jsonDocument) root() jsonRef { return jsonRef{document: d} }

func (r jsonRef) node() *jsonNode { return &r.document.nodes[r.index] }

func (r jsonRef) kind() jsonKind {
	if r.document == nil {
		return jsonNone
	}
	return r.node().kind
}

// member is the object's member of that exact name.
func (r jsonRef) member(name string) jsonRef {
	if r.kind() != jsonObject {
		return jsonRef{}
	}
	d := r.document
	for i := d.nodes[r.index].child; i != 0; {
		node := &d.nodes[i]
		if node.nameEscaped {
			if string(d.name(node)) == name {
				return jsonRef{document: d, index: i}
			}
		} else if int(node.nameEnd-node.name) == len(name) && string(d.text[node.name:node.nameEnd]) == name {
			return jsonRef{document: d, index: i}
		}
		i = node.next
	}
	return jsonRef{}
}

// name is a member's name, without its escapes.
func (d *jsonDocument) name(node *jsonNode) []byte {
	raw := d.text[node.name:node.nameEnd]
	if node.nameEscaped {
		return []byte(value{raw: raw, form: formEscaped}.string())
	}
	return raw
}

// at follows a path of member names.
func (r jsonRef) at(names ...string) jsonRef {
	for _, name := range names {
		r = r.member(name)
	}
	return r
}

// each calls yield for every child of an object or array, in order.
func (r jsonRef) each(yield func(child jsonRef)) {
	if kind := r.kind(); kind != jsonObject && kind != jsonArray {
		return
	}
	for i := r.node().child; i != 0; i = r.document.nodes[i].next {
		yield(jsonRef{document: r.document, index: i})
	}
}

// name is the member's name inside its object.
func (r jsonRef) name() []byte { return r.document.name(r.node()) }

// value is the scalar itself; objects, arrays and null are an absent value.
func (r jsonRef) value() value {
	kind := r.kind()
	switch kind {
	case jsonString, jsonNumber:
		node := r.node()
		v := value{raw: r.document.text[node.raw:node.rawEnd], form: formPlain}
		switch {
		case kind == jsonNumber:
			v.form = formNumber
		case node.escaped:
			v.form = formEscaped
		}
		return v
	case jsonTrue:
		return value{raw: literalTrue, form: formPlain}
	case jsonFalse:
		return value{raw: literalFalse, form: formPlain}
	}
	return value{}
}

var (
	literalTrue  = []byte("true")
	literalFalse = []byte("false")
)
