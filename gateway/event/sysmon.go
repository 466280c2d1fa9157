package event

import "strings"

// sysmonKinds says what each Sysmon event id means here; the others are
// KindOther.
var sysmonKinds = map[int]Kind{
	1: KindProcessStart, 5: KindProcessEnd,
	6: KindImageLoad, 7: KindImageLoad,
	2: KindFileCreate, 11: KindFileCreate, 15: KindFileStream, 29: KindFileExecutable,
	23: KindFileDelete, 26: KindFileDelete,
	3: KindNetwork, 22: KindDNS,
	12: KindRegistry, 13: KindRegistry, 14: KindRegistry,
	4: KindSensor, 16: KindSensor, 255: KindSensor,
}

// sysmon reads a record of Microsoft-Windows-Sysmon. The facts and their names
// are those of Sysmon's own manifest.
func (r *reading) sysmon() {
	e := r.event
	if kind, known := sysmonKinds[e.EventID]; known {
		e.Kind = kind
	}
	switch e.EventID {
	case 1:
		r.sysmonProcessStart()
	case 10: // process access: who accessed
		e.Process = Process{
			GUID: r.guid("SourceProcessGUID"), PID: r.pid("SourceProcessId"),
			Image: r.path("process.image", "SourceImage"), User: r.text("process.user", "SourceUser"),
		}
	case 2, 3, 5, 7, 11, 12, 13, 14, 15, 17, 22, 23, 26, 29:
		r.sysmonActor()
	}
	switch e.EventID {
	case 6, 7:
		r.sysmonModule()
	case 2, 11, 23, 26, 29:
		e.File.Path = r.path("file.path", "TargetFilename")
		e.File.Hashes = r.hashes("file.sha256")
	case 15:
		r.sysmonStream()
	case 3:
		e.Network = Network{
			Protocol:        r.text("event.network.protocol", "Protocol"),
			DestinationIP:   r.text("event.network.destination_ip", "DestinationIp"),
			DestinationHost: r.text("event.network.destination_host", "DestinationHostname"),
			DestinationPort: parsePort(r.record.get("DestinationPort")),
		}
	case 22:
		e.Network = Network{
			QueryName:    r.text("event.network.query_name", "QueryName"),
			QueryStatus:  r.text("event.network.query_status", "QueryStatus"),
			QueryResults: r.text("event.network.query_results", "QueryResults"),
		}
	case 12, 13, 14:
		e.Registry = Registry{
			Operation: r.registryOperation(),
			Key:       r.text("event.registry.key", "TargetObject"),
			Value:     r.text("event.registry.value", "Details"),
			NewName:   r.text("event.registry.new_name", "NewName"),
		}
	case 4:
		e.Sensor.State = r.text("sensor.state", "State")
	case 16:
		e.Sensor.Configuration = r.text("sensor.configuration", "Configuration")
	case 255:
		e.Sensor.Error = r.text("sensor.error", "ID")
		e.Sensor.Description = r.text("sensor.description", "Description")
	}
}

func (r *reading) sysmonProcessStart() {
	e := r.event
	r.sysmonActor()
	p := &e.Process
	p.CommandLine = r.text("process.command_line", "CommandLine")
	p.CurrentDirectory = r.path("process.current_directory", "CurrentDirectory")
	p.LogonID = parseLogonID(r.record.get("LogonId"))
	p.IntegrityLevel = r.text("process.integrity_level", "IntegrityLevel")
	r.process(p)
	e.Parent = Process{
		GUID:        r.guid("ParentProcessGuid"),
		PID:         r.pid("ParentProcessId"),
		Image:       r.path("parent.image", "ParentImage"),
		CommandLine: r.text("parent.command_line", "ParentCommandLine"),
		User:        r.text("parent.user", "ParentUser"),
	}
}

// sysmonActor reads the process that started, ended or acted.
func (r *reading) sysmonActor() {
	p := &r.event.Process
	p.GUID = r.guid("ProcessGuid")
	p.PID = r.pid("ProcessId")
	if p.PID == 0 && r.record.clobbered {
		// NXLog's field names ignore case, so its header ProcessID (Sysmon's
		// own process) has overwritten the event's ProcessId.
		p.PID = parsePID(messageField(r.record.message, "ProcessId"))
	}
	p.Image = r.path("process.image", "Image")
	p.User = r.text("process.user", "User")
}

// sysmonModule reads what was loaded. Events 6 and 7 carry the version
// resource of the module, not of the process.
func (r *reading) sysmonModule() {
	m := &r.event.Module
	m.Path = r.path("module.path", "ImageLoaded")
	m.OriginalFileName = r.text("module.original_file_name", "OriginalFileName")
	m.Company = r.text("module.company", "Company")
	m.Product = r.text("module.product", "Product")
	m.Description = r.text("module.description", "Description")
	m.FileVersion = r.text("module.file_version", "FileVersion")
	m.Hashes = r.hashes("module.sha256")
	m.Signature = parseSignature(
		r.text("module.signer.signed", "Signed"),
		r.text("module.signer.subject", "Signature"),
		r.text("module.signer.status", "SignatureStatus"),
	)
}

// sysmonStream reads event 15, whose TargetFilename ends in the stream's name:
// C:\Users\alice\Downloads\tool.msi:Zone.Identifier. The hash is the stream's
// (the file's own where the stream is unnamed).
func (r *reading) sysmonStream() {
	f := &r.event.File
	f.Path = r.path("file.path", "TargetFilename")
	if i := strings.LastIndexByte(f.Path, ':'); i > 1 && strings.IndexByte(f.Path[i:], '\\') < 0 {
		f.Path, f.Stream = f.Path[:i], f.Path[i+1:]
	}
	f.Hashes = r.hashes("file.sha256")
	f.Contents = r.text("file.contents", "Contents")
}

// registryOperation reads Sysmon's EventType. NXLog has a header of that name
// (INFO, AUDIT_SUCCESS …) which overwrites it: the message still has it.
func (r *reading) registryOperation() string {
	operation := r.text("event.registry.operation", "EventType")
	if !r.record.clobbered {
		return operation
	}
	switch operation {
	case "", "CRITICAL", "ERROR", "WARNING", "INFO", "VERBOSE", "DEBUG", "AUDIT_SUCCESS", "AUDIT_FAILURE":
		return r.present("event.registry.operation", messageField(r.record.message, "EventType"))
	}
	return operation
}
