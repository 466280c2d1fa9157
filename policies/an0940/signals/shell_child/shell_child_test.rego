package an0940.signals.shell_child_test

import data.an0940.signals.shell_child
import data.lib.fixtures_test as fixtures

powershell := "c:\\windows\\system32\\windowspowershell\\v1.0\\powershell.exe"

command := "powershell.exe -noprofile -file c:\\windows\\setup.ps1"

told(image, command_line, user, parent) := {
	"id": "shell_child",
	"title": "Shell or PowerShell started by the installer",
	"severity": "high",
	"disposition": "alert",
	"excusable": true,
	"missing": [],
	"evidence": {
		"process.image": image,
		"process.command_line": command_line,
		"process.user": user,
		"parent.image": parent.image,
		"parent.command_line": parent.command_line,
	},
}

test_powershell_of_an_elevated_custom_action_server_is_an_alert if {
	held := shell_child.held with input as fixtures.child(powershell, command)
	held == told(powershell, command, "nt authority\\system", fixtures.server)
}

test_the_same_in_a_users_context_is_the_same_alert if {
	held := shell_child.held with input as fixtures.user_child(powershell, command)
	held == told(powershell, command, "corp\\alice", fixtures.server)
}

test_shell_of_the_service_client_managed_action_or_extracted_program_is_an_alert if {
	managed := fixtures.process("c:\\windows\\system32\\rundll32.exe", "rundll32.exe x", "managed_custom_action")
	every parent in [fixtures.service, fixtures.client, managed, fixtures.extracted] {
		held := shell_child.held with input as fixtures.start(fixtures.process("c:\\windows\\system32\\cmd.exe", "cmd /c dir", "descendant"), parent, [])
		held == told("c:\\windows\\system32\\cmd.exe", "cmd /c dir", "nt authority\\system", parent)
	}
}

test_shell_of_a_msiexec_whose_role_is_unknown_is_an_alert if {
	parent := object.remove(fixtures.process("c:\\windows\\system32\\msiexec.exe", "", ""), ["command_line"])
	held := shell_child.held with input as fixtures.start(fixtures.process("c:\\windows\\system32\\cmd.exe", "cmd /c dir", "descendant"), parent, [])
	held.disposition == "alert"
}

test_renamed_shell_is_told_by_its_original_name if {
	document := object.union(
		fixtures.child("c:\\program files\\orrery\\helper.exe", "helper.exe -nop"),
		{"process": {"original_file_name": "powershell.exe.mui"}},
	)
	shell_child.held.disposition == "alert" with input as document
}

test_shell_without_a_command_line_is_a_review_that_says_what_is_missing if {
	held := shell_child.held with input as fixtures.without(fixtures.child(powershell, command), "process", "command_line")
	held.disposition == "review"
	held.severity == "high"
	held.missing == ["process.command_line"]
}

test_shell_further_down_is_told_only_where_it_hides_or_fetches if {
	every command_line in ["powershell -enc aQBlAHgA", "cmd /c \"cert^util -f x\"", "powershell iwr https://files.orrery.example/s", "cmd /c start https://files.orrery.example/s"] {
		shell_child.held.disposition == "alert" with input as fixtures.grandchild(powershell, command_line)
	}
	not shell_child.held with input as fixtures.grandchild("c:\\windows\\system32\\cmd.exe", "cmd /c ver")
}

test_shell_further_down_is_told_where_it_weakens_or_sets_up if {
	every command_line in [
		"powershell add-mppreference -exclusionpath c:\\",
		"powershell new-service orrery",
		"powershell import-certificate o.cer -certstorelocation cert:\\localmachine\\root",
	] {
		shell_child.held.disposition == "alert" with input as fixtures.grandchild(powershell, command_line)
	}
}

test_microsofts_update_removing_its_folder_is_lowered_to_a_review if {
	document := update_document("cmd /c rd /s /q \"c:\\program files\\rempl\\logs\"", "c:\\program files\\rempl\\")
	held := shell_child.held with input as document
	held.disposition == "review"
	held.severity == "medium"
}

test_a_copied_working_folder_excuses_no_other_command if {
	every command_line in [
		"cmd /c rd /s /q logs & c:\\users\\public\\x.exe",
		"cmd /c start c:\\windows\\temp\\x.exe",
		"cmd /c rd %temp%",
		"cmd /k rd logs",
	] {
		shell_child.held.disposition == "alert" with input as update_document(command_line, "c:\\program files\\rempl\\")
	}
	shell_child.held.disposition == "alert" with input as update_document("cmd /c rd logs", "c:\\program files\\orrery\\")
}

test_shell_outside_an_installers_tree_is_not_told if {
	every command_line in [
		command,
		"powershell -enc aQBlAHgA",
		"powershell iwr https://files.orrery.example/s",
		"cmd /c start https://files.orrery.example/s",
		"powershell add-mppreference -exclusionpath c:\\",
		"powershell new-service orrery",
		"powershell import-certificate o.cer -certstorelocation cert:\\localmachine\\root",
	] {
		not shell_child.held with input as fixtures.start(fixtures.process(powershell, command_line, ""), fixtures.explorer, [])
	}
}

test_only_a_start_is_looked_at if {
	document := object.union(fixtures.child(powershell, command), {"event": {"kind": "process_end", "id": 5}})
	not shell_child.held with input as document
}

update_document(command_line, folder) := object.union(
	fixtures.start(fixtures.process("c:\\windows\\system32\\cmd.exe", command_line, "descendant"), fixtures.service, [fixtures.services]),
	{"process": {"current_directory": folder}},
)
