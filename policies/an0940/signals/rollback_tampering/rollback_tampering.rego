# METADATA
# title: Rollback script that Windows Installer did not write
# description: |
#   While it installs, Windows Installer keeps in Config.Msi what it would take to undo
#   it: scripts (.rbs), which it runs as the system account, and files (.rbf), which it
#   puts back. Whoever writes there has an installer that fails do his work with all
#   rights. Something else than the installer wrote one, which is an alert, or deleted
#   one, which makes room for another and is a review: clean-up tools do it, too.
#
#   No entry excuses it.
# custom:
#   id: rollback_tampering
#   severity: critical
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 11, official: true}
#     - {name: Sysmon 23, official: false}
#     - {name: Sysmon 26, official: false}
#   needs:
#     - [file_create, file_delete]
#   weaker_without: [file_create, file_delete]
#   trigger:
#     - {kind: file_create, names: ['*.rbs', '*.rbf'], roles: ["", client, managed_custom_action, extracted, descendant, wrapper]}
#     - {kind: file_delete, names: ['*.rbs', '*.rbf'], roles: ["", client, managed_custom_action, extracted, descendant, wrapper]}
#   excusable: false
#   excused_by: []
package an0940.signals.rollback_tampering

import data.lib.drops
import data.lib.evidence

# METADATA
# title: The signal, where it holds
held := {
	"id": "rollback_tampering",
	"title": "Rollback script that Windows Installer did not write",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": false,
	"evidence": object.union(evidence.process, {"file.path": input.file.path}),
	"missing": judged.missing,
} if {
	input.event.kind in {"file_create", "file_delete"}
	rollback
	not the_installers
}

# METADATA
# title: Windows Installer itself does it
the_installers if drops.extracts(input.process)

# METADATA
# title: The file is one that a rollback would run or restore
# description: Config.Msi lies in the root of each drive that is installed to.
rollback if {
	split(input.file.path, "\\")[1] == "config.msi"
	some ending in [".rbs", ".rbf"]
	endswith(input.file.name, ending)
}

# METADATA
# title: How it is told, and how bad it is
# scope: document
judged := {"disposition": "review", "severity": "high", "missing": ["process.image"]} if not input.process.image

else := {"disposition": "alert", "severity": "critical", "missing": []} if input.event.kind == "file_create"

else := {"disposition": "review", "severity": "medium", "missing": []}
