# METADATA
# title: Quiet install of a package that its starter dropped
# description: |
#   A program above the msiexec client wrote the package itself and has it installed
#   without asking: setup.exe, or whatever else InstallerParent names or the package's
#   own writer is called. The program lies where ordinary users write, is known to be
#   unsigned, or is a shell or script host. Downloaders do that, and so do ordinary
#   set-up programs, so this is a review that tells where the install came from; what
#   the install then does is judged by other signals, in the same finding.
#
#   Where no record tells who wrote the package, a wrapper and a package that both lie
#   where ordinary users write are a review at low severity that says so.
# custom:
#   id: wrapper_dropped_package
#   severity: medium
#   disposition: review
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#     - {name: Sysmon 11, official: true}
#   needs:
#     - [process_start]
#     - [process.command_line]
#     - [parent]
#   weaker_without: [file_create]
#   trigger:
#     - {kind: process_start}
#   excusable: true
#   excused_by: [sha256, sha1, signer, package_sha256, deployment_tool]
package an0940.signals.wrapper_dropped_package

import data.lib.evidence
import data.lib.paths
import data.lib.programs
import data.lib.signing

# METADATA
# title: The signal, where it holds
held := {
	"id": "wrapper_dropped_package",
	"title": "Quiet install of a package that its starter dropped",
	"severity": judged.severity,
	"disposition": "review",
	"excusable": true,
	"evidence": object.union(evidence.process, {"wrapper": judged.wrapper}),
	"missing": judged.missing,
} if {
	input.event.kind == "process_start"
	input.process.role == "client"
	input.process.msiexec.quiet in {"none", "basic", "passive"}
}

# METADATA
# title: The wrapper, how bad it is, and what is not known
# description: Undefined where nothing above the client is such a wrapper.
# scope: document
judged := {"severity": "medium", "wrapper": first, "missing": []} if first := min(droppers)

else := {"severity": "low", "wrapper": first, "missing": ["session.package_file"]} if {
	first := min(wrappers)
	not input.session.package_file.writer
	paths.user_writable(input.process.msiexec["package"].folders)
}

# METADATA
# title: Doubtful programs above the client that wrote the package
droppers contains process.image if {
	some process in input.lineage
	wrote(process, input.session.package_file.writer)
	doubtful(process)
}

# METADATA
# title: Wrappers above the client that lie where ordinary users write, or are unsigned
wrappers contains process.image if {
	some process in input.lineage
	process.role == "wrapper"
	doubtful(process)
	not commanded(process)
}

# METADATA
# title: Two records speak of one process
# description: By its GUID; where the sensor gives none, by PID and path.
# scope: document
wrote(process, writer) if process.guid == writer.guid

wrote(process, writer) if {
	not process.guid
	process.pid == writer.pid
	process.image == writer.image
}

# METADATA
# title: A program of which nobody knows whose it is, or that does what a script says
# scope: document
doubtful(process) if paths.user_writable(process.folders)

doubtful(process) if signing.untrusted(process)

doubtful(process) if commanded(process)

# METADATA
# title: A shell or a script host
# scope: document
commanded(process) if process.name in programs.shells

commanded(process) if process.name in programs.script_hosts
