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
	"csagent",
	"cylance",
	"huntress",
	"mbamservice",
	"sophos",
	"windows defender",
	"windows event log",
	"windows firewall",
	"security center",
]

alarming.net contains "stops or removes what watches over the host" if {
	arguments.any_of({"stop", "delete", "config", "pause", "im", "pid"})
	arguments.mentions(watchers)
}

alarming.sc contains "stops or removes what watches over the host" if {
	arguments.any_of({"stop", "delete", "config", "pause", "im", "pid"})
	arguments.mentions(watchers)
}

alarming.taskkill contains "stops or removes what watches over the host" if {
	arguments.any_of({"stop", "delete", "config", "pause", "im", "pid"})
	arguments.mentions(watchers)
}

alarming.vssadmin contains "deletes what the host could be restored from" if {
	arguments.any_of({"delete", "resize"})
}

alarming.wbadmin contains "deletes what the host could be restored from" if {
	arguments.any_of({"delete", "resize"})
}

alarming.wmic contains "deletes what the host could be restored from" if {
	arguments.all_of({"shadowcopy", "delete"})
}

alarming.bcdedit contains "changes how the host starts or recovers" if {
	arguments.mentions(["recoveryenabled", "bootstatuspolicy", "testsigning", "nointegritychecks", "safeboot"])
}

alarming.wevtutil contains "clears or switches off logs" if {
	arguments.any_of({"cl", "clear-log", "sl", "set-log", "um", "uninstall-manifest"})
}

alarming.auditpol contains "clears or switches off logs" if {
	arguments.mentions(["/clear", "/remove", ":disable"])
}

alarming.fsutil contains "clears or switches off logs" if {
	"deletejournal" in arguments.words
}

alarming.logman contains "clears or switches off logs" if {
	arguments.any_of({"stop", "delete", "update"})
	arguments.mentions(["eventlog-", "sysmon", "defender", "autologger"])
}

alarming.fltmc contains "stops or removes what watches over the host" if "unload" in arguments.words

alarming.reg contains "stops or removes what watches over the host" if {
	"delete" in arguments.words
	arguments.mentions(guarded_keys)
}

alarming.dism contains "weakens Windows Defender" if {
	arguments.mentions(["disable-feature", "remove-capability", "remove-package"])
	arguments.mentions(["defender"])
}

alarming.reagentc contains "changes how the host starts or recovers" if "disable" in arguments.words

alarming.ntdsutil contains "copies the accounts database"

# METADATA
# title: Keys of what watches over the host
guarded_keys := [
	"\\amsi\\providers",
	"\\windows defender",
	"\\windefend",
	"\\services\\sense",
	"\\services\\sysmon",
	"\\services\\eventlog",
	"\\winevt\\channels",
	"\\winevt\\publishers",
]

alarming.mpcmdrun contains "weakens Windows Defender" if {
	arguments.any_of({"removedefinitions", "disableservice"})
}

# METADATA
# title: The subject stops, weakens or blinds what watches over the host
# scope: document
disarms if {
	some what in alarms
	what in {
		"clears or switches off logs",
		"stops or removes what watches over the host",
		"weakens Windows Defender",
	}
}

disarms if {
	programs.shell
	arguments.mentions([
		"mppreference",
		"disablerealtimemonitoring",
		"disableantispyware",
		"amsiutils",
		"amsiinitfailed",
		"clear-eventlog",
		"wevtutil cl",
		"wevtutil.exe cl",
	])
}

disarms if {
	programs.shell
	arguments.any_of({"stop", "delete", "config", "taskkill", "taskkill.exe", "stop-service", "set-service", "remove-service"})
	arguments.mentions(watchers)
}
