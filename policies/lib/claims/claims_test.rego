package lib.claims_test

import data.lib.claims
import data.lib.fixtures_test as fixtures

update(facts) := object.union(
	fixtures.start(
		fixtures.process("c:\\windows\\syswow64\\schtasks.exe", "schtasks.exe -create -tn microsoft\\windows\\ruxim\\sync -xml sync.xml -f", "descendant"),
		fixtures.service,
		[fixtures.services],
	),
	object.union({"process": {"current_directory": "c:\\program files\\ruxim\\"}}, facts),
)

test_update_is_known_by_the_account_where_no_integrity_level_is_given if {
	document := update({})
	claims.windows_update with input as object.union(object.remove(document, ["process"]), {"process": object.remove(document.process, ["integrity_level"])})
}

test_update_in_a_users_context_by_a_server_or_from_another_place_is_no_update if {
	claims.windows_update with input as update({})
	not claims.windows_update with input as update({"process": {"user": "corp\\alice", "integrity_level": "high", "current_directory": "c:\\program files\\ruxim\\"}})
	not claims.windows_update with input as update({"parent": fixtures.server})
	not claims.windows_update with input as update({"parent": {"image": "c:\\users\\public\\msiexec.exe"}})
	not claims.windows_update with input as update({"process": {"image": "c:\\windows\\temp\\schtasks.exe", "current_directory": "c:\\program files\\ruxim\\"}})
	not claims.windows_update with input as update({"process": {"current_directory": "c:\\program files\\orrery\\"}})
}

test_vendor_needs_all_three_claims if {
	claims.vendor(fixtures.vendor)
	every fact in ["company", "product", "original_file_name"] {
		not claims.vendor(object.remove(fixtures.vendor, [fact]))
	}
}
