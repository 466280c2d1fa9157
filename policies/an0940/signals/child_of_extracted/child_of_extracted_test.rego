package an0940.signals.child_of_extracted_test

import data.an0940.signals.child_of_extracted
import data.lib.fixtures_test as fixtures

agent := "c:\\program files\\orrery\\agent.exe"

started(image, parent) := fixtures.start(fixtures.process(image, "agent.exe", "descendant"), parent, [fixtures.service])

test_program_of_an_extracted_program_is_an_alert if {
	held := child_of_extracted.held with input as started(agent, fixtures.extracted)
	held == {
		"id": "child_of_extracted",
		"title": "Program started by MSIxxxx.tmp",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.image": agent,
			"process.command_line": "agent.exe",
			"process.user": "nt authority\\system",
			"parent.image": fixtures.extracted.image,
			"parent.command_line": fixtures.extracted.command_line,
		},
	}
}

test_parent_is_told_by_its_name_where_its_role_is_unknown if {
	child_of_extracted.held.disposition == "alert" with input as started(agent, object.union(fixtures.extracted, {"role": ""}))
}

test_protected_child_of_a_program_that_claims_a_vendor_is_a_review if {
	held := child_of_extracted.held with input as started(agent, object.union(fixtures.extracted, fixtures.vendor))
	[held.disposition, held.severity] == ["review", "medium"]
}

test_claim_does_not_cover_tools_and_unprotected_children if {
	every image in ["c:\\windows\\system32\\cmd.exe", "c:\\windows\\system32\\mshta.exe", "c:\\windows\\system32\\net.exe", "c:\\program files\\python\\python.exe", "c:\\users\\public\\agent.exe", "d:\\agent.exe"] {
		child_of_extracted.held.disposition == "alert" with input as started(image, object.union(fixtures.extracted, fixtures.vendor))
	}
}

test_its_console_host_is_machinery if {
	console := fixtures.process("c:\\windows\\system32\\conhost.exe", "\\??\\c:\\windows\\system32\\conhost.exe 0xffffffff -forcev1", "descendant")
	not child_of_extracted.held with input as fixtures.start(console, fixtures.extracted, [])
}

test_children_of_others_are_not_told if {
	not child_of_extracted.held with input as fixtures.child(agent, "agent.exe")
}

test_child_is_judged_once_when_it_starts if {
	every kind in ["process_end", "registry", "network"] {
		not child_of_extracted.held with input as object.union(started(agent, fixtures.extracted), {"event": {"kind": kind}})
	}
}
