package an0940.signals.rollback_tampering_test

import data.an0940.signals.rollback_tampering
import data.lib.fixtures_test as fixtures

stranger := fixtures.process("c:\\users\\alice\\appdata\\local\\k.exe", "k.exe", "")

did(kind, actor, path) := object.union(fixtures.base, {
	"event": fixtures.event(kind, 11),
	"process": actor,
	"file": {"path": path, "name": fixtures.name(path), "folders": fixtures.folders(path)},
})

script := "c:\\config.msi\\3a1f2.rbs"

test_script_that_a_stranger_writes_is_an_alert if {
	held := rollback_tampering.held with input as did("file_create", stranger, script)
	held == {
		"id": "rollback_tampering",
		"title": "Rollback script that Windows Installer did not write",
		"severity": "critical",
		"disposition": "alert",
		"excusable": false,
		"missing": [],
		"evidence": {
			"process.image": stranger.image,
			"process.command_line": "k.exe",
			"process.user": stranger.user,
			"file.path": script,
		},
	}
	rollback_tampering.held with input as did("file_create", stranger, "d:\\config.msi\\1.rbf")
}

test_deleting_one_is_a_review if {
	held := rollback_tampering.held with input as did("file_delete", stranger, script)
	[held.disposition, held.severity] == ["review", "medium"]
}

test_where_nobody_knows_who_wrote_it_it_is_a_review_that_says_so if {
	held := rollback_tampering.held with input as did("file_create", {"role": ""}, script)
	[held.disposition, held.severity, held.missing] == ["review", "high", ["process.image"]]
	nobody := rollback_tampering.held with input as object.remove(did("file_create", {}, script), ["process"])
	[nobody.disposition, nobody.severity, nobody.missing] == ["review", "high", ["process.image"]]
}

test_msiexec_from_elsewhere_is_a_stranger if {
	renamed := object.union(fixtures.service, {"image": "c:\\users\\public\\msiexec.exe"})
	rollback_tampering.held with input as did("file_create", renamed, script)
}

test_installer_itself_and_other_files_are_not_told if {
	not rollback_tampering.held with input as did("file_create", fixtures.service, script)
	not rollback_tampering.held with input as did("file_delete", fixtures.service, script)
	not rollback_tampering.held with input as did("file_create", stranger, "c:\\config.msi\\x.txt")
	not rollback_tampering.held with input as did("file_create", stranger, "c:\\orrery\\config.msi\\1.rbs")
	not rollback_tampering.held with input as did("image_load", stranger, script)
}
