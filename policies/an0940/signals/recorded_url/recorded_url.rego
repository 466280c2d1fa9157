# METADATA
# title: Package from a URL by MsiInstaller's own record
# description: |
#   A transaction begins, and the record of Windows Installer names a URL as the package,
#   whatever the name ends in. The record is there where no command line is: installs
#   asked for through WMI, through the installer's automation interface or by another
#   program. Where the client is known to be no msiexec, so that nobody saw the request
#   itself, the severity is critical.
#
#   The record can be written by any interactive user. It raises this signal all the
#   same, and is excused only where the sensor saw the very client that it names, with
#   the same package.
# custom:
#   id: recorded_url
#   severity: critical
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: MsiInstaller 1040, official: false}
#     - {name: Sysmon 1, official: true}
#   needs:
#     - [install:1040]
#     - [event.install.package]
#   weaker_without: []
#   trigger:
#     - {kind: install, event_ids: [1040]}
#   excusable: true
#   excused_by: [deployment_tool, source]
package an0940.signals.recorded_url

import data.lib.evidence
import data.lib.installer

# METADATA
# title: The signal, where it holds
held := {
	"id": "recorded_url",
	"title": "Package from a URL by MsiInstaller's own record",
	"severity": severity,
	"disposition": "alert",
	"excusable": true,
	"evidence": object.union_n([evidence.process, evidence.request, {"package": input.event.install.package.name}]),
	"missing": missing,
} if {
	input.event.kind == "install"
	input.event.install.package.kind == "url"
}

# METADATA
# title: Who asked for it is not known
# scope: document
missing := ["process.image"] if not input.process.image

else := []

# METADATA
# title: How bad it is
# scope: document
severity := "high" if count(missing) > 0

else := "high" if installer.genuine(input.process)

else := "critical"
