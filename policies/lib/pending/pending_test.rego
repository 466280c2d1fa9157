package lib.pending_test

import data.lib.fixtures_test as fixtures
import data.lib.pending

second := 1000000000

governed(entry) := fixtures.governed({
	"installers": {"orrery": entry},
	"deployment_tools": fixtures.tools,
	"sources": fixtures.sources,
	"signers": fixtures.signers,
})

by_signer := governed({"signers": {"orrery": true}, "deployment_tools": {"deploy": true}})

by_hash := governed({"sha256": {"aa02": true}, "deployment_tools": {"deploy": true}})

awaited(document, entries) := facts if {
	facts := pending.awaited with input as document with data.governance as entries
}

# A child of the deployed client whose signer is not known yet.
unsigned_yet := fixtures.lacking(fixtures.deployed_child, ["image_load", "install"], ["process.signer"])

# A child of the service of which no session is known yet.
no_session_yet := fixtures.lacking(
	object.union(fixtures.child("d:\\stage\\loader.exe", "loader.exe /s"), {"process": {"sha256": "aa02"}}),
	["image_load", "install"],
	["session"],
)

at(document, now) := object.union(document, {"now": now})

test_signer_of_a_process_is_awaited_for_five_seconds_from_its_arrival if {
	due := fixtures.received + (5 * second)
	awaited(unsigned_yet, by_signer) == {"process.signer": due}
	awaited(at(unsigned_yet, due - 1), by_signer) == {"process.signer": due}
	awaited(at(unsigned_yet, due), by_signer) == {}
}

test_signer_of_a_module_is_awaited if {
	document := fixtures.lacking(
		object.union(fixtures.load("c:\\windows\\installer\\msi90c3.tmp", {}), {"lineage": [fixtures.client, fixtures.tool, fixtures.services]}),
		["image_load"],
		["module.signer"],
	)
	awaited(document, by_signer) == {"module.signer": fixtures.received + (5 * second)}
	awaited(object.union(document, {"module": {"signer": {"signed": false}}}), by_signer) == {}
}

test_session_is_awaited_for_two_minutes if {
	due := fixtures.received + (120 * second)
	awaited(no_session_yet, by_hash) == {"session": due}
	awaited(at(no_session_yet, due), by_hash) == {}
	awaited(fixtures.among(no_session_yet, [fixtures.deployed_session, fixtures.own_session], ["clients"]), by_hash) == {"session": due}
}

test_session_that_cannot_be_known_is_not_awaited if {
	every doubt in ["evictions", "candidates"] {
		awaited(fixtures.among(no_session_yet, [fixtures.deployed_session], [doubt]), by_hash) == {}
	}
}

test_package_of_a_client_is_awaited if {
	client := object.union(object.remove(fixtures.client, ["msiexec", "command_line"]), {"role": "client"})
	document := fixtures.lacking(
		fixtures.start(fixtures.process("d:\\stage\\loader.exe", "loader.exe", "descendant"), client, [fixtures.tool, fixtures.services]),
		["install"],
		["session.package"],
	)
	entry := governed({"deployment_tools": {"deploy": true}, "sources": {"cache": true}, "narrow": {"file_names": {"orrery.msi": true}}})
	awaited(document, entry) == {"session.package": fixtures.received + (120 * second)}
}

test_host_that_never_sends_such_records_is_not_waited_for if {
	every sends in [[], ["install"]] {
		awaited(fixtures.lacking(unsigned_yet, sends, ["process.signer"]), by_signer) == {}
	}
	every sends in [[], ["image_load"]] {
		awaited(fixtures.lacking(no_session_yet, sends, ["session"]), by_hash) == {}
	}
}

test_fact_that_is_not_missing_is_not_awaited if {
	awaited(object.union(unsigned_yet, {"missing": []}), by_signer) == {}
	awaited(object.union(no_session_yet, {"missing": []}), by_hash) == {}
}

test_fact_that_the_entry_does_not_list_is_not_awaited if {
	awaited(unsigned_yet, governed({"sha256": {"aa99": true}, "deployment_tools": {"deploy": true}})) == {}
}

test_entry_of_which_nothing_fits_is_not_waited_for if {
	awaited(fixtures.lacking(no_session_yet, ["install"], ["session"]), governed({"sha256": {"aa99": true}, "sources": {"cache": true}})) == {}
	awaited(unsigned_yet, governed({"signers": {"orrery": true}, "sources": {"share": true}})) == {}
}

test_entry_that_something_else_keeps_from_excusing_is_not_waited_for if {
	every more in [
		fixtures.over,
		{"created": 1850000000000000000},
		{"narrow": {"companies": {"another ltd": true}}},
	] {
		awaited(unsigned_yet, governed(object.union({"signers": {"orrery": true}, "deployment_tools": {"deploy": true}}, more))) == {}
	}
}

test_program_that_needs_its_exact_command_line_is_awaited_with_it_alone if {
	entry := {"signers": {"orrery": true}, "deployment_tools": {"deploy": true}}
	document := object.union(unsigned_yet, {"process": fixtures.process("c:\\windows\\system32\\cmd.exe", "cmd.exe /c x", "descendant")})
	awaited(document, governed(entry)) == {}
	awaited(document, governed(object.union(entry, {"command_lines": {"cmd.exe /c x": true}}))) == {"process.signer": fixtures.received + (5 * second)}
}

test_signer_of_msiexec_itself_needs_the_clients_exact_command_line if {
	document := fixtures.lacking(fixtures.deployed, ["image_load"], ["process.signer"])
	awaited(document, by_signer) == {}
}

test_denied_event_waits_for_nothing if {
	denying := fixtures.governed({
		"installers": {"orrery": {"signers": {"orrery": true}, "deployment_tools": {"deploy": true}}},
		"deployment_tools": fixtures.tools,
		"signers": fixtures.signers,
		"deny": {"bad": {"sha256": {"aa02": true}}},
	})
	awaited(unsigned_yet, denying) == {}
}

test_several_facts_are_awaited_each_with_its_time if {
	document := fixtures.lacking(no_session_yet, ["image_load", "install"], ["process.signer", "session"])
	entry := governed({"sha256": {"aa02": true}, "signers": {"orrery": true}, "deployment_tools": {"deploy": true}})
	awaited(document, entry) == {
		"process.signer": fixtures.received + (5 * second),
		"session": fixtures.received + (120 * second),
	}
}

test_nothing_is_waited_for_that_the_entry_does_not_list if {
	every fact, _ in pending.lists {
		not pending.wanted("orrery", fact) with data.governance.installers as {"orrery": fixtures.term} with data.lib.approvals.matched as {"orrery": set()}
	}
}
