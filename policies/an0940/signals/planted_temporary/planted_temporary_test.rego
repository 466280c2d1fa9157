package an0940.signals.planted_temporary_test

import data.an0940.signals.planted_temporary
import data.lib.fixtures_test as fixtures

installer_file := "c:\\windows\\installer\\msi4a1f.tmp"

temp_file := "c:\\users\\alice\\appdata\\local\\temp\\msi4a1f.tmp"

archiver := object.union(fixtures.process("c:\\program files\\orrery\\unpack.exe", "unpack.exe", ""), {"user": "corp\\alice"})

powershell := fixtures.process("c:\\windows\\system32\\windowspowershell\\v1.0\\powershell.exe", "powershell.exe -nop", "")

unsigned := {"signer": {"signed": false, "status": "unsigned"}}

valid := {"signer": {"signed": true, "status": "valid"}}

writes(path, process) := object.union(fixtures.base, {
	"event": fixtures.event("file_create", 11),
	"process": process,
	"file": {"path": path, "name": fixtures.name(path), "folders": fixtures.folders(path)},
})

runs(path, parent, writer) := fixtures.written_by(
	fixtures.start(fixtures.process(path, "x", "extracted"), parent, []),
	"process", writer,
)

loads(path, more, writer) := fixtures.written_by(fixtures.load(path, more), "module", writer)

told(document) := [held.disposition, held.severity] if held := planted_temporary.held with input as document

test_stranger_that_writes_into_the_installers_own_folder_is_an_alert_in_either_context if {
	every process in [archiver, powershell] {
		held := planted_temporary.held with input as writes(installer_file, process)
		held == {
			"id": "planted_temporary",
			"title": "MSIxxxx.tmp that Windows Installer did not write",
			"severity": "high",
			"disposition": "alert",
			"excusable": false,
			"missing": set(),
			"evidence": {
				"process.image": process.image,
				"process.command_line": process.command_line,
				"process.user": process.user,
				"file.path": installer_file,
			},
		}
	}
}

test_program_that_an_installer_started_is_no_installer if {
	every role in ["descendant", "extracted", "managed_custom_action", "wrapper"] {
		told(writes(installer_file, object.union(archiver, {"role": role}))) == ["alert", "high"]
	}
	told(writes("c:\\windows\\installer\\msi_x.tmp", archiver)) == ["alert", "high"]
}

test_file_of_another_name_is_not_told if {
	every process in [archiver, object.remove(archiver, ["image"])] {
		not planted_temporary.held with input as writes("c:\\windows\\installer\\orrery.msi", process)
	}
}

test_another_msiexec_than_windows_own_is_no_installer if {
	told(writes(installer_file, object.union(fixtures.client, {"image": "c:\\users\\public\\msiexec.exe"}))) == ["alert", "high"]
}

test_stranger_that_writes_elsewhere_is_a_review if {
	every path in [temp_file, "c:\\windows\\temp\\msi1.tmp", "c:\\windows\\systemtemp\\msi1.tmp", "d:\\stage\\msiabcde.tmp"] {
		told(writes(path, archiver)) == ["review", "low"]
		told(writes(path, powershell)) == ["review", "medium"]
	}
	told(object.union(writes(temp_file, archiver), {"event": {"kind": "file_executable"}})) == ["review", "low"]
}

test_unknown_writer_is_a_review_that_says_what_is_missing if {
	document := fixtures.without(fixtures.without(writes(installer_file, archiver), "process", "image"), "process", "name")
	held := planted_temporary.held with input as document
	[held.disposition, held.severity, held.missing] == ["review", "high", {"process.image"}]
	planted_temporary.held.missing == {"process.image"} with input as object.remove(writes(temp_file, archiver), ["process"])
}

test_installer_that_extracts_is_not_told if {
	every process in [fixtures.service, fixtures.server, fixtures.client] {
		not told(writes(installer_file, process))
	}
	not told(writes("c:\\users\\alice\\downloads\\msi_report.tmp", archiver))
}

