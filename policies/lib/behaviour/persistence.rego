package lib.behaviour

import data.lib.arguments
import data.lib.programs

alarming.schtasks contains "creates a scheduled task" if {
	"create" in arguments.words
}

alarming.at contains "creates a scheduled task"

alarming.sc contains "creates a service or changes what it runs" if {
	arguments.any_of({"create", "sdset"})
}

alarming.sc contains "creates a service or changes what it runs" if {
	arguments.mentions(["binpath", "command=", "imagepath"])
}

alarming.reg contains what if {
	arguments.any_of({"add", "copy"})
	some what in writing
}

alarming.regedit contains what if some what in writing

alarming.reg contains "copies the accounts database" if {
	"save" in arguments.words
	arguments.mentions(["\\sam", "\\security", "\\system"])
}

alarming.certutil contains "adds a certificate authority" if {
	arguments.any_of({"addstore", "importpfx", "installcert"})
	arguments.any_of({"root", "authroot", "ca", "trustedpublisher"})
}

alarming.certmgr contains "adds a certificate authority" if {
	arguments.all_of({"add", "root"})
}

doubtful.schtasks contains "changes or runs a scheduled task" if {
	arguments.any_of({"change", "run"})
}

doubtful.reg contains "imports a registry file" if {
	arguments.any_of({"import", "restore", "load"})
}

doubtful.regedit contains "imports a registry file"

doubtful.certutil contains "adds a certificate" if {
	arguments.any_of({"addstore", "importpfx", "installcert"})
}

# METADATA
# title: What is wrong with what is written to the registry
# scope: document
writing contains "writes a registry key that starts programs or weakens the system" if {
	arguments.mentions([
		"\\currentversion\\run",
		"\\winlogon",
		"image file execution options",
		"silentprocessexit",
		"appinit_dlls",
		"appcertdlls",
		"\\currentcontrolset\\services\\",
		"\\controlset001\\services\\",
		"\\control\\lsa",
		"wdigest",
		"\\active setup\\",
		"command processor",
		"inprocserver32",
		"\\shell\\open\\command",
		"windows defender",
		"disableantispyware",
		"enablelua",
		"userinitmprlogonscript",
		"bootexecute",
		"systemcertificates\\root\\",
		"systemcertificates\\authroot\\",
		"scriptblocklogging",
		"\\winevt\\channels\\",
		"\\eventlog\\",
	])
}

writing contains "writes a path where payloads run from into the registry" if {
	arguments.payload
}

# METADATA
# title: The subject makes something start again by itself
# scope: document
lasts if {
	some what in alarms
	what in {
		"creates a scheduled task",
		"creates a service or changes what it runs",
		"writes a registry key that starts programs or weakens the system",
	}
}

lasts if {
	programs.shell
	"create" in arguments.words
	arguments.mentions(["schtasks", "sc.exe ", " sc ", "&sc "])
}

lasts if {
	programs.shell
	arguments.mentions(["register-scheduledtask", "new-service", "\\currentversion\\run"])
}

# METADATA
# title: A shell adds a certificate to those that the host trusts
# description: As PowerShell does it; certutil and certmgr are programs of their own.
trusts if {
	programs.shell
	arguments.mentions(["import-certificate", "import-pfxcertificate", "x509store"])
	arguments.mentions(["\\root", "\\authroot", "\\trustedpublisher", "root,", "'root'"])
}
