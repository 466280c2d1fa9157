package lib.approvals_test

import data.lib.approvals
import data.lib.fixtures_test as fixtures

# A program that the service's custom-action server started: no client above it.
below_service := object.union(
	fixtures.child("d:\\stage\\loader.exe", "loader.exe /s"),
	{"process": {"sha256": "aa02"}},
)

named_tool_and_source := {"orrery": object.union(tool_and_source.orrery, {"narrow": {"images": {"d:\\stage\\loader.exe": true}}})}

# A second client that the same tool started, on another package of the source.
second_session := object.union(
	fixtures.session_of(fixtures.client_of(fixtures.path_package("c:\\windows\\ccmcache\\2\\other.msi")), [fixtures.tool, fixtures.services]),
	{"id": "5e550003"},
)

sole(session) := fixtures.attributed(below_service, session, "sole")

claiming(session, facts) := object.union(session, {"claimed": facts})

test_program_of_the_service_is_approved_by_its_hash_and_the_sessions_tool_or_source if {
	approval(sole(fixtures.deployed_session), governance(hash_and_tool)) == entry_of(["deployment_tool", "sha256"])
	hash_and_source := {"orrery": {"sha256": {"aa02": true}, "sources": {"cache": true}}}
	approval(sole(fixtures.deployed_session), governance(hash_and_source)) == entry_of(["sha256", "source"])
	not approval(below_service, governance(hash_and_tool))
	not approval(sole(fixtures.own_session), governance(hash_and_tool))
	not approval(sole(fixtures.own_session), governance(hash_and_source))
}

test_module_of_the_service_is_approved_by_its_hash_and_the_sessions_tool if {
	document := fixtures.attributed(fixtures.load("c:\\windows\\installer\\msi90c3.tmp", {}), fixtures.deployed_session, "sole")
	installers := {"orrery": {"sha256": {"aa01": true}, "deployment_tools": {"deploy": true}}}
	approval(document, governance(installers)) == entry_of(["deployment_tool", "sha256"])
	near(document, governance(tool_and_source)) == miss_of(["deployment_tool", "source"], ["strong_fact"])
}

test_tool_and_source_of_the_only_session_stand_for_what_the_entry_names_alone if {
	document := sole(fixtures.deployed_session)
	near(document, governance(tool_and_source)) == miss_of(["deployment_tool", "source"], ["strong_fact"])
	approval(document, governance(named_tool_and_source)) == entry_of(["deployment_tool", "image", "source"])
	exact := {"orrery": object.union(tool_and_source.orrery, {"command_lines": {"loader.exe /s": true}})}
	approval(document, governance(exact)) == entry_of(["command_line", "deployment_tool", "source"])
}

test_tool_and_source_stand_for_the_file_of_a_tree_no_more_than_for_its_children if {
	task := fixtures.start(object.union(fixtures.process("d:\\stage\\loader.exe", "loader.exe", "descendant"), {"sha256": "aa02"}), fixtures.explorer, [])
	document := fixtures.attributed(task, fixtures.deployed_session, "file")
	near(document, governance(tool_and_source)) == miss_of(["deployment_tool", "source"], ["strong_fact"])
	approval(document, governance(hash_and_tool)) == entry_of(["deployment_tool", "sha256"])
}

test_file_and_lineage_are_certain_and_need_no_name if {
	every attribution in ["file", "lineage"] {
		document := fixtures.attributed(below_service, fixtures.deployed_session, attribution)
		approval(document, governance(tool_and_source)) == entry_of(["deployment_tool", "source"])
	}
}

test_session_known_by_a_record_alone_is_no_way if {
	not approval(fixtures.attributed(below_service, fixtures.deployed_session, "record"), governance(named_tool_and_source))
}

test_forged_record_that_names_an_approved_package_explains_nothing if {
	# Anybody can write a 1040 for the deployment tool's PID while a package of hers installs by COM.
	forged := object.union(claiming(fixtures.deployed_session, ["begin", "client", "launcher", "package", "user", "via"]), {"opened_by": "msiinstaller"})
	not approval(sole(forged), governance(named_tool_and_source))
	not approval(sole(forged), governance(hash_and_tool))
	near(sole(forged), governance(hash_and_tool)) == miss_of(["sha256"], ["deployment_tool"])
	claimed_client := claiming(fixtures.deployed_session, ["client"])
	not approval(sole(claimed_client), governance(hash_and_tool))
}

test_forged_record_for_a_client_of_another_package_explains_nothing if {
	named := object.union(fixtures.own_session, {"named": [fixtures.client.msiexec["package"]], "ambiguous": true, "doubts": ["package"], "claimed": ["named"]})
	not approval(sole(named), governance(named_tool_and_source))
	near(sole(named), governance(named_tool_and_source)) == []
}

test_record_that_names_another_package_for_the_client_voids_its_source if {
	every more, matched in {
		[fixtures.path_package("c:\\users\\public\\o.msi")]: ["deployment_tool"],
		[fixtures.path_package("c:\\windows\\ccmcache\\..\\temp\\o.msi")]: ["deployment_tool"],
		[fixtures.path_package("c:\\windows\\ccmcache\\2\\o.msi")]: ["deployment_tool", "source"],
	} {
		named := object.union(fixtures.deployed_session, {"named": more, "ambiguous": true, "doubts": ["package"], "claimed": ["named"]})
		own := fixtures.attributed(fixtures.deployed, named, "lineage")
		facts := approvals.matched.orrery with input as own with data.governance as governance(tool_and_source)
		sort(facts) == matched
	}
}

