# METADATA
# title: Transform from somewhere else
# description: |
#   The command line applies a transform that lies on a web server, on a share, or in a
#   folder that users write to. A transform changes anything in a package, custom actions
#   included, and the package's own signature stays valid: it makes a trusted installer
#   run what its author never saw.
#
#   From a URL or a WebDAV server it is an alert, from elsewhere a review: of medium
#   severity from a share, of low from a folder that users write to. One beside its
#   package, or in a source that governance lists, is not told. A plain name, which is
#   looked for in the working folder, is unexplained where that is not the package's own.
# custom:
#   id: remote_transform
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [process_start]
#     - [process.command_line]
#   weaker_without: []
#   trigger:
#     - {kind: process_start}
#   excusable: true
#   excused_by: [package_sha256, deployment_tool, source]
package an0940.signals.remote_transform

import data.lib.approvals
import data.lib.evidence
import data.lib.paths
import data.lib.shares

# METADATA
# title: The signal, where it holds
held := {
	"id": "remote_transform",
	"title": "Transform from somewhere else",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": object.union(evidence.request, {"transform": judged.named}),
	"missing": [],
} if {
	input.event.kind == "process_start"
	count(input.process.msiexec.transform_files) > 0
}

# METADATA
# title: The worst of the transforms, and how bad it is
# scope: document
judged := {"severity": "high", "disposition": "alert", "named": first} if first := min(downloaded)

else := {"severity": "medium", "disposition": "review", "named": first} if first := min(shared)

else := {"severity": "low", "disposition": "review", "named": first} if first := min(writable)

# METADATA
# title: Transforms that come from a web server
downloaded contains file.name if {
	some file in input.process.msiexec.transform_files
	shares.from_web(file)
	not approvals.in_source(file)
}

# METADATA
# title: Transforms on another share than the package's
shared contains file.name if {
	some file in input.process.msiexec.transform_files
	file.kind == "unc"
	not beside(file)
	not approvals.in_source(file)
}

# METADATA
# title: Transforms that users write, for a package that lies elsewhere
writable contains file.name if {
	some file in input.process.msiexec.transform_files
	paths.user_writable(file.folders)
	not beside(file)
}

# METADATA
# title: The transform lies in the package's own folder
beside(file) if file.folders[0] == input.process.msiexec.package.folders[0]
