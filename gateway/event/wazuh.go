package event

import "strings"

// wazuh reads what Wazuh's eventchannel decoder makes of an event, as the agent
// sends it (win) or as an alert or archive carries it (data.win). The names of
// the facts begin in lower case. A classic provider's facts are joined to one
// text in data, from which they cannot always be told apart again. Some versions
// write the values escaped a second time, so that each backslash stands twice.
func (r *record) wazuh(win jsonRef) {
	r.shape, r.utc = ShapeWazuh, true
	system := win.member("system")
	data := either(win.member("eventdata"), win.member("eventData"))
	unescape := func(v value) value { return v }
	if isEscapedTwice(data) {
		unescape = escapedTwice
	}
	r.provider = system.member("providerName").value()
	r.channel = system.member("channel").value()
	r.eventID = system.member("eventID").value()
	r.recordID = system.member("eventRecordID").value()
	r.host = system.member("computer").value()
	r.times[0] = system.member("systemTime").value()
	r.message = wazuhMessage(unescape(system.member("message").value()))
	id, _ := parseUint(r.eventID.string())
	data.each(func(member jsonRef) {
		name := member.name()
		switch v := unescape(member.value()); {
		case string(name) == "data":
			r.wazuhData(id, v)
		case len(name) > 0 && name[0] >= 'a' && name[0] <= 'z':
			r.add(append([]byte{name[0] - ('a' - 'A')}, name[1:]...), v)
		default:
			r.add(name, v)
		}
	})
}

// isEscapedTwice tells by a path that the sensor itself wrote, which never holds
// two backslashes after its drive.
func isEscapedTwice(data jsonRef) bool {
	for _, name := range [...]string{"image", "sourceImage", "newProcessName", "processName", "imageLoaded"} {
		if s := data.member(name).value().string(); len(s) > 4 && isDriveLetter(s[0]) && s[1] == ':' {
			return s[2] == '\\' && s[3] == '\\'
		}
	}
	return false
}

// escapedTwice takes the second escaping off.
func escapedTwice(v value) value {
	if !v.present() {
		return v
	}
	return value{raw: []byte(v.string()), form: formEscaped}
}

// wazuhMessage takes off the quotes that Wazuh puts around the rendered text.
func wazuhMessage(v value) value {
	s := v.string()
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return textValue(s[1 : len(s)-1])
	}
	return v
}

// wazuhData takes a classic provider's facts apart where that is certain: the
// commas may be a product's or a maker's own. What is not taken here is read
// from the rendered text.
func (r *record) wazuhData(id uint64, v value) {
	if !r.provider.equalFold(ProviderInstaller) {
		r.add(nil, v)
		return
	}
	parts := strings.Split(v.string(), ", ")
	for len(parts) > 0 && absent(parts[len(parts)-1]) {
		parts = parts[:len(parts)-1]
	}
	switch id {
	case 1040, 1042:
		// The client's id has no comma, so the last one is before it.
		if last := len(parts) - 1; last > 0 {
			r.add(nil, textValue(strings.Join(parts[:last], ", ")))
			r.add(nil, textValue(parts[last]))
		}
	case 1033, 1034, 1035:
		if len(parts) == 5 && digits(parts[2]) >= 0 && digits(parts[3]) >= 0 {
			for _, part := range parts {
				r.add(nil, textValue(part))
			}
		}
	case 1036:
	default:
		r.add(nil, v)
	}
}
