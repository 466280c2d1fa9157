package event

import (
	"fmt"
	"sync"
)

// datum is one named fact of a record's event data. Classic providers such as
// MsiInstaller number their facts and name none: name is then empty.
type datum struct {
	name  []byte
	value value
}

// record is what a shape's decoder makes of a record: the header, and the event
// data under the names the Windows provider gave them. The providers' readers
// (sysmon.go, security.go, msiinstaller.go) see only this, so each shape is
// told once and each provider is told once.
type record struct {
	shape    Shape
	provider value
	channel  value
	eventID  value
	recordID value
	host     value
	// times are the header's times, the best one first; one that does not name
	// its zone counts only where nothing better is there, unless utc says that
	// this shape's times are UTC without saying so.
	times   [3]value
	utc     bool
	message value // the rendered text, where facts were lost on the way
	data    []datum
	// clobbered says that the shipper's own header fields overwrite facts of
	// the same name (NXLog), which must then be read from the message.
	clobbered bool
	// repeats says that the shape lets a name stand twice in the event data
	// (XML and lists), which parsers resolve differently.
	repeats bool
	// embedded says that the record was the text of a JSON string: characters
	// that no shape may carry are U+FFFD already.
	embedded bool
	// kind is what happened where the shape itself says so, as an endpoint
	// sensor's does; it has no event id of a Windows provider then. Its facts
	// are kept under Sysmon's names.
	kind Kind
}

var records = sync.Pool{New: func() any { return &record{data: make([]datum, 0, 48)} }}

// newRecord gives an empty record, which release takes back.
func newRecord() *record { return records.Get().(*record) }

// release empties the record, so that it holds no message, and keeps it for the
// next one.
func (r *record) release() {
	clear(r.data)
	*r = record{data: r.data[:0]}
	records.Put(r)
}

func (r *record) add(name []byte, v value) {
	if v.present() {
		r.data = append(r.data, datum{name: name, value: v})
	}
}

// get is the named fact.
func (r *record) get(name string) value {
	for i := range r.data {
		if string(r.data[i].name) == name {
			return r.data[i].value
		}
	}
	return value{}
}

// fallback adds the fact unless the record has it.
func (r *record) fallback(name string, v value) {
	if !v.present() {
		return
	}
	for i := range r.data {
		if string(r.data[i].name) == name {
			if absent(r.data[i].value.string()) {
				r.data[i].value = v
			}
			return
		}
	}
	r.add([]byte(name), v)
}

// param is the n-th fact of a classic provider, from 1: named param1, param2 …
// by shippers that must give each a name, else by its position.
func (r *record) param(n int) value {
	if v := r.get(paramNames[n]); v.present() {
		return v
	}
	for i := range r.data {
		if len(r.data[i].name) == 0 {
			if n--; n == 0 {
				return r.data[i].value
			}
		}
	}
	return value{}
}

var paramNames = [...]string{"", "param1", "param2", "param3", "param4", "param5", "param6"}

// repeated finds a name that the event data carries twice.
func (r *record) repeated() string {
	if len(r.data) > manyFacts {
		return r.repeatedOfMany()
	}
	for i := range r.data {
		for j := range i {
			if len(r.data[i].name) > 0 && string(r.data[i].name) == string(r.data[j].name) {
				return string(r.data[i].name)
			}
		}
	}
	return ""
}

// manyFacts is more than any record of a known provider has; comparing each
// with each would take too long beyond it.
const manyFacts = 64

func (r *record) repeatedOfMany() string {
	seen := make(map[string]bool, len(r.data))
	for i := range r.data {
		name := string(r.data[i].name)
		if name != "" && seen[name] {
			return name
		}
		seen[name] = true
	}
	return ""
}

// event turns the record into an Event, or says why it cannot be used.
func (r *record) event() (*Event, *Fault) {
	e := &Event{Kind: KindOther, Shape: r.shape}
	reading := reading{record: r, event: e}
	if r.kind == "" {
		id, ok := parseUint(r.eventID.string())
		if !ok || id > maxEventID {
			return nil, &Fault{Reason: ReasonField, Detail: fmt.Sprintf("%s: event id is absent or not a number", r.shape)}
		}
		e.EventID = int(id)
	}
	e.Host = LowerASCII(reading.mark("host.name", r.host))
	if absent(e.Host) {
		return nil, &Fault{Reason: ReasonField, Detail: fmt.Sprintf("%s: computer name is absent", r.shape)}
	}
	e.Channel = reading.known("event.channel", r.channel, channelSysmon, channelSecurity, channelApplication)
	e.Provider = reading.known("event.provider", r.provider, ProviderSysmon, ProviderSecurity, ProviderInstaller)
	if absent(e.Provider) {
		if e.Provider = providerOf(e.Channel); e.Provider == "" {
			return nil, &Fault{Reason: ReasonField, Detail: fmt.Sprintf("%s: provider is absent", r.shape)}
		}
	}
	e.RecordID, _ = parseUint(r.recordID.string())
	switch {
	case r.kind != "":
		reading.endpoint()
	case e.Provider == ProviderSysmon:
		reading.sysmon()
	case e.Provider == ProviderSecurity:
		reading.security()
	case e.Provider == ProviderInstaller:
		reading.installer()
	}
	if p := &e.Process; e.Kind == KindProcessStart && p.Image == "" && p.PID == 0 && p.GUID == "" {
		// The shape was known, its event data was not: renamed, moved or left out.
		return nil, &Fault{Reason: ReasonField, Detail: fmt.Sprintf("%s: a process start that names no process; does the shipper rename or drop event data?", r.shape)}
	}
	if r.repeats && e.Kind != KindOther {
		if name := r.repeated(); name != "" {
			return nil, &Fault{Reason: ReasonDuplicateKey, Detail: fmt.Sprintf("%s: %s is there twice", r.shape, printable(name))}
		}
	}
	reading.time()
	reading.missing()
	reading.finish()
	return e, nil
}

// maxEventID bounds an event id: classic ones are 32-bit with qualifiers in the
// upper half, which every shape gives apart.
const maxEventID = 1<<32 - 1
