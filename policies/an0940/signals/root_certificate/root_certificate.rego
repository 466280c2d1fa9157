# METADATA
# title: Root certificate added by an installer's tree
# description: |
#   A process of the tree puts a certificate among those that the host trusts as root
#   authorities or as publishers. Whoever holds its key can sign what this host takes for
#   anybody's, so that a valid signature proves little any more: for 30 days
#   (root_certificate_seconds) no entry counts a signer on that host.
#
#   Some products bring an authority of their own, to look into encrypted traffic or for
#   a local web server. A hash, or tool and source together, can explain that; a signature
#   cannot.
# custom:
#   id: root_certificate
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 12, official: false}
#     - {name: Sysmon 13, official: false}
#   needs:
#     - [registry]
#     - [process_start]
#     - [parent]
#   weaker_without: []
#   trigger:
#     - kind: registry
#       paths: ['\systemcertificates\root\certificates\', '\systemcertificates\authroot\certificates\', '\systemcertificates\trustedpublisher\certificates\', '\enterprisecertificates\root\certificates\']
#       roles: [client, service, custom_action_server, managed_custom_action, extracted, descendant, wrapper]
#   excusable: true
#   excused_by: [sha256, sha1, deployment_tool, source]
package an0940.signals.root_certificate

import data.lib.drops
import data.lib.evidence

# METADATA
# title: The signal, where it holds
held := {
	"id": "root_certificate",
	"title": "Root certificate added by an installer's tree",
	"severity": "high",
	"disposition": "alert",
	"excusable": true,
	"evidence": object.union(evidence.process, evidence.registry),
	"missing": [],
} if {
	input.event.kind == "registry"
	input.process.role in drops.tree_roles
	not startswith(input.event.registry.operation, "delete")
	contains(input.event.registry.key, "certificates\\")
	some store in ["root", "authroot", "trustedpublisher"]
	contains(input.event.registry.key, concat("", ["certificates\\", store, "\\certificates\\"]))
}
