package an0940.signals.child_of_managed_action_test

import data.an0940.signals.child_of_managed_action
import data.lib.fixtures_test as fixtures

line := "rundll32.exe \"c:\\windows\\installer\\msi5a2c.tmp\",zzzzinvokemanagedcustomactionoutofproc sfxca_5959750 2 orrery!orrery.actions.setup"

action := fixtures.process("c:\\windows\\system32\\rundll32.exe", line, "managed_custom_action")

cmd := "c:\\windows\\system32\\cmd.exe"

started(image, command_line) := below(image, command_line, action)

below(image, command_line, parent) := fixtures.start(fixtures.process(image, command_line, "descendant"), parent, [fixtures.server, fixtures.service])

told(document) := [held.disposition, held.severity] if held := child_of_managed_action.held with input as document

test_shell_of_a_managed_action_is_an_alert_in_either_context if {
	document := started(cmd, "cmd /c dir")
	every one in [document, fixtures.json_user(document)] {
		held := child_of_managed_action.held with input as one
		held == {
			"id": "child_of_managed_action",
			"title": "Program started by a managed custom action",
			"severity": "high",
			"disposition": "alert",
			"excusable": true,
			"missing": set(),
			"evidence": {
				"process.image": cmd,
				"process.command_line": "cmd /c dir",
				"process.user": one.process.user,
				"parent.image": action.image,
				"parent.command_line": line,
			},
		}
	}
}

test_script_host_or_program_that_users_can_write_is_an_alert if {
	every image in [
		"c:\\windows\\system32\\wscript.exe",
		"c:\\users\\alice\\appdata\\local\\temp\\x.exe",
		"c:\\programdata\\x.exe",
		"d:\\stage\\x.exe",
		"\\\\files.orrery.example\\s\\x.exe",
	] {
		told(started(image, "x")) == ["alert", "high"]
	}
}

test_renamed_shell_is_told_by_its_original_name if {
	document := object.union(started("c:\\program files\\orrery\\helper.exe", "helper.exe -nop"), {"process": {"original_file_name": "powershell.exe"}})
	told(document) == ["alert", "high"]
}

test_parent_that_only_resembles_one_is_judged_alike if {
	every role in ["descendant", "", "extracted"] {
		told(below(cmd, "cmd /c dir", object.union(action, {"role": role}))) == ["alert", "high"]
	}
}

test_program_of_the_product_is_a_review if {
	every image in ["c:\\program files\\orrery\\agent.exe", "c:\\windows\\microsoft.net\\framework64\\v4.0.30319\\csc.exe", "c:\\windows\\system32\\msiexec.exe"] {
		told(started(image, "x")) == ["review", "medium"]
	}
}

test_tool_of_windows_is_a_review_at_low_severity if {
	told(started("c:\\windows\\system32\\net.exe", "net.exe start spooler")) == ["review", "low"]
	told(started("d:\\stage\\net.exe", "net.exe start spooler")) == ["alert", "high"]
}

test_shell_without_a_command_line_is_a_review_that_says_what_is_missing if {
	held := child_of_managed_action.held with input as fixtures.without(started(cmd, "x"), "process", "command_line")
	[held.disposition, held.severity, held.missing] == ["review", "high", {"process.command_line"}]
}

test_program_whose_path_is_unknown_is_a_review_that_says_what_is_missing if {
	document := fixtures.without(fixtures.without(started("d:\\x.exe", "x"), "process", "image"), "process", "name")
	held := child_of_managed_action.held with input as document
	[held.disposition, held.severity, held.missing] == ["review", "medium", {"process.image"}]
}

test_installshields_helper_in_its_exact_form_is_a_review if {
	image := "c:\\users\\alice\\appdata\\local\\temp\\{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}\\_is4a1f.exe"
	claimed := {"process": {"original_file_name": "isbew64.exe", "company": "flexera"}}
	told(object.union(started(image, "x"), claimed)) == ["review", "medium"]
}

test_console_host_and_children_of_others_are_not_told if {
	not told(started("c:\\windows\\system32\\conhost.exe", "\\??\\c:\\windows\\system32\\conhost.exe 0xffffffff -forcev1"))
	not told(fixtures.child(cmd, "cmd /c dir"))
	not told(object.union(started(cmd, "cmd /c dir"), {"event": {"kind": "process_end"}}))
}

test_program_that_is_no_shell_is_judged_by_its_place_without_a_command_line_too if {
	held := child_of_managed_action.held with input as fixtures.without(started("d:\\stage\\x.exe", "x"), "process", "command_line")
	[held.disposition, held.severity, held.missing] == ["alert", "high", {"process.command_line"}]
}
