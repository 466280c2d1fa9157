# METADATA
# title: What a registry value makes Windows run
# description: |
#   By the value's place in the registry, as Sysmon names it (HKLM\…, HKU\<SID>\…). A
#   value that is emptied or deleted starts nothing.
package lib.autostart

import data.lib.paths
import data.lib.programs

# METADATA
# title: A value was written, and something stands in it
written if {
	input.event.kind == "registry"
	not object.get(input.event.registry, "operation", "") in {"deletekey", "deletevalue", "createkey"}
	not object.get(input.event.registry, "value", "") in {"", "(empty)", "\"\"", "dword (0x00000000)"}
}

# METADATA
# title: Places that run something in every logon, in every program or before anybody logs on
# description: An honest package has no business there; part of the value's path, and what it is.
hooks := {
	"\\appcertdlls\\": "a DLL for every program that starts others",
	"\\command processor\\autorun": "a command for every shell that starts",
	"\\control\\lsa\\authentication packages": "a package that sees every password",
	"\\control\\lsa\\notification packages": "a package that sees every new password",
	"\\control\\lsa\\security packages": "a package that sees every password",
	"\\control\\session manager\\bootexecute": "a program that runs before Windows has started",
	"\\environment\\userinitmprlogonscript": "a script for every logon",
	"\\winlogon\\shell": "another shell for every logon",
	"\\winlogon\\userinit": "a program for every logon",
	"windows nt\\currentversion\\windows\\appinit_dlls": "a DLL for every program with a window",
}

# METADATA
# title: What the value hooks into
# scope: document
hooked contains what if {
	written
	key := input.event.registry.key
	some part, what in hooks
	contains(key, part)
}

hooked contains "a debugger that runs instead of a program" if {
	written
	contains(input.event.registry.key, "\\image file execution options\\")
	endswith(input.event.registry.key, "\\debugger")
}

hooked contains "a program that runs when another ends" if {
	written
	contains(input.event.registry.key, "\\silentprocessexit\\")
	endswith(input.event.registry.key, "\\monitorprocess")
}

# METADATA
# title: Places that start a program, which honest packages use too
# scope: document
starts if {
	written
	key := input.event.registry.key
	some part in ["\\currentversion\\run\\", "\\currentversion\\runonce\\", "\\currentversion\\runonceex\\", "\\policies\\explorer\\run\\"]
	contains(key, part)
}

starts if {
	written
	contains(input.event.registry.key, "\\active setup\\installed components\\")
	endswith(input.event.registry.key, "\\stubpath")
}

starts if {
	written
	contains(input.event.registry.key, "\\services\\")
	some part in ["\\imagepath", "\\parameters\\servicedll", "\\failurecommand"]
	endswith(input.event.registry.key, part)
}

# METADATA
# title: What is to start is a shell, a script host or another program that runs what it is told
# description: Not msiexec, which packages call to complete themselves for a user, unless it is told to fetch something.
# scope: document
driven if {
	starts
	programs.generic(program)
	program != "msiexec.exe"
}

driven if {
	starts
	program == "msiexec.exe"
	remote
}

# METADATA
# title: Name of the program that is to start, with the ending that Windows adds
program := input.event.registry.program.name if contains(input.event.registry.program.name, ".")

else := concat("", [input.event.registry.program.name, ".exe"])

# METADATA
# title: The value names something remote
# scope: document
remote if {
	value := input.event.registry.value
	some part in ["http://", "https://", "ftp://", "@ssl", "davwwwroot"]
	contains(value, part)
}

remote if regex.match(`^(?:"|.*[ =:,"])?\\\\[^\\?.]`, input.event.registry.value)

# METADATA
# title: The value names a place where payloads run from, or hides a script
suspect if {
	some part in [
		"\\temp\\", "\\appdata\\", "\\users\\public\\", "\\programdata\\", "%temp%", "%appdata%", "%public%",
		" -enc", " -e ", "-w hidden", "-windowstyle hid", "frombase64", "javascript:", "vbscript:", "iex", "downloadstring",
	]
	contains(input.event.registry.value, part)
}

# METADATA
# title: What is to start lies where payloads run from
# scope: document
payload if {
	starts
	paths.payload_place(input.event.registry.program)
}

# METADATA
# title: What is to start lies on a share, or at an address
# description: It is fetched anew at every start, from whoever answers there.
# scope: document
fetched if {
	starts
	regex.match(`^\\\\[^\\?.]`, input.event.registry.program.path)
}

fetched if {
	starts
	regex.match(`^[" ]*(?:https?|ftp|file):`, input.event.registry.value)
}

# METADATA
# title: What is to start lies in a folder of which nothing is known
# description: |
#   Neither where payloads run from nor where ordinary users cannot write: whoever makes
#   a folder on a drive can write it. Not below AppData, which a site can trust, and not a
#   name alone, which is looked for in Windows' own folders.
elsewhere if {
	starts
	count(input.event.registry.program.folders) > 0
	not split(input.event.registry.program.path, "\\")[0] in roots
	not payload
	not per_user
	not paths.kept(input.event.registry.program.folders)
}

# METADATA
# title: What stands for a protected folder at the beginning of a path
# description: A driver's path begins below the Windows folder where it names no drive.
roots := {
	"%commonprogramfiles%",
	"%commonprogramfiles(x86)%",
	"%commonprogramw6432%",
	"%programfiles%",
	"%programfiles(x86)%",
	"%programw6432%",
	"system32",
	"syswow64",
}

# METADATA
# title: It lies where programs of one user are installed to
# description: Below AppData, but for Temp. Per-user packages put their programs there.
per_user if {
	starts
	some folder in ["%userprofile%\\appdata\\local", "%userprofile%\\appdata\\roaming"]
	folder in input.event.registry.program.folders
	not "%userprofile%\\appdata\\local\\temp" in input.event.registry.program.folders
	not contains(input.event.registry.program.name, ":")
}
