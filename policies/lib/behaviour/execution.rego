package lib.behaviour

import data.lib.arguments
import data.lib.programs

# METADATA
# title: Tools whose only use below an installer is to run code in another's name
proxies := {"addinutil", "cmstp", "forfiles", "ieexec", "mavinject", "msbuild", "msxsl", "pcalua", "presentationhost"}

# METADATA
# title: Tools that load the file they are given
loaders := {"installutil", "odbcconf", "regasm", "regsvcs", "regsvr32", "rundll32"}

alarming contains "runs code through a system tool" if {
	some tool in proxies
	programs.tools[tool]
}

alarming contains "loads a file from a place where payloads run from" if {
	some tool in loaders
	programs.tools[tool]
	arguments.payload
	not input.process.role == "managed_custom_action"
}

alarming contains "loads a remote file" if {
	some tool in loaders
	programs.tools[tool]
	arguments.remote
}

alarming contains "runs a command through an export of a system library" if {
	programs.tools.rundll32
	arguments.mentions([
		"javascript:",
		"vbscript:",
		"comsvcs",
		"shellexec_rundll",
		"shell32.dll,#",
		"url.dll",
		"advpack",
		"ieadvpack",
		"launchapplication",
		"routethecall",
		"openasrundll",
		"minidump",
	])
}

alarming contains "registers a script as a component" if {
	programs.tools.regsvr32
	arguments.mentions(["scrobj", " /i:", " -i:"])
}

alarming contains "runs a command through odbcconf" if {
	programs.tools.odbcconf
	arguments.mentions(["regsvr", " /f ", " -f "])
}

alarming contains "starts a process through WMI" if {
	programs.tools.wmic
	arguments.all_of({"process", "create"})
}

alarming contains "acts on another host, a script or a package through WMI" if {
	programs.tools.wmic
	arguments.mentions(["/node:", "-node:", "format:", "product call", "eventconsumer", "job call"])
}

doubtful contains "unregisters a component" if {
	some tool in {"installutil", "regasm", "regsvcs", "regsvr32"}
	programs.tools[tool]
	arguments.any_of({"u", "uninstall", "unregister"})
}

doubtful contains "calls a method through WMI" if {
	programs.tools.wmic
	"call" in arguments.words
}
