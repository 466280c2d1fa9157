package lib.context_test

import data.lib.context
import data.lib.fixtures_test as fixtures

alert := {"id": "x", "severity": "high", "disposition": "alert", "evidence": {"process.image": "x"}}

powershell := "c:\\windows\\system32\\windowspowershell\\v1.0\\powershell.exe"

cmd := "c:\\windows\\system32\\cmd.exe"

told(document) := signal if {
	signal := context.told(alert) with input as document
}

raised(document, reason) if {
	signal := told(document)
	signal == object.union(alert, {"severity": "critical", "evidence": {"context": reason}})
}

plain := fixtures.child(cmd, "cmd.exe /c ver")

below(wanted) := fixtures.start(fixtures.process(cmd, "cmd.exe /c ver", "descendant"), fixtures.server, [fixtures.client_of(wanted)])

dav := "\\\\files.orrery.example@ssl\\pub\\o.msi"

web := {"kind": "unc", "name": dav, "file": "o.msi", "folders": fixtures.folders(dav)}

test_nothing_around_it_leaves_a_signal_as_it_is if {
	told(plain) == alert
	told(below(fixtures.path_package("d:\\stage\\o.msi"))) == alert
	told(fixtures.child(powershell, "powershell.exe -executionpolicy bypass -file d:\\stage\\k.ps1")) == alert
	told(fixtures.child("c:\\windows\\system32\\schtasks.exe", "schtasks.exe /create /tn x /tr \"c:\\program files\\orrery\\o.exe\"")) == alert
}

test_package_from_the_web_raises_what_its_tree_does if {
	every wanted in [fixtures.url_package, web] {
		raised(below(wanted), "the package came from the web")
	}
	session := object.union(fixtures.session_of(fixtures.client_of(fixtures.url_package), [fixtures.explorer]), {"quiet": ""})
	raised(fixtures.attributed(plain, session, "lineage"), "the package came from the web")
}

test_web_server_that_governance_lists_does_not_raise if {
	governed := fixtures.governed({"sources": {"site": {"folders": {"https://files.orrery.example": true}}}})
	signal := context.told(alert) with input as below(fixtures.url_package) with data.governance as governed
	signal == alert
}

test_script_that_is_fetched_or_encoded_raises_in_either_context if {
	every command_line in [
		"powershell.exe -nop -c iex(new-object net.webclient)",
		"powershell.exe -nop -enc aqblahga",
		"powershell.exe /e aqblahga",
		"powershell.exe -ec aqblahga",
		"powershell.exe irm https://files.orrery.example/s",
	] {
		raised(fixtures.child(powershell, command_line), "the script is fetched or encoded")
		raised(fixtures.user_child(powershell, command_line), "the script is fetched or encoded")
	}
	raised(fixtures.child("c:\\windows\\system32\\mshta.exe", "mshta.exe javascript:close()"), "the script is fetched or encoded")
}

test_renamed_interpreter_is_one if {
	document := object.union(fixtures.child("d:\\stage\\k.exe", "k.exe -enc aqblahga"), {"process": {"original_file_name": "powershell.exe"}})
	raised(document, "the script is fetched or encoded")
}

test_only_an_interpreter_is_raised_by_its_text if {
	told(fixtures.child("d:\\stage\\k.exe", "k.exe -enc https://files.orrery.example")) == alert
}

test_touching_what_watches_over_the_host_raises if {
	raised(fixtures.child("c:\\windows\\system32\\net.exe", "net.exe stop windefend"), "it touches what watches over the host")
	raised(fixtures.child(powershell, "powershell.exe set-mppreference -x 1"), "it touches what watches over the host")
	raised(fixtures.child(cmd, "cmd.exe /c sc stop sysmon64"), "it touches what watches over the host")
	told(fixtures.child(cmd, "cmd.exe /c type d:\\sysmon.txt")) == alert
}

test_lasting_of_what_lies_where_payloads_run_from_raises if {
	reason := "it starts again by itself, from where payloads run from"
	raised(fixtures.child("c:\\windows\\system32\\schtasks.exe", "schtasks.exe /create /tn x /tr c:\\users\\public\\k.exe"), reason)
	raised(fixtures.child(cmd, "cmd.exe /c schtasks /create /tn x /tr c:\\users\\public\\k.exe"), reason)
	raised(fixtures.child(powershell, "powershell.exe new-service -name x -binarypathname c:\\users\\public\\k.exe"), reason)
	told(fixtures.child(cmd, "cmd.exe /c schtasks /query /tn c:\\users\\public\\k.exe")) == alert
}

test_lasting_of_what_is_fetched_raises if {
	document := fixtures.child("c:\\windows\\system32\\schtasks.exe", "schtasks.exe /create /tn x /tr \"k https://files.orrery.example/k\"")
	raised(document, "it starts again by itself, from the web")
}

test_unsigned_program_that_the_tree_wrote_raises if {
	document := object.union(
		fixtures.written_by(fixtures.child("d:\\stage\\k.exe", "k.exe"), "process", fixtures.server),
		{"process": {"signer": {"signed": false, "status": "unsigned"}}},
	)
	raised(document, "the installer's tree wrote the program, and its signature does not hold")
	told(object.union(document, {"process": fixtures.signed})) == alert
	told(fixtures.written_by(fixtures.child("d:\\stage\\k.exe", "k.exe"), "process", fixtures.server)) == alert
}

test_several_reasons_are_all_told if {
	signal := told(object.union(below(fixtures.url_package), {"process": {"command_line": "cmd.exe /c net stop sense"}}))
	signal.evidence.context == "it touches what watches over the host; the package came from the web"
}

test_only_high_alerts_about_started_programs_are_raised if {
	document := below(fixtures.url_package)
	every changed in [{"disposition": "review"}, {"severity": "medium"}, {"severity": "critical"}] {
		held := object.union(alert, changed)
		signal := context.told(held) with input as document
		signal == held
	}
	told(fixtures.start(fixtures.client_of(fixtures.url_package), fixtures.explorer, [fixtures.client_of(fixtures.url_package)])) == alert
	told(object.union(document, {"event": {"kind": "image_load"}})) == alert
}

test_quiet_install_is_shown_with_a_signal_and_raises_nothing if {
	signal := told(fixtures.attributed(plain, fixtures.deployed_session, "lineage"))
	signal == object.union(alert, {"evidence": {"session.quiet": "none"}})
	held := context.told(object.union(alert, {"disposition": "review"})) with input as fixtures.attributed(plain, fixtures.deployed_session, "lineage")
	held.evidence["session.quiet"] == "none"
}

test_client_whose_own_words_say_it_shows_no_session if {
	told(fixtures.attributed(fixtures.deployed, fixtures.deployed_session, "lineage")) == alert
}
