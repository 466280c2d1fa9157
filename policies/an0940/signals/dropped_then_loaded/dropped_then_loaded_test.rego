package an0940.signals.dropped_then_loaded_test

import data.an0940.signals.dropped_then_loaded
import data.lib.fixtures_test as fixtures

dll := "c:\\programdata\\orrery\\version.dll"

unsigned := {"signer": {"signed": false, "status": "unsigned"}}

product := fixtures.process("c:\\users\\alice\\appdata\\local\\orrery\\orrery.exe", "orrery.exe", "descendant")

load(path, more, process) := object.union(
	object.remove(fixtures.written_by(fixtures.load(path, more), "module", fixtures.service), ["process"]),
	{"process": process},
)

told(document) := [held.disposition, held.severity] if held := dropped_then_loaded.held with input as document

test_unsigned_module_in_a_program_of_windows_is_an_alert_in_either_context if {
	explorer := fixtures.explorer
	every process in [explorer, fixtures.process(explorer.image, explorer.command_line, "")] {
		held := dropped_then_loaded.held with input as load(dll, unsigned, process)
		held == {
			"id": "dropped_then_loaded",
			"title": "Module that an installer wrote, loaded soon after",
			"severity": "high",
			"disposition": "alert",
			"excusable": true,
			"missing": [],
			"evidence": {
				"module.path": dll,
				"module.sha256": "aa01",
				"module.signer.status": "unsigned",
				"process.image": fixtures.explorer.image,
				"process.command_line": fixtures.explorer.command_line,
				"written.by": fixtures.service.image,
				"written.before": "1 s",
			},
		}
	}
}

test_unsigned_module_in_the_installer_or_a_renamed_tool_is_an_alert if {
	renamed := object.union(fixtures.process("d:\\stage\\x.exe", "x.exe", ""), {"original_file_name": "rundll32.exe"})
	every process in [fixtures.server, fixtures.client, renamed, fixtures.process("c:\\windows\\system32\\rundll32.exe", "x", "descendant")] {
		told(load(dll, unsigned, process)) == ["alert", "high"]
	}
	told(load("c:\\program files\\orrery:version.dll", unsigned, fixtures.server)) == ["alert", "high"]
}

test_unsigned_module_in_any_program_of_the_windows_folder_is_an_alert if {
	told(load(dll, unsigned, fixtures.process("c:\\windows\\winhlp32.exe", "x", ""))) == ["alert", "high"]
}

test_program_of_the_product_that_loads_its_own_is_a_review if {
	told(load(dll, unsigned, product)) == ["review", "medium"]
}

test_assembly_of_a_managed_custom_action_is_a_review if {
	managed := fixtures.process("c:\\windows\\system32\\rundll32.exe", "x", "managed_custom_action")
	told(load("c:\\windows\\installer\\msi5a2c.tmp-\\orrery.dll", unsigned, managed)) == ["review", "medium"]
}

test_unknown_signature_is_a_review_that_says_what_is_missing if {
	held := dropped_then_loaded.held with input as load(dll, {}, fixtures.explorer)
	[held.disposition, held.severity, held.missing] == ["review", "medium", ["module.signer"]]
	low := dropped_then_loaded.held with input as load(dll, {}, product)
	[low.disposition, low.severity, low.missing] == ["review", "low", ["module.signer"]]
}

test_unsigned_module_planted_in_the_windows_folder_is_a_review if {
	planted := "c:\\windows\\system32\\wlbsctrl.dll"
	told(load(planted, unsigned, fixtures.services)) == ["review", "medium"]
	not told(load(planted, {}, fixtures.services))
	not told(load(planted, unsigned, fixtures.server))
}

test_unsigned_driver_which_no_process_loads_is_a_review if {
	driver := object.remove(load("c:\\windows\\system32\\drivers\\orrery.sys", unsigned, fixtures.server), ["process"])
	told(driver) == ["review", "medium"]
	not told(object.union(driver, {"module": {"signer": {"signed": true, "status": "valid"}}}))
}

signed := {"signer": {"signed": true, "status": "valid"}}

beside(folder, name, more, signer) := load(
	concat("\\", [folder, name]),
	more,
	object.union(fixtures.process(concat("\\", [folder, "viewer.exe"]), "viewer.exe", "descendant"), signer),
)

test_library_of_windows_beside_a_signed_program_is_an_alert_wherever_both_lie if {
	every folder in ["c:\\program files\\orrery", "c:\\users\\alice\\appdata\\local\\orrery", "d:\\orrery"] {
		told(beside(folder, "version.dll", unsigned, signed)) == ["alert", "high"]
		unknown := dropped_then_loaded.held with input as beside(folder, "version.dll", unsigned, {})
		[unknown.disposition, unknown.severity, unknown.missing] == ["review", "medium", ["process.signer"]]
		not told(beside(folder, "version.dll", signed, signed))
		unread := dropped_then_loaded.held with input as beside(folder, "version.dll", {}, signed)
		[unread.disposition, unread.severity, unread.missing] == ["review", "high", ["module.signer"]]
		neither := dropped_then_loaded.held with input as beside(folder, "version.dll", {}, {})
		[neither.disposition, neither.severity, neither.missing] == ["review", "low", ["module.signer"]]
	}
	not told(beside("c:\\program files\\orrery", "version.dll", unsigned, unsigned))
	told(beside("d:\\orrery", "version.dll", unsigned, unsigned)) == ["review", "medium"]
}

test_other_library_beside_a_signed_program_is_not_side_loaded if {
	not told(beside("c:\\program files\\orrery", "orrery.dll", unsigned, signed))
	told(beside("d:\\orrery", "orrery.dll", unsigned, signed)) == ["review", "medium"]
}

test_library_of_windows_is_found_only_beside_the_program_that_loads_it if {
	elsewhere := object.union(product, signed)
	not told(load("c:\\program files\\orrery\\version.dll", unsigned, elsewhere))
	tool := object.union(fixtures.process("c:\\windows\\system32\\x.exe", "x", "descendant"), signed)
	not told(load("c:\\windows\\system32\\version.dll", unsigned, tool))
}

test_signed_modules_and_those_of_program_files_are_not_told if {
	not told(load(dll, {"signer": {"signed": true, "status": "valid"}}, fixtures.explorer))
	not told(load("c:\\program files\\orrery\\orrery.dll", unsigned, fixtures.explorer))
}

test_other_modules_and_other_writers_are_not_told if {
	not told(fixtures.load(dll, unsigned))
	not told(fixtures.written_by(fixtures.load(dll, unsigned), "module", fixtures.explorer))
	not told(load("c:\\windows\\installer\\msi90c3.tmp", unsigned, fixtures.server))
	not told(load(product.image, unsigned, product))
	not told(object.union(load(dll, unsigned, fixtures.explorer), {"event": {"kind": "process_start"}}))
}

test_module_that_users_can_write_below_the_windows_folder_is_an_alert if {
	told(load("c:\\windows\\temp\\orrery.dll", unsigned, fixtures.services)) == ["alert", "high"]
}

test_module_of_unknown_signature_that_shadows_nothing_is_not_worse_in_a_signed_program if {
	not told(beside("c:\\program files\\orrery", "orrery.dll", {}, signed))
	told(beside("d:\\orrery", "orrery.dll", {}, signed)) == ["review", "low"]
}
