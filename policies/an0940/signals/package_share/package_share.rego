# METADATA
# title: Package or patch from a share
# description: |
#   A client is told to install from a share, or MsiInstaller names such a package. What
#   lies there can be another file a minute later, and no copy stays behind.
#
#   From a web server that Windows shows as a share (WebDAV) it is the same as from a
#   URL, and an alert. From one of the host's own shares it is a local file whose place
#   the name hides. Any other share is a review at low severity: many sites install so.
#   One that governance lists as a source, since ordinary users cannot write it, is not
#   told.
#
#   A MsiInstaller record can be written by any interactive user: it raises this signal
#   like a command line does.
# custom:
#   id: package_share
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#     - {name: MsiInstaller 1040, official: false}
#   needs:
#     - [process_start, install:1040]
#     - [process.command_line, event.install.package]
#   weaker_without: [process_start, process.command_line, install:1040, event.install.package]
#   trigger:
#     - {kind: process_start}
#     - {kind: install, event_ids: [1040]}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool, source]
package an0940.signals.package_share

import data.lib.approvals
import data.lib.evidence
import data.lib.requests
import data.lib.shares

# METADATA
# title: The signal, where it holds
held := {
	"id": "package_share",
	"title": "Package or patch from a share",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": object.union(evidence.request, {"package": judged.named}),
	"missing": [],
} if {
	told != set()
}

# METADATA
# title: The worst of the shares, and how bad it is
# scope: document
judged := {"severity": "high", "disposition": "alert", "named": first} if first := min(dav)

else := {"severity": "medium", "disposition": "review", "named": first} if first := min(own)

else := {"severity": "low", "disposition": "review", "named": first} if first := min(names)

# METADATA
# title: Names of packages on a share
names := {named.name | some named in told}

# METADATA
# title: Those on a web server
dav := {named.name | some named in told; shares.webdav(named)}

# METADATA
# title: Those on the host itself
own := {named.name | some named in told; shares.own(named)}

# METADATA
# title: Packages on a share that is no approved source
told contains named if {
	some named in requests.packages
	named.kind == "unc"
	not approvals.in_source(named)
}
