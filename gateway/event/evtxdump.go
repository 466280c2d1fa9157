package event

// evtxDump reads JSON that keeps the XML's own structure, Event.System and
// Event.EventData, with attributes set apart: "#attributes" (evtx_dump),
// Provider_attributes (evtx_dump --separate-json-attributes) or "@Name"
// (xmltodict and PowerShell converters). GUIDs have no braces here.
func (r *record) evtxDump(system, data jsonRef) {
	r.shape = ShapeEvtxDump
	r.windowsEvent(system, data)
}

// windowsEvent reads the header and facts of all JSON that keeps the XML's
// structure.
func (r *record) windowsEvent(system, data jsonRef) {
	r.utc = true // SystemTime is UTC by the event schema, with or without Z
	r.provider = attribute(system, "Provider", "Name")
	r.channel = scalar(system.member("Channel"))
	r.eventID = scalar(system.member("EventID"))
	r.recordID = scalar(system.member("EventRecordID"))
	r.host = scalar(system.member("Computer"))
	r.times[0] = attribute(system, "TimeCreated", "SystemTime")
	r.eventData(data)
}

// attribute is an element's attribute, wherever the converter put it.
func attribute(parent jsonRef, element, name string) value {
	e := parent.member(element)
	for _, at := range [...]jsonRef{
		e.at("#attributes", name), e.member("@" + name), e.member(name), parent.at(element+"_attributes", name),
	} {
		if v := at.value(); v.present() {
			return v
		}
	}
	return value{}
}

// scalar is a value that a converter may have wrapped in an object because the
// element has attributes: {"#text": 1033}, {"Value": 1}, {"id": 1}.
func scalar(ref jsonRef) value {
	if ref.kind() != jsonObject {
		return ref.value()
	}
	for _, name := range [...]string{"#text", "Value", "text", "id"} {
		if v := ref.member(name).value(); v.present() {
			return v
		}
	}
	return value{}
}

// eventData takes the facts: members by name, and the Data of classic
// providers or of list-making converters.
func (r *record) eventData(data jsonRef) {
	data.each(func(member jsonRef) {
		switch name := member.name(); string(name) {
		case "Data":
			r.dataElement(member)
		case "#attributes":
		default:
			if v := scalar(member); v.present() {
				r.add(name, v)
			}
		}
	})
}

// dataElement takes one Data: a text, a list of Data, {"#text": […]}, or an
// object with a name and a text.
func (r *record) dataElement(data jsonRef) {
	switch data.kind() {
	case jsonArray:
		r.repeats = true
		data.each(r.dataElement)
	case jsonObject:
		if name := dataName(data); name.present() {
			v := scalar(data)
			if !v.present() {
				v = textValue("")
			}
			r.add([]byte(name.string()), v)
			return
		}
		if text := data.member("#text"); text.kind() == jsonArray {
			text.each(r.dataElement)
			return
		}
		r.dataText(scalar(data))
	default:
		r.dataText(data.value())
	}
}

func (r *record) dataText(v value) {
	if !v.present() {
		v = textValue("") // keeps the positions of those after it
	}
	r.add(nil, v)
}

func dataName(data jsonRef) value {
	for _, at := range [...]jsonRef{data.member("@Name"), data.at("#attributes", "Name"), data.member("Name")} {
		if v := at.value(); v.present() {
			return v
		}
	}
	return value{}
}
