# METADATA
# title: File that an installer wrote, run soon after
# description: |
#   A process of an installer's tree wrote the program that starts, within
#   ExecutionTimeWindow before, whoever starts it: the service manager, the Task
#   Scheduler, WMI, the desktop. That is how a payload leaves the tree it came with, and
#   no parent shows where it came from. It is also what a product does that installs a
#   service and starts it, so folder, signer and starter decide.
#
#   In a folder that ordinary users cannot write: a review at low severity, at medium
#   where the sensor says that it is not signed. Anywhere else an alert, unless the
#   signature holds, it is InstallShield's helper, a program further down the tree starts
#   it, or the desktop starts it from a user's own profile outside the temporary folder;
#   these are a review, the last two not where it is known to be unsigned.
#
#   MSIxxxx.tmp has signals of its own. Sysmon 11 or 29 must be on: where no record tells
#   who wrote a file, this signal is blind.
# custom:
#   id: dropped_then_run
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Sysmon 11, official: true}
#     - {name: Sysmon 29, official: false}
#   needs:
#     - [process_start]
#     - [file_create, file_executable]
#   weaker_without: []
#   trigger:
#     - {kind: process_start}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool, source]
package an0940.signals.dropped_then_run

import data.lib.claims
import data.lib.drops
import data.lib.evidence
import data.lib.installer
import data.lib.paths
import data.lib.signing

# METADATA
# title: The signal, where it holds
held := {
	"id": "dropped_then_run",
	"title": "File that an installer wrote, run soon after",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": object.union(evidence.metadata, drops.evidence(input.process.written)),
	"missing": missing,
} if {
	input.event.kind == "process_start"
	drops.by_tree(input.process.written)
	not installer.extracted
}

# METADATA
# title: Facts that would have told more
# scope: document
missing contains "process.signer" if not input.process.signer

missing contains "process.image" if not input.process.image

# METADATA
# title: How it is told, and how bad it is
# scope: document
judged := {"disposition": "review", "severity": "medium"} if {
	paths.process == "protected"
	signing.untrusted(input.process)
}

else := {"disposition": "review", "severity": "low"} if paths.process == "protected"

else := {"disposition": "review", "severity": "medium"} if signing.trusted(input.process)

else := {"disposition": "review", "severity": "medium"} if claims.installshield

else := {"disposition": "review", "severity": "medium"} if "process.image" in missing

else := {"disposition": "review", "severity": "medium"} if {
	usual
	not signing.untrusted(input.process)
}

else := {"disposition": "alert", "severity": "high"}

# METADATA
# title: Who starts it does so in honest installations too
# description: A nested set-up that unpacks further programs, a user who opens what was just installed for that user.
# scope: document
usual if input.parent.role in {"descendant", "wrapper"}

usual if {
	input.parent.image == "c:\\windows\\explorer.exe"
	"%userprofile%" in input.process.folders
	not "%userprofile%\\appdata\\local\\temp" in input.process.folders
}
