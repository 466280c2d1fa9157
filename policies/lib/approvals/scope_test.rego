package lib.approvals_test

import data.lib.approvals
import data.lib.fixtures_test as fixtures

scoped(more) := {"orrery": object.union(tool_and_source.orrery, more)}

in_groups(document, groups) := object.union(document, {"host": {"groups": groups}})

asked_by(user) := object.union(fixtures.deployed, {"process": {"user": user}})

version_of(version) := object.union(fixtures.deployed_child, {"process": {"file_version": version}})

session_told(products) := fixtures.attributed(fixtures.deployed, object.union(fixtures.deployed_session, {"products": products}), "lineage")

test_entry_counts_in_its_host_groups_only if {
	governed := governance(scoped({"host_groups": {"finance": true, "lab": true}}))
	approval(in_groups(fixtures.deployed, ["servers", "lab"]), governed) == entry_of(["deployment_tool", "host_group", "source"])
	every groups in [[], ["servers"]] {
		document := in_groups(fixtures.deployed, groups)
		not approval(document, governed)
		near(document, governed) == miss_of(["deployment_tool", "source"], ["host_group"])
	}
}

test_entry_counts_for_its_accounts_only if {
	governed := governance(scoped({"users": {"corp\\deploy": true}}))
	approval(asked_by("corp\\deploy"), governed) == entry_of(["deployment_tool", "source", "user"])
	near(asked_by("corp\\alice"), governed) == miss_of(["deployment_tool", "source"], ["user"])
	nobody := object.union(object.remove(fixtures.deployed, ["process"]), {"process": object.remove(fixtures.client, ["user"])})
	not approval(nobody, governed)
}

test_account_is_that_of_the_client_and_not_of_what_the_service_runs if {
	installers := {"orrery": object.union(hash_and_tool.orrery, {"users": {"corp\\deploy": true}})}
	asked := object.union(fixtures.client, {"user": "corp\\deploy"})
	document := object.union(fixtures.deployed_child, {"parent": asked, "lineage": [asked, fixtures.tool, fixtures.services]})
	document.process.user == "nt authority\\system"
	approval(document, governance(installers)) == entry_of(["deployment_tool", "sha256", "user"])
	not approval(fixtures.deployed_child, governance(installers))
}

test_version_of_the_file_narrows if {
	installers := {"orrery": object.union(hash_and_tool.orrery, {"narrow": {"file_version": {"min": [7, 9, 0, 0], "max": [7, 10, 9, 0]}}})}
	approval(version_of("7.10.1"), governance(installers)) == entry_of(["deployment_tool", "file_version", "sha256"])
	every version in ["7.8", "7.11", "7.1 0", "none"] {
		near(version_of(version), governance(installers)) == miss_of(["deployment_tool", "sha256"], ["file_version"])
	}
	not approval(fixtures.deployed_child, governance(installers))
}

test_version_alone_carries_nothing if {
	installers := {"orrery": {"sha256": {"aa99": true}, "deployment_tools": {"deploy": true}, "narrow": {"file_version": {"min": [0, 0, 0, 0]}}}}
	not approval(object.union(fixtures.deployed_child, {"process": {"file_version": "7.1"}}), governance(installers))
}

test_version_of_the_product_narrows_once_a_record_tells_it if {
	installers := {"orrery": object.union(tool_and_source.orrery, {"narrow": {"product_version": {"max": [7, 10, 2]}}})}
	approval(session_told([{"version": "7.10.2.77", "action": "installed"}]), governance(installers)) == entry_of(["deployment_tool", "product_version", "source"])
	every products in [[], [{"version": "7.10.3", "action": "installed"}]] {
		near(session_told(products), governance(installers)) == miss_of(["deployment_tool", "source"], ["product_version"])
	}
	changed := object.union(session_told([{"version": "7.10.2", "action": "installed"}]), {"process": {"msiexec": {"transforms": ["x.mst"]}}})
	near(changed, governance(installers))[0].failed == ["product_version", "source", "transform"]
}

test_entry_is_found_by_whatever_it_narrows_itself_by if {
	fitting := object.union(in_groups(fixtures.deployed_child, ["lab"]), {"process": object.union(fixtures.vendor, fixtures.signed)})
	asked := object.union(fixtures.client_of({"kind": "product_code", "name": "{c0de}"}), {"user": "corp\\deploy"})
	by_code := object.union(fitting, {"parent": asked, "lineage": [asked, fixtures.tool, fixtures.services]})
	every case in [
		{"document": fitting, "entry": {"narrow": {"images": {"d:\\stage\\loader.exe": true}}}},
		{"document": fitting, "entry": {"narrow": {"file_names": {"loader.exe": true}}}},
		{"document": fitting, "entry": {"narrow": {"file_names": {"orrery.msi": true}}}},
		{"document": fitting, "entry": {"narrow": {"original_file_names": {"orrerysetup.exe": true}}}},
		{"document": fitting, "entry": {"narrow": {"products": {"orrery suite": true}}}},
		{"document": fitting, "entry": {"narrow": {"companies": {"orrery ltd": true}}}},
		{"document": fitting, "entry": {"host_groups": {"lab": true}}},
		{"document": by_code, "entry": {"narrow": {"product_codes": {"{c0de}": true}}}},
		{"document": by_code, "entry": {"users": {"corp\\deploy": true}}},
	] {
		installers := {"orrery": object.union({"signers": {"orrery": true}, "deployment_tools": {"deploy": true}}, case.entry)}
		full := governance(installers)
		found := approvals.candidates with input as case.document with data.governance as pairs_alone(full)
		found == {"orrery"}
		approval(case.document, pairs_alone(full))
	}
}

# Governance data without the lists that serve near misses.
pairs_alone(full) := object.union(object.remove(full, ["index"]), {"index": object.union(
	object.remove(full.index, ["installers"]),
	{"installers": object.union(object.remove(full.index.installers, ["signer", "source", "tool"]), {"signer": {}, "source": {}, "tool": {}})},
)})

test_package_of_a_module_is_found_by_the_modules_path if {
	path := "c:\\windows\\installer\\msi90c3.tmp"
	document := object.union(fixtures.load(path, fixtures.signed), {"lineage": [fixtures.client, fixtures.tool, fixtures.services]})
	installers := {"orrery": {"signers": {"orrery": true}, "deployment_tools": {"deploy": true}, "narrow": {"images": {path: true}}}}
	approval(document, pairs_alone(governance(installers))) == entry_of(["deployment_tool", "image", "signer"])
}

test_event_without_a_client_fits_no_fact_of_one if {
	every fact, wanted in {
		"file_name": {"orrery.msi": true},
		"product_code": {"{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}": true},
		"user": {"corp\\alice": true},
		"product_version": {"min": "1"},
	} {
		not approvals.narrowed("orrery", fact, wanted) with approvals.ways as [] with input as fixtures.child("d:\\x.exe", "x")
	}
}

test_entry_counts_from_created_until_before_it_expires if {
	approvals.state_of({"created": 5, "expires": 6}) == "current" with input as {"now": 5}
	approvals.state_of({"created": 5, "expires": 6}) == "expired" with input as {"now": 6}
	approvals.state_of({"created": 5, "expires": 6}) == "not_yet_valid" with input as {"now": 4}
	approvals.state_of({"created": 5, "expires": 5}) == "expired" with input as {"now": 5}
}
