package policy

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
)

// inputJSON writes the input down for the decision log, byte for byte as
// encoding/json would write its maps: keys sorted, HTML escaped. Through ast.JSON
// and encoding/json it cost more than building the input (docs/performance.md).
func inputJSON(input ast.Value) []byte {
	return appendValue(make([]byte, 0, 8<<10), input)
}

// appendValue knows what an input is made of; nothing else is ever in one.
func appendValue(to []byte, v ast.Value) []byte {
	switch v := v.(type) {
	case ast.String:
		return appendString(to, string(v))
	case ast.Number:
		return append(to, v...)
	case ast.Boolean:
		return strconv.AppendBool(to, bool(v))
	case *ast.Array:
		to = append(to, '[')
		for i := range v.Len() {
			if i > 0 {
				to = append(to, ',')
			}
			to = appendValue(to, v.Elem(i).Value)
		}
		return append(to, ']')
	case ast.Object:
		to = append(to, '{')
		open := len(to)
		v.Foreach(func(key, value *ast.Term) { // in the order of the keys
			if len(to) > open {
				to = append(to, ',')
			}
			to = append(appendValue(to, key.Value), ':')
			to = appendValue(to, value.Value)
		})
		return append(to, '}')
	default:
		return append(to, "null"...)
	}
}

// appendString writes what is plain itself, which is nearly all: paths and
// command lines. What else there is, encoding/json knows how to escape.
func appendString(to []byte, s string) []byte {
	start := len(to)
	to = append(to, '"')
	plain := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\' || c == '"':
			to = append(to, s[plain:i]...)
			to = append(to, '\\', c)
			plain = i + 1
		case c < ' ' || c >= utf8.RuneSelf || c == '<' || c == '>' || c == '&' || c == 0x7f:
			escaped, err := json.Marshal(s)
			if err != nil {
				escaped = []byte(`""`) // a string has always a JSON form
			}
			return append(to[:start], escaped...)
		default:
		}
	}
	to = append(to, s[plain:]...)
	return append(to, '"')
}
