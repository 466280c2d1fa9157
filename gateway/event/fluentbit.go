package event

import "strings"

// fluentBit reads what Fluent Bit's winevtlog input writes: the header at the
// top, the facts in StringInserts by position alone. What stands where is known
// by provider, event id, version and number of facts; where that is not known,
// or does not fit what stands there, the facts are read from the rendered
// Message. TimeCreated is local time with its zone, to the second; date is when
// Fluent Bit read the record.
func (r *record) fluentBit(root jsonRef) {
	r.shape = ShapeFluentBit
	r.provider = root.member("ProviderName").value()
	r.channel = root.member("Channel").value()
	r.eventID = root.member("EventID").value()
	r.recordID = root.member("EventRecordID").value()
	r.host = root.member("Computer").value()
	r.times[0] = root.member("TimeCreated").value()
	r.times[1] = root.member("date").value()
	r.message = root.member("Message").value()
	inserts := root.member("StringInserts")
	inserts.each(func(insert jsonRef) { r.dataText(insert.value()) })
	id, _ := parseUint(r.eventID.string())
	version := -1
	if n, ok := parseUint(root.member("Version").value().string()); ok && n < 1<<16 {
		version = int(n)
	}
	switch {
	case r.provider.equalFold(ProviderSysmon):
		r.positional(sysmonLayouts[id], version, sysmonLabels[id])
	case r.provider.equalFold(ProviderSecurity):
		r.positional(securityLayouts[id], version, securityLabels[id])
	case r.provider.equalFold(ProviderInstaller):
		// The record's binary data follows its texts.
		if last := len(r.data) - 1; last > 0 && productCode(r.data[last].value) != "" {
			r.data[last].name = plainBinary
		}
	}
}

var plainBinary = []byte("Binary")

// isFluentBit tells this shape from NXLog's, whose provider is SourceName and
// whose computer is Hostname.
func isFluentBit(root jsonRef) bool {
	return root.member("ProviderName").kind() == jsonString && root.member("EventID").kind() != jsonNone &&
		root.member("Computer").kind() == jsonString && root.member("SourceName").kind() == jsonNone
}

// positional names the facts by their positions, or takes them from the message.
func (r *record) positional(layouts []layout, version int, labels []label) {
	names := layoutOf(layouts, version, len(r.data))
	if names == nil || !r.fits(names) {
		r.data = r.data[:0]
		r.labelled(labels)
		return
	}
	for i, name := range names {
		r.data[i].name = name
	}
}

// fits reports whether the facts can be those of the names: a time is a time, a
// GUID a GUID.
func (r *record) fits(names [][]byte) bool {
	for i, name := range names {
		switch v := r.data[i].value; string(name) {
		case "UtcTime":
			if _, ok := parseUTC(v.string()); !ok {
				return false
			}
		case "ProcessGuid", "SourceProcessGUID":
			if len(strings.Trim(v.string(), "{}")) != 36 {
				return false
			}
		case "SubjectUserSid":
			if s := v.string(); !strings.HasPrefix(s, "S-1-") && !strings.Contains(s, `\`) {
				return false
			}
		}
	}
	return true
}

// label is what a rendered message calls a fact.
type label struct {
	text string
	name []byte
}

// sysmonLabels are the names themselves: Sysmon's messages are never translated.
var sysmonLabels = func() map[uint64][]label {
	all := map[uint64][]label{}
	for id, layouts := range sysmonLayouts {
		for _, name := range layouts[0].names {
			all[id] = append(all[id], label{text: string(name), name: name})
		}
	}
	return all
}()

// securityLabels are those of the English text that name one fact only; accounts
// of creator and target have the same.
var securityLabels = map[uint64][]label{
	4688: {
		{"New Process ID", []byte("NewProcessId")},
		{"New Process Name", []byte("NewProcessName")},
		{"Mandatory Label", []byte("MandatoryLabel")},
		{"Creator Process ID", []byte("ProcessId")},
		{"Creator Process Name", []byte("ParentProcessName")},
		{"Process Command Line", []byte("CommandLine")},
	},
	4689: {{"Process ID", []byte("ProcessId")}, {"Process Name", []byte("ProcessName")}},
}

// labelled reads "Label: value" lines from the rendered message. Command lines
// and version resources are others' to choose and may hold line ends, so a label
// that stands twice is ambiguous, and nothing is taken from it.
func (r *record) labelled(labels []label) {
	if len(labels) == 0 || !r.message.present() {
		return
	}
	found := make(map[string]string, len(labels))
	twice := map[string]bool{}
	for line := range strings.Lines(r.message.string()) {
		text, rest, ok := strings.Cut(strings.TrimLeft(line, " \t"), ":")
		if !ok {
			continue
		}
		if _, again := found[text]; again {
			twice[text] = true
		}
		found[text] = strings.TrimSpace(rest)
	}
	for _, l := range labels {
		if v, ok := found[l.text]; ok && !twice[l.text] {
			r.add(l.name, textValue(v))
		}
	}
	r.embedded = true // the message's text has lost what was illegal in it
}
