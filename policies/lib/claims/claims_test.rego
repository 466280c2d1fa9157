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

test_installshields_helper_is_known_by_every_part_of_its_form if {
	image := "c:\\users\\alice\\appdata\\local\\temp\\{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}\\_is4a1f.exe"
	helper := object.union(fixtures.child(image, "x"), {"process": {"original_file_name": "isbew64.exe", "company": "flexera"}})
	claims.installshield with input as helper
	every changed in [{"original_file_name": "orrery.exe"}, {"company": "orrery ltd"}, {"image": replace(image, "_is", "is")}, {"image": replace(image, ".exe", ".com")}] {
		not claims.installshield with input as object.union(helper, {"process": changed})
	}
}

test_update_is_known_by_its_tool_and_the_kind_of_its_definition if {
	every image, command_line in {
		"c:\\windows\\syswow64\\reg.exe": "reg.exe -create -tn microsoft\\windows\\ruxim\\sync -xml sync.xml -f",
		"c:\\windows\\syswow64\\schtasks.exe": "schtasks.exe -create -tn microsoft\\windows\\ruxim\\sync -xml sync.txt -f",
		"c:\\windows\\syswow64\\wscript.exe": "wscript.exe /c rd logs",
	} {
		folder := {"process": {"current_directory": "c:\\program files\\ruxim\\"}}
		document := fixtures.start(fixtures.process(image, command_line, "descendant"), fixtures.service, [fixtures.services])
		not claims.windows_update with input as object.union(document, folder)
	}
}