test_planted_file_that_runs_is_an_alert_in_either_context if {
	document := runs(temp_file, fixtures.server, archiver)
	every one in [document, fixtures.json_user(document)] {
		held := planted_temporary.held with input as one
		held == {
			"id": "planted_temporary",
			"title": "MSIxxxx.tmp that Windows Installer did not write",
			"severity": "high",
			"disposition": "alert",
			"excusable": true,
			"missing": {"process.signer"},
			"evidence": {
				"process.image": temp_file,
				"process.command_line": "x",
				"process.user": one.process.user,
				"parent.image": fixtures.server.image,
				"parent.command_line": fixtures.server.command_line,
				"written.by": archiver.image,
				"written.before": "1 s",
			},
		}
	}
	told(runs(installer_file, fixtures.explorer, powershell)) == ["alert", "high"]
	told(object.union(document, {"process": valid})) == ["review", "medium"]
	told(object.union(document, {"process": unsigned})) == ["alert", "high"]
}

test_planted_file_that_the_installer_loads_is_an_alert if {
	held := planted_temporary.held with input as loads(installer_file, {}, archiver)
	held == {
		"id": "planted_temporary",
		"title": "MSIxxxx.tmp that Windows Installer did not write",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": {"module.signer"},
		"evidence": {
			"module.path": installer_file,
			"module.sha256": "aa01",
			"process.image": fixtures.server.image,
			"process.command_line": fixtures.server.command_line,
			"written.by": archiver.image,
			"written.before": "1 s",
		},
	}
	told(loads(temp_file, unsigned, archiver)) == ["alert", "high"]
	told(loads(temp_file, {}, powershell)) == ["alert", "high"]
}

test_what_a_setup_extracts_for_itself_is_a_review if {
	told(loads(temp_file, {}, archiver)) == ["review", "medium"]
	told(loads(temp_file, valid, archiver)) == ["review", "low"]
}

test_planted_file_that_another_program_loads_is_a_review if {
	document := object.union(loads(temp_file, unsigned, archiver), {"process": {"role": ""}})
	told(document) == ["review", "medium"]
}

test_what_the_installer_wrote_or_nobody_was_seen_to_write_is_not_told if {
	not told(runs(temp_file, fixtures.server, fixtures.client))
	not told(fixtures.start(fixtures.extracted, fixtures.service, []))
	not told(loads(temp_file, {}, fixtures.client))
	not told(fixtures.load(temp_file, {}))
	not told(loads("c:\\users\\public\\x.dll", {}, archiver))
	not told(object.union(loads(temp_file, {}, archiver), {"process": {"image": temp_file}}))
}

test_signer_is_missing_only_where_nobody_told_of_it if {
	document := runs(temp_file, fixtures.server, archiver)
	every signer in [valid, unsigned] {
		planted_temporary.held.missing == set() with input as object.union(document, {"process": signer})
	}
}

test_planted_file_is_told_once_when_it_starts if {
	every kind in ["process_end", "registry", "network"] {
		not told(object.union(runs(temp_file, fixtures.server, archiver), {"event": {"kind": kind}}))
	}
}

test_module_whose_signer_is_known_lacks_none if {
	planted_temporary.held.missing == set() with input as loads(temp_file, unsigned, archiver)
}

test_deleting_such_a_file_plants_nothing if {
	not told(object.union(writes(installer_file, archiver), {"event": {"kind": "file_delete"}}))
}

test_unknown_writer_elsewhere_is_a_review_at_low_severity if {
	told(object.remove(writes(temp_file, archiver), ["process"])) == ["review", "low"]
}

test_name_that_windows_installer_does_not_give_is_not_told_of_a_shell_either if {
	not told(writes("c:\\users\\alice\\downloads\\msi_report.tmp", powershell))
}

test_driver_of_such_a_name_which_no_process_loads_is_an_alert if {
	told(object.remove(loads(installer_file, unsigned, archiver), ["process"])) == ["alert", "high"]
}
