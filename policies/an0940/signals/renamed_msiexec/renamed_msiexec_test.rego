package an0940.signals.renamed_msiexec_test

import data.an0940.signals.renamed_msiexec
import data.lib.fixtures_test as fixtures

run(image, original) := object.union(
	fixtures.start(fixtures.process(image, "x /i o.msi", "client"), fixtures.explorer, []),
	{"process": {"original_file_name": original}},
)

test_msiexec_under_another_name_is_an_alert if {
	held := renamed_msiexec.held with input as run("c:\\program files\\orrery\\helper.exe", "msiexec.exe")
	held == {
		"id": "renamed_msiexec",
		"title": "msiexec renamed, or run from another folder",
		"severity": "high",
		"disposition": "alert",
		"excusable": false,
		"missing": [],
		"evidence": {
			"process.image": "c:\\program files\\orrery\\helper.exe",
			"process.command_line": "x /i o.msi",
			"process.user": "nt authority\\system",
			"process.original_file_name": "msiexec.exe",
			"parent.image": fixtures.explorer.image,
			"parent.command_line": fixtures.explorer.command_line,
		},
	}
}

test_msiexec_in_another_folder_is_an_alert if {
	every image in ["c:\\windows\\msiexec.exe", "c:\\users\\public\\msiexec.exe", "\\\\files\\x\\msiexec.exe", "c:\\windows\\system32\\x\\msiexec.exe"] {
		renamed_msiexec.held with input as run(image, "msiexec.exe")
		renamed_msiexec.held with input as fixtures.start(fixtures.process(image, "x", "client"), fixtures.explorer, [])
	}
}

test_another_program_under_its_name_is_an_alert if {
	renamed_msiexec.held with input as run("c:\\windows\\system32\\msiexec.exe", "cmd.exe")
}

test_msiexec_at_home_is_not_told if {
	every image in ["c:\\windows\\system32\\msiexec.exe", "c:\\windows\\syswow64\\msiexec.exe"] {
		not renamed_msiexec.held with input as run(image, "msiexec.exe")
		not renamed_msiexec.held with input as run(image, "msiexec.exe.mui")
		not renamed_msiexec.held with input as fixtures.start(fixtures.process(image, "x", "client"), fixtures.explorer, [])
	}
}

test_other_programs_are_not_told if {
	not renamed_msiexec.held with input as run("c:\\windows\\system32\\notepad.exe", "notepad.exe")
}

test_msiexec_whose_path_nobody_reported_is_not_told if {
	document := run("c:\\program files\\orrery\\helper.exe", "msiexec.exe")
	not renamed_msiexec.held with input as fixtures.without(document, "process", "image")
}

test_process_is_told_once_when_it_starts if {
	every kind in ["process_end", "network", "registry"] {
		not renamed_msiexec.held with input as object.union(run("c:\\users\\public\\msiexec.exe", "msiexec.exe"), {"event": {"kind": kind}})
	}
}
