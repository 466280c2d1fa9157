package lib.behaviour

import data.lib.arguments
import data.lib.programs

# METADATA
# title: Services and processes that watch over the host
watchers := [
	"windefend",
	"wdnissvc",
	"wdfilter",
	"msmpeng",
	"mpssvc",
	"sense",
	"mssense",
	"wscsvc",
	"securityhealthservice",
	"sysmon",
	"eventlog",
	"csfalcon",
	"sentinel",
	"cbdefense",
	"carbonblack",
	"elastic-endpoint",
	"elastic-agent",
	"winlogbeat",
	"nxlog",
	"wazuh",
	"velociraptor",
]

alarming contains "stops or removes what watches over the host" if {
	some tool in {"net", "sc", "taskkill"}
	programs.tools[tool]
	arguments.any_of({"stop", "delete", "config", "pause", "im", "pid"})
	arguments.mentions(watchers)
}

alarming contains "deletes what the host could be restored from" if {
	some tool in {"vssadmin", "wbadmin"}
	programs.tools[tool]
	arguments.any_of({"delete", "resize"})
}

alarming contains "deletes what the host could be restored from" if {
	programs.tools.wmic
	arguments.all_of({"shadowcopy", "delete"})
}

alarming contains "changes how the host starts or recovers" if {
	programs.tools.bcdedit
	arguments.mentions(["recoveryenabled", "bootstatuspolicy", "testsigning", "nointegritychecks", "safeboot"])
}

alarming contains "clears or switches off logs" if {
	programs.tools.wevtutil
	arguments.any_of({"cl", "clear-log", "sl", "set-log", "um", "uninstall-manifest"})
}

alarming contains "clears or switches off logs" if {
	programs.tools.auditpol
	arguments.mentions(["/clear", "/remove", ":disable"])
}

alarming contains "clears or switches off logs" if {
	programs.tools.fsutil
	"deletejournal" in arguments.words
}

alarming contains "weakens Windows Defender" if {
	programs.tools.mpcmdrun
	arguments.any_of({"removedefinitions", "disableservice"})
}
