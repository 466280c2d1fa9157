package event

import "bytes"

// MayStartProcess reports whether message could hold a record that decodes to
// KindProcessStart: by its event id, or because its event id cannot be told
// from the bytes. It reads any shape, never allocates, and errs only towards
// true.
func MayStartProcess(message []byte) bool {
	if mayHide(message) {
		return true
	}
	for i := 0; i+6 <= len(message); i++ { // a name may be written with escapes
		at := bytes.IndexByte(message[i:], '\\')
		if at < 0 {
			break
		}
		if i += at; isUnicodeEscape(message[i:]) {
			return true
		}
	}
	return mayStart(message)
}

// mayStart is MayStartProcess of a message whose names are written plainly.
// Every name of an event id has a v in it (event_id, EventID, event.code), and
// that letter is rarer in events than any other of theirs. The names that an
// endpoint sensor's event cannot do without have one too (DeviceName, device,
// event).
// A certificate record counts as a start: it tells who signed what starts, and
// may come before it.
func mayStart(message []byte) bool {
	named, defender, ocsf := false, false, false
	for i := 0; ; i++ {
		at := bytes.IndexByte(message[i:], 'v')
		if at < 0 {
			if defender && (bytes.Contains(message, []byte(`"ProcessCreated"`)) || bytes.Contains(message, []byte(`"IsSigned"`))) ||
				ocsf && ocsfStartsProcess(message) {
				return true
			}
			// A record that names nothing may be one of a shape that needs none.
			return !named && !defender && !ocsf
		}
		i += at
		if i < 2 || message[i-1]|0x20 != 'e' {
			continue
		}
		before, rest := message[i-2], message[i+1:]
		if name := idName(rest); name > 0 {
			starts, is := startsProcess(before, rest[name:])
			if starts {
				return true
			}
			named = named || is
		} else if before == '"' && message[i-1] == 'e' && bytes.HasPrefix(rest, []byte(`ent"`)) {
			starts, is := codeStartsProcess(rest[len(`ent"`):])
			if starts {
				return true
			}
			named = named || is
		} else if i >= 3 && message[i-1] == 'e' && message[i-3] == '"' {
			switch {
			case before == 'D' && bytes.HasPrefix(rest, []byte(`iceName"`)):
				defender = true
			case before == 'd' && bytes.HasPrefix(rest, []byte(`ice"`)):
				ocsf = ocsf || bytes.Contains(message, []byte(`"class_uid"`))
			}
		}
	}
}

// ocsfStartsProcess reports whether some record is of the class of process
// activity, and some launches.
func ocsfStartsProcess(message []byte) bool {
	return memberMayBe(message, `"class_uid"`, "1007") && memberMayBe(message, `"activity_id"`, "1")
}

// memberMayBe reports whether a member of that name may have the number as its
// value: one that is not written in plain digits may.
func memberMayBe(message []byte, name, number string) bool {
	for {
		i := bytes.Index(message, []byte(name))
		if i < 0 {
			return false
		}
		message = message[i+len(name):]
		if numberMay(message, func(digits []byte) bool { return string(digits) == number }) {
			return true
		}
	}
}

// idName is the length of what follows the v of event_id or EventID, in any
// case; 0 where something else does.
func idName(rest []byte) int {
	switch {
	case len(rest) >= 5 && equalFoldBytes(rest[:5], "entid"):
		return 5
	case len(rest) >= 6 && equalFoldBytes(rest[:6], "ent_id"):
		return 6
	}
	return 0
}

// startsProcess reads what follows a name of an event id. is says that it was
// a name and not part of some text, starts that its value may be a start's.
func startsProcess(before byte, rest []byte) (starts, is bool) {
	if len(rest) == 0 {
		return true, true
	}
	switch before {
	case '"', '.', '\'':
		switch rest[0] {
		case '"', '\'':
			return jsonStartsProcess(rest[1:]), true
		case '\\': // JSON inside a string
			return true, true
		}
	case '<', ':':
		switch rest[0] {
		case '\\': // a blank of XML inside a JSON string
			return true, true
		case ' ', '\t', '\r', '\n', '>', '/':
			return xmlStartsProcess(rest), true
		}
	}
	return false, false
}

