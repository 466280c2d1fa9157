package an0940.signals.hidden_launch_test

import data.an0940.signals.hidden_launch
import data.lib.fixtures_test as fixtures

line := "\"c:\\windows\\installer\\msi4a1f.tmp\" /dontwait /hidewindow /dir \"c:\\programdata\\orrery\\\" \"c:\\programdata\\orrery\\sync.exe\" -q"

launching(command_line) := fixtures.start(object.union(fixtures.extracted, {"command_line": command_line}), fixtures.service, [fixtures.services])

told(document) := [held.disposition, held.severity] if held := hidden_launch.held with input as document

test_payload_that_users_can_write_is_an_alert_in_either_context if {
	every document in [launching(line), fixtures.json_user(launching(line))] {
		held := hidden_launch.held with input as document
		held == {
			"id": "hidden_launch",
			"title": "Launcher from a package told to start a program out of sight",
			"severity": "high",
			"disposition": "alert",
			"excusable": true,
			"missing": [],
			"evidence": {
				"payload": "c:\\programdata\\orrery\\sync.exe",
				"process.image": fixtures.extracted.image,
				"process.command_line": line,
				"process.user": document.process.user,
				"parent.image": fixtures.service.image,
				"parent.command_line": fixtures.service.command_line,
			},
		}
	}
}

test_shell_is_an_alert_below_every_option_and_whatever_the_launcher_claims if {
	every option in ["/dontwait", "/hidewindow", "/runasadmin", "/enforcedrunasadmin", "/dir c:\\windows -hidewindow"] {
		document := launching(concat(" ", ["\"c:\\windows\\installer\\msi4a1f.tmp\"", option, "powershell.exe -nop -c ls"]))
		told(object.union(document, {"process": object.union(fixtures.vendor, {"signer": {"signed": true, "status": "valid"}})})) == ["alert", "high"]
	}
}

test_program_of_the_product_is_a_review if {
	told(launching("msi4a1f.tmp /dontwait \"c:\\program files\\orrery\\agent.exe\" -x")) == ["review", "medium"]
}

test_launcher_whose_payload_cannot_be_told_is_an_alert if {
	held := hidden_launch.held with input as launching("msi4a1f.tmp /dontwait")
	[held.disposition, held.evidence.payload] == ["alert", "not known"]
}

test_launcher_under_another_name_is_told if {
	told(fixtures.child("c:\\program files\\orrery\\start.exe", "start.exe /hidewindow cmd /c dir")) == ["alert", "high"]
}

test_other_command_lines_and_other_trees_are_not_told if {
	not told(launching("\"c:\\windows\\installer\\msi4a1f.tmp\" -install"))
	not told(fixtures.without(launching(line), "process", "command_line"))
	not told(fixtures.start(fixtures.process("d:\\start.exe", "start.exe /hidewindow cmd", ""), fixtures.explorer, []))
	not told(object.union(launching(line), {"event": {"kind": "process_end"}}))
}

test_word_of_a_path_or_of_what_is_started_is_no_option if {
	not told(launching("msi4a1f.tmp -install c:\\dontwait\\setup.inf"))
	not told(launching("msi4a1f.tmp -q \"c:\\program files\\orrery\\agent.exe\" -runasadmin"))
}
