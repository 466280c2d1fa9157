# METADATA
# title: Program started by a managed custom action
# description: |
#   A managed custom action of WiX, or what resembles one, starts a program. Its code is
#   a .NET assembly in the package that can do all its work itself. The action's form is
#   the same for every package, so the child is judged as that of any custom action: a
#   shell, a script host, or a program from where ordinary users write is an alert,
#   another program in a protected folder (the product itself, the .NET compiler) a
#   review.
#
#   A tool of Windows is a review at low severity here, and judged by its arguments by a
#   signal of its own. InstallShield's unpacked helper is lowered to a review.
# custom:
#   id: child_of_managed_action
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
package an0940.signals.child_of_managed_action

import data.an0940.machinery
import data.lib.claims
import data.lib.evidence
import data.lib.managed
import data.lib.paths
import data.lib.programs

# METADATA
# title: The signal, where it holds
held := {
	"id": "child_of_managed_action",
	"title": "Program started by a managed custom action",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": evidence.metadata,
	"missing": missing,
} if {
	input.event.kind == "process_start"
	managed_parent
	not machinery.own
}

# METADATA
# title: The parent is a managed custom action, or resembles one
# scope: document
managed_parent if input.parent.role == "managed_custom_action"

managed_parent if managed.named(input.parent)

# METADATA
# title: Facts without which the child cannot be judged
# scope: document
missing contains "process.command_line" if not input.process.command_line

missing contains "process.image" if not input.process.image

# METADATA
# title: How it is told, and how bad it is
# scope: document
judged := {"disposition": "review", "severity": "high"} if {
	commanded
	"process.command_line" in missing
}

else := {"disposition": "alert", "severity": "high"} if commanded

else := {"disposition": "review", "severity": "medium"} if "process.image" in missing

else := {"disposition": "review", "severity": "medium"} if claims.installshield

else := {"disposition": "alert", "severity": "high"} if paths.process != "protected"

else := {"disposition": "review", "severity": "low"} if programs.system_tool

else := {"disposition": "review", "severity": "medium"}

# METADATA
# title: The child does what a script or a command says
# scope: document
commanded if programs.shell

commanded if programs.script_host
