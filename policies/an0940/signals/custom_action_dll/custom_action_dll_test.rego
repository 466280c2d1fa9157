package an0940.signals.custom_action_dll_test

import data.an0940.signals.custom_action_dll
import data.lib.fixtures_test as fixtures

dll := "c:\\windows\\installer\\msi90c3.tmp"

told(disposition, severity, missing, evidence) := {
	"id": "custom_action_dll",
	"title": "Unsigned or untrusted custom-action DLL loaded",
	"severity": severity,
	"disposition": disposition,
	"excusable": true,
	"missing": missing,
	"evidence": object.union(evidence, {
		"module.path": dll,
		"module.sha256": "aa01",
		"process.image": fixtures.server.image,
		"process.command_line": fixtures.server.command_line,
	}),
}

test_unsigned_dll_is_an_alert if {
	held := custom_action_dll.held with input as fixtures.load(dll, {"signer": {"signed": false, "status": "unsigned"}})
	held == told("alert", "high", [], {"module.signer.status": "unsigned"})
}

test_signature_that_does_not_hold_is_an_alert if {
	every status in ["revoked", "expired", "untrusted"] {
		held := custom_action_dll.held with input as fixtures.load(dll, {"signer": {"signed": true, "status": status, "subject": "orrery ltd"}})
		held == told("alert", "high", [], {"module.signer.status": status, "module.signer.subject": "orrery ltd"})
	}
}

test_unknown_signature_is_a_review_that_says_what_is_missing if {
	held := custom_action_dll.held with input as fixtures.load(dll, {})
	held == told("review", "medium", ["module.signer"], {})
}

test_every_folder_is_judged_alike if {
	every folder in ["c:\\windows\\temp", "c:\\windows\\systemtemp", "c:\\users\\alice\\appdata\\local\\temp", "d:\\stage"] {
		custom_action_dll.held.disposition == "alert" with input as fixtures.load(concat("\\", [folder, "msi90c3.tmp"]), {"signer": {"signed": false, "status": "unsigned"}})
	}
}

test_signature_that_holds_is_not_told if {
	every status in ["valid", "trusted"] {
		not custom_action_dll.held with input as fixtures.load(dll, {"signer": {"signed": true, "status": status, "subject": "orrery ltd"}})
	}
}

test_other_modules_and_a_programs_own_load_are_not_told if {
	not custom_action_dll.held with input as fixtures.load("c:\\windows\\system32\\msi.dll", {})
	not custom_action_dll.held with input as object.union(fixtures.load(fixtures.extracted.image, {}), {"process": fixtures.extracted})
	not custom_action_dll.held with input as object.union(fixtures.load(dll, {}), {"event": {"kind": "process_start"}})
}

test_status_of_a_file_that_is_not_signed_vouches_for_nothing if {
	custom_action_dll.held.disposition == "alert" with input as fixtures.load(dll, {"signer": {"signed": false, "status": "valid"}})
}
