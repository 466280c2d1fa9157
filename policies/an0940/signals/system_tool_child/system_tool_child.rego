# METADATA
# title: System tool told to do harm below the installer
# description: |
#   A tool that Windows ships runs anywhere below the installer and is told to download,
#   decode, load a file from where payloads run, create a task, a service or an account,
#   write an autostart key, switch protection off or delete what the host could be
#   restored from. The name alone says nothing: honest packages call the same tools.
#
#   What an honest package does now and then (open the firewall, import a registry file,
#   unregister a component) is a review. Where the sensor gave no command line, nothing
#   can be judged, and the answer is a review that says so.
# custom:
#   id: system_tool_child
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [process_start]
#     - [parent]
#   weaker_without: [process.command_line]
#   trigger:
#     - {kind: process_start}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool, source, command_line]
package an0940.signals.system_tool_child

import data.lib.behaviour
import data.lib.claims
import data.lib.evidence
import data.lib.installer
import data.lib.programs

# METADATA
# title: The signal, where it holds
held := {
	"id": "system_tool_child",
	"title": "System tool told to do harm below the installer",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": object.union(evidence.process, {"behaviour": judged.behaviour}),
	"missing": judged.missing,
} if {
	input.event.kind == "process_start"
	programs.system_tool
	installer.below
}

# METADATA
# title: What it did, how that is told, and how bad it is
# description: Undefined where the arguments do nothing worth telling.
# scope: document
judged := {"disposition": "review", "severity": "medium", "behaviour": "not known", "missing": ["process.command_line"]} if {
	not input.process.command_line
}

else := {"disposition": "review", "severity": "medium", "behaviour": concat("; ", behaviour.alarms), "missing": []} if {
	count(behaviour.alarms) > 0
	claims.windows_update
}

else := {"disposition": "alert", "severity": "high", "behaviour": concat("; ", behaviour.alarms), "missing": []} if {
	count(behaviour.alarms) > 0
}

else := {"disposition": "review", "severity": "medium", "behaviour": concat("; ", behaviour.doubts), "missing": []} if {
	count(behaviour.doubts) > 0
}
