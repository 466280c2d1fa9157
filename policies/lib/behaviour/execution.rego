package lib.behaviour

import data.lib.arguments

# Tools whose only use below an installer is to run code in another's name.
alarming.addinutil contains "runs code through a system tool"

alarming.certoc contains "runs code through a system tool"

alarming.cmstp contains "runs code through a system tool"

alarming.conhost contains "runs code through a system tool"

alarming.desktopimgdownldr contains "runs code through a system tool"

alarming.diskshadow contains "runs code through a system tool"

alarming.extexport contains "runs code through a system tool"

alarming.forfiles contains "runs code through a system tool"

alarming.ieexec contains "runs code through a system tool"

alarming.infdefaultinstall contains "runs code through a system tool"

alarming.mavinject contains "runs code through a system tool"

alarming.msbuild contains "runs code through a system tool"

alarming.msxsl contains "runs code through a system tool"

alarming.pcalua contains "runs code through a system tool"

alarming.presentationhost contains "runs code through a system tool"

alarming.rasautou contains "runs code through a system tool"

alarming["register-cimprovider"] contains "runs code through a system tool"

alarming.runscripthelper contains "runs code through a system tool"

alarming.scriptrunner contains "runs code through a system tool"

alarming.syncappvpublishingserver contains "runs code through a system tool"

alarming.tttracer contains "runs code through a system tool"

alarming.xwizard contains "runs code through a system tool"

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

loading contains "loads an alternate stream of a file" if arguments.stream

loading contains "loads a file from its working folder, where payloads run from" if {
	folder := input.process.current_directory
	arguments.payload_in(concat("", [trim_suffix(folder, "\\"), "\\"]))
	not input.process.role == "managed_custom_action"
	bare(arguments.tokens[given])
}

# METADATA
# title: The place of the first word that is no option
given := min({at |
	some at, token in arguments.tokens
	at > 0
	not substring(token, 0, 1) in {"-", "/"}
})

# METADATA
# title: A word names a file by no full path, and it is not one of Windows' own
bare(token) if {
	not substring(token, 0, 1) in {"{", "\\"}
	not contains(token, ":")
	not library(token)
}

# METADATA
# title: A word names a library of Windows that rundll32 and regsvr32 are often given
# description: Without a folder it is the one in System32, whatever lies in the working folder.
library(token) if {
	name := split(token, ",")[0]
	trim_suffix(trim_suffix(name, ".dll"), ".cpl") in {
		"advpack", "cryptext", "dfshim", "ieframe", "inetcpl", "iesetup", "jscript", "keymgr", "mshtml", "msxml3",
		"msxml6", "netplwiz", "ole32", "oleaut32", "printui", "scrobj", "scrrun", "setupapi", "shdocvw", "shell32",
		"syssetup", "sysdm", "url", "user32", "vbscript", "zipfldr",
	}
}

alarming.rundll32 contains "runs a command through an export of a system library" if {
	arguments.mentions([
		"javascript:",
		"vbscript:",
		"comsvcs",
		"shellexec_rundll",
		"shell32.dll,#",
		"shell32,#",
		"url.dll",
		" url,",
		"\\url,",
		"pcwutl",
		"dfshim",
		"setupinfobjectinstallaction",
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
	arguments.any_of({"process", "win32_process"})
	"create" in arguments.words
}

alarming.wmic contains "acts on another host, a script or a package through WMI" if {
	arguments.any_of({"product", "win32_product"})
	arguments.all_of({"call", "install"})
}

alarming.wmic contains "acts on another host, a script or a package through WMI" if {
	arguments.mentions(["/node:", "-node:", "format:", "eventconsumer", "__eventfilter", "__filtertoconsumerbinding", "job call"])
}

alarming.mofcomp contains "compiles WMI classes from a place where payloads run from" if arguments.payload

alarming.mofcomp contains "compiles WMI classes from a place where payloads run from" if arguments.share

doubtful.mofcomp contains "compiles WMI classes"

alarming.explorer contains "starts a program through the desktop" if {
	opened
	arguments.payload
}

alarming.explorer contains "starts a program through the desktop" if {
	opened
	arguments.share
}

doubtful.explorer contains "opens something through the desktop" if count(arguments.tokens) > 1

# METADATA
# title: The desktop is told to open what runs, not a folder or a page
opened if {
	some at, token in arguments.tokens
	at > 0
	strings.any_suffix_match(token, [".bat", ".cmd", ".com", ".cpl", ".exe", ".hta", ".js", ".jse", ".lnk", ".msi", ".ps1", ".scr", ".url", ".vbe", ".vbs", ".wsf"])
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
