# METADATA
# title: Remote-management tool started by an installer
# description: |
#   A program that gives somebody else control of the host runs below the installer.
#   Support teams install such tools every day, and so do those who were let in by a
#   message or a call: the program, its signature and its behaviour are the same. What
#   differs is how it came: from the web, from a folder that users write to, without a
#   window, and with the password or the relay of its later master on the command line.
#
#   By its name alone it is a review. Where it came from the web or a user's folder and
#   without asking, or is told whom to let in, it is an alert. What the site deploys is
#   explained by an entry.
# custom:
#   id: remote_management_tool
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#     - {name: MsiInstaller 1040, official: false}
#   needs:
#     - [process_start]
#     - [parent]
#   weaker_without: [process.command_line]
#   trigger:
#     - {kind: process_start}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool, source]
package an0940.signals.remote_management_tool

import data.lib.arguments
import data.lib.evidence
import data.lib.installer
import data.lib.paths
import data.lib.shares

# METADATA
# title: The signal, where it holds
held := {
	"id": "remote_management_tool",
	"title": "Remote-management tool started by an installer",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": object.union(evidence.metadata, {"behaviour": judged.behaviour}),
	"missing": [],
} if {
	input.event.kind == "process_start"
	installer.below
	named
}

# METADATA
# title: It calls itself such a tool
# scope: document
named if data.an0940.remote_management.names[input.process.name]

named if data.an0940.remote_management.names[input.process.original_file_name]

named if data.an0940.remote_management.products[input.process.product]

# METADATA
# title: How it came or what it is told, how that is judged, and how bad it is
# scope: document
judged := {"disposition": "alert", "severity": "high", "behaviour": concat("; ", reasons)} if count(reasons) > 0

else := {"disposition": "review", "severity": "medium", "behaviour": "gives remote control"}

# METADATA
# title: What sets it apart from a tool that the site's support installs
# scope: document
reasons contains "came from the web" if shares.from_web(origin)

reasons contains "came from a folder that users write to, without asking" if {
	paths.user_writable(origin.folders)
	input.session.quiet in {"none", "basic", "passive"}
}

reasons contains "is told whom to let in" if {
	arguments.mentions(data.an0940.remote_management.arguments)
	not paths.process == "protected"
}

# METADATA
# title: What the session installs
# scope: document
origin := input.session["package"]
