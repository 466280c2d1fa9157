# METADATA
# title: Process below the installer that nothing explains
# description: |
#   Something was started below the installer, or as a part of it, that no other signal
#   speaks of and that is not the installer's own machinery in its exact form: a system
#   tool with harmless arguments, a managed custom action, a program further down the
#   tree, a client whose command line the sensor did not report. Nothing about it is
#   alarming, and nothing vouches for it.
# custom:
#   id: unexplained
#   severity: low
#   disposition: review
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [process_start]
#   weaker_without: [process.command_line, parent]
#   trigger:
#     - {kind: process_start}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool, source, command_line]
package an0940.unexplained

import data.an0940.machinery
import data.lib.evidence
import data.lib.installer

# METADATA
# title: The signal, where it holds and no other does
# description: The decision looks at it only where no other signal holds.
held := {
	"id": "unexplained",
	"title": "Process below the installer that nothing explains",
	"severity": "low",
	"disposition": "review",
	"excusable": true,
	"evidence": evidence.process,
	"missing": missing,
} if {
	input.event.kind == "process_start"
	in_tree
	not machinery.own
}

# METADATA
# title: The process belongs to an installer's tree
# scope: document
in_tree if installer.below

in_tree if installer.own

# METADATA
# title: Facts without which it cannot be told from the machinery
# scope: document
missing contains "process.command_line" if not input.process.command_line

missing contains "process.image" if not input.process.image

missing contains "parent.image" if not input.parent.image
