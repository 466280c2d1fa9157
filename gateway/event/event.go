package event

import "time"

// Kind says what happened, whatever sensor reported it.
type Kind string

// The kinds msigate tells apart. Every other record of a known provider is
// KindOther: read, counted, and never decided.
const (
	KindProcessStart   Kind = "process_start"   // Sysmon 1, Security 4688
	KindProcessEnd     Kind = "process_end"     // Sysmon 5, Security 4689
	KindImageLoad      Kind = "image_load"      // Sysmon 7 (and 6, a driver)
	KindFileCreate     Kind = "file_create"     // Sysmon 11 (and 2, a changed creation time)
	KindFileStream     Kind = "file_stream"     // Sysmon 15
	KindFileExecutable Kind = "file_executable" // Sysmon 29
	KindFileDelete     Kind = "file_delete"     // Sysmon 23, 26
	KindNetwork        Kind = "network"         // Sysmon 3
	KindDNS            Kind = "dns"             // Sysmon 22
	KindRegistry       Kind = "registry"        // Sysmon 12, 13, 14
	KindInstall        Kind = "install"         // MsiInstaller
	KindSensor         Kind = "sensor"          // Sysmon 4, 16, 255
	KindOther          Kind = "other"           // Sysmon 10, 17 and whatever else arrives
)

// Event is one decoded record. A fact that the record does not carry is the
// zero value and is named in Missing; nothing is guessed. Strings keep the
// case the sensor gave them, paths are normalised once (see NormalizePath).
type Event struct {
	Kind      Kind
	Shape     Shape     // how it arrived on the wire
	Provider  string    // e.g. Microsoft-Windows-Sysmon, MsiInstaller
	Channel   string    // e.g. Microsoft-Windows-Sysmon/Operational
	EventID   int       // the provider's own event id
	RecordID  uint64    // EventRecordID in the channel; 0 where unknown
	Host      string    // lower-cased computer name as the sensor gives it, DNS suffix kept
	Time      time.Time // when it happened by the host's clock, UTC
	Stamp     time.Time // when the server stored its message: Decode does not know it, who read the message does; zero where it came from a file
	Process   Process   // the process that started, ended or acted
	Parent    Process   // its parent; only of a process_start
	Module    Module    // what an image_load loaded
	File      File      // what a file_* event wrote, marked or deleted
	Registry  Registry
	Network   Network // network and dns
	Installer Installer
	Sensor    Sensor
	Missing   []string // facts this record could have carried and does not, e.g. "process.command_line"
	Mangled   []string // facts whose illegal characters were replaced, same names
}

// Process is what a record says of one process.
type Process struct {
	GUID             string // Sysmon ProcessGuid, lower case, no braces; else the sensor's own id, as it stands
	PID              uint32 // 0 where unknown (PID 0 is never a user process)
	Image            string // full path, normalised
	CommandLine      string
	CurrentDirectory string
	User             string // DOMAIN\name as the sensor gives it
	LogonID          string // lower-case hex with 0x, whatever base the sensor used
	IntegrityLevel   string
	OriginalFileName string
	Company          string
	Product          string
	Description      string
	FileVersion      string
	Hashes           Hashes
	Signature        Signature
}

// Hashes are lower-case hex; empty where the sensor gave none.
type Hashes struct {
	MD5, SHA1, SHA256, Imphash string
}

// Signature is a code signature as the sensor verified it.
type Signature struct {
	Known      bool   // false: the record says nothing, or says it could not tell ("Unavailable")
	Signed     bool   // only when Known
	Subject    string // signer's name
	Status     string // the sensor's word: Valid, Expired, …
	Issuer     string // where an EDR gives it
	Thumbprint string // lower-case hex, where an EDR gives it
}

// Module is a loaded image (DLL, driver, or the process's own executable).
type Module struct {
	Path             string
	OriginalFileName string
	Company          string
	Product          string
	Description      string
	FileVersion      string
	Hashes           Hashes
	Signature        Signature
}

// File is the target of a file event.
type File struct {
	Path     string
	Hashes   Hashes // Sysmon 15, 23, 26, 29
	Contents string // Sysmon 15: the stream's text, e.g. a Zone.Identifier
	Stream   string // Sysmon 15: the alternate data stream's name without its colon
}

// Registry is the target of a registry event.
type Registry struct {
	Operation string // SetValue, CreateKey, … (Sysmon's EventType)
	Key       string // TargetObject
	Value     string // Details
	NewName   string // Sysmon 14
}

// Network is the far end of a connection or the name asked of DNS.
type Network struct {
	Protocol        string
	DestinationIP   string
	DestinationHost string
	DestinationPort uint16
	QueryName       string // dns
	QueryStatus     string
	QueryResults    string
}

// Installer is what a MsiInstaller record says. Any interactive user can write
// such a record (Microsoft, "Event Logging Security"), so it proves nothing.
type Installer struct {
	Package      string // 1040, 1042: path, URL or ProductCode GUID
	ClientPID    uint32 // 1040, 1042
	Product      string // 1033, 1034, 1035, 11707, 11708, 11724
	Version      string
	Language     string
	Status       string // the installer's result code
	Manufacturer string
	ProductCode  string // from the record's binary data, upper case with braces
}

// Sensor is Sysmon's word on itself.
type Sensor struct {
	State         string // 4: Started, Stopped
	Configuration string // 16
	Error         string // 255: ID
	Description   string
}

// Record is one record of a message: an Event, or why it is none.
type Record struct {
	Index int    // position inside the message, from 0
	Event *Event // nil when Fault is set
	Fault *Fault

	// Text is the record alone, as a message that decodes to it: a part of the
	// message, whose memory it shares; of .evtx, Velociraptor's JSON of it. nil
	// where the record could not be cut out.
	Text []byte
}

// Fault says why a message or a record cannot be decoded. It is structural
// only: what an attacker can choose inside a value is replaced and decided.
type Fault struct {
	Reason Reason
	Detail string // for people: what and where, e.g. "offset 1204: unexpected end of text"
}

func (f *Fault) Error() string { return string(f.Reason) + ": " + f.Detail }

// Reason is a stable token; it becomes the last token of a quarantine subject.
type Reason string

// The reasons for quarantine.
const (
	ReasonSyntax       Reason = "syntax"        // not JSON or XML, or cut short
	ReasonDuplicateKey Reason = "duplicate_key" // parsers differ on which one counts
	ReasonDepth        Reason = "depth"         // nested deeper than MaxDepth
	ReasonSize         Reason = "size"          // longer than the bound
	ReasonShape        Reason = "shape"         // well-formed, but none of the known shapes
	ReasonField        Reason = "field"         // a field the record cannot be used without is absent or unreadable
	ReasonWrongHost    Reason = "wrong_host"    // speaks for another host than its subject's
)
