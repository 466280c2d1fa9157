package an0940.unexplained_test

import data.an0940.unexplained
import data.lib.fixtures_test as fixtures

net := "c:\\windows\\system32\\net.exe"

test_process_below_the_installer_is_a_review_at_low_severity if {
	held := unexplained.held with input as fixtures.child(net, "net.exe start spooler")
	held == {
		"id": "unexplained",
		"title": "Process below the installer that nothing explains",
		"severity": "low",
		"disposition": "review",
		"excusable": true,
		"missing": set(),
		"evidence": {
			"process.image": net,
			"process.command_line": "net.exe start spooler",
			"process.user": "nt authority\\system",
			"parent.image": fixtures.server.image,
			"parent.command_line": fixtures.server.command_line,
		},
	}
}

test_managed_custom_action_is_not_benign_by_its_shape if {
	managed := fixtures.process("c:\\windows\\system32\\rundll32.exe", "rundll32.exe \"c:\\windows\\installer\\msi1.tmp\",zzzzinvokemanagedcustomactionoutofproc sfxca_1 2 a!b.c", "managed_custom_action")
	unexplained.held with input as fixtures.start(managed, fixtures.server, [fixtures.service])
}

test_facts_without_which_it_cannot_be_told_are_missing if {
	document := fixtures.without(object.remove(fixtures.start(fixtures.service, fixtures.services, []), ["parent"]), "process", "command_line")
	held := unexplained.held with input as document
	held.missing == {"process.command_line", "parent.image"}
	nameless := fixtures.without(fixtures.child(net, "x"), "process", "image")
	held_nameless := unexplained.held with input as nameless
	held_nameless.missing == {"process.image"}
}

test_machinery_and_processes_of_other_trees_are_not_told if {
	not unexplained.held with input as fixtures.start(fixtures.service, fixtures.services, [])
	not unexplained.held with input as fixtures.start(fixtures.process(net, "net.exe", ""), fixtures.explorer, [])
}
