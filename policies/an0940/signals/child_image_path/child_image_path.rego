# METADATA
# title: Program run from where payloads run from, below the installer
# description: |
#   The image lies in a folder of ChildImagePath: a temporary folder, Users\Public,
#   ProgramData, a user's AppData, Desktop or Downloads, the installer's own folder.
#   Packages install programs before they run them; what runs from such a folder was
#   only dropped there.
#
#   Started by the installer itself it is an alert, further down the tree a review; by a
#   wrapper such as setup.exe, which unpacks programs and runs them beside the installer,
#   one at low severity. MSIxxxx.tmp has a signal of its own. InstallShield's unpacked
#   helper, in its exact form, is lowered to a review.
# custom:
#   id: child_image_path
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [process_start]
#     - [parent, file_create, file_executable]
#   weaker_without: [parent, file_create]
#   trigger:
#     - {kind: process_start}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool, source]
package an0940.signals.child_image_path

import data.lib.claims
import data.lib.evidence
import data.lib.installer
import data.lib.paths

# METADATA
# title: The signal, where it holds
held := {
	"id": "child_image_path",
	"title": "Program run from where payloads run from, below the installer",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": evidence.metadata,
	"missing": [],
} if {
	input.event.kind == "process_start"
	installer.below
	not installer.own
	not installer.extracted
	paths.process == "payload"
}

# METADATA
# title: How it is told, and how bad it is
# scope: document
judged := {"disposition": "review", "severity": "medium"} if claims.installshield

else := {"disposition": "alert", "severity": "high"} if installer.child

else := {"disposition": "review", "severity": "low"} if input.parent.role == "wrapper"

else := {"disposition": "review", "severity": "medium"}
