package event

import "fmt"

// otel reads the body that OpenTelemetry's windowseventlog receiver makes of an
// event, in plain JSON or in OTLP/JSON. event_data has the facts by name, or is
// {"data":[{name: value}, …]}, which older versions and event_data_format: array
// write; a classic provider's facts then have an empty name, and in the map are
// param1, param2 … or gone. Unlike winlogbeat 6, which has event_data too,
// event_id and provider are objects.
func (r *record) otel(body anyValue) *Fault {
	r.shape, r.utc = ShapeOTel, true
	if name := body.twice(); name != "" {
		return &Fault{Reason: ReasonDuplicateKey, Detail: fmt.Sprintf("%s: %s is there twice", r.shape, printable(name))}
	}
	r.provider = body.member("provider").member("name").scalar()
	r.channel = body.member("channel").scalar()
	if r.eventID = body.member("event_id").member("id").scalar(); !r.eventID.present() {
		r.eventID = body.member("event_id").scalar()
	}
	r.recordID = body.member("record_id").scalar()
	r.host = body.member("computer").scalar()
	r.times[0] = body.member("system_time").scalar()
	r.message = body.member("message").scalar()
	data := body.member("event_data")
	if list := data.member("data"); list.isList() {
		r.repeats = true
		list.each(func(_ []byte, element anyValue) {
			element.each(func(name []byte, v anyValue) {
				if text := v.scalar(); text.present() {
					r.add(name, text)
				} else {
					r.dataText(value{})
				}
			})
		})
		r.add(plainBinary, data.member("binary").scalar())
		return nil
	}
	data.each(func(name []byte, v anyValue) {
		if string(name) == "binary" {
			name = plainBinary
		}
		r.add(name, v.scalar())
	})
	return nil
}

// isOTel tells the body of an event by its header.
func isOTel(body jsonRef) bool {
	return body.member("provider").kind() == jsonObject && body.member("computer").kind() == jsonString &&
		body.member("event_id").kind() != jsonNone
}

// anyValue is a value of OpenTelemetry's: plain JSON, or OTLP's typed form of it
// ({"stringValue": …}, {"kvlistValue":{"values":[{"key": …, "value": …}]}}).
type anyValue struct {
	ref   jsonRef
	typed bool
}

// children is what each goes through.
func (v anyValue) children() jsonRef {
	if !v.typed {
		return v.ref
	}
	if values := v.ref.at("kvlistValue", "values"); values.kind() != jsonNone {
		return values
	}
	return v.ref.at("arrayValue", "values")
}

// each calls yield for every member or element; an element has no name.
func (v anyValue) each(yield func(name []byte, child anyValue)) {
	isMap := v.ref.kind() == jsonObject
	if v.typed {
		isMap = v.ref.member("kvlistValue").kind() == jsonObject
	}
	v.children().each(func(child jsonRef) {
		var name []byte
		switch {
		case isMap && v.typed:
			name = []byte(child.member("key").value().string())
			child = child.member("value")
		case isMap:
			name = child.name()
		}
		yield(name, anyValue{ref: child, typed: v.typed})
	})
}

func (v anyValue) isList() bool {
	if v.typed {
		return v.ref.member("arrayValue").kind() == jsonObject
	}
	return v.ref.kind() == jsonArray
}

func (v anyValue) member(name string) anyValue {
	if !v.typed {
		return anyValue{ref: v.ref.member(name)}
	}
	found := anyValue{typed: true}
	v.ref.at("kvlistValue", "values").each(func(pair jsonRef) {
		if found.ref.kind() == jsonNone && pair.member("key").value().equals(name) {
			found.ref = pair.member("value")
		}
	})
	return found
}

func (v anyValue) scalar() value {
	if !v.typed {
		return v.ref.value()
	}
	for _, name := range [...]string{"stringValue", "intValue", "doubleValue", "boolValue"} {
		if text := v.ref.member(name).value(); text.present() {
			return text
		}
	}
	return value{}
}

// twice finds a key that a typed map carries twice; JSON itself cannot.
func (v anyValue) twice() (name string) {
	if !v.typed {
		return ""
	}
	seen := map[string]bool{}
	v.each(func(key []byte, child anyValue) {
		if name != "" {
			return
		}
		if key != nil && seen[string(key)] {
			name = string(key)
			return
		}
		seen[string(key)] = true
		name = child.twice()
	})
	return name
}
