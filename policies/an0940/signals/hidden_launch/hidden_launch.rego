# METADATA
# title: Launcher from a package told to start a program out of sight
# description: |
#   MSIxxxx.tmp, or another program below the installer, is told /DontWait, /HideWindow,
#   /RunAsAdmin or /EnforcedRunAsAdmin and a program to start, as Advanced Installer's
#   launcher takes them. The launcher is the same in every package, may bear a vendor's
#   name and signature, and starts whatever its command line says: so that is what is
#   judged, however it is quoted.
#
#   A program of the product in a folder that ordinary users cannot write is a review.
#   Shells, script hosts, system tools, scripts, anything remote, anything in another
#   folder, and a command line whose payload cannot be told, are an alert.
# custom:
#   id: hidden_launch
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [process_start]
#   weaker_without: [process.command_line]
#   trigger:
#     - {kind: process_start}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool, source]
package an0940.signals.hidden_launch

import data.lib.evidence
import data.lib.installer
import data.lib.launcher

# METADATA
# title: The signal, where it holds
held := {
	"id": "hidden_launch",
	"title": "Launcher from a package told to start a program out of sight",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": object.union(evidence.metadata, {"payload": payload}),
	"missing": [],
} if {
	input.event.kind == "process_start"
	launcher.named
	started
	launcher.launches
}

# METADATA
# title: The process was extracted from a package, or runs below an installer
# scope: document
started if installer.extracted

started if installer.below

# METADATA
# title: What the launcher is told to start
# scope: document
payload := launcher.path if launcher.path

else := "not known"

# METADATA
# title: How it is told, and how bad it is
# scope: document
judged := {"disposition": "review", "severity": "medium"} if launcher.ordinary

else := {"disposition": "alert", "severity": "high"}
