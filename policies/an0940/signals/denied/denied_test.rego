package an0940.signals.denied_test

import data.an0940.signals.denied
import data.lib.fixtures_test as fixtures

test_what_the_deny_list_names_is_an_alert_that_names_the_entry if {
	governed := fixtures.governed({"deny": {"bad": {"sha256": {"aa02": true}}, "worse": {"image": {"d:\\stage\\loader.exe": true}}}})
	held := denied.held with input as fixtures.deployed_child with data.governance as governed
	held == {
		"id": "denied",
		"title": "On the deny list",
		"severity": "high",
		"disposition": "alert",
		"excusable": false,
		"missing": [],
		"evidence": {
			"process.image": "d:\\stage\\loader.exe",
			"process.command_line": "loader.exe /s",
			"process.user": "nt authority\\system",
			"parent.command_line": fixtures.client.command_line,
			"parent.image": fixtures.client.image,
			"deny": "bad, worse",
		},
	}
}

test_what_it_does_not_name_is_not_told if {
	governed := fixtures.governed({"deny": {"bad": {"sha256": {"aa99": true}}}})
	not denied.held with input as fixtures.deployed_child with data.governance as governed
	not denied.held with input as fixtures.deployed_child
}
