# METADATA
# title: Package installed by another package
# description: |
#   Something below the installer asks for a further install: a package that carries
#   another one, or fetches it. Suites install their parts so, and so do packages whose
#   own files look harmless. The nested package has its own signature, its own custom
#   actions and nobody who chose it.
#
#   One from the web is an alert. One that lies where users write, or that a process of the
#   tree wrote, is a review, and so is any other: that a product repairs or removes by its
#   ProductCode what is installed already is not told.
# custom:
#   id: nested_package
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#     - {name: Sysmon 11, official: true}
#   needs:
#     - [process_start]
#     - [process.command_line]
#     - [parent]
#   weaker_without: []
#   trigger:
#     - {kind: process_start}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool, source, command_line]
package an0940.signals.nested_package

import data.lib.drops
import data.lib.evidence
import data.lib.installer
import data.lib.paths
import data.lib.shares

# METADATA
# title: The signal, where it holds
held := {
	"id": "nested_package",
	"title": "Package installed by another package",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": object.union_n([evidence.process, {"package": wanted.name}, writer]),
	"missing": [],
} if {
	input.event.kind == "process_start"
	input.process.role == "client"
	installer.below
	not input.parent.role == "wrapper"
	not wanted.kind == "product_code"
}

# METADATA
# title: What the nested client installs
wanted := input.process.msiexec["package"]

# METADATA
# title: How it is told, and how bad it is
# scope: document
judged := {"disposition": "alert", "severity": "high"} if shares.from_web(wanted)

else := {"disposition": "review", "severity": "medium"} if input.session.package_file.writer.role in drops.tree_roles

else := {"disposition": "review", "severity": "medium"} if paths.user_writable(wanted.folders)

else := {"disposition": "review", "severity": "low"}

# METADATA
# title: Who wrote the nested package, where that is known
writer := evidence.known({"written.by": object.get(input, ["session", "package_file", "writer", "image"], "")})
