package an0940.signals.extracted_program_test

import data.an0940.signals.extracted_program
import data.lib.fixtures_test as fixtures

claiming(facts) := fixtures.start(object.union(fixtures.extracted, facts), fixtures.service, [fixtures.services])

test_program_that_claims_no_vendor_is_an_alert if {
	held := extracted_program.held with input as claiming({})
	held == {
		"id": "extracted_program",
		"title": "Program extracted from a package (MSIxxxx.tmp) run",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.image": fixtures.extracted.image,
			"process.command_line": fixtures.extracted.command_line,
			"process.user": "nt authority\\system",
			"parent.image": fixtures.service.image,
			"parent.command_line": fixtures.service.command_line,
		},
	}
}

test_all_four_temporary_folders_are_judged_alike if {
	every folder in ["c:\\windows\\installer", "c:\\windows\\temp", "c:\\windows\\systemtemp", "c:\\users\\alice\\appdata\\local\\temp"] {
		program := fixtures.process(concat("\\", [folder, "msi4a1f.tmp"]), "x", "extracted")
		extracted_program.held.disposition == "alert" with input as fixtures.start(program, fixtures.server, [])
	}
}

test_program_that_claims_a_vendor_is_a_review if {
	held := extracted_program.held with input as claiming(fixtures.vendor)
	[held.disposition, held.severity] == ["review", "medium"]
}

test_a_claim_that_says_nothing_or_names_a_common_tool_is_void if {
	every facts in [
		{"company": "-"},
		{"product": "-"},
		{"original_file_name": "-"},
		{"original_file_name": "powershell.exe"},
		{"original_file_name": "wscript.exe"},
		{"original_file_name": "certutil.exe"},
		{"original_file_name": "python.exe"},
		{"signer": {"signed": false, "status": "unsigned"}},
	] {
		extracted_program.held.disposition == "alert" with input as claiming(object.union(fixtures.vendor, facts))
	}
}

test_program_started_by_something_else_than_the_installer_is_an_alert if {
	program := object.union(fixtures.process("c:\\windows\\installer\\msi4a1f.tmp", "x", ""), fixtures.vendor)
	extracted_program.held.disposition == "alert" with input as fixtures.start(program, fixtures.explorer, [])
}

test_other_programs_are_not_told if {
	not extracted_program.held with input as fixtures.child("c:\\windows\\installer\\setup.exe", "x")
	not extracted_program.held with input as fixtures.child("c:\\windows\\installer\\msi.exe", "x")
}
