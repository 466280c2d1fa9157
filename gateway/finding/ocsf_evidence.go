package finding

import "msigate/gateway/policy"

// Evidence is one event that a Decision answered.
type Evidence struct {
	UID         string           `json:"uid"`  // the Decision's id
	Name        string           `json:"name"` // what happened, in words
	Process     *Process         `json:"process,omitempty"`
	Actor       *Actor           `json:"actor,omitempty"`
	User        *User            `json:"user,omitempty"`
	File        *File            `json:"file,omitempty"`
	DstEndpoint *NetworkEndpoint `json:"dst_endpoint,omitempty"`
	Query       *DNSQuery        `json:"query,omitempty"`
	Data        EvidenceData     `json:"data"`
}

// EvidenceData is what OCSF's evidence has no attribute for.
type EvidenceData struct {
	Disposition policy.Disposition   `json:"disposition"`
	Severity    policy.Severity      `json:"severity"`
	Signals     []string             `json:"signals"`
	Kind        string               `json:"kind"`
	Provider    string               `json:"provider,omitempty"`
	EventID     int                  `json:"event_id"`
	RecordID    uint64               `json:"record_id,omitzero"`
	Time        int64                `json:"time,omitzero"` // by the host's clock, ms since 1970
	Roles       map[string]string    `json:"roles,omitempty"`
	Signers     map[string]Signer    `json:"signers,omitempty"` // by fact: process, parent, module
	Package     string               `json:"package,omitempty"` // path, URL or ProductCode
	Registry    *RegistryChange      `json:"registry,omitempty"`
	Installer   *InstallerStatements `json:"installer,omitempty"`
	Stream      string               `json:"stream,omitempty"`
	Contents    string               `json:"contents,omitempty"` // of the alternate data stream
	Answers     string               `json:"dns_results,omitempty"`
	Address     string               `json:"destination,omitempty"` // where it is no IP address that OCSF would take
}

// Signer is a signature as the sensor verified it. OCSF's certificate needs a
// serial number, which no sensor gives.
type Signer struct {
	Signed     bool   `json:"signed"`
	Status     string `json:"status,omitempty"`
	Subject    string `json:"subject,omitempty"`
	Issuer     string `json:"issuer,omitempty"`
	Thumbprint string `json:"thumbprint,omitempty"`
}

// RegistryChange is what a registry event says.
type RegistryChange struct {
	Operation string `json:"operation,omitempty"`
	Key       string `json:"key,omitempty"`
	Value     string `json:"value,omitempty"`
	NewName   string `json:"new_name,omitempty"`
}

// InstallerStatements is what a MsiInstaller record says; anyone can write one.
type InstallerStatements struct {
	Package      string `json:"package,omitempty"`
	ClientPID    uint32 `json:"client_pid,omitzero"`
	Product      string `json:"product,omitempty"`
	Version      string `json:"version,omitempty"`
	Manufacturer string `json:"manufacturer,omitempty"`
	Status       string `json:"status,omitempty"`
	ProductCode  string `json:"product_code,omitempty"`
}

// Process is OCSF's process; it needs a pid or a uid.
type Process struct {
	UID       string          `json:"uid,omitempty"` // ProcessGuid
	PID       int64           `json:"pid,omitzero"`
	Name      string          `json:"name,omitempty"`
	Path      string          `json:"path,omitempty"`
	CmdLine   string          `json:"cmd_line,omitempty"`
	Directory string          `json:"working_directory,omitempty"`
	Integrity string          `json:"integrity,omitempty"`
	Created   int64           `json:"created_time,omitzero"`
	User      *User           `json:"user,omitempty"`
	Session   *Session        `json:"session,omitempty"`
	File      *File           `json:"file,omitempty"`
	Parent    *Process        `json:"parent_process,omitempty"`
	Ancestry  []ProcessEntity `json:"ancestry,omitempty"` // above the parent, nearest first
}

// ProcessEntity is an ancestor in short.
type ProcessEntity struct {
	UID     string `json:"uid,omitempty"`
	PID     int64  `json:"pid,omitzero"`
	Name    string `json:"name,omitempty"`
	Path    string `json:"path,omitempty"`
	CmdLine string `json:"cmd_line,omitempty"`
}

// Actor is the process that acted and its user.
type Actor struct {
	Process *Process `json:"process,omitempty"`
	User    *User    `json:"user,omitempty"`
}

// User is an account as the sensor names it.
type User struct {
	Name   string `json:"name"`
	Domain string `json:"domain,omitempty"`
}

// Session is a logon session.
type Session struct {
	UID string `json:"uid"`
}

// File is an executable, a module or the target of a file event.
type File struct {
	Name         string            `json:"name"`
	Path         string            `json:"path,omitempty"`
	ParentFolder string            `json:"parent_folder,omitempty"`
	TypeID       int               `json:"type_id"`
	Type         string            `json:"type"`
	Company      string            `json:"company_name,omitempty"`
	Desc         string            `json:"desc,omitempty"`
	Version      string            `json:"version,omitempty"`
	InternalName string            `json:"internal_name,omitempty"` // OriginalFileName
	Product      *Product          `json:"product,omitempty"`
	IsDeleted    bool              `json:"is_deleted,omitzero"`
	Hashes       []Fingerprint     `json:"hashes,omitempty"`
	Signature    *DigitalSignature `json:"signature,omitempty"`
}

// Fingerprint is a hash of a file.
type Fingerprint struct {
	AlgorithmID int    `json:"algorithm_id"`
	Algorithm   string `json:"algorithm"`
	Value       string `json:"value"`
}

// DigitalSignature is an Authenticode signature's state.
type DigitalSignature struct {
	AlgorithmID int    `json:"algorithm_id"`
	Algorithm   string `json:"algorithm"`
	StateID     int    `json:"state_id,omitzero"`
	State       string `json:"state,omitempty"`
}

// NetworkEndpoint is the far end of a connection.
type NetworkEndpoint struct {
	IP       string `json:"ip,omitempty"`
	Hostname string `json:"hostname,omitempty"`
	Port     int    `json:"port,omitzero"`
}

// DNSQuery is a name that was looked up.
type DNSQuery struct {
	Hostname string `json:"hostname"`
}
