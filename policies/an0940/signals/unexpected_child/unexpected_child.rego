# METADATA
# title: Unexpected program started by the installer
# description: |
#   The core of AN0940. The installer starts a program that is no part of Windows
#   Installer and no system tool. In a folder that ordinary users cannot write (Program
#   Files, the Windows folder) it is most often the product setting itself up, and a
#   review; anywhere else it is an alert.
#
#   The program's own words about itself (company, product, original name) excuse
#   nothing. InstallShield's unpacked helper, in its exact form, is lowered to a review.
# custom:
#   id: unexpected_child
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [process_start]
#     - [parent]
#   weaker_without: []
#   trigger:
#     - {kind: process_start}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool, source]
package an0940.signals.unexpected_child

import data.lib.claims
import data.lib.evidence
import data.lib.installer
import data.lib.paths
import data.lib.programs

# METADATA
# title: The signal, where it holds
held := {
	"id": "unexpected_child",
	"title": "Unexpected program started by the installer",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": evidence.metadata,
	"missing": [],
} if {
	input.event.kind == "process_start"
	installer.child
	not input.parent.role == "extracted"
	not installer.own
	not installer.extracted
	not judged_elsewhere
}

# METADATA
# title: Shells, script hosts and system tools at home have signals of their own
# scope: document
judged_elsewhere if {
	paths.process == "protected"
	programs.shell
}

judged_elsewhere if {
	paths.process == "protected"
	programs.script_host
}

judged_elsewhere if {
	paths.process == "protected"
	programs.system_tool
}

judged_elsewhere if input.process.image == "c:\\windows\\system32\\conhost.exe"

# METADATA
# title: How it is told, and how bad it is
# description: Undefined where no image is known.
# scope: document
judged := {"disposition": "review", "severity": "medium"} if paths.process == "protected"

else := {"disposition": "review", "severity": "medium"} if claims.installshield

else := {"disposition": "alert", "severity": "high"} if paths.process
