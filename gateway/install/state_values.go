package install

// The rows for values that a Context shows. Unless said otherwise an int names
// a text of the HostState.

type factsState struct {
	GUID             int            `json:"guid,omitzero"`
	PID              uint32         `json:"pid,omitzero"` // the number itself
	Image            int            `json:"image,omitzero"`
	CommandLine      int            `json:"line,omitzero"`
	CurrentDirectory int            `json:"folder,omitzero"`
	User             int            `json:"user,omitzero"`
	LogonID          int            `json:"logon,omitzero"`
	IntegrityLevel   int            `json:"integrity,omitzero"`
	OriginalFileName int            `json:"original,omitzero"`
	Company          int            `json:"company,omitzero"`
	Product          int            `json:"product,omitzero"`
	Description      int            `json:"description,omitzero"`
	FileVersion      int            `json:"version,omitzero"`
	Hashes           hashesState    `json:"hashes,omitzero"`
	Signature        signatureState `json:"signature,omitzero"`
}

type hashesState struct {
	MD5     int `json:"md5,omitzero"`
	SHA1    int `json:"sha1,omitzero"`
	SHA256  int `json:"sha256,omitzero"`
	Imphash int `json:"imphash,omitzero"`
}

type signatureState struct {
	Known      bool `json:"known,omitzero"`
	Signed     bool `json:"signed,omitzero"`
	Subject    int  `json:"subject,omitzero"`
	Status     int  `json:"status,omitzero"`
	Issuer     int  `json:"issuer,omitzero"`
	Thumbprint int  `json:"thumbprint,omitzero"`
}

// lineState is a CommandLine.
type lineState struct {
	Verb       int            `json:"verb,omitzero"`
	Package    *packageState  `json:"package,omitzero"`
	Patches    []packageState `json:"patches,omitzero"`
	Others     []packageState `json:"others,omitzero"`
	Properties [][2]int       `json:"properties,omitzero"` // name and value, by name
	Transforms []int          `json:"transforms,omitzero"`
	Quiet      int            `json:"quiet,omitzero"`
	Suffix     int            `json:"suffix,omitzero"`
}

type packageState struct {
	Kind int `json:"kind,omitzero"`
	Name int `json:"name,omitzero"`
}

// describedState is a Process.
type describedState struct {
	Facts    int    `json:"facts,omitzero"` // of Facts
	Role     int    `json:"role,omitzero"`
	Line     int    `json:"line,omitzero"` // of Lines
	Sequence uint64 `json:"seq,omitzero"`
	Writer   int    `json:"writer,omitzero"` // who wrote its file: of Described, before this one
	Written  int64  `json:"written,omitzero"`
}

// sessionState is a Session. Its candidates stand before it.
type sessionState struct {
	ID           int               `json:"id,omitzero"`
	OpenedBy     int               `json:"opened_by,omitzero"`
	Via          int               `json:"via,omitzero"`
	Verb         int               `json:"verb,omitzero"`
	Properties   [][2]int          `json:"properties,omitzero"`
	Transforms   []int             `json:"transforms,omitzero"`
	Patches      []packageState    `json:"patches,omitzero"`
	Quiet        int               `json:"quiet,omitzero"`
	Package      *packageState     `json:"package,omitzero"`
	Named        []packageState    `json:"named,omitzero"`
	Client       int               `json:"client,omitzero"`   // of Described
	Launcher     []int             `json:"launcher,omitzero"` // of Described
	User         int               `json:"user,omitzero"`
	Begin        int64             `json:"begin,omitzero"`
	End          int64             `json:"end,omitzero"`
	Products     []productState    `json:"products,omitzero"`
	Outcome      int               `json:"outcome,omitzero"`
	Status       int               `json:"status,omitzero"`
	PackageFile  *packageFileState `json:"package_file,omitzero"`
	MarkOfTheWeb bool              `json:"mark_of_the_web,omitzero"`
	Inventory    bool              `json:"inventory,omitzero"`
	Within       int               `json:"within,omitzero"`
	Claimed      []int             `json:"claimed,omitzero"`
	Attribution  int               `json:"attribution,omitzero"`
	Ambiguous    bool              `json:"ambiguous,omitzero"`
	Doubts       []int             `json:"doubts,omitzero"`
	Candidates   []int             `json:"candidates,omitzero"` // of Sessions
}

type productState struct {
	Name         int `json:"name,omitzero"`
	Version      int `json:"version,omitzero"`
	Manufacturer int `json:"manufacturer,omitzero"`
	Code         int `json:"code,omitzero"`
	Action       int `json:"action,omitzero"`
	Status       int `json:"status,omitzero"`
}

// packageFileState is a PackageFile.
type packageFileState struct {
	Writer  int         `json:"writer,omitzero"` // of Described
	Written int64       `json:"written,omitzero"`
	Hashes  hashesState `json:"hashes,omitzero"`
	Hashed  int64       `json:"hashed,omitzero"`
}
