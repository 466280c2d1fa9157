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
	"certmgr.exe": "certmgr",
	"certoc.exe": "certoc",
	"certreq.exe": "certreq",
	"certutil.exe": "certutil",
	"cmdkey.exe": "cmdkey",
	"cmstp.exe": "cmstp",
	"curl.exe": "curl",
	"desktopimgdownldr.exe": "desktopimgdownldr",
	"diskshadow.exe": "diskshadow",
	"dism.exe": "dism",
	"esentutl.exe": "esentutl",
	"explorer.exe": "explorer",
	"extexport.exe": "extexport",
	"finger.exe": "finger",
	"fltmc.exe": "fltmc",
	"forfiles.exe": "forfiles",
	"fsutil.exe": "fsutil",
	"ftp.exe": "ftp",
	"icacls.exe": "icacls",
	"ieexec.exe": "ieexec",
	"infdefaultinstall.exe": "infdefaultinstall",
	"installutil.exe": "installutil",
	"logman.exe": "logman",
	"mavinject.exe": "mavinject",
	"mavinject32.exe": "mavinject",
	"mofcomp.exe": "mofcomp",
	"mpcmdrun.exe": "mpcmdrun",
	"msbuild.exe": "msbuild",
	"msxsl.exe": "msxsl",
	"net.exe": "net",
	"net1.exe": "net",
	"netsh.exe": "netsh",
	"ntdsutil.exe": "ntdsutil",
	"odbcconf.exe": "odbcconf",
	"pcalua.exe": "pcalua",
	"presentationhost.exe": "presentationhost",
	"rasautou.exe": "rasautou",
	"reagentc.exe": "reagentc",
	"reg.exe": "reg",
	"regasm.exe": "regasm",
	"regedit.exe": "regedit",
	"register-cimprovider.exe": "register-cimprovider",
	"regsvcs.exe": "regsvcs",
	"regsvr32.exe": "regsvr32",
	"rundll32.exe": "rundll32",
	"runscripthelper.exe": "runscripthelper",
	"sc.exe": "sc",
	"schtasks.exe": "schtasks",
	"scp.exe": "scp",
	"scriptrunner.exe": "scriptrunner",
	"sctasks.exe": "schtasks",
	"sftp.exe": "sftp",
	"ssh.exe": "ssh",
	"syncappvpublishingserver.exe": "syncappvpublishingserver",
	"taskkill.exe": "taskkill",
	"tttracer.exe": "tttracer",
	"vssadmin.exe": "vssadmin",
	"wbadmin.exe": "wbadmin",
	"wevtutil.exe": "wevtutil",
	"wget.exe": "wget",
	"wmic.exe": "wmic",
	"xwizard.exe": "xwizard",
}

# METADATA
# title: Other programs that run what their arguments say
interpreters := {
	"appvlp.exe",
	"autohotkey.exe",
	"autohotkey32.exe",
	"autohotkey64.exe",
	"autohotkeyu32.exe",
	"autohotkeyu64.exe",
	"autoit3.exe",
	"autoit3_x64.exe",
	"bun.exe",
	"busybox.exe",
	"cdb.exe",
	"csi.exe",
	"deno.exe",
	"dotnet.exe",
	"fsi.exe",
	"groovy.exe",
	"java.exe",
	"javaw.exe",
	"kd.exe",
	"lua.exe",
	"msdeploy.exe",
	"msiexec.exe",
	"node.exe",
	"ntsd.exe",
	"perl.exe",
	"php-cgi.exe",
	"php.exe",
	"procdump",
	"procdump.exe",
	"procdump64.exe",
	"psexec.c",
	"psexec.exe",
	"psexec64.exe",
	"py.exe",
	"python.exe",
	"python3.exe",
	"pythonw.exe",
	"rcsi.exe",
	"ruby.exe",
	"rubyw.exe",
	"sh.exe",
	"sqlps.exe",
	"tclsh.exe",
	"tracker.exe",
	"windbg.exe",
	"wperl.exe",
}

# METADATA
# title: The subject is a shell
shell if names & shells != set()

# METADATA
# title: The subject is a script host
script_host if names & script_hosts != set()

# METADATA
# title: The system tools that the subject is
# scope: document
tools contains system_tools[name] if some name in names

tools contains "conhost" if hosts

# METADATA
# title: The subject is a console host that was told what to start
# description: |
#   Windows gives a console program its host with a handle and no command. One that is
#   told a command starts it, with no window if so told (--headless).
hosts if {
	"conhost.exe" in names
	input.process.command_line
	not regex.match(`^(?:\\\?\?\\)?[^ "]*conhost\.exe 0x[0-9a-f]+(?: -forcev1)?$`, input.process.command_line)
}

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

generic("conhost.exe")
