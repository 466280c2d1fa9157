package an0940.decision_test

import data.an0940
import data.lib.fixtures_test as fixtures

decision(document, governed) := answer if {
	answer := an0940.decision with input as document with data.governance as governed
}

ids(answer) := [signal.id | some signal in answer.signals]

approving := fixtures.governed({
	"installers": {"orrery": {"ticket": "chg-7", "deployment_tools": {"deploy": true}, "sources": {"cache": true}}},
	"deployment_tools": fixtures.tools,
	"sources": fixtures.sources,
})

expected := {
	"disposition": "expected",
	"severity": "informational",
	"signals": [],
	"near_misses": [],
	"pending": [],
	"missing": [],
}

test_machinery_is_expected if {
	decision(fixtures.start(fixtures.service, fixtures.services, []), {}) == expected
	decision(fixtures.start(fixtures.server, fixtures.service, [fixtures.services]), approving) == expected
	decision(fixtures.start(fixtures.client, fixtures.explorer, []), {}) == expected
}

test_severity_is_the_worst_of_what_stands if {
	an0940.severity == "critical" with an0940.standing as [{"severity": "high"}, {"severity": "critical"}]
	an0940.severity == "high" with an0940.standing as [{"severity": "high"}, {"severity": "low"}, {"severity": "medium"}]
	an0940.severity == "medium" with an0940.standing as [{"severity": "informational"}, {"severity": "medium"}]
	an0940.severity == "low" with an0940.standing as [{"severity": "low"}]
	an0940.severity == "informational" with an0940.standing as []
}

test_ordinary_record_of_msiinstaller_is_expected if {
	decision(fixtures.record(fixtures.path_package("c:\\program files\\o.msi")), {}) == expected
}

test_module_whose_signature_holds_is_expected if {
	decision(fixtures.load("c:\\windows\\installer\\msi1.tmp", fixtures.signed), {}) == expected
}

test_alert_names_its_signals_with_evidence if {
	document := object.union(fixtures.child("d:\\stage\\loader.exe", "loader.exe"), {"missing": ["process.sha1"]})
	decision(document, {}) == {
		"disposition": "alert",
		"severity": "high",
		"signals": [{
			"id": "unexpected_child",
			"severity": "high",
			"title": "Unexpected program started by the installer",
			"evidence": {
				"process.image": "d:\\stage\\loader.exe",
				"process.command_line": "loader.exe",
				"process.user": "nt authority\\system",
				"parent.image": fixtures.server.image,
				"parent.command_line": fixtures.server.command_line,
			},
		}],
		"near_misses": [],
		"pending": [],
		"missing": ["process.sha1"],
	}
}

test_every_signal_that_holds_is_told if {
	answer := decision(fixtures.child("c:\\users\\public\\powershell.exe", "powershell -enc x"), {})
	ids(answer) == ["child_image_path", "shell_child", "unexpected_child"]
	answer.disposition == "alert"
}

test_process_that_no_signal_speaks_of_is_unexplained if {
	answer := decision(fixtures.child("c:\\windows\\system32\\net.exe", "net.exe start spooler"), {})
	[answer.disposition, answer.severity, ids(answer)] == ["review", "low", ["unexplained"]]
}

test_missing_facts_are_told_once_and_sorted if {
	document := fixtures.without(fixtures.child("c:\\windows\\system32\\certutil.exe", "x"), "process", "command_line")
	answer := decision(object.union(document, {"missing": ["process.sha256", "process.command_line"]}), {})
	[answer.disposition, answer.missing] == ["review", ["process.command_line", "process.sha256"]]
}

test_microsofts_update_is_a_review_in_all_three_forms if {
	every tool, command_line in {
		"schtasks.exe": "schtasks.exe -create -tn microsoft\\windows\\rempl\\shell -xml shell.xml -f",
		"reg.exe": "reg.exe delete hklm\\software\\microsoft\\windows\\currentversion\\rempl\\shell /va /f /reg:64",
		"cmd.exe": "cmd.exe /c rd /s /q logs",
	} {
		decision(update(tool, command_line), approving).disposition == "review"
	}
}

test_whoever_copies_the_working_folder_alone_is_an_alert if {
	every tool, command_line in {
		"schtasks.exe": "schtasks.exe -create -tn microsoft\\windows\\rempl\\shell -tr c:\\windows\\temp\\x.exe -sc daily",
		"reg.exe": "reg.exe add hklm\\software\\microsoft\\windows\\currentversion\\run /d x",
		"windowspowershell\\v1.0\\powershell.exe": "powershell.exe -file shell.ps1",
		"cmd.exe": "cmd.exe /c shell.cmd",
	} {
		decision(update(tool, command_line), approving).disposition == "alert"
	}
}

