# METADATA
# title: Property that redirects what an install does
# description: |
#   Public properties on the command line are what the person who starts an install hands
#   to the package, and custom actions use them as they come: as a command to run, a file
#   to load, a folder to write to. A trusted package then does what its author never
#   meant. Judged by what the value holds, whatever the property is called.
#
#   A value that is a command for a shell, a script host or a system tool, or that holds
#   script, is an alert. One that names a program to run from a URL, a share or a folder
#   that users write to, one that names an interpreter, and a product folder set into
#   Windows' own are reviews. So is REINSTALLMODE with v, which puts another package in
#   the place of the cached one (learn.microsoft.com, "REINSTALLMODE Property"), where
#   that package lies in a folder that users write to.
#
#   The address of a server, a licence, a folder in Program Files are what properties are
#   for, and not told. TRANSFORMS and PATCH have signals of their own.
# custom:
#   id: property_abuse
#   severity: high
#   disposition: alert
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
#   excusable: true
#   excused_by: [package_sha256, deployment_tool, source]
package an0940.signals.property_abuse

import data.lib.arguments
import data.lib.evidence
import data.lib.paths
import data.lib.programs

# METADATA
# title: The signal, where it holds
# description: The value is not repeated beside the command line, where a secret in it is masked.
held := {
	"id": "property_abuse",
	"title": "Property that redirects what an install does",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": object.union(evidence.request, {"property": concat(", ", judged.names), "behaviour": judged.behaviour}),
	"missing": [],
} if {
	input.event.kind == "process_start"
	count(input.process.msiexec.properties) > 0
}

# METADATA
# title: The worst that the values do, and how bad it is
# scope: document
judged := {"severity": "high", "disposition": "alert", "names": commands, "behaviour": "carries a command or a script"} if count(commands) > 0

else := {"severity": "medium", "disposition": "review", "names": programs_elsewhere, "behaviour": "names a program that users can replace or that is fetched"} if count(programs_elsewhere) > 0

else := {"severity": "medium", "disposition": "review", "names": interpreters, "behaviour": "names a program that runs what its arguments say"} if count(interpreters) > 0

else := {"severity": "medium", "disposition": "review", "names": system_places, "behaviour": "puts the product into a folder of Windows"} if count(system_places) > 0

else := {"severity": "medium", "disposition": "review", "names": {"reinstallmode"}, "behaviour": "replaces the cached package by one that users write"} if recaches

# METADATA
# title: The values by their properties, without quotes and carets
values := {name: replace(arguments.plain(value), "'", "") |
	some name, value in input.process.msiexec.properties
	not name in {"transforms", "patch", "msipatches"}
}

# METADATA
# title: Their words, as a shell would part them
words[name] := [word |
	some word in split(replace(replace(replace(replace(replace(value, "&", " "), "|", " "), ";", " "), "=", " "), "(", " "), " ")
	word != ""
] if {
	some name, value in values
}

# METADATA
# title: Properties that carry a command or a script
# scope: document
commands contains name if {
	some name, said in words
	some at, word in said
	named(word) & told != set()
	said[at + 1]
}

commands contains name if {
	some name, said in words
	some at, word in said
	bare(split(word, "/")[0])
	argument(word, said[at + 1])
}

commands contains name if {
	some name, said in words
	some word in said
	startswith(word, "%comspec%")
}

commands contains name if {
	some name, value in values
	arguments.code(value)
}

# METADATA
# title: Properties that name a program from elsewhere
# scope: document
programs_elsewhere contains name if {
	some name, value in values
	some file in split(value, ";")
	executable(file)
	elsewhere(file)
}

# METADATA
# title: Properties that name an interpreter or a system tool, without arguments
interpreters contains name if {
	some name, said in words
	some word in said
	some program in named(word)
	programs.generic(program)
}

# METADATA
# title: Properties that set the product's folder into one of Windows' own, or any into Startup
# scope: document
system_places contains name if {
	some name in folder_properties
	folder := concat("", [trim_right(replace(values[name], "/", "\\"), "\\ "), "\\"])
	strings.any_suffix_match(folder, [":\\windows\\", "%systemroot%\\", "%windir%\\"])
}

system_places contains name if {
	some name in folder_properties
	folder := concat("", [replace(values[name], "/", "\\"), "\\"])
	some part in ["\\system32\\", "\\syswow64\\"]
	contains(folder, part)
}

system_places contains name if {
	some name, value in values
	contains(replace(value, "/", "\\"), "\\start menu\\programs\\startup")
}

# METADATA
# title: Properties that say where a product goes
# description: |
#   Windows Installer's own, and those of the templates of WiX, InstallShield and Advanced
#   Installer.
folder_properties := {"appdir", "applicationfolder", "installdir", "installfolder", "installlocation", "installpath", "targetdir"}

# METADATA
# title: The cached package is replaced by one that users write
recaches if {
	contains(values.reinstallmode, "v")
	paths.user_writable(input.process.msiexec.package.folders)
}

# METADATA
# title: File names that a word of a value gives
# description: The last part of a path, or what stands before an option that touches it (cmd.exe/c).
named(word) := {last(replace(word, "/", "\\")), last(split(word, "/")[0])}

# METADATA
# title: The last part of a path
last(path) := parts[count(parts) - 1] if parts := split(path, "\\")

# METADATA
# title: Programs that are told what to do, by their full names
told := (programs.shells | programs.script_hosts) | object.keys(programs.system_tools)

# METADATA
# title: Such a program without its suffix
bare(word) if last(word) in {"bitsadmin", "certutil", "cmd", "cscript", "mshta", "powershell", "pwsh", "regsvr32", "rundll32", "schtasks", "wscript"}

# METADATA
# title: What follows is an argument, not prose
# description: PowerShell Core is a product's name, powershell -file a command.
# scope: document
argument(_, next) if strings.any_prefix_match(next, ["-", "/"])

argument(_, next) if strings.any_suffix_match(next, executables)

argument(_, next) if {
	some part in [":", "\\", ","]
	contains(next, part)
}

argument(word, _) if contains(word, "/")

# METADATA
# title: The name is that of something that runs
executable(file) if strings.any_suffix_match(trim(split(file, "?")[0], " "), executables)

# METADATA
# title: Suffixes of what runs
executables := [".bat", ".cmd", ".com", ".dll", ".exe", ".hta", ".js", ".jse", ".msi", ".msp", ".ps1", ".psm1", ".scr", ".sct", ".vbe", ".vbs", ".wsf"]

# METADATA
# title: It is fetched, lies on a share, or where payloads run from
# scope: document
elsewhere(file) if contains(file, "://")

elsewhere(file) if strings.any_prefix_match(trim(file, " "), ["\\\\", "//"])

elsewhere(file) if arguments.payload_in(file)
