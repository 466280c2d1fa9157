package lib.autostart_test

import data.lib.autostart
import data.lib.fixtures_test as fixtures

run := "hku\\s-1-5-21-1-2-3-1001\\software\\microsoft\\windows\\currentversion\\run\\orrery"

written(key, value) := fixtures.wrote(fixtures.helper, key, value)

program(key, value, path) := fixtures.wrote_program(fixtures.helper, key, value, path)

test_hooks_are_known_by_their_place if {
	every key in [
		"hklm\\software\\microsoft\\windows nt\\currentversion\\image file execution options\\sethc.exe\\debugger",
		"hklm\\software\\microsoft\\windows nt\\currentversion\\silentprocessexit\\o.exe\\monitorprocess",
		"hklm\\software\\microsoft\\windows nt\\currentversion\\winlogon\\shell",
		"hklm\\software\\microsoft\\windows nt\\currentversion\\windows\\appinit_dlls",
		"hklm\\system\\currentcontrolset\\control\\lsa\\security packages",
		"hku\\s-1-5-21-1-2-3-1001\\environment\\userinitmprlogonscript",
	] {
		count(autostart.hooked) == 1 with input as written(key, "c:\\x.exe")
	}
}

test_mitigation_options_and_emptied_values_hook_nothing if {
	not_hooked := [
		["hklm\\software\\microsoft\\windows nt\\currentversion\\image file execution options\\o.exe\\mitigationoptions", "binary data"],
		["hklm\\software\\microsoft\\windows nt\\currentversion\\windows\\appinit_dlls", "(empty)"],
		["hklm\\software\\microsoft\\windows nt\\currentversion\\windows\\loadappinit_dlls", "dword (0x00000001)"],
	]
	every pair in not_hooked {
		autostart.hooked == set() with input as written(pair[0], pair[1])
	}
	deleted := object.union(written("hklm\\x\\winlogon\\shell", "x"), {"event": {"registry": {"operation": "deletevalue"}}})
	autostart.hooked == set() with input as deleted
}

test_places_that_start_programs if {
	every key in [
		run,
		"hklm\\software\\microsoft\\active setup\\installed components\\{1}\\stubpath",
		"hklm\\system\\currentcontrolset\\services\\orrery\\imagepath",
		"hklm\\system\\currentcontrolset\\services\\orrery\\parameters\\servicedll",
	] {
		autostart.starts with input as written(key, "c:\\x.exe")
	}
	not autostart.starts with input as written("hklm\\system\\currentcontrolset\\services\\orrery\\start", "dword (0x00000002)")
}

test_shells_are_driven_also_without_their_ending if {
	autostart.driven with input as program(run, "c:\\windows\\system32\\cmd.exe /c x", "c:\\windows\\system32\\cmd.exe")
	autostart.driven with input as program(run, "conhost.exe --headless c:\\orrery\\o.exe", "conhost.exe")
	autostart.driven with input as program(run, "c:\\windows\\system32\\mshta x", "c:\\windows\\system32\\mshta")
	not autostart.driven with input as program(run, "c:\\orrery\\o.exe", "c:\\orrery\\o.exe")
}

test_msiexec_completes_a_product_and_is_driven_by_something_remote_only if {
	msiexec := "c:\\windows\\system32\\msiexec.exe"
	not autostart.driven with input as program(run, "msiexec.exe /fu {1}", msiexec)
	autostart.driven with input as program(run, "msiexec.exe /i https://files.orrery.example/x", msiexec)
	autostart.driven with input as program(run, "msiexec.exe /i \\\\files.orrery.example\\x.msi", msiexec)
}

test_what_hides_is_suspect if {
	autostart.suspect with input as written(run, "powershell -enc aaaa")
	not autostart.suspect with input as written(run, "powershell -file c:\\orrery\\o.ps1")
}

test_appdata_is_of_one_user_but_for_temp if {
	autostart.per_user with input as program(run, "x", "c:\\users\\alice\\appdata\\roaming\\o\\o.exe")
	not autostart.per_user with input as program(run, "x", "c:\\users\\alice\\appdata\\local\\temp\\o.exe")
	not autostart.per_user with input as program(run, "x", "c:\\users\\alice\\appdata\\local\\o.txt:x.exe")
	autostart.payload with input as program(run, "x", "c:\\users\\public\\o.exe")
}

test_values_that_only_resemble_a_place_start_and_hook_nothing if {
	every key in [
		"hklm\\software\\orrery\\debugger",
		"hklm\\software\\orrery\\monitorprocess",
		"hklm\\software\\microsoft\\windows nt\\currentversion\\silentprocessexit\\o.exe\\reportingmode",
		"hklm\\software\\microsoft\\active setup\\installed components\\{1}\\version",
		"hklm\\software\\orrery\\stubpath",
		"hklm\\software\\orrery\\imagepath",
	] {
		document := program(key, "c:\\users\\public\\x.exe", "c:\\users\\public\\x.exe")
		autostart.hooked == set() with input as document
		not autostart.starts with input as document
		not autostart.payload with input as document
		not autostart.per_user with input as program(key, "x", "c:\\users\\alice\\appdata\\roaming\\o\\o.exe")
		not autostart.driven with input as program(key, "cmd.exe /c x", "c:\\windows\\system32\\cmd.exe")
		not autostart.driven with input as program(key, "msiexec.exe /i https://files.orrery.example/x", "c:\\windows\\system32\\msiexec.exe")
	}
}

test_value_that_is_deleted_or_emptied_starts_and_hooks_nothing if {
	every key in [
		run,
		"hklm\\software\\microsoft\\active setup\\installed components\\{1}\\stubpath",
		"hklm\\system\\currentcontrolset\\services\\orrery\\imagepath",
		"hklm\\software\\microsoft\\windows nt\\currentversion\\image file execution options\\sethc.exe\\debugger",
		"hklm\\software\\microsoft\\windows nt\\currentversion\\silentprocessexit\\o.exe\\monitorprocess",
	] {
		every document in [written(key, "(empty)"), object.union(written(key, "x"), {"event": {"registry": {"operation": "deletevalue"}}})] {
			not autostart.starts with input as document
			autostart.hooked == set() with input as document
		}
	}
}

test_value_of_which_nobody_says_whether_it_was_set_starts_something if {
	autostart.starts with input as json.remove(written(run, "x"), ["/event/registry/operation"])
}

test_product_that_names_its_web_page_is_not_driven if {
	not autostart.driven with input as program(run, "c:\\orrery\\o.exe https://files.orrery.example/x", "c:\\orrery\\o.exe")
}
