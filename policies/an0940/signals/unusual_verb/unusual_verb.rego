# METADATA
# title: Program started by a repair, a patch, or an install that runs none
# description: |
#   The client was told something else than to install. An administrative install
#   (/a) copies files and an advertised one (/j) writes shortcuts: neither needs to run a
#   program, and whatever the installer starts then is told. A repair (/f, or
#   REINSTALL) can be asked for by any user and runs as the system account: a shell or a
#   script host in it hands that account to whoever sits there. A patch (/p) brings code
#   of its own into a product that was approved.
#
#   Shells, script hosts, and programs that do not lie in a protected folder are an
#   alert, in an administrative or advertised install also tools of Windows and what
#   was extracted from the package; the rest there is a review, and so is a shell
#   further down the tree of a repair. Where it cannot be known which of several installs
#   it belongs to, it is a review.
# custom:
#   id: unusual_verb
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [process_start]
#     - [process.command_line]
#     - [parent]
#   weaker_without: []
#   trigger:
#     - {kind: process_start}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool, source, command_line]
package an0940.signals.unusual_verb

import data.an0940.machinery
import data.lib.claims
import data.lib.evidence
import data.lib.installer
import data.lib.paths
import data.lib.programs
import data.lib.verbs

# METADATA
# title: The signal, where it holds
# scope: document
held := told(verbs.asked, how) if {
	started
	unusual(verbs.asked)
	how := judged(verbs.asked)
}

else := told(verbs.possible, {"disposition": "review", "severity": "medium"}) if {
	started
	unusual(verbs.possible)
	judged(verbs.possible)
}

# METADATA
# title: The signal for the verbs that it rests on
told(asked, how) := {
	"id": "unusual_verb",
	"title": "Program started by a repair, a patch, or an install that runs none",
	"severity": how.severity,
	"disposition": how.disposition,
	"excusable": true,
	"evidence": object.union(evidence.process, {"verb": concat(", ", sort(asked))}),
	"missing": missing,
}

# METADATA
# title: What the shell was told to do is not known
missing contains "process.command_line" if {
	commanded
	not input.process.command_line
}

# METADATA
# title: How it is told for a set of verbs, and how bad it is
# description: Of unusual verbs; undefined where what they start is usual.
judged(asked) := {"disposition": "review", "severity": "high"} if {
	count(missing) > 0
}

else := {"disposition": "alert", "severity": "high"} if {
	commanded
	installer.child
}

else := {"disposition": "review", "severity": "medium"} if {
	"repair" in asked
	commanded
}

else := {"disposition": "review", "severity": "medium"} if {
	installer.child
	claims.installshield
}

else := {"disposition": "alert", "severity": "high"} if {
	runs_nothing(asked)
	installer.child
	brought
}

else := {"disposition": "review", "severity": "medium"} if {
	runs_nothing(asked)
	installer.child
}

else := {"disposition": "alert", "severity": "high"} if {
	installer.child
	not installer.own
	not installer.extracted
	paths.process != "protected"
}

# METADATA
# title: The verbs hold one that this signal is about
unusual(asked) if asked & {"administrative", "advertise", "patch", "repair"} != set()

# METADATA
# title: An install that needs to run no program
runs_nothing(asked) if asked & {"administrative", "advertise"} != set()

# METADATA
# title: Something was started below an installer that is not its own machinery
started if {
	input.event.kind == "process_start"
	installer.below
	not machinery.own
}

# METADATA
# title: The process does what a script or a command says
# scope: document
commanded if programs.shell

commanded if programs.script_host

# METADATA
# title: The package brought the program, or it is anybody's tool
# description: A managed custom action in its exact form is neither.
# scope: document
brought if paths.process != "protected"

brought if {
	programs.driven_by_arguments
	input.process.role != "managed_custom_action"
}
