# METADATA
# title: Connection to the internet from below an installer
# description: |
#   A shell, a script host or another tool that runs what it is told connects to a public
#   address from an installer's tree: a stage is fetched, or somebody is called back. A
#   custom action that connects by itself, be it a DLL in a custom-action server, a managed
#   one or an extracted program, is a review: counting installs and fetching parts is what
#   many do. So is a program from where payloads run from.
#
#   What msiexec itself connects to as client or service is not told: it asks for revoked
#   certificates in nearly every install, and a package from the web has package_url. Nor
#   is a program of the product, nor an address that is not on the internet.
# custom:
#   id: network_connection
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 3, official: false}
#   needs:
#     - [network]
#   weaker_without: [process_start, parent]
#   trigger:
#     - {kind: network, roles: [custom_action_server, managed_custom_action, extracted, descendant]}
#   excusable: true
#   excused_by: [sha256, sha1, signer, deployment_tool, source, command_line]
package an0940.signals.network_connection

import data.lib.evidence
import data.lib.paths
import data.lib.programs

# METADATA
# title: The signal, where it holds
held := {
	"id": "network_connection",
	"title": "Connection to the internet from below an installer",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": object.union(evidence.process, evidence.network),
	"missing": [],
} if {
	input.event.kind == "network"
	public
}

# METADATA
# title: The address is one on the internet
# description: |
#   Not of the host itself, its link, a private network or a group, as RFC 1918, 3927,
#   4193, 4291 and 6598 set them apart.
public if {
	address := trim_prefix(input.event.network.destination_ip, "::ffff:")
	not regex.match(`^(?:0\.|10\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|127\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.|2(?:2[4-9]|[345]\d)\.|f[cdef]|(?:0:){7}[01]$|::1?$)`, address)
}

# METADATA
# title: How it is told, and how bad it is
# description: Undefined for a program of the product.
# scope: document
judged := {"disposition": "alert", "severity": "high"} if {
	input.process.role == "descendant"
	tool
}

else := {"disposition": "review", "severity": "medium"} if {
	input.process.role in {"extracted", "managed_custom_action"}
}

else := {"disposition": "review", "severity": "low"} if {
	input.process.role == "custom_action_server"
}

else := {"disposition": "review", "severity": "medium"} if {
	paths.process == "payload"
}

# METADATA
# title: What connects runs what it is told
tool if {
	some name in programs.names
	programs.generic(name)
}
