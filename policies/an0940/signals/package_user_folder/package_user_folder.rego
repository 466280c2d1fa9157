# METADATA
# title: Package in a folder that users write to
# description: |
#   The package or a patch lies in a temporary folder, on a desktop, in Downloads,
#   AppData, Users\Public or ProgramData, or in one of the few folders below the Windows
#   folder that everybody may write to. People install from there every day, quietly too,
#   and so do updaters from ProgramData, so this is never more than a review at low
#   severity; it says where to look when something else is wrong.
#
#   The profile of the system account and ProgramData\Package Cache are no such folders:
#   ordinary users cannot write them.
# custom:
#   id: package_user_folder
#   severity: low
#   disposition: review
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#     - {name: MsiInstaller 1040, official: false}
#   needs:
#     - [process_start, install:1040]
#   weaker_without: [process_start, process.command_line, install:1040, event.install.package]
#   trigger:
#     - {kind: process_start}
#     - {kind: install, event_ids: [1040]}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool]
package an0940.signals.package_user_folder

import data.lib.evidence
import data.lib.paths
import data.lib.requests

# METADATA
# title: The signal, where it holds
held := {
	"id": "package_user_folder",
	"title": "Package in a folder that users write to",
	"severity": "low",
	"disposition": "review",
	"excusable": true,
	"evidence": object.union(evidence.request, {"package": named}),
	"missing": [],
} if {
	named := min(packages)
}

# METADATA
# title: The packages that the event names and that lie in such a folder
packages contains named.name if {
	some named in requests.packages
	paths.user_writable(named.folders)
}
