# METADATA
# title: On the deny list
# description: |
#   An entry of the deny list of the governance data fits: the hash, signer or
#   thumbprint of what runs or is loaded, its full path or a folder above it, the
#   package's folder, ProductCode or host. The deny list beats every approval.
# custom:
#   id: denied
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#     - {name: Sysmon 7, official: false}
#     - {name: MsiInstaller 1040, official: false}
#   needs:
#     - [process_start, image_load, install:1040]
#   weaker_without: [process_start, image_load, install:1040, process.sha256, module.sha256, module.signer]
#   trigger:
#     - {kind: process_start}
#     - {kind: image_load, names: ["msi*.tmp"]}
#     - {kind: install, event_ids: [1040]}
#   excusable: false
#   excused_by: []
#   governance: true
package an0940.signals.denied

import data.lib.approvals
import data.lib.evidence

# METADATA
# title: The signal, where it holds
held := {
	"id": "denied",
	"title": "On the deny list",
	"severity": "high",
	"disposition": "alert",
	"excusable": false,
	"evidence": object.union_n([evidence.process, evidence.module, evidence.request, {"deny": concat(", ", approvals.denials)}]),
	"missing": [],
} if {
	approvals.denials != set()
}
