package an0940.signals.unexpected_child_test

import data.an0940.signals.unexpected_child
import data.lib.fixtures_test as fixtures

test_program_outside_protected_folders_is_an_alert if {
	document := object.union(fixtures.child("d:\\stage\\loader.exe", "loader.exe /s"), {"process": object.union(fixtures.vendor, {"sha256": "aa02"})})
	held := unexpected_child.held with input as document
	held == {
		"id": "unexpected_child",
		"title": "Unexpected program started by the installer",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.image": "d:\\stage\\loader.exe",
			"process.command_line": "loader.exe /s",
			"process.user": "nt authority\\system",
			"process.company": "orrery ltd",
			"process.product": "orrery suite",
			"process.original_file_name": "orrerysetup.exe",
			"process.sha256": "aa02",
			"parent.image": fixtures.server.image,
			"parent.command_line": fixtures.server.command_line,
		},
	}
}

test_program_on_a_share_is_an_alert if {
	unexpected_child.held.disposition == "alert" with input as fixtures.user_child("\\\\files\\orrery\\x.exe", "x.exe")
}

test_program_under_program_files_or_windows_is_a_review if {
	every image in ["c:\\program files\\python\\python.exe", "c:\\program files (x86)\\orrery\\o.exe", "c:\\windows\\notepad.exe", "c:\\programdata\\package cache\\{0}\\setup.exe"] {
		held := unexpected_child.held with input as fixtures.child(image, "x")
		[held.disposition, held.severity] == ["review", "medium"]
	}
}

test_shell_script_host_or_system_tool_away_from_home_is_an_alert if {
	every name in ["cmd.exe", "wscript.exe", "net.exe"] {
		unexpected_child.held.disposition == "alert" with input as fixtures.child(concat("\\", ["d:\\stage", name]), "x")
	}
}

test_temporary_name_in_any_role_is_left_to_the_signal_of_extracted_programs if {
	every role in ["extracted", "descendant", ""] {
		not unexpected_child.held with input as fixtures.start(object.union(fixtures.extracted, {"role": role}), fixtures.server, [])
	}
}

test_shells_script_hosts_and_tools_at_home_have_signals_of_their_own if {
	every name in ["cmd.exe", "wscript.exe", "net.exe", "conhost.exe"] {
		not unexpected_child.held with input as fixtures.child(concat("\\", ["c:\\windows\\system32", name]), "x")
	}
	not unexpected_child.held with input as fixtures.child("c:\\windows\\system32\\conhost.exe", "c:\\windows\\system32\\conhost.exe 0x4")
}

test_installers_own_processes_and_extracted_programs_are_not_told if {
	not unexpected_child.held with input as fixtures.start(fixtures.server, fixtures.service, [])
	not unexpected_child.held with input as fixtures.start(fixtures.extracted, fixtures.service, [])
	not unexpected_child.held with input as fixtures.start(fixtures.process("d:\\x.exe", "x", "descendant"), fixtures.extracted, [])
}

test_program_further_down_is_not_told if {
	not unexpected_child.held with input as fixtures.grandchild("d:\\stage\\loader.exe", "loader.exe")
}

test_installshields_helper_in_its_exact_form_is_a_review if {
	image := "c:\\users\\alice\\appdata\\local\\temp\\{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}\\_is4a1f.exe"
	claimed := {"process": {"original_file_name": "isbew64.exe", "company": "flexera"}}
	held := unexpected_child.held with input as object.union(fixtures.child(image, "x"), claimed)
	[held.disposition, held.severity] == ["review", "medium"]
	unexpected_child.held.disposition == "alert" with input as object.union(fixtures.child("d:\\temp\\_is4a1f.exe", "x"), claimed)
}

test_program_whose_path_is_unknown_is_left_to_the_unexplained if {
	document := fixtures.without(fixtures.without(fixtures.child("d:\\x.exe", "x"), "process", "image"), "process", "name")
	not unexpected_child.held with input as document
}

test_program_in_an_alternate_stream_of_a_protected_folder_is_an_alert if {
	held := unexpected_child.held with input as fixtures.child("c:\\windows\\temp:x.exe", "x.exe")
	held.disposition == "alert"
}
