package install

import (
	"regexp"
	"strings"

	"msigate/gateway/event"
)

// isMsiexec reports whether a process is Windows Installer's program: by its
// file's name, wherever it lies, or by its OriginalFileName, which a renamed
// copy keeps. Whether it is the genuine one is for the policy to say.
func isMsiexec(facts *event.Process) bool {
	return event.EqualFoldASCII(event.Base(facts.Image), "msiexec.exe") ||
		event.EqualFoldASCII(facts.OriginalFileName, "msiexec.exe")
}

// isExtracted reports whether a file is named as Windows Installer names what
// it extracts from a package: MSI, up to five hex digits, .tmp.
func isExtracted(path string) bool {
	name := event.LowerASCII(event.Base(path))
	number, ok := strings.CutPrefix(name, "msi")
	if !ok {
		return false
	}
	number, ok = strings.CutSuffix(number, ".tmp")
	return ok && len(number) >= 1 && len(number) <= 5 && strings.Trim(number, "0123456789abcdef") == ""
}

// roleOf says what a process is by its own facts and its parent; nil and
// RoleNone where it is nothing of the installer's own. parent is nil where it
// is not known.
func roleOf(facts *event.Process, parent *process) (Role, *CommandLine) {
	var line *CommandLine
	if isMsiexec(facts) {
		line = ParseCommandLine(facts.CommandLine, facts.CurrentDirectory)
	}
	return roleBy(facts, line, parent), line
}

// roleBy is roleOf with the command line, where the process is msiexec, parsed.
func roleBy(facts *event.Process, line *CommandLine, parent *process) Role {
	switch {
	case isExtracted(facts.Image):
		return RoleExtracted
	case isMsiexec(facts):
		return msiexecRole(line, parent)
	case parent != nil && isManagedAction(facts, parent):
		return RoleManagedAction
	}
	return RoleNone
}

// msiexecRole tells msiexec's roles apart. The service is started by
// services.exe, and it starts the custom-action servers: a /V or -Embedding
// from any other parent that is known is just somebody's command line.
func msiexecRole(line *CommandLine, parent *process) Role {
	image := ""
	if parent != nil {
		image = parent.image.Value()
	}
	services := isServices(image)
	switch {
	case line == nil: // command line not audited
		switch {
		case services:
			return RoleService
		case parent != nil && parent.isMsiexec(): // what msiexec starts of itself is a server
			return RoleCustomActionServer
		}
	case line.Verb == VerbService && (image == "" || services):
		return RoleService
	case line.Verb == VerbEmbedding && (image == "" || parent.isMsiexec()):
		return RoleCustomActionServer
	}
	return RoleClient
}

// isServices reports whether path is the Service Control Manager's program.
func isServices(path string) bool {
	const tail = `:\windows\system32\services.exe`
	return len(path) == len(tail)+1 && event.EqualFoldASCII(path[1:], tail)
}

func (p *process) isMsiexec() bool {
	facts := p.facts()
	return isMsiexec(&facts)
}

// managedAction is the command line of a managed custom action (WiX DTF): the
// extracted DLL, its fixed entry point, SfxCA_ and a number, a handle, and
// Assembly!Type.Method. It proves what the process is, never that it is good.
var managedAction = regexp.MustCompile(`(?i)^"?(?:[a-z]:\\windows\\(?:system32|syswow64)\\)?rundll32(?:\.exe)?"?\s+` +
	`(?:"[^"]*\\MSI[0-9A-F]{1,5}\.tmp"|[^"\s]*\\MSI[0-9A-F]{1,5}\.tmp),` +
	`zzzzInvokeManagedCustomActionOutOfProc\s+SfxCA_[0-9]+\s+[0-9]+\s+[\w.\-]+![\w.+]+\s*$`)

var rundll32 = regexp.MustCompile(`(?i)^[a-z]:\\windows\\(?:system32|syswow64)\\rundll32\.exe$`)

// isManagedAction reports whether the process has exactly that shape and a
// custom-action server for a parent (or a msiexec of which only the path is
// known).
func isManagedAction(facts *event.Process, parent *process) bool {
	server := parent.member != nil &&
		(parent.member.role == RoleCustomActionServer || parent.member.msiexec == nil && parent.isMsiexec())
	return server && rundll32.MatchString(facts.Image) && managedAction.MatchString(facts.CommandLine)
}
