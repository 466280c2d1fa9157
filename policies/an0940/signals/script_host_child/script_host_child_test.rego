package an0940.signals.script_host_child_test

import data.an0940.signals.script_host_child
import data.lib.fixtures_test as fixtures

mshta := "c:\\windows\\system32\\mshta.exe"

test_script_host_of_a_custom_action_server_is_an_alert if {
	held := script_host_child.held with input as fixtures.user_child(mshta, "mshta.exe setup.hta")
	held == {
		"id": "script_host_child",
		"title": "Script host started by the installer",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.image": mshta,
			"process.command_line": "mshta.exe setup.hta",
			"process.user": "corp\\alice",
			"parent.image": fixtures.server.image,
			"parent.command_line": fixtures.server.command_line,
		},
	}
}

test_script_host_further_down_is_a_review if {
	held := script_host_child.held with input as fixtures.grandchild("c:\\windows\\system32\\cscript.exe", "cscript.exe //nologo c:\\program files\\orrery\\x.vbs")
	[held.disposition, held.severity] == ["review", "medium"]
}

test_script_host_further_down_with_a_dropped_or_remote_script_is_an_alert if {
	every command_line in ["wscript.exe c:\\users\\public\\x.js", "wscript.exe %temp%\\x.js", "mshta.exe https://files.orrery.example/x"] {
		script_host_child.held.disposition == "alert" with input as fixtures.grandchild("c:\\windows\\system32\\wscript.exe", command_line)
	}
}

test_renamed_script_host_is_told_by_its_original_name if {
	document := object.union(fixtures.child("c:\\program files\\orrery\\o.exe", "o.exe x.js"), {"process": {"original_file_name": "wscript.exe"}})
	script_host_child.held.disposition == "alert" with input as document
}

test_script_host_without_a_command_line_is_a_review_that_says_what_is_missing if {
	held := script_host_child.held with input as fixtures.without(fixtures.child(mshta, "x"), "process", "command_line")
	[held.disposition, held.severity, held.missing] == ["review", "high", ["process.command_line"]]
}

test_script_host_outside_an_installers_tree_is_not_told if {
	not script_host_child.held with input as fixtures.start(fixtures.process(mshta, "mshta.exe x.hta", ""), fixtures.explorer, [])
}

test_process_is_told_once_when_it_starts if {
	every kind in ["process_end", "network", "registry"] {
		not script_host_child.held with input as object.union(fixtures.child(mshta, "mshta.exe setup.hta"), {"event": {"kind": kind}})
	}
}
