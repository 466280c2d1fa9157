# METADATA
# title: msiexec renamed, or run from another folder
# description: |
#   The program's OriginalFileName is msiexec.exe and its file name is not; or it is
#   called msiexec.exe and does not lie in System32 or SysWOW64; or it lies there and
#   its OriginalFileName is another. Windows never does this. A copy under another name
#   escapes every rule that looks for msiexec.exe; another program under its name hides
#   among the machinery.
# custom:
#   id: renamed_msiexec
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [process_start]
#   weaker_without: [process.original_file_name]
#   trigger:
#     - {kind: process_start}
#   excusable: false
#   excused_by: []
package an0940.signals.renamed_msiexec

import data.lib.evidence
import data.lib.installer
import data.lib.programs

# METADATA
# title: The signal, where it holds
held := {
	"id": "renamed_msiexec",
	"title": "msiexec renamed, or run from another folder",
	"severity": "high",
	"disposition": "alert",
	"excusable": false,
	"evidence": evidence.metadata,
	"missing": [],
} if {
	input.event.kind == "process_start"
	programs.msiexec
	input.process.image
	not installer.genuine(input.process)
}