// jsonStartsProcess reads a colon and a value: plain digits, or an object that
// holds them. In OTLP's JSON the name is itself a value, with its own beside it.
func jsonStartsProcess(rest []byte) bool {
	rest = trimBlanks(rest)
	if after, found := bytes.CutPrefix(rest, []byte(",")); found {
		if rest, found = bytes.CutPrefix(trimBlanks(after), []byte(`"value"`)); !found {
			return true
		}
	}
	object := trimBlanks(rest)
	if object, found := bytes.CutPrefix(object, []byte(":")); found {
		if object = trimBlanks(object); len(object) > 0 && object[0] == '{' {
			return objectStartsProcess(object)
		}
	}
	return numberMay(rest, isStart)
}

// numberMay reads a colon and plain digits, in quotes or not, and reports
// whether is holds of them; of anything else it may.
func numberMay(rest []byte, is func(digits []byte) bool) bool {
	rest = trimBlanks(rest)
	if len(rest) == 0 || rest[0] != ':' {
		return true
	}
	if rest = trimBlanks(rest[1:]); len(rest) == 0 {
		return true
	}
	quoted := rest[0] == '"'
	if quoted {
		rest = rest[1:]
	}
	digits := digitsOf(rest)
	if is(digits) || len(digits) == 0 || digits[0] == '0' && len(digits) > 1 || len(rest) == len(digits) {
		return true
	}
	after := rest[len(digits)]
	return quoted && after != '"' || !quoted && bytes.IndexByte([]byte(", \t\r\n}]"), after) < 0
}

// objectStartsProcess reads an object such as {"Value":1} or
// {"#attributes":{"Qualifiers":0},"#text":1}; any number in it counts.
func objectStartsProcess(rest []byte) bool {
	const longest = 256 // real ones have 160 bytes at most
	depth, quoted := 0, false
	for i := 0; i < min(len(rest), longest); i++ {
		switch c := rest[i]; {
		case c == '\\':
			return true
		case c == '"':
			quoted = !quoted
		case c >= '0' && c <= '9':
			digits := digitsOf(rest[i:])
			if i += len(digits); i == len(rest) || isStart(digits) {
				return true
			}
			switch rest[i] {
			case '.', 'e', 'E', 'x', 'X': // a number that is not plain digits
				return true
			}
			i--
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return false
			}
		}
	}
	return true
}

// xmlStartsProcess reads the rest of a start tag and the element's text.
func xmlStartsProcess(rest []byte) bool {
	quote := byte(0)
	for i, c := range rest[:min(len(rest), 256)] {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			rest = trimBlanks(rest[i+1:])
			digits := digitsOf(rest)
			rest = trimBlanks(rest[len(digits):])
			return isStart(digits) || len(rest) == 0 || rest[0] != '<'
		}
	}
	return true
}

// codeStartsProcess reads the object event, in which code is the event id of a
// record that names it nowhere else (Elastic Common Schema), and in which Elastic
// Endpoint says what happened. is says that it was an object with one of these.
func codeStartsProcess(rest []byte) (starts, is bool) {
	rest = trimBlanks(rest)
	if len(rest) == 0 || rest[0] != ':' {
		return false, false
	}
	rest = trimBlanks(rest[1:])
	if len(rest) == 0 || rest[0] != '{' {
		return false, false
	}
	rest = rest[1:]
	end := bytes.IndexByte(rest, '}')
	if end < 0 {
		return true, true
	}
	object := rest[:end]
	if bytes.IndexByte(object, '{') >= 0 || bytes.IndexByte(object, '\\') >= 0 || bytes.Count(object, []byte(`"`))%2 != 0 {
		return true, true // more than a flat object of plain texts
	}
	if containsFold(object, "endpoint") && containsFold(object, `"process"`) && (containsFold(object, `"start"`) || containsFold(object, `"creation"`)) {
		return true, true
	}
	at := bytes.Index(object, []byte(`"code"`))
	if at < 0 {
		return false, containsFold(object, "endpoint")
	}
	return jsonStartsProcess(rest[at+len(`"code"`):]), true
}

// containsFold looks for a word in lower case in an object of some hundred bytes.
func containsFold(object []byte, word string) bool {
	for i := 0; i+len(word) <= len(object); i++ {
		if equalFoldBytes(object[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// isStart reports whether digits are the event id of a process start: Sysmon 1
// or Security 4688. No digits at all are nothing one can tell; 0 is no event's.
func isStart(digits []byte) bool {
	if len(digits) == 0 {
		return true
	}
	digits = bytes.TrimLeft(digits, "0")
	return string(digits) == "1" || string(digits) == "4688"
}

func digitsOf(text []byte) []byte {
	for i, c := range text {
		if c < '0' || c > '9' {
			return text[:i]
		}
	}
	return text
}

func trimBlanks(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] >= '\t' && text[0] <= '\r') {
		text = text[1:]
	}
	return text
}
