package finding

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// input masks the strings of a policy input. What is no JSON text cannot be
// looked through and is dropped whole.
func (x *masking) input(raw []byte) []byte {
	if len(raw) == 0 {
		return raw
	}
	in := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowInvalidUTF8(true))
	var buffer bytes.Buffer
	buffer.Grow(len(raw))
	encoder := jsontext.NewEncoder(&buffer, jsontext.AllowInvalidUTF8(true))
	before, values := len(x.pointers), 0
	for in.PeekKind() != 0 {
		token, err := in.ReadToken()
		if err != nil {
			return x.drop(before)
		}
		if token.Kind() == '"' && !isName(in) {
			pointer := in.StackPointer()
			value := token.String()
			if out, changed := x.inputText(pointer, value); changed {
				token = jsontext.String(out)
				x.pointers = append(x.pointers, "/input"+string(pointer))
			} else {
				token = jsontext.String(value)
			}
		}
		if err := encoder.WriteToken(token); err != nil {
			return x.drop(before)
		}
		if in.StackDepth() == 0 {
			values++
		}
	}
	if values != 1 || in.StackDepth() != 0 {
		return x.drop(before)
	}
	if len(x.pointers) == before {
		return raw
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}

func (x *masking) drop(before int) []byte {
	x.pointers = x.pointers[:before]
	x.erased = append(x.erased, "/input")
	return nil
}

// inputText masks one string. What msiexec's parsed command line holds is
// looked at beside its name and for echoes, other strings by themselves.
func (x *masking) inputText(pointer jsontext.Pointer, value string) (string, bool) {
	path := string(pointer)
	switch {
	case strings.Contains(path, "/msiexec/properties/"):
		return x.member(pointer.LastToken(), value)
	case strings.Contains(path, "/msiexec/"), strings.HasPrefix(path, "/event/install/package"), derivedOfSession(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", ".")):
		if out, ids := x.masker.mask(value, x.found); len(ids) > 0 {
			return out, true
		}
		return x.derivedText(value)
	default:
		out, ids := x.masker.mask(value, x.found)
		return out, len(ids) > 0
	}
}

// isName reports whether the string just read is a member's name.
func isName(d *jsontext.Decoder) bool {
	kind, length := d.StackIndex(d.StackDepth())
	return kind == '{' && length%2 == 1
}
