package an0940.signals.dropped_then_run_test

import data.an0940.signals.dropped_then_run
import data.lib.fixtures_test as fixtures

payload := "c:\\programdata\\orrery\\sync.exe"

at_home := "c:\\users\\alice\\appdata\\local\\orrery\\orrery.exe"

scheduler := fixtures.process("c:\\windows\\system32\\svchost.exe", "svchost.exe -k netsvcs -p -s schedule", "")

valid := {"process": {"signer": {"signed": true, "status": "valid"}}}

unsigned := {"process": {"signer": {"signed": false, "status": "unsigned"}}}

started(image, parent) := fixtures.written_by(fixtures.start(fixtures.process(image, "x", "descendant"), parent, [fixtures.services]), "process", fixtures.service)

told(document) := [held.disposition, held.severity] if held := dropped_then_run.held with input as document

test_payload_started_by_the_task_scheduler_is_an_alert_in_either_context if {
	document := started(payload, scheduler)
	every one in [document, fixtures.json_user(document)] {
		held := dropped_then_run.held with input as one
		held == {
			"id": "dropped_then_run",
			"title": "File that an installer wrote, run soon after",
			"severity": "high",
			"disposition": "alert",
			"excusable": true,
			"missing": {"process.signer"},
			"evidence": {
				"process.image": payload,
				"process.command_line": "x",
				"process.user": one.process.user,
				"parent.image": scheduler.image,
				"parent.command_line": scheduler.command_line,
				"written.by": fixtures.service.image,
				"written.before": "1 s",
			},
		}
	}
}

test_whoever_starts_it_it_is_an_alert if {
	every parent in [fixtures.services, fixtures.explorer, fixtures.server, fixtures.process("c:\\windows\\system32\\wbem\\wmiprvse.exe", "wmiprvse.exe", "")] {
		every image in [payload, "c:\\users\\alice\\appdata\\local\\temp\\x.exe", "d:\\stage\\x.exe", "c:\\program files\\orrery:x.exe"] {
			told(started(image, parent)) == ["alert", "high"]
		}
	}
	told(object.remove(started(payload, scheduler), ["parent"])) == ["alert", "high"]
}

test_program_of_the_product_is_a_review_at_low_severity if {
	document := started("c:\\program files\\orrery\\agent.exe", fixtures.services)
	told(document) == ["review", "low"]
	told(object.union(document, valid)) == ["review", "low"]
	told(object.union(document, unsigned)) == ["review", "medium"]
}

test_signature_that_holds_lowers_to_a_review if {
	document := started(payload, scheduler)
	told(object.union(document, valid)) == ["review", "medium"]
	told(object.union(document, unsigned)) == ["alert", "high"]
	told(object.union(document, {"process": {"signer": {"signed": true, "status": "revoked"}}})) == ["alert", "high"]
}

test_user_who_opens_a_new_program_of_that_user_is_a_review if {
	told(started(at_home, fixtures.explorer)) == ["review", "medium"]
	told(object.union(started(at_home, fixtures.explorer), unsigned)) == ["alert", "high"]
	told(started(at_home, scheduler)) == ["alert", "high"]
}

test_program_that_a_nested_setup_unpacked_and_starts_is_a_review if {
	nested := fixtures.process("c:\\program files\\orrery\\setup.exe", "setup.exe", "descendant")
	told(started(payload, nested)) == ["review", "medium"]
	told(object.union(started(payload, nested), unsigned)) == ["alert", "high"]
}

test_installshields_helper_in_its_exact_form_is_a_review if {
	image := "c:\\users\\alice\\appdata\\local\\temp\\{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}\\_is4a1f.exe"
	told(object.union(started(image, fixtures.server), {"process": {"original_file_name": "isbew64.exe", "company": "flexera"}})) == ["review", "medium"]
}

test_program_whose_path_is_unknown_is_a_review_that_says_what_is_missing if {
	document := fixtures.without(fixtures.without(started(payload, scheduler), "process", "image"), "process", "name")
	held := dropped_then_run.held with input as document
	[held.disposition, held.missing] == ["review", {"process.image", "process.signer"}]
}

test_other_files_and_other_writers_are_not_told if {
	not told(fixtures.child(payload, "x"))
	not told(fixtures.written_by(fixtures.child(payload, "x"), "process", fixtures.explorer))
	not told(fixtures.written_by(fixtures.start(fixtures.extracted, fixtures.service, []), "process", fixtures.service))
	not told(object.union(started(payload, scheduler), {"event": {"kind": "process_end"}}))
}

test_file_written_before_the_window_is_not_told if {
	not told(object.union(started(payload, scheduler), {"event": {"time": 1780000900000000000}}))
}
