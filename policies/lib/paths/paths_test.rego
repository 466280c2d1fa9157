package lib.paths_test

import data.lib.fixtures_test as fixtures
import data.lib.paths

place(path) if paths.payload_place({"path": path, "name": fixtures.name(path), "folders": fixtures.folders(path)})

test_longest_folder_decides_whether_payloads_run_from_there if {
	every path in ["c:\\users\\public\\x.exe", "c:\\windows\\temp\\x.exe", "c:\\programdata\\x.exe", "c:\\program files\\orrery:x.exe"] {
		place(path)
	}
	every path in ["c:\\program files\\orrery\\x.exe", "c:\\windows\\x.exe", "c:\\programdata\\package cache\\{1}\\x.exe", "d:\\x.exe"] {
		not place(path)
	}
}

test_path_with_its_folders if {
	paths.with_folders("c:\\a\\b\\") == {"c:", "c:\\a", "c:\\a\\b"}
}

test_profile_of_the_system_account_is_not_written_by_users if {
	paths.user_writable(["c:\\users\\alice\\downloads", "%userprofile%"])
	not paths.user_writable(["c:\\windows\\system32\\config\\systemprofile", "%userprofile%"])
}

test_short_name_below_the_windows_folder_protects_nothing if {
	paths.protected(fixtures.folders("c:\\windows\\system32\\x.dll"))
	paths.protected(fixtures.folders("c:\\program files\\orrery~1\\x.dll"))
	not paths.protected(fixtures.folders("c:\\windows\\instal~1\\x.dll"))
	paths.process == "elsewhere" with input as fixtures.child("c:\\windows\\instal~1\\x.exe", "x")
	paths.process == "protected" with input as fixtures.child("c:\\program files\\orrery~1\\x.exe", "x")
	paths.process == "payload" with input as fixtures.child("c:\\progra~3\\x.exe", "x")
}
