package install

import (
	"time"

	"msigate/gateway/event"
)

// Session is one install (or removal, patch, repair …) as everything seen so
// far describes it. Its facts come from two sources. What the sensor saw of
// processes and files is one; the other are MsiInstaller records, which any
// interactive user can write: they open a session, name it, raise doubts and
// narrow, but nothing that explains behaviour may rest on them. Claimed and
// Attribution say which fact is which.
//
// It is a value, made anew whenever something changes: who holds one never
// sees it move.
type Session struct {
	// ID names the session within its host, the same on every gateway: a hash
	// of what opened it. "" for one that stands for several candidates.
	ID       string
	OpenedBy Opener
	Via      Via

	// What msiexec was told to do, from the client's own command line; all
	// empty where that is not known, or where the client is no msiexec.
	Verb       string
	Properties map[string]string
	Transforms []string
	Patches    []Package
	Quiet      string

	// Package is the one on the client's command line; where that names none,
	// the one of MsiInstaller 1040, and then it is claimed.
	Package *Package
	// Named are further packages that MsiInstaller records name for this
	// client. Where Package is the sensor's, each contradicts it.
	Named []Package

	Client   *Process  // who asked for it; nil where nobody is known
	Launcher []Process // the client's ancestors, nearest first
	User     string    // as whom the client runs

	Begin, End time.Time // by the host's clock; zero where not known

	Products    []Product // at most MaxProducts, in the order they were told
	Outcome     Outcome
	Status      string       // the installer's code behind Outcome, e.g. 1603
	PackageFile *PackageFile // nil where no event about the file was seen

	// MarkOfTheWeb says that a Zone.Identifier of the internet or of a
	// restricted zone was seen on the package. False is not "there is none".
	MarkOfTheWeb bool
	// Inventory says that this is no install: many products were reconfigured
	// one after another with no package, as reading WMI's Win32_Product does.
	Inventory bool
	// Within is the ID of the session in whose tree the client started.
	Within string

	// Claimed names, in the words of the policy input, the facts above that
	// rest on MsiInstaller records alone; sorted.
	Claimed []string

	// How the Event of a Context came to this session.
	Attribution Attribution
	// Ambiguous says that the session cannot be known, or that its own records
	// contradict each other. Then nothing of it may approve, unless every one
	// of Candidates would.
	Ambiguous bool
	Doubts    []string // why: see the Doubt constants; sorted
	// Candidates are all sessions that the Event could belong to by what the
	// sensor saw, where there are several; the one named, if any, among them.
	// They carry no candidates of their own.
	Candidates []Session
}

// Bounds of one Session.
const (
	MaxProducts   = 64
	MaxCandidates = 8
)

// Opener is what opened a session.
type Opener string

// The openers.
const (
	OpenedByClient       Opener = "client"        // msiexec.exe with its command line, as the sensor saw it
	OpenedByMsiInstaller Opener = "msiinstaller"  // a MsiInstaller record, and no msiexec client with its PID
	OpenedByServiceChild Opener = "service_child" // neither: something the service started, for nobody known
)

// Via is the way an install was asked for.
type Via string

// The ways. Where no client is known there is none to tell.
const (
	ViaUnknown     Via = ""
	ViaMsiexec     Via = "msiexec"
	ViaWMI         Via = "wmi"          // wmiprvse.exe: Win32_Product.Install and the like
	ViaBurn        Via = "burn"         // a WiX bundle's engine, by its -burn. options or its place in the Package Cache
	ViaGroupPolicy Via = "group_policy" // svchost.exe for gpsvc or AppMgmt, winlogon.exe
	ViaCOM         Via = "com"          // a script interpreter, which has no other way than the automation interface
	ViaAPI         Via = "api"          // any other program: it calls the installer's functions, or automates it
)

// Outcome is how a session ended, by MsiInstaller's own records.
type Outcome string

// The outcomes.
const (
	OutcomeUnknown  Outcome = "unknown"
	OutcomeSuccess  Outcome = "success"
	OutcomeFailure  Outcome = "failure"
	OutcomeUserExit Outcome = "user_exit"
)

// Attribution is how an Event came to its session.
type Attribution string

// The ways of attribution.
const (
	// AttributionLineage: the client is the process itself or an ancestor.
	AttributionLineage Attribution = "lineage"
	// AttributionFile: a process of the session wrote the file that runs or loads.
	AttributionFile Attribution = "file"
	// AttributionSole: the installer's service did it while this session was
	// the only one that anybody saw. A client that no sensor and no record
	// tells of remains possible.
	AttributionSole Attribution = "sole"
	// AttributionTransaction: several sessions were alive and MsiInstaller's
	// records single this one out. Approve only what every candidate would.
	AttributionTransaction Attribution = "transaction"
	// AttributionWrapper: a wrapper did it, or something below one, beside the
	// one install that the wrapper had started.
	AttributionWrapper Attribution = "wrapper"
	// AttributionRecord: the Event is a MsiInstaller record of the session.
	AttributionRecord Attribution = "record"
)

// The reasons in Session.Doubts.
const (
	DoubtClients    = "clients"    // several sessions were alive, and none can be singled out
	DoubtPackage    = "package"    // MsiInstaller names another package than the client's command line
	DoubtMsiexec    = "msiexec"    // a msiexec of which neither start nor command line is known: client or service
	DoubtEvictions  = "evictions"  // a bound made the gateway forget sessions that could be candidates
	DoubtCandidates = "candidates" // there are more candidates than MaxCandidates
)

// Product is one product that a session touched, as MsiInstaller records name
// it: the publisher chooses every word, and the record can be forged.
type Product struct {
	Name         string
	Version      string
	Manufacturer string
	Code         string // ProductCode, upper case with braces
	Action       string // installed, removed, reconfigured, updated
	Status       string // the installer's code; "" where the record has none
}

// What was done to a Product.
const (
	ActionInstalled    = "installed"    // 1033, 11707, 11708
	ActionRemoved      = "removed"      // 1034, 11724
	ActionReconfigured = "reconfigured" // 1035
	ActionUpdated      = "updated"      // 1036: a patch
)

// PackageFile is what was seen of the file that a package was installed from,
// up to the session's begin.
type PackageFile struct {
	Writer  *Process     // who wrote it last; nil where only its hash or its mark was seen
	Written time.Time    // zero with it
	Hashes  event.Hashes // of what was last written, where a record gave them
	Hashed  time.Time    // when; a later write that no sensor told of remains possible
}
