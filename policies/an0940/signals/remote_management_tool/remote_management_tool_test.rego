package an0940.signals.remote_management_tool_test

import data.an0940.signals.remote_management_tool
import data.lib.fixtures_test as fixtures

tool(path, command_line) := fixtures.child(path, command_line)

service := "c:\\program files (x86)\\anydesk\\anydesk.exe"

came(document, named, quiet) := object.union(document, {"session": {"package": named, "quiet": quiet}})

told(document) := [held.disposition, held.severity, held.evidence.behaviour] if {
	held := remote_management_tool.held with input as document
}

test_tool_of_the_web_is_an_alert if {
	held := remote_management_tool.held with input as came(tool(service, "anydesk.exe"), fixtures.url_package, "")
	held == {
		"id": "remote_management_tool",
		"title": "Remote-management tool started by an installer",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.image": service,
			"process.command_line": "anydesk.exe",
			"process.user": "nt authority\\system",
			"parent.image": fixtures.server.image,
			"parent.command_line": fixtures.server.command_line,
			"behaviour": "came from the web",
		},
	}
	dav := {"kind": "unc", "name": "\\\\files.orrery.example@ssl\\x\\a.msi", "folders": []}
	told(came(tool(service, "x"), dav, ""))[0] == "alert"
}

test_tool_of_a_users_folder_is_an_alert_where_nobody_was_asked if {
	downloaded := fixtures.path_package("c:\\users\\alice\\downloads\\a.msi")
	told(came(tool(service, "x"), downloaded, "none")) == ["alert", "high", "came from a folder that users write to, without asking"]
	told(came(tool(service, "x"), downloaded, "")) == ["review", "medium", "gives remote control"]
}

test_tool_that_is_told_whom_to_let_in_is_an_alert_outside_protected_folders if {
	told(tool("c:\\users\\public\\anydesk.exe", "anydesk.exe --install c:\\x --silent"))[2] == "is told whom to let in"
	told(tool(service, "anydesk.exe --install"))[0] == "review"
}

test_tool_is_known_by_its_version_resource_too if {
	every fact in [{"original_file_name": "meshagent.exe"}, {"product": "teamviewer"}] {
		told(object.union(tool("c:\\program files\\o\\x.exe", "x"), {"process": fact}))[0] == "review"
	}
}

test_other_programs_and_tools_outside_an_install_are_not_told if {
	not remote_management_tool.held with input as tool("c:\\program files\\orrery\\o.exe", "o.exe")
	not remote_management_tool.held with input as fixtures.start(fixtures.process(service, "x", ""), fixtures.explorer, [])
}

test_tool_is_told_once_when_it_starts if {
	every kind in ["process_end", "network", "registry"] {
		not told(object.union(came(tool(service, "x"), fixtures.url_package, ""), {"event": {"kind": kind}}))
	}
}
