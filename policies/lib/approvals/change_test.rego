package lib.approvals_test

import data.lib.approvals
import data.lib.fixtures_test as fixtures

hour := 3600 * seconds

# A window that another approved, opened a day before the event and open now.
window := {
	"ticket": "chg-1042",
	"opener": "corp\\endpoint-engineering",
	"approver": "corp\\change-board",
	"host_group": "lab",
	"packages": ["orrery.msi"],
	"begin": fixtures.received - hour,
	"end": fixtures.received + hour,
	"opened": fixtures.received - (24 * hour),
}

signed_in_window := {"orrery": {"signers": {"orrery": true}, "change_window": {"open": true}}}

# A signed program below a client that nobody but the user started.
in_window(changed) := object.union(
	in_groups(
		fixtures.start(
			object.union(fixtures.process("d:\\stage\\loader.exe", "loader.exe /s", "descendant"), object.union(fixtures.signed, {"sha256": "aa02"})),
			fixtures.client,
			[fixtures.explorer],
		),
		["lab"],
	),
	{"change": [object.union(window, changed)]},
)

test_open_change_window_stands_beside_a_strong_fact if {
	approval(in_window({}), governance(signed_in_window)) == {
		"entry": "orrery",
		"owner": "endpoint-engineering",
		"ticket": "chg-1042",
		"matched": ["change_window", "signer"],
	}
	approval(in_window({}), pairs_alone(governance(signed_in_window)))
	by_hash := {"orrery": {"sha256": {"aa02": true}, "change_window": {"open": true}}}
	approval(in_window({}), governance(by_hash)).matched == ["change_window", "sha256"]
	narrowed := {"orrery": object.union(signed_in_window.orrery, {"host_groups": {"lab": true}})}
	approval(in_window({}), pairs_alone(governance(narrowed))).matched == ["change_window", "host_group", "signer"]
}

test_window_names_the_package_by_its_path_file_or_hash if {
	every packages in [["orrery.msi"], ["c:\\windows\\ccmcache\\1\\orrery.msi"], ["other.msi", "orrery.msi"]] {
		approval(in_window({"packages": packages}), governance(signed_in_window))
	}
	every packages in [[], ["other.msi"], ["orrery"], ["ee01"]] {
		not approval(in_window({"packages": packages}), governance(signed_in_window))
	}
	by_hash := {"orrery": {"sha256": {"ee01": true}, "change_window": {"open": true}}}
	document := object.union(own_install(hashed_file), {"host": {"groups": ["lab"]}, "change": [object.union(window, {"packages": ["ee01"]})]})
	approval(document, governance(by_hash)).matched == ["change_window", "package_sha256"]
}

test_window_that_does_not_count_is_a_near_miss_that_says_why if {
	every case in [
		{"changed": {"opened": fixtures.received + 1}, "failed": "change_retroactive"},
		{"changed": {"begin": fixtures.received + 1}, "failed": "change_not_begun"},
		{"changed": {"end": fixtures.received}, "failed": "change_over"},
		{"changed": {"begin": fixtures.received - ((14 * 24) * hour)}, "failed": "change_not_valid"},
		{"changed": {"approver": window.opener}, "failed": "change_not_valid"},
		{"changed": {"approver": ""}, "failed": "change_not_valid"},
		{"changed": {"opener": ""}, "failed": "change_not_valid"},
		{"changed": {"packages": ["other.msi"]}, "failed": "change_window"},
		{"changed": {"host_group": "finance"}, "failed": "change_window"},
	] {
		not approval(in_window(case.changed), governance(signed_in_window))
		near(in_window(case.changed), governance(signed_in_window)) == miss_of(["signer"], [case.failed])
	}
}

test_window_for_all_hosts_covers_none if {
	document := object.union(in_window({"host_group": "all"}), {"host": {"groups": ["all", "lab"]}})
	not approval(document, governance(signed_in_window))
}

test_host_that_nobody_knows_is_in_no_window if {
	not approval(in_groups(in_window({}), []), governance(signed_in_window))
}

test_window_of_14_days_counts if {
	approval(in_window({"begin": fixtures.received - (13 * (24 * hour)), "end": fixtures.received + (24 * hour)}), governance(signed_in_window))
}

test_window_that_ended_before_the_event_is_decided_again_still_counts if {
	later := object.union(in_window({}), {"now": fixtures.received + (2 * hour)})
	approval(later, governance(signed_in_window))
}

test_window_alone_or_with_a_tool_or_a_source_carries_nothing if {
	bare := object.union(in_window({}), {"lineage": [fixtures.client, fixtures.tool, fixtures.services]})
	every more in [{"deployment_tools": {"deploy": true}}, {"sources": {"cache": true}}, {}] {
		installers := {"orrery": object.union({"sha256": {"aa99": true}, "change_window": {"open": true}}, more)}
		not approval(bare, governance(installers))
	}
}

test_entry_that_lists_no_window_is_not_helped_by_one if {
	installers := {"orrery": {"signers": {"orrery": true}, "deployment_tools": {"deploy": true}}}
	not approval(in_window({}), governance(installers))
}

test_what_the_command_line_adds_voids_the_window if {
	changed := object.union(fixtures.client, {"msiexec": object.union(fixtures.client.msiexec, {"transforms": ["x.mst"]})})
	document := object.union(in_window({}), {"parent": changed, "lineage": [changed, fixtures.explorer]})
	near(document, governance(signed_in_window)) == miss_of(["signer"], ["change_window", "transform"])
}

test_package_name_that_climbs_or_a_copied_msiexec_is_in_no_window if {
	every asked in [
		fixtures.client_of(fixtures.path_package("c:\\windows\\ccmcache\\..\\temp\\orrery.msi")),
		object.union(fixtures.client, {"image": "c:\\users\\public\\msiexec.exe"}),
	] {
		document := object.union(in_window({}), {"parent": asked, "lineage": [asked, fixtures.explorer]})
		not approval(document, governance(signed_in_window))
	}
}

test_deny_list_beats_a_window if {
	denying := with_part(signed_in_window, "deny", {"bad": {"signer_subject": {"orrery ltd": true}}})
	near(in_window({}), denying) == miss_of(["change_window", "signer"], ["denied"])
}

test_window_counts_from_the_moment_it_is_opened_until_before_its_end if {
	window := {"opened": 5, "begin": 5, "end": 7, "opener": "a", "approver": "b"}
	every received, state in {4: "change_retroactive", 5: "current", 6: "current", 7: "change_over"} {
		approvals.change_state(window) == state with input as {"event": {"received": received}}
	}
	own := object.union(window, {"approver": "a"})
	approvals.change_state(own) == "change_not_valid" with input as {"event": {"received": 5}}
}

test_window_speaks_of_no_event_without_a_client if {
	not approvals.covers({"host_group": "pilot", "packages": ["orrery.msi"]}) with approvals.ways as [] with input as {"host": {"groups": ["pilot"]}}
}
