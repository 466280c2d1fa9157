# METADATA
# title: Shell or PowerShell started by the installer
# description: |
#   A custom-action server, the installer service, a client, a managed custom action or
#   an extracted MSIxxxx.tmp starts cmd, PowerShell or another shell. Packages that need
#   a shell are rare, and attackers who abuse Windows Installer nearly always want one.
#   The system account and an ordinary user are judged alike: most packages run as the
#   system account, and so does the attack.
#
#   Further down the tree a shell alone is not alarming; one that hides, encodes or
#   downloads its script is, and one that sets up what starts again by itself, weakens
#   what watches over the host or adds an authority that it trusts. Where the sensor gave no command line it cannot be told
#   what the shell did, and the answer is a review.
# custom:
#   id: shell_child
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [process_start]
#     - [parent]
#   weaker_without: [process.command_line, process.original_file_name]
#   trigger:
#     - {kind: process_start}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool, source, command_line]
package an0940.signals.shell_child

import data.lib.arguments
import data.lib.behaviour
import data.lib.claims
import data.lib.evidence
import data.lib.installer
import data.lib.programs

# METADATA
# title: The signal, where it holds
# scope: document
held := {
	"id": "shell_child",
	"title": "Shell or PowerShell started by the installer",
	"severity": severity,
	"disposition": disposition,
	"excusable": true,
	"evidence": evidence.process,
	"missing": missing,
} if {
	input.event.kind == "process_start"
	programs.shell
	started
}

# METADATA
# title: The installer started the shell, or something below it a shell that does harm
# scope: document
started if installer.child

started if {
	installer.below
	arguments.script
}

started if {
	installer.below
	arguments.remote
}

started if {
	installer.below
	behaviour.disarms
}

started if {
	installer.below
	behaviour.lasts
}

started if {
	installer.below
	behaviour.trusts
}

# METADATA
# title: What the shell was told to do is not known
missing := ["process.command_line"] if not input.process.command_line

else := []

# METADATA
# title: How it is told
# scope: document
disposition := "review" if count(missing) > 0

else := "review" if claims.windows_update

else := "alert"

# METADATA
# title: How bad it is
# scope: document
severity := "medium" if claims.windows_update

else := "high"
