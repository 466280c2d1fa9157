package an0940.signals.property_abuse_test

import data.an0940.signals.property_abuse
import data.lib.fixtures_test as fixtures

given(properties) := fixtures.start(object.union(fixtures.client, {"msiexec": {"properties": properties}}), fixtures.explorer, [])

judged(name, value) := [held.disposition, held.severity] if {
	held := property_abuse.held with input as given({name: value})
}

alert := ["alert", "high"]

review := ["review", "medium"]

test_command_in_a_property_is_an_alert_that_names_it_and_not_its_value if {
	held := property_abuse.held with input as given({"server": "agents.corp.example", "launch": "powershell.exe -nop -file d:\\k.ps1"})
	held == {
		"id": "property_abuse",
		"title": "Property that redirects what an install does",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.command_line": fixtures.client.command_line,
			"process.user": "nt authority\\system",
			"parent.image": fixtures.explorer.image,
			"property": "launch",
			"behaviour": "carries a command or a script",
		},
	}
}

test_every_form_of_a_command_is_an_alert if {
	every value in [
		"c:\\windows\\system32\\cmd.exe /c whoami",
		"c:/windows/system32/cmd.exe /c whoami",
		"\"c:\\windows\\system32\\cmd.exe\" /c whoami",
		"cmd.exe/c whoami",
		"cmd /c whoami",
		"cmd/c whoami",
		"c^md /c whoami",
		"%comspec% /c whoami",
		"x&cmd /c whoami",
		"x|mshta https://files.orrery.example/a",
		"wscript.exe k.vbs",
		"wscript k.vbs",
		"rundll32 k.dll,run",
		"regsvr32.exe d:\\k.dll",
		"certutil -urlcache",
		"net.exe user k /add",
		"(new-object net.webclient).downloadstring(1)",
		"javascript:close()",
	] {
		judged("x", value) == alert
	}
}

test_program_from_elsewhere_is_a_review if {
	every value in [
		"https://files.orrery.example/k.exe?a=1",
		"\\\\files.corp.example\\pub\\k.dll",
		"//files.corp.example/pub/k.dll",
		"c:\\users\\public\\k.dll",
		"d:\\x.txt; c:\\users\\public\\k.ps1",
		"%temp%\\k.bat",
	] {
		judged("x", value) == review
	}
}

test_interpreter_without_arguments_is_a_review if {
	judged("x", "c:\\windows\\system32\\cmd.exe") == review
	judged("x", "python.exe") == review
	judged("x", "c:\\windows\\system32\\cmd.exe ") == review
}

test_product_folder_of_windows_is_a_review if {
	every value in ["c:\\windows", "c:\\windows\\", "%windir%", "c:\\windows\\system32", "c:\\x\\..\\windows\\system32\\", "c:/windows/syswow64/orrery"] {
		judged("targetdir", value) == review
	}
	not judged("logfolder", "c:\\windows\\system32\\logfiles")
	not judged("logfolder", "c:\\windows")
}

test_startup_folder_in_any_property_is_a_review if {
	judged("x", "c:\\programdata\\microsoft\\windows\\start menu\\programs\\startup") == review
}

test_recaching_a_package_that_users_write_is_a_review if {
	download := fixtures.client_of(fixtures.path_package("c:\\users\\alice\\downloads\\orrery.msi"))
	every value in ["vomus", "\"v\""] {
		document := fixtures.start(object.union(download, {"msiexec": {"properties": {"reinstall": "all", "reinstallmode": value}}}), fixtures.explorer, [])
		held := property_abuse.held with input as document
		[held.disposition, held.severity, held.evidence.property] == ["review", "medium", "reinstallmode"]
	}
	not property_abuse.held with input as fixtures.start(object.union(download, {"msiexec": {"properties": {"reinstallmode": "omus"}}}), fixtures.explorer, [])
}

test_worst_of_several_is_told if {
	held := property_abuse.held with input as given({"a": "cmd.exe", "b": "cmd.exe /c x", "c": "https://files.orrery.example/k.exe"})
	[held.disposition, held.evidence.property] == ["alert", "b"]
	both := property_abuse.held with input as given({"a": "cmd.exe", "c": "https://files.orrery.example/k.exe"})
	both.evidence.property == "c"
}

test_what_properties_are_for_is_not_told if {
	not property_abuse.held with input as given({
		"server": "https://agents.corp.example:8443/enrol",
		"installdir": "c:\\program files\\orrery",
		"targetdir": "d:\\stage",
		"title": "powershell core tools",
		"tools": "c:\\program files\\powershell\\7",
		"module": "powershell 7.2",
		"config": "\\\\files.corp.example\\pub\\site.xml",
		"msienforceupgradecomponentrules": "1",
		"reinstall": "all",
		"reinstallmode": "vomus",
		"log": "c:\\windows\\temp\\x.log",
	})
}

test_transforms_and_patches_are_left_to_their_own_signals if {
	every name in ["transforms", "patch", "msipatches"] {
		not judged(name, "https://files.orrery.example/k.msp")
	}
}

test_without_properties_or_a_command_line_nothing_is_told if {
	not property_abuse.held with input as fixtures.start(fixtures.client, fixtures.explorer, [])
	not property_abuse.held with input as fixtures.child("c:\\windows\\system32\\cmd.exe", "cmd /c x")
}
