# METADATA
# title: What a program is, whatever it is called
# description: |
#   By file name and by OriginalFileName, so that a renamed copy is still what
#   it was. A name never excuses: it only says which judgement applies.
package lib.programs

# METADATA
# title: Names the subject goes by
# scope: document
names contains input.process.name

names contains original_name(input.process)

# METADATA
# title: OriginalFileName without the suffix of a language resource
original_name(process) := trim_suffix(process.original_file_name, ".mui")

# METADATA
# title: Shells and PowerShell
shells := {
	"bash.exe",
	"cmd.exe",
	"powershell.exe",
	"powershell_ise.exe",
	"pwsh.dll",
	"pwsh.exe",
	"wsl.exe",
}

# METADATA
# title: Script hosts
script_hosts := {"cscript.exe", "hh.exe", "mshta.exe", "wscript.exe"}

# METADATA
# title: System tools judged by their arguments, by the names they go by
system_tools := {
	"addinutil.exe": "addinutil",
	"at.exe": "at",
	"auditpol.exe": "auditpol",
	"bcdedit.exe": "bcdedit",
	"bitsadmin.exe": "bitsadmin",
	"certreq.exe": "certreq",
	"certutil.exe": "certutil",
	"cmdkey.exe": "cmdkey",
	"cmstp.exe": "cmstp",
	"curl.exe": "curl",
	"forfiles.exe": "forfiles",
	"fsutil.exe": "fsutil",
	"ftp.exe": "ftp",
	"icacls.exe": "icacls",
	"ieexec.exe": "ieexec",
	"installutil.exe": "installutil",
	"mavinject.exe": "mavinject",
	"mavinject32.exe": "mavinject",
	"mpcmdrun.exe": "mpcmdrun",
	"msbuild.exe": "msbuild",
	"msxsl.exe": "msxsl",
	"net.exe": "net",
	"net1.exe": "net",
	"netsh.exe": "netsh",
	"odbcconf.exe": "odbcconf",
	"pcalua.exe": "pcalua",
	"presentationhost.exe": "presentationhost",
	"reg.exe": "reg",
	"regasm.exe": "regasm",
	"regedit.exe": "regedit",
	"regsvcs.exe": "regsvcs",
	"regsvr32.exe": "regsvr32",
	"rundll32.exe": "rundll32",
	"sc.exe": "sc",
	"schtasks.exe": "schtasks",
	"sctasks.exe": "schtasks",
	"taskkill.exe": "taskkill",
	"vssadmin.exe": "vssadmin",
	"wbadmin.exe": "wbadmin",
	"wevtutil.exe": "wevtutil",
	"wget.exe": "wget",
	"wmic.exe": "wmic",
}

# METADATA
# title: Other programs that run what their arguments say
interpreters := {
	"autohotkey.exe",
	"autoit3.exe",
	"java.exe",
	"javaw.exe",
	"msiexec.exe",
	"node.exe",
	"perl.exe",
	"php.exe",
	"psexec.c",
	"psexec.exe",
	"python.exe",
	"pythonw.exe",
	"ruby.exe",
}

# METADATA
# title: The subject is a shell
shell if names & shells != set()

# METADATA
# title: The subject is a script host
script_host if names & script_hosts != set()

# METADATA
# title: The system tools that the subject is
tools contains system_tools[name] if some name in names

# METADATA
# title: The subject is a system tool
system_tool if tools != set()

# METADATA
# title: The subject calls itself msiexec
msiexec if "msiexec.exe" in names

# METADATA
# title: What the subject does is decided by its arguments
# description: Such a program is approved only with its exact command line, whatever its hash or signer.
# scope: document
driven_by_arguments if shell

driven_by_arguments if script_host

driven_by_arguments if system_tool

driven_by_arguments if names & interpreters != set()

driven_by_arguments if data.lib.paths.process_in_system_folder

# METADATA
# title: The name of a program that is anybody's tool
# scope: document
generic(name) if name in shells

generic(name) if name in script_hosts

generic(name) if system_tools[name]

generic(name) if name in interpreters
