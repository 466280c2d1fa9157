package an0940.signals.forged_managed_action_test

import data.an0940.signals.forged_managed_action
import data.lib.fixtures_test as fixtures

rundll32 := "c:\\windows\\system32\\rundll32.exe"

line := "rundll32.exe \"c:\\users\\public\\orrery.dll\",zzzzinvokemanagedcustomactionoutofproc sfxca_5959750 2 orrery!orrery.actions.setup"

test_command_line_that_names_the_export_is_an_alert_in_either_context if {
	every document in [fixtures.child(rundll32, line), fixtures.user_child(rundll32, line)] {
		held := forged_managed_action.held with input as document
		held == {
			"id": "forged_managed_action",
			"title": "Command line that only resembles a managed custom action",
			"severity": "high",
			"disposition": "alert",
			"excusable": false,
			"missing": [],
			"evidence": {
				"process.image": rundll32,
				"process.command_line": line,
				"process.user": document.process.user,
				"parent.image": fixtures.server.image,
				"parent.command_line": fixtures.server.command_line,
			},
		}
	}
}

test_any_program_of_the_tree_that_names_it_is_an_alert if {
	every document in [
		fixtures.child("d:\\stage\\loader.exe", line),
		fixtures.grandchild(rundll32, line),
		fixtures.start(object.union(fixtures.extracted, {"command_line": line}), fixtures.service, []),
		fixtures.start(object.union(fixtures.client, {"command_line": line}), fixtures.explorer, []),
	] {
		forged_managed_action.held with input as document
	}
}

test_another_program_in_the_exact_form_is_an_alert if {
	document := object.union(exact(fixtures.server), {"process": {"original_file_name": "loader.exe"}})
	forged_managed_action.held with input as document
}

test_exact_form_and_other_command_lines_are_not_told if {
	not forged_managed_action.held with input as exact(fixtures.server)
	not forged_managed_action.held with input as fixtures.child(rundll32, "rundll32.exe x.dll,dllmain")
	not forged_managed_action.held with input as fixtures.without(fixtures.child(rundll32, line), "process", "command_line")
}

test_process_outside_an_installers_tree_is_not_told if {
	not forged_managed_action.held with input as fixtures.start(fixtures.process(rundll32, line, ""), fixtures.explorer, [])
}

exact(parent) := fixtures.start(fixtures.process(rundll32, line, "managed_custom_action"), parent, [fixtures.service])

test_process_is_judged_once_when_it_starts if {
	every kind in ["process_end", "registry", "network", "image_load"] {
		not forged_managed_action.held with input as object.union(fixtures.child(rundll32, line), {"event": {"kind": kind}})
	}
}
