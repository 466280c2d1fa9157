package lib.approvals_test

import data.lib.approvals
import data.lib.fixtures_test as fixtures

begin := fixtures.deployed_session.begin

seconds := 1000000000

# The hash of the package itself, wherever it lies.
package_and_tool := {"orrery": {"sha256": {"ee01": true}, "deployment_tools": {"deploy": true}}}

# A package in no approved source that was hashed just before its install began.
hashed_file := {"sha256": "ee01", "sha1": "ff01", "hashed": begin - (60 * seconds), "written": begin - (60 * seconds)}

elsewhere := fixtures.client_of(fixtures.path_package("d:\\share\\orrery.msi"))

hashed_session(file) := object.union(fixtures.session_of(elsewhere, [fixtures.tool, fixtures.services]), {"package_file": file})

on_file_sensor(document) := object.union(document, {"host": {"sends": ["file_create"]}})

own_install(file) := on_file_sensor(fixtures.attributed(fixtures.start(elsewhere, fixtures.tool, [fixtures.services]), hashed_session(file), "lineage"))

child_of_install(file) := on_file_sensor(fixtures.attributed(
	fixtures.start(fixtures.process("d:\\stage\\loader.exe", "loader.exe /s", "descendant"), elsewhere, [fixtures.tool, fixtures.services]),
	hashed_session(file),
	"lineage",
))

test_hash_of_the_package_with_a_tool_is_approved_wherever_it_lies if {
	approval(own_install(hashed_file), governance(package_and_tool)) == entry_of(["deployment_tool", "package_sha256"])
	approval(child_of_install(hashed_file), governance(package_and_tool)) == entry_of(["deployment_tool", "package_sha256"])
	unwritten := object.remove(hashed_file, ["written"])
	approval(own_install(unwritten), governance(package_and_tool)) == entry_of(["deployment_tool", "package_sha256"])
}

test_hash_of_the_package_alone_is_a_near_miss if {
	alone := object.union(own_install(hashed_file), {"lineage": [fixtures.explorer]})
	not approval(alone, governance(package_and_tool))
	near(alone, governance(package_and_tool)) == miss_of(["package_sha256"], ["deployment_tool"])
}

test_package_exchanged_between_its_hash_and_the_begin_has_no_hash if {
	every change in [
		{"written": begin - (30 * seconds)},
		{"hashed": begin + 1},
		{"written": begin + 1, "hashed": begin + 1},
		{"hashed": begin - (86401 * seconds), "written": begin - (86401 * seconds)},
		{"sha256": "ee02"},
	] {
		document := own_install(object.union(hashed_file, change))
		near(document, governance(package_and_tool)) == miss_of(["deployment_tool"], ["sha256"])
	}
}

test_hash_of_the_package_counts_only_where_the_host_tells_of_files_written if {
	silent := object.union(own_install(hashed_file), {"host": {"sends": ["image_load", "install"]}})
	not approval(silent, governance(package_and_tool))
}

test_hash_of_a_package_that_only_a_record_names_does_not_count if {
	every change in [
		{"session": {"claimed": ["package", "package_file"]}},
		{"session": {"named": [fixtures.path_package("d:\\share\\orrery.msi")]}},
	] {
		not approval(object.union(own_install(hashed_file), change), governance(package_and_tool))
	}
}

test_what_the_command_line_adds_voids_the_hash_of_the_package if {
	changed := object.union(own_install(hashed_file), {"process": {"msiexec": {"transforms": ["x.mst"]}}})
	near(changed, governance(package_and_tool)) == miss_of(["deployment_tool"], ["sha256", "transform"])
}

test_hash_of_the_package_does_not_stand_for_modules_or_what_its_children_start if {
	module := on_file_sensor(fixtures.attributed(
		object.union(fixtures.load("c:\\windows\\installer\\msi90c3.tmp", {}), {"lineage": [elsewhere, fixtures.tool, fixtures.services]}),
		hashed_session(hashed_file),
		"lineage",
	))
	app := fixtures.process("c:\\program files\\orrery\\orrery.exe", "orrery.exe", "descendant")
	deeper := object.union(child_of_install(hashed_file), {"parent": app, "lineage": [app, elsewhere, fixtures.tool, fixtures.services]})
	every document in [module, deeper] {
		not approval(document, governance(package_and_tool))
		near(document, governance(package_and_tool)) == miss_of(["deployment_tool", "package_sha256"], ["strong_fact"])
	}
}

test_hash_of_the_package_stands_for_what_the_service_did_only_where_the_entry_names_it if {
	document := on_file_sensor(sole(hashed_session(hashed_file)))
	near(document, governance(package_and_tool)) == miss_of(["deployment_tool", "package_sha256"], ["strong_fact"])
	named := {"orrery": object.union(package_and_tool.orrery, {"narrow": {"images": {"d:\\stage\\loader.exe": true}}})}
	approval(document, governance(named)) == entry_of(["deployment_tool", "image", "package_sha256"])
	both := {"orrery": {"sha256": {"aa02": true, "ee01": true}, "deployment_tools": {"deploy": true}}}
	approval(document, governance(both)) == entry_of(["deployment_tool", "package_sha256", "sha256"])
}

test_interpreters_need_their_exact_command_line_whatever_the_package if {
	shell := fixtures.process("c:\\windows\\system32\\cmd.exe", "cmd.exe /c setup.cmd", "descendant")
	document := object.union(child_of_install(hashed_file), {"process": shell})
	near(document, governance(package_and_tool)) == miss_of(["deployment_tool", "package_sha256"], ["command_line"])
}

test_hash_of_the_package_approves_the_client_without_its_command_line_and_msiexecs_own_hash_does_not if {
	document := object.union(own_install(hashed_file), {"process": {"sha256": "aa03"}})
	both := {"orrery": {"sha256": {"aa03": true, "ee01": true}, "deployment_tools": {"deploy": true}}}
	approval(document, governance(both)) == entry_of(["deployment_tool", "package_sha256", "sha256"])
	own := {"orrery": {"sha256": {"aa03": true}, "deployment_tools": {"deploy": true}}}
	near(document, governance(own)) == miss_of(["deployment_tool", "sha256"], ["command_line"])
}

test_deny_list_names_packages_by_their_hash if {
	every entry in [{"sha256": {"ee01": true}}, {"sha1": {"ff01": true}}] {
		ids := approvals.denials with input as own_install(hashed_file) with data.governance as fixtures.governed({"deny": {"bad": entry}})
		ids == {"bad"}
	}
}

test_hash_of_the_package_counts_at_the_edges_of_its_time if {
	most := data.an0940.tuning.package_hash_seconds * 1000000000
	session := {"claimed": [], "begin": most + 1, "package_file": {"sha256": "ee01", "hashed": 1}}
	host := {"host": {"sends": ["file_create"]}}
	approvals.package_hash(session) == "ee01" with input as host
	approvals.package_hash(object.union(session, {"begin": 1})) == "ee01" with input as host
	not approvals.package_hash(object.union(session, {"begin": 0})) with input as host
	not approvals.package_hash(object.union(session, {"begin": most + 2})) with input as host
}

test_added_root_certificate_counts_until_its_time_is_over if {
	for_long := data.an0940.tuning.root_certificate_seconds * 1000000000
	approvals.untrusted_roots with input as {"event": {"time": for_long}, "host": {"root_certificate": 1}}
	not approvals.untrusted_roots with input as {"event": {"time": for_long}, "host": {"root_certificate": 0}}
}
