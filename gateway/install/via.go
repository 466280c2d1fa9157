package install

import (
	"strings"

	"msigate/gateway/event"
)

// scriptHosts are programs whose scripts reach Windows Installer through its
// automation interface only.
var scriptHosts = map[string]bool{
	"wscript.exe": true, "cscript.exe": true, "mshta.exe": true,
	"powershell.exe": true, "powershell_ise.exe": true, "pwsh.exe": true,
}

// viaOf tells how the client asked for the install. It goes by names, which
// anybody can take: it explains to people, and approves nothing.
func viaOf(client *event.Process) Via {
	if client.Image == "" {
		return ViaUnknown
	}
	line := event.LowerASCII(client.CommandLine)
	switch name := event.LowerASCII(event.Base(client.Image)); {
	case isMsiexec(client):
		return ViaMsiexec
	case name == "wmiprvse.exe":
		return ViaWMI
	case name == "winlogon.exe", name == "svchost.exe" && (strings.Contains(line, "gpsvc") || strings.Contains(line, "appmgmt")):
		return ViaGroupPolicy
	case strings.Contains(line, "-burn."), strings.Contains(event.LowerASCII(client.Image), `\package cache\`):
		return ViaBurn
	case scriptHosts[name]:
		return ViaCOM
	}
	return ViaAPI
}
