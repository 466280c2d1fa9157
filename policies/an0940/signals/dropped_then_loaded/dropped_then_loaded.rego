# METADATA
# title: Module that an installer wrote, loaded soon after
# description: |
#   A process of an installer's tree wrote the DLL that is loaded, within
#   ExecutionTimeWindow before, to a folder that ordinary users can write, and its
#   signature does not hold or is not known. Loaded into one of Windows' own programs or
#   into the installer itself, an unsigned one is an alert: that is a DLL brought along
#   for a program that everybody trusts. A program of the product that loads its own is
#   a review, and so are the assemblies of a managed custom action.
#
#   What is signed is not told, nor is what lies in a folder that ordinary users cannot
#   write, but for an unsigned DLL put into the Windows folder and loaded by something
#   outside the tree. MSIxxxx.tmp has signals of its own.
# custom:
#   id: dropped_then_loaded
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 7, official: false}
#     - {name: Sysmon 11, official: true}
#     - {name: Sysmon 29, official: false}
#   trigger:
#     - {kind: image_load, written: true}
#   excusable: true
#   excused_by: [sha256, sha1, signer, deployment_tool, source]
package an0940.signals.dropped_then_loaded

import data.lib.drops
import data.lib.evidence
import data.lib.installer
import data.lib.paths
import data.lib.programs
import data.lib.signing

# METADATA
# title: The signal, where it holds
held := {
	"id": "dropped_then_loaded",
	"title": "Module that an installer wrote, loaded soon after",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": object.union(evidence.module, drops.evidence(input.module.written)),
	"missing": judged.missing,
} if {
	input.event.kind == "image_load"
	drops.by_tree(input.module.written)
	not installer.temporary(input.module.name)
	not own_image
	not signing.trusted(input.module)
}

# METADATA
# title: A process's first load is its own program, which its start was judged by
own_image if input.module.path == input.process.image

# METADATA
# title: How it is told, and how bad it is
# description: Undefined in a folder that ordinary users cannot write, but for a plant in the Windows folder.
# scope: document
judged := {"disposition": "review", "severity": "medium", "missing": []} if {
	protected
	"c:\\windows" in input.module.folders
	signing.untrusted(input.module)
	not input.process.role in drops.tree_roles
}

else := {"disposition": "alert", "severity": "high", "missing": []} if {
	not protected
	signing.untrusted(input.module)
	trusted_loader
}

else := {"disposition": "review", "severity": "medium", "missing": []} if {
	not protected
	signing.untrusted(input.module)
}

else := {"disposition": "review", "severity": "medium", "missing": ["module.signer"]} if {
	not protected
	trusted_loader
}

else := {"disposition": "review", "severity": "low", "missing": ["module.signer"]} if not protected

# METADATA
# title: Ordinary users cannot write the module's folder
protected if {
	paths.protected(input.module.folders)
	not contains(input.module.name, ":")
}

# METADATA
# title: What loads it is Windows' own, anybody's tool, or the installer
# description: Not a managed custom action, whose assemblies come out of a module that was judged.
# scope: document
trusted_loader if {
	input.process.role in installer.own_roles
	input.process.role != "managed_custom_action"
}

trusted_loader if {
	input.process.role != "managed_custom_action"
	programs.driven_by_arguments
}

trusted_loader if {
	input.process.role != "managed_custom_action"
	"c:\\windows" in input.process.folders
}
