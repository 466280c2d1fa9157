package governance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is one governance file: the value that the schema sees, and the
// YAML nodes that know the line of everything.
type document struct {
	kind    string // installers, signers, …: the name of the file and of its only key
	root    *yaml.Node
	value   any
	entries []entry
}

// entry is one element of a document's list.
type entry struct {
	file string
	name string // its id, or #n (from 1) where it has none that can be read
	node *yaml.Node
}

func fileName(kind string) string { return kind + ".yaml" }

// yamlLine finds the line in the YAML library's own messages.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// parseDocument reads a file into nodes and the plain value of them. What YAML
// allows and a reviewer can be deceived by is a problem: duplicate keys,
// anchors, merge keys, tags, a second document.
func parseDocument(kind string, content []byte) (document, Problems) {
	d := document{kind: kind}
	file := fileName(kind)
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var root, second yaml.Node
	if err := decoder.Decode(&root); err != nil {
		if errors.Is(err, io.EOF) {
			return d, Problems{{File: file, Line: 1, Why: "the file is empty", Want: kind + ": [] where there is no entry"}}
		}
		return d, Problems{syntaxProblem(file, err)}
	}
	if err := decoder.Decode(&second); err == nil {
		return d, Problems{{File: file, Line: second.Line, Why: "a second YAML document begins", Want: "one document a file"}}
	} else if !errors.Is(err, io.EOF) {
		return d, Problems{syntaxProblem(file, err)}
	}
	if len(root.Content) == 0 {
		return d, Problems{{File: file, Line: 1, Why: "the file is empty", Want: kind + ": [] where there is no entry"}}
	}
	d.root = root.Content[0]
	d.entries = d.listEntries()

	reader := valueReader{document: &d}
	d.value = reader.value(d.root, nil)
	return d, reader.problems
}

func syntaxProblem(file string, err error) Problem {
	p := Problem{File: file, Why: "not YAML: " + err.Error()}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		// The library names the line on which what it was reading began.
		p.Line, _ = strconv.Atoi(m[1])
		p.Why = "not YAML, here or in what begins here: " + m[2]
	}
	return p
}

func (d *document) listEntries() []entry {
	list := mapValue(d.root, d.kind)
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	entries := make([]entry, 0, len(list.Content))
	for i, node := range list.Content {
		e := entry{file: fileName(d.kind), name: "#" + strconv.Itoa(i+1), node: node}
		if id := mapValue(node, "id"); id != nil && id.Kind == yaml.ScalarNode && id.Value != "" {
			e.name = id.Value
		}
		entries = append(entries, e)
	}
	return entries
}

// mapValue is the value of key in a mapping, nil where there is none.
func mapValue(node *yaml.Node, key string) *yaml.Node {
	_, value := mapPair(node, key)
	return value
}

func mapPair(node *yaml.Node, key string) (name, value *yaml.Node) {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Kind == yaml.ScalarNode && node.Content[i].Value == key {
			return node.Content[i], node.Content[i+1]
		}
	}
	return nil, nil
}

// valueReader turns nodes into the plain value that a JSON Schema is held to.
type valueReader struct {
	document *document
	problems Problems
}

func (r *valueReader) refuse(node *yaml.Node, path []string, why, want string) {
	p := r.document.problemAt(path)
	p.Line, p.Why, p.Want = node.Line, why, want
	r.problems = append(r.problems, p)
}

