# METADATA
# title: Command line that only resembles a managed custom action
# description: |
#   WiX runs a managed custom action as rundll32 with one fixed export, and rule sets
#   that exempt every command line with that export are known to attackers. Something
#   in an installer's tree names the export and is not the exact form: another program,
#   another DLL than an extracted MSIxxxx.tmp, other arguments, or not started by a
#   custom-action server.
#
#   The exact form is no signal of its own: every WiX package emits it. It proves
#   nothing either, so it remains a review as anything unexplained, its DLL is judged
#   when it is loaded, and what it starts as a child of a custom action.
# custom:
#   id: forged_managed_action
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [process_start]
#     - [process.command_line]
#     - [parent]
#   weaker_without: []
#   trigger:
#     - {kind: process_start}
#   excusable: false
#   excused_by: []
package an0940.signals.forged_managed_action

import data.lib.evidence
import data.lib.installer
import data.lib.managed

# METADATA
# title: The signal, where it holds
held := {
	"id": "forged_managed_action",
	"title": "Command line that only resembles a managed custom action",
	"severity": "high",
	"disposition": "alert",
	"excusable": false,
	"evidence": evidence.metadata,
	"missing": [],
} if {
	input.event.kind == "process_start"
	managed.named(input.process)
	not managed.exact(input.process)
	in_tree
}

# METADATA
# title: The process belongs to an installer's tree
# scope: document
in_tree if installer.below

in_tree if installer.own
