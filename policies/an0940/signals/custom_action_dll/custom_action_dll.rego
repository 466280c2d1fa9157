# METADATA
# title: Unsigned or untrusted custom-action DLL loaded
# description: |
#   A DLL from a package's Binary table, extracted as MSIxxxx.tmp to Windows\Installer,
#   a user's temporary folder, Windows\Temp or Windows\SystemTemp, is loaded, and the
#   sensor says that it is not signed or that its signature does not hold. Custom-action
#   DLLs run with the rights of the installer and start no process that another signal
#   could see.
#
#   Where the sensor could not tell (Unavailable, or no signature in the record), that
#   is no proof of anything: a review. The approval of a process does not cover the
#   modules it loads: a DLL needs a hash or a signer of its own.
# custom:
#   id: custom_action_dll
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 7, official: false}
#   needs:
#     - [image_load]
#   weaker_without: [module.signer]
#   trigger:
#     - {kind: image_load, names: ["msi*.tmp"]}
#   excusable: true
#   excused_by: [sha256, sha1, signer, deployment_tool, source]
package an0940.signals.custom_action_dll

import data.lib.evidence
import data.lib.installer
import data.lib.signing

# METADATA
# title: The signal, where it holds
held := {
	"id": "custom_action_dll",
	"title": "Unsigned or untrusted custom-action DLL loaded",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": evidence.module,
	"missing": judged.missing,
} if {
	input.event.kind == "image_load"
	installer.temporary(input.module.name)
	not own_image
}

# METADATA
# title: A process's first load is its own program, which its start was judged by
own_image if input.module.path == input.process.image

# METADATA
# title: How it is told, and how bad it is
# description: Undefined for a signature that holds.
# scope: document
judged := {"disposition": "review", "severity": "medium", "missing": ["module.signer"]} if not input.module.signer

else := {"disposition": "alert", "severity": "high", "missing": []} if not signing.trusted(input.module)
