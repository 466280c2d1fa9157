package install

import (
	"time"

	"msigate/gateway/event"
)

// Role is what a process is to Windows Installer.
type Role string

// The roles. Facts: learn.microsoft.com, "Debugging Custom Actions" and
// "_MSIExecute Mutex"; the -Embedding suffix is opaque (nothing documents it).
const (
	RoleNone               Role = ""                      // not of an installer tree
	RoleClient             Role = "client"                // msiexec.exe started to install, remove, patch …
	RoleService            Role = "service"               // msiexec.exe /V
	RoleCustomActionServer Role = "custom_action_server"  // msiexec.exe -Embedding <32 hex>
	RoleManagedAction      Role = "managed_custom_action" // rundll32 <MSIxxxx.tmp>,zzzzInvokeManagedCustomActionOutOfProc …
	RoleExtracted          Role = "extracted"             // an MSIxxxx.tmp run as a program
	RoleDescendant         Role = "descendant"            // anything else below an installer process
	RoleWrapper            Role = "wrapper"               // an InstallerParent above it, e.g. setup.exe
)

// Process is a process as everything seen so far describes it.
type Process struct {
	event.Process
	Role    Role
	Msiexec *CommandLine // parsed, where the process is msiexec by name or OriginalFileName
	// Sequence is the stream sequence (offline: line number) of its process_start; 0 where only a child named it.
	Sequence uint64
	Written  *Written // who wrote the file it was started from; nil where nobody was seen to
}

// Written says who wrote a file that runs or is loaded: a process of a tree,
// within ExecutionTimeWindow; or anybody, where the file is named MSIxxxx.tmp.
type Written struct {
	By Process // By.Role RoleNone: a stranger. Its own Written is nil
	At time.Time
}

// Context is an in-scope Event together with what is known around it. It is
// a value: the policy reads it, nothing changes it afterwards.
type Context struct {
	Event   *event.Event
	Process Process   // the subject: for a process_start the new process, else the acting one
	Parent  Process   // RoleNone and empty where unknown
	Lineage []Process // ancestors, nearest first, Parent included; at most MaxLineage
	Root    Process   // the topmost installer process of the tree, never an ancestor outside it
	Package *Package  // the package a MsiInstaller record names; nil elsewhere
	Session *Session  // the install it belongs to; nil where there is none
	// Module is what an image_load loads: the Event's own words, and its signer
	// where a certificate record of the host tells that by the module's SHA-1.
	Module event.Module
	// ModuleWritten says who wrote the file that an image_load loads; nil where nobody was seen to.
	ModuleWritten *Written
	// Sends are the kinds of record that the host has been seen to send, of image_load,
	// install, process_end, file_create, network and registry; sorted. What it never
	// sends need not be waited for.
	Sends []string
	// RootCertificate is when a process of a tree last added a root certificate to the
	// host, in nanoseconds since 1970 by the host's clock; 0: none was seen to.
	RootCertificate int64
	Missing         []string // Event.Missing and what correlation could not find, sorted, no duplicates
}
