package install

// HostState is all that a Tracker knows of one host, as plain values for JSON:
// no maps, so that the same state is always the same bytes, and no derived
// thing, such as the sessions that are worked out from clients and records.
//
// What many rows share stands once, in a table, and is named by its place there,
// from 1; 0 is nothing, or the empty text. Times are nanoseconds since 1970 by
// the host's clock; 0 is not known.
type HostState struct {
	Host      string        `json:"host"`
	Clock     int64         `json:"clock,omitzero"` // the latest time its records told
	Swept     int64         `json:"swept,omitzero"`
	Lost      int64         `json:"lost,omitzero"` // until when what a bound made it forget of sessions was known
	TellsEnds bool          `json:"tells_ends,omitzero"`
	Sends     sendSet       `json:"sends,omitzero"`
	Rooted    int64         `json:"rooted,omitzero"` // when a tree last added a root certificate
	Lag       lagState      `json:"lag,omitzero"`
	Applying  positionState `json:"applying,omitzero"` // the record applied last

	// Tables.
	Texts     []string         `json:"texts,omitzero"`
	Facts     []factsState     `json:"facts,omitzero"`
	Lines     []lineState      `json:"lines,omitzero"`     // msiexec's command lines, parsed
	Described []describedState `json:"described,omitzero"` // processes, as sessions tell of them
	Sessions  []sessionState   `json:"sessions,omitzero"`  // as contexts told them, or as they settled
	Events    []eventState     `json:"events,omitzero"`
	// Processes are first those Remembered, then those of a Tree, each as many
	// and with the longest unheard of first; then what the host forgot and only
	// something else still names.
	Processes  []processState `json:"processes,omitzero"`
	Remembered int            `json:"remembered,omitzero"`
	Tree       int            `json:"tree,omitzero"`

	PIDs     [][]int           `json:"pids,omitzero"` // processes that had one PID, newest first, where it was several
	Late     []int             `json:"late,omitzero"` // processes that joined a tree late
	Unborn   []deedState       `json:"unborn,omitzero"`
	Files    []fileState       `json:"files,omitzero"`
	Strange  []fileState       `json:"strange,omitzero"` // named MSIxxxx.tmp, and written by strangers
	Clients  []int             `json:"clients,omitzero"` // processes
	Packages []packageLogState `json:"packages,omitzero"`
	// Records are first those Kept; then what only a watched event still names.
	Records []recordState `json:"records,omitzero"`
	Kept    int           `json:"kept,omitzero"`

	Certificates []certificateState `json:"certificates,omitzero"`
	Watched      []watchedState     `json:"watched,omitzero"` // decided events, the longest watched first
	Stirred      stirredState       `json:"stirred,omitzero"`

	// Trimmed is what Trim took away. Import counts it among the evictions.
	Trimmed Trimmed `json:"trimmed,omitzero"`
}

// Trimmed counts what a state was relieved of so that it could be stored.
type Trimmed struct {
	Processes     uint64 `json:"processes,omitzero"`
	TreeProcesses uint64 `json:"tree_processes,omitzero"`
	Files         uint64 `json:"files,omitzero"`
	Sessions      uint64 `json:"sessions,omitzero"`
	Packages      uint64 `json:"packages,omitzero"`
	Certificates  uint64 `json:"certificates,omitzero"`
	Decisions     uint64 `json:"decisions,omitzero"` // watched events
}

