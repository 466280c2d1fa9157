# METADATA
# title: Package or patch from a URL
# description: |
#   A client is told to install from http, https, ftp or file, or MsiInstaller names
#   such a package. msiexec downloads and runs it in one step, so no file was there to
#   be scanned or to bear a mark of the web. The name need not end in .msi.
#
#   A MsiInstaller record can be written by any interactive user: it raises this signal
#   like a command line does, and is excused only where the sensor saw the very client
#   that it names, with the same package.
# custom:
#   id: package_url
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
#   excused_by: [deployment_tool, source]
package an0940.signals.package_url

import data.lib.evidence
import data.lib.requests

# METADATA
# title: The signal, where it holds
held := {
	"id": "package_url",
	"title": "Package or patch from a URL",
	"severity": "high",
	"disposition": "alert",
	"excusable": true,
	"evidence": object.union(evidence.request, {"package": named}),
	"missing": [],
} if {
	named := min(urls)
}

# METADATA
# title: The URLs that the event names
# description: A DLL from a URL that is to be registered as well.
# scope: document
urls contains named.name if {
	some named in requests.packages
	named.kind == "url"
}

urls contains input.process.msiexec.package.name if {
	input.event.kind == "process_start"
	input.process.msiexec.package.kind == "url"
}
