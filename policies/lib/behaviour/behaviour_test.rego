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
		"ftp.exe -s:x.txt files.orrery.example": "runs a script of ftp commands",
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
	every name in ["addinutil", "cmstp", "ieexec", "mavinject", "mavinject32", "msxsl", "pcalua", "presentationhost"] {
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
		"net.exe use x: \\\\files\\x": "connects to a share",
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
