# METADATA
# title: Program started by MSIxxxx.tmp
# description: |
#   Something extracted from a package's Binary table starts another program. Launchers
#   made for this run any payload their arguments name, hidden and detached, so the
#   child is what matters.
#
#   Lowered to a review only where the extracted program claims a vendor and the child
#   lies where ordinary users cannot write and is no shell, script host or system tool.
# custom:
#   id: child_of_extracted
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
package an0940.signals.child_of_extracted

import data.an0940.machinery
import data.lib.claims
import data.lib.evidence
import data.lib.installer
import data.lib.paths
import data.lib.programs

# METADATA
# title: The signal, where it holds
held := {
	"id": "child_of_extracted",
	"title": "Program started by MSIxxxx.tmp",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": evidence.metadata,
	"missing": [],
} if {
	input.event.kind == "process_start"
	extracted_parent
	not machinery.own
}

# METADATA
# title: The parent was extracted from a package
# scope: document
extracted_parent if input.parent.role == "extracted"

extracted_parent if installer.temporary(input.parent.name)

# METADATA
# title: How it is told, and how bad it is
# scope: document
judged := {"disposition": "review", "severity": "medium"} if {
	claims.vendor(input.parent)
	paths.process == "protected"
	not programs.driven_by_arguments
}

else := {"disposition": "alert", "severity": "high"}
