# METADATA
# title: Script host started by the installer
# description: |
#   wscript, cscript, mshta or hh runs below the installer. Script actions of a package
#   run inside the custom-action server and need none of these, so a script host means a
#   script file or a page that the package brought or fetches.
#
#   Further down the tree it is a review, unless the script lies where payloads run from
#   or comes from a URL.
# custom:
#   id: script_host_child
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
package an0940.signals.script_host_child

import data.lib.arguments
import data.lib.evidence
import data.lib.installer
import data.lib.programs

# METADATA
# title: The signal, where it holds
held := {
	"id": "script_host_child",
	"title": "Script host started by the installer",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": evidence.process,
	"missing": missing,
} if {
	input.event.kind == "process_start"
	programs.script_host
	installer.below
}

# METADATA
# title: What the script host was told to do is not known
missing := ["process.command_line"] if not input.process.command_line

else := []

# METADATA
# title: How it is told, and how bad it is
# scope: document
judged := {"disposition": "review", "severity": "high"} if count(missing) > 0

else := {"disposition": "alert", "severity": "high"} if installer.child

else := {"disposition": "alert", "severity": "high"} if arguments.payload

else := {"disposition": "alert", "severity": "high"} if arguments.remote

else := {"disposition": "review", "severity": "medium"}
