package an0940.signals.persistence_test

import data.an0940.signals.persistence
import data.lib.fixtures_test as fixtures

run := "hklm\\software\\microsoft\\windows\\currentversion\\run\\orrery"

starts(value, path) := fixtures.wrote_program(fixtures.helper, run, value, path)

told(document) := [held.disposition, held.severity, held.evidence.behaviour] if {
	held := persistence.held with input as document
}

dropped(actor, path) := object.union(object.remove(fixtures.wrote(actor, "", ""), ["event"]), {
	"event": fixtures.event("file_create", 11),
	"file": {"path": path, "name": fixtures.name(path), "folders": fixtures.folders(path)},
})

startup := "c:\\users\\alice\\appdata\\roaming\\microsoft\\windows\\start menu\\programs\\startup"

test_program_from_where_payloads_run_from_is_an_alert if {
	document := starts("c:\\users\\public\\k.exe -q", "c:\\users\\public\\k.exe")
	held := persistence.held with input as document
	held == {
		"id": "persistence",
		"title": "Persistence set up by an installer's tree",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.image": fixtures.helper.image,
			"process.command_line": fixtures.helper.command_line,
			"process.user": fixtures.helper.user,
			"event.registry.key": run,
			"event.registry.value": "c:\\users\\public\\k.exe -q",
			"behaviour": "starts a program from where payloads run from",
		},
	}
}

test_shell_is_an_alert_where_it_hides_or_fetches_and_else_a_review if {
	powershell := "c:\\windows\\system32\\windowspowershell\\v1.0\\powershell.exe"
	told(starts("powershell.exe -enc aaaa", powershell)) == ["alert", "high", "starts a shell or tool with what it is to hide or fetch"]
	told(starts("mshta.exe https://files.orrery.example/x", "c:\\windows\\system32\\mshta.exe"))[0] == "alert"
	told(starts("powershell.exe -file c:\\program files\\orrery\\o.ps1", powershell)) == ["review", "medium", "starts a shell or tool"]
}

test_program_of_one_user_is_a_review if {
	path := "c:\\users\\alice\\appdata\\local\\orrery\\o.exe"
	told(starts(path, path)) == ["review", "medium", "starts a program of one user"]
}

test_hook_is_an_alert_whatever_it_holds if {
	key := "hklm\\software\\microsoft\\windows nt\\currentversion\\image file execution options\\sethc.exe\\debugger"
	told(fixtures.wrote(fixtures.service, key, "c:\\program files\\orrery\\o.exe")) == ["alert", "high", "a debugger that runs instead of a program"]
}

test_program_below_program_files_and_strangers_are_not_told if {
	path := "c:\\program files\\orrery\\o.exe"
	not persistence.held with input as starts(path, path)
	stranger := object.union(starts("x", "c:\\users\\public\\k.exe"), {"process": {"role": ""}})
	not persistence.held with input as stranger
	not persistence.held with input as dropped(object.union(fixtures.helper, {"role": ""}), concat("\\", [startup, "o.vbs"]))
}

test_script_in_a_startup_folder_is_an_alert_and_a_shortcut_a_review if {
	script := persistence.held with input as dropped(fixtures.helper, concat("\\", [startup, "o.vbs"]))
	[script.disposition, script.severity, script.excusable] == ["alert", "high", false]
	shortcut := persistence.held with input as dropped(fixtures.helper, concat("\\", [startup, "o.lnk"]))
	[shortcut.disposition, shortcut.severity] == ["review", "low"]
	not persistence.held with input as dropped(fixtures.service, concat("\\", [startup, "o.lnk"]))
	not persistence.held with input as dropped(fixtures.helper, concat("\\", [startup, "desktop.ini"]))
}

test_file_in_a_startup_folder_of_whatever_ending_is_told_whoever_of_the_tree_writes_it if {
	every actor in [fixtures.helper, fixtures.service] {
		every name in ["o.pif", "o.cpl", "o.js"] {
			held := persistence.held with input as dropped(actor, concat("\\", [startup, name]))
			[held.disposition, held.severity, held.excusable] == ["alert", "high", false]
		}
		every name in ["o.jar", "o.wsh", "o.msc", "o.msi", "o.chm", "o.py", "o.appref-ms", "o.exe.", "o.exe:x", "o"] {
			held := persistence.held with input as dropped(actor, concat("\\", [startup, name]))
			[held.disposition, held.severity, held.excusable] == ["review", "medium", false]
		}
		not persistence.held with input as dropped(actor, concat("\\", [startup, "desktop.ini"]))
	}
}

test_executable_that_is_written_anywhere_else_is_not_told if {
	document := dropped(fixtures.helper, "c:\\program files\\orrery\\o.exe")
	not persistence.held with input as object.union(document, {"event": {"kind": "file_executable"}})
	every path in ["c:\\program files\\orrery\\o.exe", "c:\\config.msi\\1.rbs", "c:\\windows\\installer\\msi4a1f.tmp"] {
		not persistence.held with input as dropped(fixtures.service, path)
	}
}

test_program_on_a_share_or_at_an_address_is_an_alert_and_what_a_program_is_told_is_not if {
	every path in ["\\\\files.orrery.example\\tools\\o.exe", "\\\\files.orrery.example@ssl\\dav\\o.exe"] {
		told(starts(path, path)) == ["alert", "high", "starts a program from a share or an address"]
	}
	told(fixtures.wrote(fixtures.helper, run, "file://files.orrery.example/o.exe"))[0] == "alert"
	path := "c:\\program files\\orrery\\o.exe"
	not persistence.held with input as starts(concat(" ", [path, "\\\\files.orrery.example\\data"]), path)
	hook := "hklm\\software\\orrery\\server"
	not persistence.held with input as fixtures.wrote(fixtures.helper, hook, "https://files.orrery.example/o.exe")
	not persistence.held with input as fixtures.wrote_program(fixtures.helper, hook, "x", "\\\\files.orrery.example\\o.exe")
}

test_program_in_a_folder_of_which_nothing_is_known_is_a_review if {
	image_path := "hklm\\system\\currentcontrolset\\services\\orrery\\imagepath"
	every path in ["c:\\orrery\\o.exe", "d:\\o.exe", "c:\\windows\\orrery~1\\o.exe", "\\device\\harddiskvolume3\\o.exe", "%orrery%\\o.exe", "orrery\\o.exe"] {
		every key in [run, image_path] {
			told(fixtures.wrote_program(fixtures.helper, key, path, path)) == ["review", "medium", "starts a program from a folder of which nothing is known"]
		}
		not persistence.held with input as fixtures.wrote_program(fixtures.helper, "hklm\\software\\orrery\\imagepath", path, path)
	}
	every path in ["c:\\windows\\system32\\drivers\\o.sys", "c:\\programdata\\package cache\\{1}\\o.exe", "system32\\drivers\\o.sys", "o.exe", "%programfiles%\\orrery\\o.exe"] {
		not persistence.held with input as fixtures.wrote_program(fixtures.helper, image_path, path, path)
	}
}

test_site_that_trusts_profiles_is_not_told_of_programs_there if {
	path := "c:\\users\\alice\\appdata\\local\\orrery\\o.exe"
	not persistence.held with input as starts(path, path) with data.an0940.parameters.ChildImagePath as {"c:\\users\\public": true}
}
