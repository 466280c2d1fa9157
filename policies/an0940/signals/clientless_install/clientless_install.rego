# METADATA
# title: Install asked for through WMI or COM, with no command line
# description: |
#   A transaction begins whose client is no msiexec: WMI's Win32_Product, which also
#   works from another host, a shell or script host that automates the installer, or
#   another program. There is no command line to judge, so the package's place and who
#   asked decide.
#
#   Through WMI or a script, a package from a share or a URL is an alert, one on a drive
#   a review. Through another program a package from a share is a review; one on a drive
#   is how bundles and deployment tools install, and is not told. Group Policy installs
#   from shares; who bears its name counts only in its own place. Where nobody is known
#   to have the PID that the record names, a share is a review at low severity that says
#   so. What names an installed product, and an inventory, are not told.
#
#   No entry excuses it: it rests on a record that anybody can write, and the sensor saw
#   no client ask for the package. What the install starts is judged by itself.
# custom:
#   id: clientless_install
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: MsiInstaller 1040, official: false}
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [install:1040]
#     - [event.install.package]
#   weaker_without: [process_start, event.install.client_pid]
#   trigger:
#     - {kind: install, event_ids: [1040]}
#   excusable: false
#   excused_by: []
package an0940.signals.clientless_install

import data.lib.evidence
import data.lib.programs

# METADATA
# title: The signal, where it holds
held := {
	"id": "clientless_install",
	"title": "Install asked for through WMI or COM, with no command line",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": false,
	"evidence": object.union_n([evidence.process, evidence.request, {"package": named}]),
	"missing": missing,
} if {
	input.event.kind == "install"
	named := input.event.install.package.name
	not input.session.inventory
	not programs.msiexec
}

# METADATA
# title: Who asked for it is not known
# scope: document
missing := ["process.image"] if not input.process.image

else := []

# METADATA
# title: How it is told, and how bad it is
# description: Undefined for what is ordinary.
# scope: document
judged := {"disposition": "alert", "severity": "high"} if {
	scripted
	remote
}

else := {"disposition": "review", "severity": "medium"} if {
	scripted
	input.event.install.package.kind == "path"
}

else := {"disposition": "review", "severity": "low"} if {
	count(missing) > 0
	remote
}

else := {"disposition": "review", "severity": "medium"} if {
	remote
	not group_policy
}

# METADATA
# title: The package is not on the host
remote if input.event.install.package.kind in {"unc", "url"}

# METADATA
# title: WMI, a shell or a script host asked for it
# scope: document
scripted if input.process.name == "wmiprvse.exe"

scripted if programs.shell

scripted if programs.script_host

# METADATA
# title: Windows' own hosts of Group Policy, in their own place
group_policy if {
	input.process.image in {"c:\\windows\\system32\\svchost.exe", "c:\\windows\\system32\\winlogon.exe"}
	input.event.install.package.kind == "unc"
}
