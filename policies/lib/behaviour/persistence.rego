package lib.behaviour

import data.lib.arguments
import data.lib.programs

alarming contains "creates a scheduled task" if {
	programs.tools.schtasks
	"create" in arguments.words
}

alarming contains "creates a scheduled task" if programs.tools.at

alarming contains "creates a service or changes what it runs" if {
	programs.tools.sc
	arguments.any_of({"create", "sdset"})
}

alarming contains "creates a service or changes what it runs" if {
	programs.tools.sc
	arguments.mentions(["binpath", "command=", "imagepath"])
}

alarming contains "writes a registry key that starts programs or weakens the system" if {
	registry_write
	arguments.mentions([
		"\\currentversion\\run",
		"\\winlogon",
		"image file execution options",
		"silentprocessexit",
		"appinit_dlls",
		"appcertdlls",
		"\\currentcontrolset\\services\\",
		"\\controlset001\\services\\",
		"\\control\\lsa",
		"wdigest",
		"\\active setup\\",
		"command processor",
		"inprocserver32",
		"\\shell\\open\\command",
		"windows defender",
		"disableantispyware",
		"enablelua",
		"userinitmprlogonscript",
	])
}

alarming contains "writes a path where payloads run from into the registry" if {
	registry_write
	arguments.payload
}

alarming contains "copies the accounts database" if {
	programs.tools.reg
	"save" in arguments.words
	arguments.mentions(["\\sam", "\\security", "\\system"])
}

alarming contains "adds a certificate authority" if {
	programs.tools.certutil
	arguments.any_of({"addstore", "importpfx", "installcert"})
	arguments.any_of({"root", "authroot", "ca", "trustedpublisher"})
}

doubtful contains "changes or runs a scheduled task" if {
	programs.tools.schtasks
	arguments.any_of({"change", "run"})
}

doubtful contains "imports a registry file" if {
	programs.tools.reg
	arguments.any_of({"import", "restore", "load"})
}

doubtful contains "imports a registry file" if programs.tools.regedit

doubtful contains "adds a certificate" if {
	programs.tools.certutil
	arguments.any_of({"addstore", "importpfx", "installcert"})
}

# METADATA
# title: A write to the registry
# scope: document
registry_write if {
	programs.tools.reg
	arguments.any_of({"add", "copy"})
}

registry_write if programs.tools.regedit
