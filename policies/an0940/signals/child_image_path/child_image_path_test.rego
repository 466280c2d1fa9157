package an0940.signals.child_image_path_test

import data.an0940.signals.child_image_path
import data.lib.fixtures_test as fixtures

roaming := "c:\\users\\alice\\appdata\\roaming\\orrery\\sync.exe"

test_program_in_a_profile_is_an_alert_in_either_context if {
	every document in [fixtures.child(roaming, "sync.exe"), fixtures.user_child(roaming, "sync.exe")] {
		held := child_image_path.held with input as document
		held == {
			"id": "child_image_path",
			"title": "Program run from where payloads run from, below the installer",
			"severity": "high",
			"disposition": "alert",
			"excusable": true,
			"missing": [],
			"evidence": {
				"process.image": roaming,
				"process.command_line": "sync.exe",
				"process.user": document.process.user,
				"parent.image": fixtures.server.image,
				"parent.command_line": fixtures.server.command_line,
			},
		}
	}
}

test_every_kind_of_dropping_place_is_known if {
	every folder in ["c:\\users\\public\\music", "c:\\programdata\\orrery", "c:\\windows\\temp\\x", "c:\\windows\\systemtemp", "c:\\windows\\installer\\{0}", "c:\\users\\alice\\downloads", "c:\\windows\\system32\\config\\systemprofile\\appdata\\local\\temp"] {
		child_image_path.held.disposition == "alert" with input as fixtures.child(concat("\\", [folder, "x.exe"]), "x")
	}
}

test_longer_protected_folder_wins if {
	not child_image_path.held with input as fixtures.child("c:\\programdata\\package cache\\{0}\\setup.exe", "x")
}

test_program_further_down_is_a_review if {
	held := child_image_path.held with input as fixtures.grandchild(roaming, "sync.exe")
	[held.disposition, held.severity] == ["review", "medium"]
}

test_program_that_a_wrapper_starts_is_a_review_at_low_severity if {
	wrapper := fixtures.process("c:\\users\\alice\\downloads\\setup.exe", "setup.exe", "wrapper")
	document := fixtures.start(fixtures.process(roaming, "sync.exe", "descendant"), wrapper, [fixtures.explorer])
	held := child_image_path.held with input as document
	[held.disposition, held.severity] == ["review", "low"]
}

test_installshields_helper_in_its_exact_form_is_a_review if {
	image := "c:\\users\\alice\\appdata\\local\\temp\\{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}\\_is4a1f.exe"
	held := child_image_path.held with input as object.union(fixtures.child(image, "x"), {"process": {"original_file_name": "isbew64.exe", "company": "flexera"}})
	[held.disposition, held.severity] == ["review", "medium"]
	child_image_path.held.disposition == "alert" with input as object.union(fixtures.child(image, "x"), {"process": {"original_file_name": "isbew64.exe"}})
}

test_program_files_and_other_drives_are_not_told if {
	not child_image_path.held with input as fixtures.child("c:\\program files\\orrery\\o.exe", "x")
	not child_image_path.held with input as fixtures.child("d:\\stage\\o.exe", "x")
}

test_extracted_programs_and_renamed_msiexec_have_signals_of_their_own if {
	not child_image_path.held with input as fixtures.start(fixtures.extracted, fixtures.service, [])
	not child_image_path.held with input as fixtures.child("c:\\users\\public\\msiexec.exe", "x")
}

test_program_outside_an_installers_tree_is_not_told if {
	not child_image_path.held with input as fixtures.start(fixtures.process(roaming, "sync.exe", ""), fixtures.explorer, [])
}

test_temporary_name_in_any_role_is_left_to_the_signal_of_extracted_programs if {
	every role in ["extracted", "descendant", ""] {
		document := fixtures.start(object.union(fixtures.extracted, {"role": role}), fixtures.server, [])
		not child_image_path.held with input as document
		data.an0940.signals.extracted_program.held with input as document
	}
}