test_second_client_that_the_sensor_saw_must_give_every_fact_too if {
	both := [fixtures.deployed_session, second_session]
	mixed := [fixtures.deployed_session, fixtures.own_session]
	every document in [
		fixtures.singled_out(below_service, fixtures.deployed_session, both),
		fixtures.among(below_service, both, ["clients"]),
	] {
		approval(document, governance(hash_and_tool)) == entry_of(["deployment_tool", "sha256"])
		approval(document, governance(named_tool_and_source)) == entry_of(["deployment_tool", "image", "source"])
		near(document, governance(tool_and_source)) == miss_of(["deployment_tool", "source"], ["strong_fact"])
	}
	every document in [
		fixtures.singled_out(below_service, fixtures.deployed_session, mixed),
		fixtures.among(below_service, mixed, ["clients"]),
	] {
		near(document, governance(hash_and_tool)) == miss_of(["sha256"], ["deployment_tool"])
		not approval(document, governance(named_tool_and_source))
	}
}

test_candidate_that_only_a_record_tells_of_gives_no_fact if {
	forged := object.union(claiming(second_session, ["client", "launcher"]), {"opened_by": "msiinstaller"})
	nobody := {"opened_by": "service_child", "claimed": [], "ambiguous": false, "doubts": []}
	every other in [forged, nobody, claiming(second_session, ["client"])] {
		document := fixtures.singled_out(below_service, fixtures.deployed_session, [fixtures.deployed_session, other])
		near(document, governance(hash_and_tool)) == miss_of(["sha256"], ["deployment_tool"])
	}
}

test_candidates_that_are_not_all_shown_give_no_fact if {
	both := [fixtures.deployed_session, second_session]
	every doubt in ["candidates", "evictions", "msiexec"] {
		document := fixtures.among(below_service, both, ["clients", doubt])
		near(document, governance(hash_and_tool)) == miss_of(["sha256"], ["deployment_tool"])
		own := fixtures.among(fixtures.deployed, both, [doubt])
		not approval(own, governance(tool_and_source))
	}
}

test_what_any_candidates_command_line_adds_voids_the_packages_facts if {
	changed := object.union(second_session, {"client": {"msiexec": {"transforms": ["x.mst"]}}})
	document := fixtures.among(below_service, [fixtures.deployed_session, changed], ["clients"])
	near(document, governance(named_tool_and_source)) == miss_of(["deployment_tool", "image"], ["source", "transform"])
}

test_package_names_narrow_by_every_candidate if {
	by_file := {"orrery": object.union(hash_and_tool.orrery, {"narrow": {"file_names": {"orrery.msi": true}}})}
	approval(sole(fixtures.deployed_session), governance(by_file)) == entry_of(["deployment_tool", "file_name", "sha256"])
	both := fixtures.among(below_service, [fixtures.deployed_session, second_session], ["clients"])
	near(both, governance(by_file)) == miss_of(["deployment_tool", "sha256"], ["file_name"])
}

test_mark_of_the_web_voids_the_source if {
	marked := object.union(fixtures.deployed_session, {"mark_of_the_web": true})
	every document in [
		fixtures.attributed(fixtures.deployed, marked, "lineage"),
		fixtures.among(fixtures.start(fixtures.client, fixtures.explorer, []), [fixtures.deployed_session, marked], ["clients"]),
	] {
		not approval(document, governance(tool_and_source))
	}
	near(fixtures.attributed(fixtures.deployed, marked, "lineage"), governance(tool_and_source)) == miss_of(["deployment_tool"], ["mark_of_the_web", "source"])
	near(sole(marked), governance(named_tool_and_source)) == miss_of(["deployment_tool", "image"], ["mark_of_the_web", "source"])
	approval(sole(marked), governance(hash_and_tool)) == entry_of(["deployment_tool", "sha256"])
}

test_client_of_a_session_that_is_not_windows_own_msiexec_gives_no_fact if {
	other := object.union(fixtures.deployed_session, {"client": {"image": "c:\\users\\public\\msiexec.exe"}})
	near(sole(other), governance(hash_and_tool)) == miss_of(["sha256"], ["deployment_tool"])
}

test_deny_list_is_asked_for_every_session_that_it_can_be if {
	denying := with_part(hash_and_tool, "deny", {"bad": {"folder": {"c:\\users\\alice\\downloads": true}}})
	every document in [
		sole(fixtures.own_session),
		fixtures.among(below_service, [fixtures.deployed_session, fixtures.own_session], ["clients"]),
		sole(object.union(fixtures.deployed_session, {"named": [fixtures.own_session["package"]]})),
		sole(object.union(fixtures.deployed_session, {"client": {"msiexec": {"patches": [fixtures.own_session["package"]]}}})),
	] {
		ids := approvals.denials with input as document with data.governance as denying
		ids == {"bad"}
	}
	approval(sole(fixtures.deployed_session), denying) == entry_of(["deployment_tool", "sha256"])
}
