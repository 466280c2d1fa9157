package event

import "strings"

// security reads a record of Microsoft-Windows-Security-Auditing: 4688 (a
// process was created) and 4689 (it has exited). Process ids are hexadecimal.
// There is no GUID, no hash and no version resource; the command line is there
// only where auditing of it is switched on, the parent's path only from
// Windows 10 on, the parent's command line never.
func (r *reading) security() {
	switch r.event.EventID {
	case 4688:
		r.event.Kind = KindProcessStart
		r.securityProcessStart()
	case 4689:
		r.event.Kind = KindProcessEnd
		r.securityProcessEnd()
	}
}

func (r *reading) securityProcessStart() {
	creator, creatorLogon := r.account("parent.user", "Subject")
	user, logon := r.account("process.user", "Target")
	// The target is named only where it differs from the creator.
	if user == "" {
		user = creator
	}
	if logon == "" {
		logon = creatorLogon
	}
	r.event.Process = Process{
		PID:            r.pid("NewProcessId"),
		Image:          r.path("process.image", "NewProcessName"),
		CommandLine:    r.text("process.command_line", "CommandLine"),
		User:           user,
		LogonID:        logon,
		IntegrityLevel: integrityOf(r.record.get("MandatoryLabel").string()),
	}
	parent := r.pid("ProcessId")
	if parent == 0 && r.record.clobbered {
		parent = parsePID(messageField(r.record.message, "Creator Process ID"))
	}
	r.event.Parent = Process{
		PID:     parent,
		Image:   r.path("parent.image", "ParentProcessName"),
		User:    creator,
		LogonID: creatorLogon,
	}
}

func (r *reading) securityProcessEnd() {
	user, logon := r.account("process.user", "Subject")
	pid := r.pid("ProcessId")
	if r.record.clobbered {
		// The header's ProcessID (4, the kernel) may stand where the event's was.
		if said := parsePID(messageField(r.record.message, "Process ID")); said != 0 {
			pid = said
		}
	}
	r.event.Process = Process{
		PID:     pid,
		Image:   r.path("process.image", "ProcessName"),
		User:    user,
		LogonID: logon,
	}
}

// account reads DOMAIN\name and the logon id of the Subject or the Target.
func (r *reading) account(fact, role string) (user, logonID string) {
	logonID = parseLogonID(r.record.get(role + "LogonId"))
	user = r.text(fact, role+"UserName")
	if user == "" {
		return "", logonID
	}
	if domain := r.text(fact, role+"DomainName"); domain != "" {
		user = domain + `\` + user
	}
	return user, logonID
}

// integrityOf names the integrity level of a mandatory label's SID, in
// Sysmon's words. 4688 gives the SID alone.
// Some shippers write the (English) name of the label instead.
func integrityOf(label string) string {
	label = strings.TrimSpace(label)
	level, found := strings.CutPrefix(label, "S-1-16-")
	if !found {
		return integrityNames[LowerASCII(strings.TrimPrefix(label, `Mandatory Label\`))]
	}
	switch level {
	case "0":
		return "Untrusted"
	case "4096":
		return "Low"
	case "8192":
		return "Medium"
	case "8448":
		return "MediumPlus"
	case "12288":
		return "High"
	case "16384":
		return "System"
	case "20480":
		return "ProtectedProcess"
	}
	return ""
}

var integrityNames = map[string]string{
	"untrusted mandatory level": "Untrusted", "low mandatory level": "Low", "medium mandatory level": "Medium",
	"medium plus mandatory level": "MediumPlus", "high mandatory level": "High", "system mandatory level": "System",
	"protected process mandatory level": "ProtectedProcess",
}
