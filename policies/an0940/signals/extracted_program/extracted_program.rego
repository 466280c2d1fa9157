# METADATA
# title: Program extracted from a package (MSIxxxx.tmp) run
# description: |
#   An EXE custom action: a program from the package's Binary table, extracted as
#   MSIxxxx.tmp to Windows\Installer, a user's temporary folder, Windows\Temp or
#   Windows\SystemTemp, and run by the service or a custom-action server. Its name, its
#   folder and its parent are the same for every package, so none of them excuses it.
#
#   A program that claims a vendor, a product and an original name of its own, as
#   Chrome's enterprise package does, is lowered to a review when the installer runs it.
#   One that claims nothing, is known to be unsigned, bears the name of anybody's tool,
#   or is run by something else than the installer, is an alert.
# custom:
#   id: extracted_program
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
package an0940.signals.extracted_program

import data.lib.claims
import data.lib.evidence
import data.lib.installer

# METADATA
# title: The signal, where it holds
held := {
	"id": "extracted_program",
	"title": "Program extracted from a package (MSIxxxx.tmp) run",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": evidence.metadata,
	"missing": [],
} if {
	input.event.kind == "process_start"
	installer.extracted
}

# METADATA
# title: How it is told, and how bad it is
# scope: document
judged := {"disposition": "review", "severity": "medium"} if {
	installer.child
	claims.vendor(input.process)
}

else := {"disposition": "alert", "severity": "high"}