// processState is a process. GUID, Parent, Stream, Image, User, ParentImage and
// Line are texts.
type processState struct {
	GUID        int          `json:"guid,omitzero"`
	PID         uint32       `json:"pid,omitzero"`
	Parent      int          `json:"parent,omitzero"` // its GUID
	ParentPID   uint32       `json:"ppid,omitzero"`
	Start       int64        `json:"start,omitzero"`
	End         int64        `json:"end,omitzero"`
	Seen        int64        `json:"seen,omitzero"` // how long after Start, in nanoseconds
	Stream      int          `json:"stream,omitzero"`
	Sequence    uint64       `json:"seq,omitzero"`
	Record      int          `json:"record,omitzero"`
	Image       int          `json:"image,omitzero"`
	User        int          `json:"user,omitzero"`
	ParentImage int          `json:"parent_image,omitzero"`
	Line        int          `json:"line,omitzero"`
	Changed     uint64       `json:"changed,omitzero"`
	Wrapper     bool         `json:"wrapper,omitzero"`
	Widened     int64        `json:"widened,omitzero"`
	Launcher    bool         `json:"launcher,omitzero"`
	Late        lateness     `json:"late,omitzero"`
	Noted       bool         `json:"noted,omitzero"`
	NoGUID      bool         `json:"no_guid,omitzero"` // not found by its GUID, although it has one
	NoPID       bool         `json:"no_pid,omitzero"`  // not found by its PID, although it has one
	Member      *memberState `json:"member,omitzero"`
}

// memberState is what a process of a tree has besides.
type memberState struct {
	Facts   int          `json:"facts,omitzero"`
	Role    int          `json:"role,omitzero"` // text
	Line    int          `json:"line,omitzero"`
	Above   []int        `json:"above,omitzero"`  // processes
	Writer  int          `json:"writer,omitzero"` // process
	Written int64        `json:"written,omitzero"`
	First   int64        `json:"first,omitzero"`
	Settled int          `json:"settled,omitzero"` // session
	Signer  signerSource `json:"signer,omitzero"`
	Signed  int64        `json:"signed,omitzero"`
}

// deedState is the first that a process did of whose start nobody told.
type deedState struct {
	Process int           `json:"process"`
	At      positionState `json:"at"`
	Seen    int64         `json:"seen,omitzero"`
}

// fileState is a file that was written. Path is a text.
type fileState struct {
	Path    int          `json:"path"`
	First   int64        `json:"first,omitzero"` // its place among the others
	Writer  int          `json:"writer"`         // process, that wrote it last
	At      int64        `json:"at,omitzero"`    // when
	Earlier []writeState `json:"earlier,omitzero"`
}

type writeState struct {
	Writer int   `json:"writer"` // process
	At     int64 `json:"at,omitzero"`
}

// recordState is a MsiInstaller record. Package is a text.
type recordState struct {
	At       int64        `json:"at,omitzero"`
	ID       int          `json:"id,omitzero"`
	RecordID uint64       `json:"record_id,omitzero"`
	PID      uint32       `json:"pid,omitzero"`
	Package  int          `json:"package,omitzero"`
	Product  productState `json:"product,omitzero"`
	Client   int          `json:"client,omitzero"` // process
}

// packageLogState is what was seen of one package file. Path is a text.
type packageLogState struct {
	Path  int         `json:"path"`
	Seen  int64       `json:"seen,omitzero"`
	Notes []noteState `json:"notes,omitzero"`
}

type noteState struct {
	At     int64       `json:"at,omitzero"`
	Kind   noteKind    `json:"kind"`
	Writer int         `json:"writer,omitzero"` // process
	Hashes hashesState `json:"hashes,omitzero"`
}

// certificateState is what a certificate record told of a file. SHA1 is a text.
type certificateState struct {
	SHA1      int            `json:"sha1"`
	Signature signatureState `json:"signature"`
	At        int64          `json:"at,omitzero"`
}

type lagState struct {
	Most   int64 `json:"most,omitzero"`
	Before int64 `json:"before,omitzero"`
	Since  int64 `json:"since,omitzero"`
}

type stirredState struct {
	Count    uint64   `json:"count,omitzero"`
	Sessions uint64   `json:"sessions,omitzero"`
	All      uint64   `json:"all,omitzero"`
	Looked   uint64   `json:"looked,omitzero"`
	Wanted   []uint32 `json:"wanted,omitzero"` // PIDs, lowest first; empty is not the same as none
}