update(tool, command_line) := object.union(
	fixtures.start(fixtures.process(concat("\\", ["c:\\windows\\system32", tool]), command_line, "descendant"), fixtures.service, [fixtures.services]),
	{"process": {"current_directory": "c:\\program files\\rempl\\"}},
)

test_install_that_a_tool_began_from_a_source_is_approved if {
	decision(fixtures.deployed, approving) == object.union(expected, {
		"disposition": "approved",
		"approval": {"entry": "orrery", "owner": "endpoint-engineering", "ticket": "chg-7", "matched": ["deployment_tool", "source"]},
	})
}

test_install_whose_approval_ran_out_is_expected_and_says_so if {
	later := object.union(fixtures.deployed, {"now": approving.installers.orrery.expires})
	decision(later, approving) == object.union(expected, {"near_misses": [{"entry": "orrery", "matched": [], "failed": ["expired"]}]})
}

test_approved_signal_is_told_and_stands_for_nothing if {
	answer := decision(fixtures.deployed_child, approving)
	[answer.disposition, answer.severity, answer.approval.entry, ids(answer), answer.near_misses] == ["approved", "informational", "orrery", ["unexpected_child"], []]
}

test_entry_does_not_turn_machinery_into_an_approval if {
	document := fixtures.start(fixtures.server, fixtures.client, [fixtures.tool, fixtures.services])
	decision(document, approving).disposition == "expected"
}

test_share_that_is_an_approved_source_is_approved_and_another_is_a_review if {
	share := {"kind": "unc", "name": "\\\\files\\deploy\\o.msi", "file": "o.msi", "folders": ["\\\\files\\deploy", "\\\\files"]}
	document := fixtures.start(fixtures.client_of(share), fixtures.tool, [fixtures.services])
	governed := fixtures.governed({
		"installers": {"orrery": {"deployment_tools": {"deploy": true}, "sources": {"share": true}}},
		"deployment_tools": fixtures.tools,
		"sources": {"share": {"folders": {"\\\\files\\deploy": true}}},
	})
	decision(document, governed).disposition == "approved"
	decision(document, {}).disposition == "review"
}

test_what_is_never_excusable_stands_and_the_entry_is_a_near_miss if {
	document := object.union(fixtures.deployed, {"process": {"msiexec": {"verb": "register", "package": fixtures.path_package("c:\\windows\\ccmcache\\1\\o.dll")}}})
	outside := object.union(document, {"process": {"msiexec": {"package": fixtures.path_package("d:\\share\\o.dll")}}})
	governed := fixtures.governed({
		"installers": {"orrery": {"deployment_tools": {"deploy": true}, "sources": {"share": true}}},
		"deployment_tools": fixtures.tools,
		"sources": {"share": {"folders": {"d:\\share": true}}},
	})
	answer := decision(outside, governed)
	[answer.disposition, answer.severity, ids(answer)] == ["review", "high", ["register_dll"]]
	answer.near_misses == [{"entry": "orrery", "matched": ["deployment_tool", "source"], "failed": ["not_excusable"]}]
	not answer.approval
}

test_deny_list_beats_the_approval if {
	governed := object.union(approving, fixtures.governed({"deny": {"bad": {"folder": {"c:\\windows\\ccmcache\\1": true}}}}))
	denying := object.union(governed, {"index": object.union(approving.index, {"deny": governed.index.deny})})
	answer := decision(fixtures.deployed, denying)
	[answer.disposition, ids(answer), answer.near_misses[0].failed] == ["alert", ["denied"], ["denied"]]
}

test_event_of_a_kind_that_no_signal_speaks_of_is_expected if {
	document := object.union(fixtures.child("d:\\x.exe", "x"), {"event": {"kind": "process_end", "id": 5}})
	decision(document, {}) == expected
}

by_signer := fixtures.governed({
	"installers": {"orrery": {"signers": {"orrery": true}, "deployment_tools": {"deploy": true}}},
	"deployment_tools": fixtures.tools,
	"signers": fixtures.signers,
})

unsigned_yet := fixtures.lacking(fixtures.deployed_child, ["image_load"], ["process.signer"])

signer_due := fixtures.received + 5000000000

test_alert_that_a_fact_still_to_come_would_excuse_is_a_review_until_it_is_due if {
	waiting := decision(unsigned_yet, by_signer)
	[waiting.disposition, waiting.severity, ids(waiting)] == ["review", "high", ["unexpected_child"]]
	waiting.pending == [{"fact": "process.signer", "due": signer_due}]
	waiting.near_misses == [{"entry": "orrery", "matched": ["deployment_tool"], "failed": ["signer"]}]
	over := decision(object.union(unsigned_yet, {"now": signer_due}), by_signer)
	[over.disposition, over.severity, over.pending] == ["alert", "high", []]
	come := decision(object.union(unsigned_yet, {"missing": [], "process": fixtures.signed}), by_signer)
	[come.disposition, come.pending] == ["approved", []]
	other := decision(object.union(unsigned_yet, {"missing": [], "process": {"signer": {"signed": false, "status": "expired"}}}), by_signer)
	[other.disposition, other.pending] == ["alert", []]
}