// value keeps every scalar but booleans and null as its text: a hash that
// happens to be all digits, or a date, is text here whatever YAML takes it for.
func (r *valueReader) value(node *yaml.Node, path []string) any {
	if node.Anchor != "" || node.Kind == yaml.AliasNode {
		r.refuse(node, path, "anchors and aliases are refused: a reviewer must see a value where it counts", "the value itself")
	}
	if node.Style&yaml.TaggedStyle != 0 {
		r.refuse(node, path, fmt.Sprintf("the tag %s is refused", node.Tag), "the value without a tag, in quotes if it must be text")
	}
	switch node.Kind {
	case yaml.MappingNode:
		object := make(map[string]any, len(node.Content)/2)
		lines := make(map[string]int, len(node.Content)/2)
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, child := node.Content[i], node.Content[i+1]
			switch {
			case key.Kind != yaml.ScalarNode:
				r.refuse(key, path, "a key that is not plain text", "a field's name; put text with braces or brackets in quotes")
				continue
			case key.Tag == "!!merge":
				r.refuse(key, path, "merge keys (<<) are refused: a reviewer must see a value where it counts", "the fields themselves")
				continue
			case lines[key.Value] > 0:
				r.refuse(key, append(path, key.Value), fmt.Sprintf("the key is already there in line %d", lines[key.Value]), "each key once")
				continue
			}
			lines[key.Value] = key.Line
			object[key.Value] = r.value(child, append(path, key.Value))
		}
		return object
	case yaml.SequenceNode:
		list := make([]any, 0, len(node.Content))
		for i, child := range node.Content {
			list = append(list, r.value(child, append(path, strconv.Itoa(i))))
		}
		return list
	case yaml.ScalarNode:
		switch node.Tag {
		case "!!null":
			return nil
		case "!!bool":
			return strings.EqualFold(node.Value, "true")
		}
		return node.Value
	}
	return nil
}

// problemAt starts a Problem for the place that a path of keys and positions leads to.
func (d *document) problemAt(path []string) Problem {
	p := Problem{File: fileName(d.kind)}
	if d.root != nil {
		p.Line = d.root.Line
	}
	node := d.root
	for i, key := range path {
		if node == nil {
			break
		}
		switch node.Kind {
		case yaml.MappingNode:
			name, value := mapPair(node, key)
			if name != nil {
				p.Line = name.Line
			}
			node = value
			if i >= 2 {
				if p.Field != "" {
					p.Field += "."
				}
				p.Field += key
			} else {
				p.Field = key
			}
		case yaml.SequenceNode:
			n, err := strconv.Atoi(key)
			if err != nil || n < 0 || n >= len(node.Content) {
				return p
			}
			node = node.Content[n]
			p.Line = node.Line
			if i == 1 && n < len(d.entries) {
				p.Entry, p.Field = d.entries[n].name, ""
			} else {
				p.Field += "[" + key + "]"
			}
		default:
			node = nil
		}
	}
	return p
}

// at starts a Problem for a node of the entry.
func (e entry) at(node *yaml.Node, field string) Problem {
	line := e.node.Line
	if node != nil {
		line = node.Line
	}
	return Problem{File: e.file, Line: line, Entry: e.name, Field: field}
}

// text is a scalar field's value, "" where there is none.
func (e entry) text(field string) string {
	if node := mapValue(e.node, field); node != nil && node.Kind == yaml.ScalarNode && node.Tag != "!!null" {
		return node.Value
	}
	return ""
}

// fact is one value of a list field and where it stands.
type fact struct {
	text  string
	field string // e.g. sources[1]
	node  *yaml.Node
}

// facts are the scalars of a list field; path leads there, e.g. narrow, images.
// What is no text has been refused by the schema already and is passed over.
func (e entry) facts(path ...string) []fact {
	node := e.node
	for _, key := range path {
		node = mapValue(node, key)
	}
	return listFacts(node, strings.Join(path, "."))
}

func listFacts(node *yaml.Node, field string) []fact {
	if node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	facts := make([]fact, 0, len(node.Content))
	for i, item := range node.Content {
		if item.Kind == yaml.ScalarNode {
			facts = append(facts, fact{text: item.Value, field: field + "[" + strconv.Itoa(i) + "]", node: item})
		}
	}
	return facts
}

// nodeAt is the node that a path of keys and positions leads to, nil where there is none.
func (d *document) nodeAt(path []string) *yaml.Node {
	node := d.root
	for _, key := range path {
		if node == nil {
			return nil
		}
		switch node.Kind {
		case yaml.MappingNode:
			node = mapValue(node, key)
		case yaml.SequenceNode:
			n, err := strconv.Atoi(key)
			if err != nil || n < 0 || n >= len(node.Content) {
				return nil
			}
			node = node.Content[n]
		default:
			return nil
		}
	}
	return node
}
