# METADATA
# title: msiexec registers a DLL that is not in a protected folder
# description: |
#   msiexec /y or /z calls a DLL's registration functions, as regsvr32 does, with no
#   package and no child process. Nothing that Windows or a package does needs it, and
#   it runs whatever the DLL holds. Outside the parent and child of AN0940, so a review,
#   at high severity.
# custom:
#   id: register_dll
#   severity: high
#   disposition: review
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [process_start]
#     - [process.command_line]
#   weaker_without: []
#   trigger:
#     - {kind: process_start}
#   excusable: false
#   excused_by: []
package an0940.signals.register_dll

import data.lib.evidence
import data.lib.paths

# METADATA
# title: The signal, where it holds
held := {
	"id": "register_dll",
	"title": "msiexec registers a DLL that is not in a protected folder",
	"severity": "high",
	"disposition": "review",
	"excusable": false,
	"evidence": evidence.process,
	"missing": [],
} if {
	input.event.kind == "process_start"
	input.process.msiexec.verb in {"register", "unregister"}
	not protected
}

# METADATA
# title: The DLL lies where ordinary users cannot write
protected if {
	input.process.msiexec.package.kind == "path"
	paths.protected(input.process.msiexec.package.folders)
	not contains(input.process.msiexec.package.file, ":")
}
