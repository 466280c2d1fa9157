# METADATA
# title: Persistence set up by an installer's tree
# description: |
#   A process of the tree writes to the registry what Windows is to run later, or puts a
#   program or a script into a Startup folder. Products start themselves with Windows
#   every day, so what counts is what is to run: a shell or script host with an argument
#   that hides, fetches or lies where payloads run from is an alert, and so is a program
#   in a temporary folder, Users\Public or ProgramData, on a share or at an address. Places
#   that no honest package needs (a debugger instead of a program, a DLL for every
#   program, a package that sees passwords, another shell) are an alert whatever they hold.
#
#   In a Startup folder a program or a script is an alert, a shortcut a review at low
#   severity, and any other file but desktop.ini a review: what its ending is registered
#   for opens it. None of it is excused. A shortcut that the installer's service writes is
#   not told: packages list theirs in the Shortcut table, and what it starts is in no record.
#
#   A shell without such an argument, a program below AppData, where per-user packages
#   live, and one in a folder of which nothing is known (D:\Orrery, C:\Orrery) are a review.
#   A program below Program Files or the Windows folder is not told, nor is one that is
#   named without a folder. Tasks and
#   services that are asked for by command line have system_tool_child; those asked for by
#   a call are written by Windows itself, and no record says who asked.
# custom:
#   id: persistence
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 13, official: false}
#     - {name: Sysmon 11, official: true}
#   needs:
#     - [registry, file_create]
#   weaker_without: [registry, file_create, event.registry.value, process_start, parent]
#   trigger:
#     - kind: registry
#       paths:
#         - '\currentversion\run'
#         - '\policies\explorer\run\'
#         - '\active setup\installed components\'
#         - '\services\'
#         - '\appcertdlls\'
#         - '\command processor\autorun'
#         - '\control\lsa\'
#         - '\session manager\bootexecute'
#         - '\environment\userinitmprlogonscript'
#         - '\winlogon\'
#         - '\appinit_dlls'
#         - '\image file execution options\'
#         - '\silentprocessexit\'
#       roles: [client, service, custom_action_server, managed_custom_action, extracted, descendant, wrapper]
#     - {kind: file_create, paths: ['\start menu\programs\startup\'], roles: [client, service, custom_action_server, managed_custom_action, extracted, descendant, wrapper]}
#   excusable: true
#   excused_by: [sha256, sha1, signer, deployment_tool, source]
package an0940.signals.persistence

import data.lib.autostart
import data.lib.drops
import data.lib.evidence

# METADATA
# title: The signal, where it holds
# scope: document
held := {
	"id": "persistence",
	"title": "Persistence set up by an installer's tree",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": object.union_n([evidence.process, evidence.registry, {"behaviour": judged.behaviour}]),
	"missing": [],
} if {
	input.event.kind == "registry"
	input.process.role in drops.tree_roles
}

held := {
	"id": "persistence",
	"title": "Persistence set up by an installer's tree",
	"severity": put.severity,
	"disposition": put.disposition,
	"excusable": false,
	"evidence": object.union(evidence.process, {"file.path": input.file.path}),
	"missing": [],
} if {
	input.event.kind == "file_create"
	contains(input.file.path, "\\start menu\\programs\\startup\\")
	input.process.role in drops.tree_roles
}

# METADATA
# title: What the value makes run, how that is told, and how bad it is
# scope: document
judged := {"disposition": "alert", "severity": "high", "behaviour": concat("; ", autostart.hooked)} if count(autostart.hooked) > 0

else := {"disposition": "alert", "severity": "high", "behaviour": "starts a shell or tool with what it is to hide or fetch"} if {
	autostart.driven
	hides
}

else := {"disposition": "alert", "severity": "high", "behaviour": "starts a program from a share or an address"} if autostart.fetched

else := {"disposition": "review", "severity": "medium", "behaviour": "starts a shell or tool"} if autostart.driven

else := {"disposition": "review", "severity": "medium", "behaviour": "starts a program of one user"} if {
	autostart.payload
	autostart.per_user
}

else := {"disposition": "alert", "severity": "high", "behaviour": "starts a program from where payloads run from"} if autostart.payload

else := {"disposition": "review", "severity": "medium", "behaviour": "starts a program from a folder of which nothing is known"} if autostart.elsewhere

# METADATA
# title: Its argument hides, fetches or lies where payloads run from
# scope: document
hides if autostart.suspect

hides if autostart.remote

# METADATA
# title: How a file in a Startup folder is told, and how bad it is
# description: |
#   Whatever lies there is opened at logon, by what its ending is registered for.
#   Undefined for a shortcut that Windows Installer itself writes, as packages list them
#   in their Shortcut table, and for how Explorer shows the folder.
# scope: document
put := {"disposition": "alert", "severity": "high"} if {
	some ending in [".exe", ".com", ".pif", ".scr", ".cpl", ".bat", ".cmd", ".ps1", ".vbs", ".vbe", ".js", ".jse", ".wsf", ".hta", ".url"]
	endswith(input.file.name, ending)
}

else := {"disposition": "review", "severity": "low"} if {
	shortcut
	input.process.role != "service"
}

else := {"disposition": "review", "severity": "medium"} if {
	not shortcut
	input.file.name != "desktop.ini"
}

# METADATA
# title: The file is a shortcut
shortcut if endswith(input.file.name, ".lnk")
