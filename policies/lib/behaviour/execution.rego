package lib.behaviour

import data.lib.arguments

# Tools whose only use below an installer is to run code in another's name.
alarming.addinutil contains "runs code through a system tool"

alarming.cmstp contains "runs code through a system tool"

alarming.forfiles contains "runs code through a system tool"

alarming.ieexec contains "runs code through a system tool"

alarming.mavinject contains "runs code through a system tool"

alarming.msbuild contains "runs code through a system tool"

alarming.msxsl contains "runs code through a system tool"

alarming.pcalua contains "runs code through a system tool"

alarming.presentationhost contains "runs code through a system tool"

# Tools that load the file they are given.
alarming.installutil contains what if some what in loading

alarming.odbcconf contains what if some what in loading

alarming.regasm contains what if some what in loading

alarming.regsvcs contains what if some what in loading

alarming.regsvr32 contains what if some what in loading

alarming.rundll32 contains what if some what in loading

# METADATA
# title: What is wrong with the file that a tool is told to load
# scope: document
loading contains "loads a file from a place where payloads run from" if {
	arguments.payload
	input.process.role != "managed_custom_action"
}

loading contains "loads a remote file" if arguments.remote

loading contains "loads a remote file" if arguments.share

alarming.rundll32 contains "runs a command through an export of a system library" if {
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

alarming.regsvr32 contains "registers a script as a component" if {
	arguments.mentions(["scrobj", " /i:", " -i:"])
}

alarming.odbcconf contains "runs a command through odbcconf" if {
	arguments.mentions(["regsvr", " /f ", " -f "])
}

alarming.wmic contains "starts a process through WMI" if {
	arguments.all_of({"process", "create"})
}

alarming.wmic contains "acts on another host, a script or a package through WMI" if {
	arguments.mentions(["/node:", "-node:", "format:", "product call", "eventconsumer", "job call"])
}

doubtful.installutil contains "unregisters a component" if {
	arguments.any_of({"u", "uninstall", "unregister"})
}

doubtful.regasm contains "unregisters a component" if {
	arguments.any_of({"u", "uninstall", "unregister"})
}

doubtful.regsvcs contains "unregisters a component" if {
	arguments.any_of({"u", "uninstall", "unregister"})
}

doubtful.regsvr32 contains "unregisters a component" if {
	arguments.any_of({"u", "uninstall", "unregister"})
}

doubtful.wmic contains "calls a method through WMI" if {
	"call" in arguments.words
}
