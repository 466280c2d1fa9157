package eventtest

import (
	"fmt"
	"strings"
)

// render is the text that the provider's English messages make of a record; ""
// where they are not known. Sysmon's are the facts themselves.
func render(r *Record) string {
	var b strings.Builder
	switch {
	case r.Provider == providerSysmon:
		b.WriteString(sysmonTitles[r.ID])
		if b.Len() == 0 {
			b.WriteString("Sysmon event")
		}
		b.WriteString(":")
		for i, name := range r.Names {
			fmt.Fprintf(&b, "\r\n%s: %s", name, r.Values[i])
		}
	case r.Provider == providerSecurity && r.ID == 4688:
		fmt.Fprintf(&b, "A new process has been created.\r\n\r\nCreator Subject:\r\n\tSecurity ID:\t\t%s\r\n\tAccount Name:\t\t%s\r\n\tAccount Domain:\t\t%s\r\n\tLogon ID:\t\t%s\r\n\r\n"+
			"Process Information:\r\n\tNew Process ID:\t\t%s\r\n\tNew Process Name:\t%s\r\n\tToken Elevation Type:\t%s\r\n\tMandatory Label:\t\t%s\r\n\tCreator Process ID:\t%s\r\n\tCreator Process Name:\t%s\r\n\tProcess Command Line:\t%s\r\n",
			r.Get("SubjectUserSid"), r.Get("SubjectUserName"), r.Get("SubjectDomainName"), r.Get("SubjectLogonId"),
			r.Get("NewProcessId"), r.Get("NewProcessName"), r.Get("TokenElevationType"), r.Get("MandatoryLabel"),
			r.Get("ProcessId"), r.Get("ParentProcessName"), r.Get("CommandLine"))
	case r.Provider == providerInstaller:
		b.WriteString(renderInstaller(r))
	}
	return b.String()
}

var sysmonTitles = map[int]string{
	1: "Process Create", 3: "Network connection detected", 5: "Process terminated", 7: "Image loaded", 11: "File created",
	15: "File stream created", 23: "File Delete archived", 26: "File Delete logged", 29: "File Executable Detected",
}

// renderInstaller is what Windows Installer's own message file says.
func renderInstaller(r *Record) string {
	product := func(did, done, status, manufacturer string) string {
		return fmt.Sprintf("Windows Installer %s the product. Product Name: %s. Product Version: %s. Product Language: %s. Manufacturer: %s. %s success or error status: %s.",
			did, r.Get("param1"), r.Get("param2"), r.Get("param3"), r.Get(manufacturer), done, r.Get(status))
	}
	switch r.ID {
	case 1033:
		return product("installed", "Installation", "param4", "param5")
	case 1034:
		return product("removed", "Removal", "param4", "param5")
	case 1035:
		return product("reconfigured", "Reconfiguration", "param4", "param5")
	case 1036:
		return fmt.Sprintf("Windows Installer installed an update. Product Name: %s. Product Version: %s. Product Language: %s. Manufacturer: %s. Update Name: %s. Installation success or error status: %s.",
			r.Get("param1"), r.Get("param2"), r.Get("param3"), r.Get("param6"), r.Get("param4"), r.Get("param5"))
	case 1040:
		return fmt.Sprintf("Beginning a Windows Installer transaction: %s. Client Process Id: %s.", r.Get("param1"), r.Get("param2"))
	case 1042:
		return fmt.Sprintf("Ending a Windows Installer transaction: %s. Client Process Id: %s.", r.Get("param1"), r.Get("param2"))
	}
	return r.Get("param1") // 11707 and the like: one sentence
}
