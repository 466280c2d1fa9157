package install

// The rows of watched events. Unless said otherwise an int names a text.

// watchedState is a decided event, and its context as it was told.
type watchedState struct {
	At      positionState `json:"at"`
	Context contextState  `json:"context"`
	Since   int64         `json:"since,omitzero"`
	Subject int           `json:"subject,omitzero"` // process
	Record  int           `json:"record,omitzero"`  // of Records
	Around  []int         `json:"around,omitzero"`  // processes
	Changes int           `json:"changes,omitzero"`
	Looked  uint64        `json:"looked,omitzero"`
	Frozen  bool          `json:"frozen,omitzero"`
	Untold  *contextState `json:"untold,omitzero"`
}

type positionState struct {
	Stream   int    `json:"stream,omitzero"`
	Sequence uint64 `json:"seq,omitzero"` // the number itself
	Record   int    `json:"record,omitzero"`
}

// contextState is a Context. Process, Parent, Lineage and Root are Described.
type contextState struct {
	Event         int           `json:"event"` // of Events
	Process       int           `json:"process,omitzero"`
	Parent        int           `json:"parent,omitzero"`
	Lineage       []int         `json:"lineage,omitzero"`
	Root          int           `json:"root,omitzero"`
	Package       *packageState `json:"package,omitzero"`
	Session       int           `json:"session,omitzero"` // of Sessions
	Module        moduleState   `json:"module,omitzero"`
	ModuleWritten *writtenState `json:"module_written,omitzero"`
	Sends         []int         `json:"sends,omitzero"`
	Rooted        int64         `json:"rooted,omitzero"`
	Missing       []int         `json:"missing,omitzero"`
}

// writtenState is a Written.
type writtenState struct {
	By int   `json:"by,omitzero"` // of Described
	At int64 `json:"at,omitzero"`
}

// eventState is an Event.
type eventState struct {
	Kind      int            `json:"kind,omitzero"`
	Shape     int            `json:"shape,omitzero"`
	Provider  int            `json:"provider,omitzero"`
	Channel   int            `json:"channel,omitzero"`
	EventID   int            `json:"id,omitzero"`
	RecordID  uint64         `json:"record_id,omitzero"`
	Host      int            `json:"host,omitzero"`
	Time      int64          `json:"time,omitzero"`
	Stamp     int64          `json:"stamp,omitzero"`
	Process   int            `json:"process,omitzero"` // of Facts
	Parent    int            `json:"parent,omitzero"`  // of Facts
	Module    moduleState    `json:"module,omitzero"`
	File      fileEventState `json:"file,omitzero"`
	Registry  registryState  `json:"registry,omitzero"`
	Network   networkState   `json:"network,omitzero"`
	Installer installerState `json:"installer,omitzero"`
	Sensor    sensorState    `json:"sensor,omitzero"`
	Missing   []int          `json:"missing,omitzero"`
	Mangled   []int          `json:"mangled,omitzero"`
}

type moduleState struct {
	Path             int            `json:"path,omitzero"`
	OriginalFileName int            `json:"original,omitzero"`
	Company          int            `json:"company,omitzero"`
	Product          int            `json:"product,omitzero"`
	Description      int            `json:"description,omitzero"`
	FileVersion      int            `json:"version,omitzero"`
	Hashes           hashesState    `json:"hashes,omitzero"`
	Signature        signatureState `json:"signature,omitzero"`
}

type fileEventState struct {
	Path     int         `json:"path,omitzero"`
	Hashes   hashesState `json:"hashes,omitzero"`
	Contents int         `json:"contents,omitzero"`
	Stream   int         `json:"stream,omitzero"`
}

type registryState struct {
	Operation int `json:"operation,omitzero"`
	Key       int `json:"key,omitzero"`
	Value     int `json:"value,omitzero"`
	NewName   int `json:"new_name,omitzero"`
}

type networkState struct {
	Protocol        int    `json:"protocol,omitzero"`
	DestinationIP   int    `json:"ip,omitzero"`
	DestinationHost int    `json:"host,omitzero"`
	DestinationPort uint16 `json:"port,omitzero"` // the number itself
	QueryName       int    `json:"query,omitzero"`
	QueryStatus     int    `json:"query_status,omitzero"`
	QueryResults    int    `json:"query_results,omitzero"`
}

type installerState struct {
	Package      int    `json:"package,omitzero"`
	ClientPID    uint32 `json:"pid,omitzero"` // the number itself
	Product      int    `json:"product,omitzero"`
	Version      int    `json:"version,omitzero"`
	Language     int    `json:"language,omitzero"`
	Status       int    `json:"status,omitzero"`
	Manufacturer int    `json:"manufacturer,omitzero"`
	ProductCode  int    `json:"product_code,omitzero"`
}

type sensorState struct {
	State         int `json:"state,omitzero"`
	Configuration int `json:"configuration,omitzero"`
	Error         int `json:"error,omitzero"`
	Description   int `json:"description,omitzero"`
}
