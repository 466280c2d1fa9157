# METADATA
# title: Security tooling weakened by an installer's tree
# description: |
#   A process of the tree writes to the registry what switches Windows Defender, the
#   scanning of scripts, the logging of PowerShell or the event log off, disables a
#   service that watches over the host, or takes a folder out of the scan. By command
#   line the same is told by the signals of shells and system tools.
#
#   Nothing excuses that protection is switched off. A folder taken out of the scan is
#   what some products ask for: for a folder that ordinary users cannot write it is a
#   review, and an entry can explain it.
# custom:
#   id: security_tooling
#   severity: critical
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 13, official: false}
#     - {name: Sysmon 12, official: false}
#   needs:
#     - [registry]
#     - [process_start]
#     - [parent]
#   weaker_without: []
#   trigger:
#     - kind: registry
#       paths:
#         - '\windows defender\'
#         - '\amsi\providers\'
#         - '\powershell\scriptblocklogging\'
#         - '\powershell\modulelogging\'
#         - '\eventlog\'
#         - '\winevt\channels\'
#         - '\services\'
#       roles: [client, service, custom_action_server, managed_custom_action, extracted, descendant, wrapper]
#   excusable: true
#   excused_by: [sha256, sha1, signer, deployment_tool, source]
package an0940.signals.security_tooling

import data.lib.drops
import data.lib.evidence
import data.lib.paths

# METADATA
# title: The signal, where it holds
held := {
	"id": "security_tooling",
	"title": "Security tooling weakened by an installer's tree",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": judged.excusable,
	"evidence": object.union_n([evidence.process, evidence.registry, {"behaviour": judged.behaviour}]),
	"missing": [],
} if {
	input.event.kind == "registry"
	input.process.role in drops.tree_roles
}

# METADATA
# title: What is done, how that is told, and how bad it is
# scope: document
judged := {"disposition": "alert", "severity": "critical", "excusable": false, "behaviour": concat("; ", off)} if count(off) > 0

else := {"disposition": "review", "severity": "medium", "excusable": true, "behaviour": "takes a protected folder out of the scan"} if {
	excluded
	within_protected
}

else := {"disposition": "alert", "severity": "high", "excusable": true, "behaviour": "takes something out of the scan"} if excluded

# METADATA
# title: What is switched off
# scope: document
off contains "switches Windows Defender off" if {
	contains(input.event.registry.key, "\\windows defender\\")
	some name in [
		"\\disableantispyware", "\\disableantivirus", "\\disablerealtimemonitoring", "\\disablebehaviormonitoring",
		"\\disableioavprotection", "\\disableonaccessprotection", "\\disablescriptscanning", "\\disableblockatfirstseen",
	]
	endswith(input.event.registry.key, name)
	on
}

off contains "switches tamper protection off" if {
	endswith(input.event.registry.key, "\\windows defender\\features\\tamperprotection")
	input.event.registry.value in {"dword (0x00000000)", "dword (0x00000004)"}
}

off contains "takes a scanner of scripts away" if {
	contains(input.event.registry.key, "\\amsi\\providers\\")
	startswith(input.event.registry.operation, "delete")
}

off contains "switches the logging of PowerShell off" if {
	contains(input.event.registry.key, "\\powershell\\")
	some name in ["\\enablescriptblocklogging", "\\enablemodulelogging"]
	endswith(input.event.registry.key, name)
	zero
}

off contains "switches an event log off" if {
	some part in ["\\winevt\\channels\\microsoft-windows-sysmon", "\\winevt\\channels\\microsoft-windows-powershell", "\\winevt\\channels\\microsoft-windows-windows defender"]
	contains(input.event.registry.key, part)
	endswith(input.event.registry.key, "\\enabled")
	zero
}

off contains "disables what watches over the host" if {
	some name in watching
	contains(input.event.registry.key, concat("", ["\\services\\", name, "\\"]))
	endswith(input.event.registry.key, "\\start")
	input.event.registry.value == "dword (0x00000004)"
}

# METADATA
# title: Services that watch over the host
watching := [
	"windefend", "wdnissvc", "wdfilter", "wdboot", "mpssvc", "sense", "wscsvc", "securityhealthservice",
	"sysmon", "sysmon64", "sysmondrv", "eventlog",
]

# METADATA
# title: The value is set to something else than off, or to what nobody reported
# scope: document
on if not input.event.registry.value

on if not zero

# METADATA
# title: The value is set to nothing
zero if input.event.registry.value in {"dword (0x00000000)", "0", "(empty)"}

# METADATA
# title: Something is taken out of the scan
excluded if {
	contains(input.event.registry.key, "\\windows defender\\exclusions\\")
	not adds_nothing
}

# METADATA
# title: The record says that an exclusion is taken back, or that only its key is made
# scope: document
adds_nothing if startswith(input.event.registry.operation, "delete")

adds_nothing if input.event.registry.operation == "createkey"

# METADATA
# title: It is a folder or a file in a place that ordinary users cannot write
within_protected if {
	path := split(input.event.registry.key, "\\exclusions\\paths\\")[1]
	not contains(path, "..")
	path != "c:\\windows"
	some folder in paths.with_folders(path)
	data.an0940.tuning.protected_folders[folder]
	every part in paths.with_folders(path) {
		not data.an0940.parameters.ChildImagePath[part]
	}
}
