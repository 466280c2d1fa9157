# METADATA
# title: MSIxxxx.tmp that Windows Installer did not write
# description: |
#   Windows Installer extracts custom actions as MSIxxxx.tmp, and what bears such a name
#   is overlooked by many. Here something else wrote one: a process of no installer, or a
#   program that an installer started. In Windows\Installer nobody but the installer has
#   business, and it is an alert.
#
#   Elsewhere the file alone is a review at low severity: a program that calls the
#   installer's functions, like many a setup.exe, extracts custom actions into its own
#   temporary folder, and browsers and archive tools write what they are given. At medium
#   it is where a shell, a script host or a system tool writes it. Once it runs, or an
#   installer's process loads it, it is an alert, unless the signature holds; what the
#   installer loads from a user's temporary folder, written by an ordinary program,
#   remains a review while its signature is not known.
#
#   No entry excuses that the file was written. That it is run or loaded is excused only
#   with a strong fact of the file's own, for it need not come from the package that an
#   entry vouches for.
# custom:
#   id: planted_temporary
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 11, official: true}
#     - {name: Sysmon 29, official: false}
#     - {name: Sysmon 1, official: true}
#     - {name: Sysmon 7, official: false}
#   needs:
#     - [file_create, file_executable]
#   weaker_without: [file_create]
#   trigger:
#     - {kind: file_create, names: ["msi*.tmp"], roles: ["", client, managed_custom_action, extracted, descendant, wrapper]}
#     - {kind: file_executable, names: ["msi*.tmp"], roles: ["", client, managed_custom_action, extracted, descendant, wrapper]}
#     - {kind: process_start}
#     - {kind: image_load, names: ["msi*.tmp"]}
#   excusable: true
#   excused_by: [sha256, sha1, signer, deployment_tool, source]
package an0940.signals.planted_temporary

import data.lib.drops
import data.lib.evidence
import data.lib.installer
import data.lib.programs
import data.lib.signing

# METADATA
# title: The signal, where it holds
# scope: document
held := {
	"id": "planted_temporary",
	"title": "MSIxxxx.tmp that Windows Installer did not write",
	"severity": file.severity,
	"disposition": file.disposition,
	"excusable": false,
	"evidence": object.union(evidence.process, {"file.path": input.file.path}),
	"missing": writer_unknown,
} if {
	input.event.kind in {"file_create", "file_executable"}
	not the_installers
}

held := {
	"id": "planted_temporary",
	"title": "MSIxxxx.tmp that Windows Installer did not write",
	"severity": run.severity,
	"disposition": run.disposition,
	"excusable": true,
	"evidence": object.union(evidence.metadata, drops.evidence(input.process.written)),
	"missing": {"process.signer" | not input.process.signer},
} if {
	input.event.kind == "process_start"
	installer.extracted
	input.process.written
	not drops.by_installer(input.process.written)
}

held := {
	"id": "planted_temporary",
	"title": "MSIxxxx.tmp that Windows Installer did not write",
	"severity": load.severity,
	"disposition": load.disposition,
	"excusable": true,
	"evidence": object.union(evidence.module, drops.evidence(input.module.written)),
	"missing": {"module.signer" | not input.module.signer},
} if {
	input.event.kind == "image_load"
	installer.temporary(input.module.name)
	not own_image
	input.module.written
	not drops.by_installer(input.module.written)
}

# METADATA
# title: A process's first load is its own program, which its start was judged by
own_image if input.module.path == input.process.image

# METADATA
# title: Windows Installer itself writes the file
the_installers if drops.extracts(input.process)

# METADATA
# title: Who wrote the file is not known
writer_unknown contains "process.image" if not input.process.image

# METADATA
# title: Where Windows Installer extracts to as the system account, and nobody else writes
own_folder := "c:\\windows\\installer"

# METADATA
# title: How the file alone is told, and how bad it is
# description: Undefined for another name than the installer gives, where anybody writes.
# scope: document
file := {"disposition": "review", "severity": "high"} if {
	own_folder in input.file.folders
	installer.temporary(input.file.name)
	"process.image" in writer_unknown
}

else := {"disposition": "alert", "severity": "high"} if {
	own_folder in input.file.folders
	installer.temporary(input.file.name)
}

else := {"disposition": "review", "severity": "medium"} if {
	numbered
	programs.driven_by_arguments
}

else := {"disposition": "review", "severity": "low"} if numbered

# METADATA
# title: The file's name is one that Windows Installer gives
numbered if regex.match(`^msi[0-9a-f]{1,5}\.tmp$`, input.file.name)

# METADATA
# title: How a start is told, and how bad it is
# scope: document
run := {"disposition": "review", "severity": "medium"} if signing.trusted(input.process)

else := {"disposition": "alert", "severity": "high"}

# METADATA
# title: How a load is told, and how bad it is
# scope: document
load := {"disposition": "review", "severity": "low"} if signing.trusted(input.module)

else := {"disposition": "review", "severity": "medium"} if not input.process.role in installer.own_roles

else := {"disposition": "review", "severity": "medium"} if {
	not input.module.signer
	"%userprofile%\\appdata\\local\\temp" in input.module.folders
	not programs.generic(input.module.written.by.name)
}

else := {"disposition": "alert", "severity": "high"}
