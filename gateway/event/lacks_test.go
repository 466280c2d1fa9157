package event

import (
	"slices"
	"strings"

	"msigate/gateway/event/eventtest"
)

// lacks says which facts a shape truly does not carry, by the kind of event: its
// shipper has no place for them. Names as in Missing; hashes besides.
var lacks = map[Shape]map[Kind][]string{
	ShapeDefender: {
		KindProcessStart: {"process.current_directory", "process.file_version", "process.imphash"},
		KindImageLoad: {
			"module.company", "module.description", "module.file_version", "module.original_file_name", "module.product", "module.signer", "module.imphash",
		},
		KindFileDelete: {"file.imphash"},
	},
	ShapeElastic: {
		KindProcessStart: {
			"parent.user", "process.company", "process.current_directory", "process.description", "process.file_version", "process.product",
		},
		KindImageLoad: {"module.company", "module.description", "module.product"},
	},
	ShapeOCSF: {
		KindProcessStart: {"process.original_file_name", "process.imphash"},
		KindImageLoad:    {"module.original_file_name", "module.imphash"},
		KindFileDelete:   {"file.imphash"},
	},
}

// without takes a fact out of an Event.
var without = map[string]func(*Event){
	"parent.user":                func(e *Event) { e.Parent.User = "" },
	"process.company":            func(e *Event) { e.Process.Company = "" },
	"process.current_directory":  func(e *Event) { e.Process.CurrentDirectory = "" },
	"process.description":        func(e *Event) { e.Process.Description = "" },
	"process.file_version":       func(e *Event) { e.Process.FileVersion = "" },
	"process.imphash":            func(e *Event) { e.Process.Hashes.Imphash = "" },
	"process.original_file_name": func(e *Event) { e.Process.OriginalFileName = "" },
	"process.product":            func(e *Event) { e.Process.Product = "" },
	"module.company":             func(e *Event) { e.Module.Company = "" },
	"module.description":         func(e *Event) { e.Module.Description = "" },
	"module.file_version":        func(e *Event) { e.Module.FileVersion = "" },
	"module.imphash":             func(e *Event) { e.Module.Hashes.Imphash = "" },
	"module.original_file_name":  func(e *Event) { e.Module.OriginalFileName = "" },
	"module.product":             func(e *Event) { e.Module.Product = "" },
	"module.signer":              func(e *Event) { e.Module.Signature = Signature{} },
	"file.imphash":               func(e *Event) { e.File.Hashes.Imphash = "" },
}

// sensorForm is what an endpoint sensor of that shape tells of a Sysmon event:
// less what it lacks, and with what it writes otherwise.
func sensorForm(e Event, r *eventtest.Record, shape Shape) Event {
	e.Shape, e.EventID, e.RecordID, e.Mangled = shape, 0, 0, nil
	for _, name := range lacks[shape][e.Kind] {
		without[name](&e)
	}
	if !e.Module.Signature.Known { // "Unavailable" is Sysmon's word
		e.Module.Signature = Signature{}
	}
	switch shape {
	case ShapeDefender:
		e.Provider, e.RecordID = ProviderDefender, r.RecordID
		e.Channel = map[Kind]string{KindProcessStart: defenderProcesses, KindImageLoad: defenderModules}[e.Kind]
		if e.Channel == "" {
			e.Channel = defenderFiles
		}
		identity := func(pid string) string { return pid + "@" + r.CreatedAt(pid) }
		e.Process.GUID, e.Process.User = identity(r.Get("ProcessId")), strings.ToLower(e.Process.User)
		if e.Kind == KindProcessStart {
			if e.Parent.PID != 0 {
				e.Parent.GUID = identity(r.Get("ParentProcessId"))
			}
			e.Parent.Image, e.Parent.User = strings.ToLower(e.Parent.Image), strings.ToLower(e.Parent.User)
		} else {
			e.Process.Image = strings.ToLower(e.Process.Image)
		}
	case ShapeElastic:
		e.Provider = ProviderElastic
		e.Channel = "endpoint.events." + map[Kind]string{KindProcessStart: "process", KindProcessEnd: "process", KindImageLoad: "library"}[e.Kind]
		if strings.HasSuffix(e.Channel, ".") {
			e.Channel += "file"
		}
		e.Process.IntegrityLevel = strings.ToLower(e.Process.IntegrityLevel)
		if e.Module.Signature.Known {
			e.Module.Signature.Status = map[bool]string{true: "trusted", false: "unsigned"}[e.Module.Signature.Signed]
		}
	case ShapeOCSF:
		e.Provider = "Contoso Sensor"
		if !e.Module.Signature.Signed { // no signature is not told from one that was not looked for
			e.Module.Signature = Signature{}
		}
		e.Channel = map[Kind]string{KindProcessStart: "Process Activity", KindProcessEnd: "Process Activity", KindImageLoad: "Module Activity"}[e.Kind]
		if e.Channel == "" {
			e.Channel = "File System Activity"
		}
	}
	e.Missing = nil
	(&reading{event: &e}).missing()
	slices.Sort(e.Missing)
	return e
}

func isSensor(shape Shape) bool {
	return shape == ShapeDefender || shape == ShapeElastic || shape == ShapeOCSF
}
