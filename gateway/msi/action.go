package msi

import "strings"

// Action is one row of the CustomAction table, with what its type says.
// https://learn.microsoft.com/windows/win32/msi/summary-list-of-all-custom-action-types
type Action struct {
	Name   string `json:"name"`
	Type   int    `json:"type"`  // as stored, options included
	Basic  int    `json:"basic"` // without them: 1, 2, 5 … 54
	Kind   string `json:"kind"`  // what that is, e.g. "EXE in a binary stream"
	Source string `json:"source,omitempty"`
	Target string `json:"target,omitempty"` // entry point, arguments, script or value, by the type

	// What runs, as far as the package itself says it: a command line with its
	// properties resolved, a library with the function; of a script its text.
	Runs   string `json:"runs,omitempty"`
	Script string `json:"script,omitempty"`

	// The options of the type.
	// https://learn.microsoft.com/windows/win32/msi/custom-action-return-processing-options
	Context     string `json:"context"`                // immediate, deferred, rollback or commit
	LocalSystem bool   `json:"local_system,omitempty"` // deferred without impersonation: LocalSystem in a per-machine install
	Async       bool   `json:"async,omitempty"`
	Continue    bool   `json:"continue,omitempty"` // whatever it returns
	Win64       bool   `json:"win64,omitempty"`    // a script for the 64-bit host
	HideTarget  bool   `json:"hide_target,omitempty"`
	TSAware     bool   `json:"ts_aware,omitempty"` // impersonates on a terminal server, too
	Uninstall   bool   `json:"patch_uninstall,omitempty"`

	Scheduled []Schedule `json:"scheduled,omitempty"` // nowhere: nothing in the package starts it
}

// Schedule is where an action is started.
type Schedule struct {
	Table     string `json:"table"` // e.g. InstallExecuteSequence, ControlEvent
	Sequence  int    `json:"sequence,omitempty"`
	Condition string `json:"condition,omitempty"`
}

// Bits of a custom action's type.
// https://learn.microsoft.com/windows/win32/msi/custom-action-in-script-execution-options
const (
	basicMask         = 0x3f
	bitContinue       = 0x40
	bitAsync          = 0x80
	bitRollback       = 0x100 // with bitInScript
	bitCommit         = 0x200 // with bitInScript
	bitInScript       = 0x400
	bitNoImpersonate  = 0x800
	bitScript64       = 0x1000
	bitHideTarget     = 0x2000
	bitTSAware        = 0x4000
	bitPatchUninstall = 0x8000 // in ExtendedType
)

// kinds are the basic types. They add up of what it is (1 DLL, 2 EXE, 3 an error
// or a property, 5 JScript, 6 VBScript, 7 a nested install) and where it is
// (0 Binary, 16 an installed file, 32 a folder or text, 48 a property).
var kinds = map[int]string{
	1:  "DLL in a binary stream",
	2:  "EXE in a binary stream",
	5:  "JScript in a binary stream",
	6:  "VBScript in a binary stream",
	7:  "nested install of a package within this one",
	17: "DLL that is installed",
	18: "EXE that is installed",
	19: "error that ends the install",
	21: "JScript that is installed",
	22: "VBScript that is installed",
	23: "nested install of a package beside this one",
	34: "command line in a folder",
	35: "path of a folder is set",
	37: "JScript text",
	38: "VBScript text",
	39: "nested install of an advertised product",
	50: "EXE whose path a property has",
	51: "property is set",
	53: "JScript text that a property has",
	54: "VBScript text that a property has",
}

// decodeType fills what the stored type says.
func (a *Action) decodeType(extended int) {
	bits := a.Type&0xffff | extended&^0xffff | extended&bitPatchUninstall
	a.Basic = bits & basicMask
	a.Kind = kinds[a.Basic]
	if a.Kind == "" {
		a.Kind = "unknown type"
	}
	a.Context = "immediate"
	if bits&bitInScript != 0 {
		switch {
		case bits&bitRollback != 0:
			a.Context = "rollback"
		case bits&bitCommit != 0:
			a.Context = "commit"
		default:
			a.Context = "deferred"
		}
		a.LocalSystem = bits&bitNoImpersonate != 0
	}
	a.Continue = bits&bitContinue != 0
	a.Async = bits&bitAsync != 0
	a.HideTarget = bits&bitHideTarget != 0
	a.TSAware = bits&bitTSAware != 0
	a.Uninstall = bits&bitPatchUninstall != 0
	a.Win64 = a.isScript() && bits&bitScript64 != 0
}

// Options are the options in words.
func (a *Action) Options() []string {
	options := []string{a.Context}
	for _, o := range []struct {
		held bool
		word string
	}{
		{a.LocalSystem, "as LocalSystem"},
		{a.Async, "not waited for"},
		{a.Continue, "its failure ignored"},
		{a.Win64, "64-bit script"},
		{a.HideTarget, "hidden from the log"},
		{a.TSAware, "terminal-server aware"},
		{a.Uninstall, "when a patch is removed"},
	} {
		if o.held {
			options = append(options, o.word)
		}
	}
	return options
}

func (a *Action) isScript() bool {
	switch a.Basic {
	case 5, 6, 21, 22, 37, 38, 53, 54:
		return true
	}
	return false
}

// inBinary says whether Source is a row of the Binary table.
func (a *Action) inBinary() bool { return a.Basic == 1 || a.Basic == 2 || a.Basic == 5 || a.Basic == 6 }

// installs says whether Source is a row of the File table.
func (a *Action) installs() bool {
	return a.Basic == 17 || a.Basic == 18 || a.Basic == 21 || a.Basic == 22
}

// extracted says whether Windows Installer extracts the binary stream to a file
// MSIxxxx.tmp and runs or loads that.
func (a *Action) extracted() bool { return a.Basic == 1 || a.Basic == 2 }

// passesCommand says whether a type 51 action sets what WiX's quiet execution
// then runs (WixQuietExecCmdLine and the like): a command line that no row of the
// table shows as one.
// https://docs.firegiant.com/wix3/customactions/qtexec/
func (a *Action) passesCommand() bool {
	name := strings.ToLower(a.Source)
	return a.Basic == 51 && (strings.Contains(name, "quietexec") || strings.Contains(name, "silentexec") || strings.Contains(name, "qtexec"))
}
