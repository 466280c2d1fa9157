package event

import "bytes"

// RecordEventID reads the event id of a message off its bytes, without decoding
// it: of one record in a shape that carries Windows' own logs. It gives 0 where
// it cannot tell: a batch, a shape whose records have no such id, JSON or XML
// inside a JSON string, an id that is not plain digits. It never allocates.
//
// It is for counting what is not decoded, and never for what is decided: of
// messages after the first in a batch that is no array it tells nothing.
func RecordEventID(message []byte) int {
	message = trimBlanks(message)
	if len(message) == 0 || message[0] != '{' && message[0] != '<' {
		return 0
	}
	markup := message[0] == '<'
	for i := 0; ; i++ {
		at := bytes.IndexByte(message[i:], 'v')
		if at < 0 {
			return 0
		}
		if i += at; i < 2 || message[i-1]|0x20 != 'e' {
			continue
		}
		before, rest := message[i-2], message[i+1:]
		name := idName(rest)
		if name == 0 {
			continue
		}
		rest = rest[name:]
		switch {
		case len(rest) == 0:
			return 0
		case markup && (before == '<' || before == ':') && message[i-1] == 'E':
			if end := bytes.IndexByte(rest[:min(len(rest), 256)], '>'); end >= 0 {
				return plainID(rest[end+1:], '<')
			}
		case !markup && before == '"' && rest[0] == '"':
			rest = trimBlanks(rest[1:])
			if len(rest) == 0 || rest[0] != ':' {
				continue
			}
			return jsonID(trimBlanks(rest[1:]))
		}
	}
}

// idNames are what converters call the number where the element has attributes.
var idNames = [...][]byte{[]byte(`"#text"`), []byte(`"Value"`), []byte(`"id"`), []byte(`"text"`)}

// jsonID reads digits, in quotes or not, or an object such as {"Value":1}.
func jsonID(rest []byte) int {
	if len(rest) == 0 {
		return 0
	}
	switch rest[0] {
	case '"':
		return plainID(rest[1:], '"')
	case '{':
		object := rest[:min(len(rest), 256)] // real ones have 160 bytes at most
		for _, name := range idNames {
			if at := bytes.Index(object, name); at >= 0 {
				after := trimBlanks(object[at+len(name):])
				if len(after) == 0 || after[0] != ':' {
					return 0
				}
				if after = trimBlanks(after[1:]); len(after) == 0 || after[0] == '{' {
					return 0
				}
				return jsonID(after)
			}
		}
		return 0
	}
	return plainID(rest, 0)
}

// plainID reads digits that end with end; 0: with what ends a number in JSON.
func plainID(rest []byte, end byte) int {
	digits := digitsOf(trimBlanks(rest))
	if len(digits) == 0 || len(digits) > 9 {
		return 0
	}
	after := trimBlanks(rest)[len(digits):]
	if len(after) == 0 {
		return 0
	}
	if end != 0 {
		if after = trimBlanks(after); len(after) == 0 || after[0] != end {
			return 0
		}
	} else if bytes.IndexByte([]byte(", \t\r\n}]"), after[0]) < 0 {
		return 0
	}
	id := 0
	for _, c := range digits {
		id = 10*id + int(c-'0')
	}
	return id
}