test_what_is_never_excusable_alerts_at_once if {
	denying := object.union(by_signer, {
		"deny": {"bad": object.union(fixtures.term, {"title": "bad"})},
		"index": {"deny": {"folder": {"d:\\stage": {"bad": true}}}},
	})
	answer := decision(unsigned_yet, denying)
	[answer.disposition, ids(answer), answer.pending] == ["alert", ["denied", "unexpected_child"], []]
}

test_what_is_expected_approved_or_a_review_waits_for_nothing if {
	every document in [
		fixtures.lacking(fixtures.deployed, ["image_load", "install"], ["process.signer", "session"]),
		fixtures.lacking(fixtures.start(fixtures.server, fixtures.service, [fixtures.services]), ["image_load", "install"], ["process.signer", "session"]),
		fixtures.lacking(fixtures.child("c:\\windows\\system32\\net.exe", "net.exe start spooler"), ["image_load", "install"], ["process.signer", "session"]),
	] {
		decision(document, by_signer).pending == []
	}
}

test_forged_record_does_not_make_an_attack_approved if {
	# While a package of alice's own installs by COM, she writes a 1040 that names an
	# approved package and the PID of the deployment tool.
	forged := object.union(fixtures.deployed_session, {"opened_by": "msiinstaller", "claimed": ["begin", "client", "launcher", "package", "user", "via"]})
	attack := fixtures.attributed(fixtures.child("d:\\stage\\loader.exe", "loader.exe"), forged, "sole")
	decision(attack, approving).disposition == "alert"
}

test_second_client_makes_an_approved_install_no_cover if {
	both := [fixtures.deployed_session, fixtures.own_session]
	attack := fixtures.child("d:\\stage\\loader.exe", "loader.exe")
	decision(fixtures.singled_out(attack, fixtures.deployed_session, both), approving).disposition == "alert"
	decision(fixtures.among(attack, both, ["clients"]), approving).disposition == "alert"
	unseen := fixtures.attributed(attack, fixtures.deployed_session, "sole")
	decision(unseen, approving).disposition == "alert"
}

test_mark_of_the_web_makes_an_approved_source_no_cover if {
	marked := object.union(fixtures.deployed_session, {"mark_of_the_web": true})
	decision(fixtures.attributed(fixtures.deployed_child, fixtures.deployed_session, "lineage"), approving).disposition == "approved"
	decision(fixtures.attributed(fixtures.deployed_child, marked, "lineage"), approving).disposition == "alert"
}

test_what_may_be_excused_waits_whatever_review_stands_beside_it if {
	excusable := {"disposition": "alert", "excusable": true}
	review := {"disposition": "review", "excusable": false}
	an0940.unexcusable with an0940.standing as [excusable, {"disposition": "alert", "excusable": false}]
	not an0940.unexcusable with an0940.standing as [excusable, review]
	not an0940.unexcusable with an0940.standing as [excusable]
}

test_facts_that_are_waited_for_are_told_in_the_order_of_their_names if {
	awaited := an0940.awaited with an0940.alarming as true with an0940.unexcusable as false with data.lib.pending.awaited as {"session": 2, "module.signer": 3, "process.signer": 1}
	awaited == [{"fact": "module.signer", "due": 3}, {"fact": "process.signer", "due": 1}, {"fact": "session", "due": 2}]
}

test_baseline_says_nothing_of_what_no_signal_speaks_of if {
	trusted := object.union(fixtures.load("c:\\windows\\installer\\msi1.tmp", fixtures.signed), {"lineage": fixtures.deployed_child.lineage})
	baseline := {"packages": {"orrery.msi": {"children": {"sha256:aa01": {"hosts": 3, "first_seen": 1, "last_seen": 2}}}}}
	data.lib.prevalence.record.hosts == 3 with input as trusted with data.baseline as baseline
	answer := an0940.decision with input as trusted with data.baseline as baseline
	answer == expected
}

test_start_that_an_entry_could_excuse_needs_no_excuse_unless_it_is_a_client if {
	console := fixtures.process("c:\\windows\\system32\\conhost.exe", "\\??\\c:\\windows\\system32\\conhost.exe 0x4", "descendant")
	document := fixtures.start(object.union(console, {"sha256": "aa09"}), fixtures.client, [fixtures.tool, fixtures.services])
	governed := fixtures.governed({
		"installers": {"orrery": {"sha256": {"aa09": true}, "deployment_tools": {"deploy": true}, "command_lines": {console.command_line: true}}},
		"deployment_tools": fixtures.tools,
	})
	data.lib.approvals.approval.entry == "orrery" with input as document with data.governance as governed
	decision(document, governed) == expected
}
