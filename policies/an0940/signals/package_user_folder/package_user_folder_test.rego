package an0940.signals.package_user_folder_test

import data.an0940.signals.package_user_folder
import data.lib.fixtures_test as fixtures

downloads := fixtures.path_package("c:\\users\\alice\\downloads\\orrery.msi")

test_package_in_downloads_is_a_review_at_low_severity if {
	held := package_user_folder.held with input as fixtures.start(fixtures.client_of(downloads), fixtures.explorer, [])
	held == {
		"id": "package_user_folder",
		"title": "Package in a folder that users write to",
		"severity": "low",
		"disposition": "review",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.command_line": "msiexec.exe /i c:\\users\\alice\\downloads\\orrery.msi /qn",
			"process.user": "nt authority\\system",
			"parent.image": fixtures.explorer.image,
			"package": downloads.name,
		},
	}
}

test_every_folder_that_users_write_to_is_known if {
	writable := [
		"c:\\programdata\\orrery", "c:\\progra~3", "c:\\perflogs", "c:\\docume~1\\alice", "c:\\$recycle.bin\\s-1-5-21",
		"c:\\windows\\tasks", "c:\\windows\\system32\\spool\\drivers\\color",
	]
	every folder in writable {
		package_user_folder.held with input as fixtures.record(fixtures.path_package(concat("\\", [folder, "orrery.msi"])))
	}
	every folder in ["c:\\users\\alice\\desktop", "c:\\users\\alice\\appdata\\local\\temp", "c:\\users\\public", "c:\\documents and settings\\alice", "c:\\windows\\temp"] {
		package_user_folder.held with input as fixtures.record(fixtures.path_package(concat("\\", [folder, "orrery.msi"])))
	}
}

test_patch_there_is_told if {
	client := object.union(fixtures.client, {"msiexec": {"patches": [downloads]}})
	package_user_folder.held.evidence["package"] == downloads.name with input as fixtures.start(client, fixtures.explorer, [])
}

test_further_package_there_is_told if {
	client := object.union(fixtures.client, {"msiexec": {"others": [downloads]}})
	package_user_folder.held.evidence["package"] == downloads.name with input as fixtures.start(client, fixtures.explorer, [])
}

test_further_package_that_users_cannot_write_is_not_told if {
	client := object.union(fixtures.client, {"msiexec": {"others": [fixtures.path_package("c:\\program files\\orrery\\o.msi")]}})
	not package_user_folder.held with input as fixtures.start(client, fixtures.explorer, [])
}

test_cache_of_burn_is_no_such_folder if {
	not package_user_folder.held with input as fixtures.record(fixtures.path_package("c:\\programdata\\package cache\\{1}\\orrery.msi"))
}

test_profile_of_the_system_account_is_no_such_folder if {
	mdm := fixtures.path_package("c:\\windows\\system32\\config\\systemprofile\\appdata\\local\\mdm\\orrery.msi")
	not package_user_folder.held with input as fixtures.record(mdm)
}

test_other_folders_product_codes_and_registrations_are_not_told if {
	not package_user_folder.held with input as fixtures.start(fixtures.client, fixtures.explorer, [])
	not package_user_folder.held with input as fixtures.record({"kind": "product_code", "name": "{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}"})
	every verb in ["register", "unregister"] {
		not package_user_folder.held with input as fixtures.start(object.union(fixtures.client_of(downloads), {"msiexec": {"verb": verb}}), fixtures.explorer, [])
	}
}
