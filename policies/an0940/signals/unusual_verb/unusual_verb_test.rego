package an0940.signals.unusual_verb_test

import data.an0940.signals.unusual_verb
import data.lib.fixtures_test as fixtures

cmd := "c:\\windows\\system32\\cmd.exe"

client_told(verb) := fixtures.msiexec(concat(" ", ["msiexec.exe", verb, "c:\\orrery.msi"]), "client", {"verb": verb})

# The document of an event in a session whose client was told the verb.
in_session(document, verb) := fixtures.attributed(
	document, {
		"client": client_told(verb), "claimed": [], "ambiguous": false, "doubts": [],
	},
	"sole",
)

told(document) := [held.disposition, held.severity] if held := unusual_verb.held with input as document

child_of(verb, image) := told(in_session(fixtures.child(image, "x"), verb))

test_shell_of_a_repair_is_an_alert_in_either_context if {
	every document in [fixtures.child(cmd, "cmd.exe"), fixtures.user_child(cmd, "cmd.exe")] {
		held := unusual_verb.held with input as in_session(document, "repair")
		held == {
			"id": "unusual_verb",
			"title": "Program started by a repair, a patch, or an install that runs none",
			"severity": "high",
			"disposition": "alert",
			"excusable": true,
			"missing": set(),
			"evidence": {
				"process.image": cmd,
				"process.command_line": "cmd.exe",
				"process.user": document.process.user,
				"parent.image": fixtures.server.image,
				"parent.command_line": fixtures.server.command_line,
				"verb": "repair",
			},
		}
	}
}

test_shell_or_script_host_is_an_alert_for_every_unusual_verb if {
	every verb in ["repair", "patch", "administrative", "advertise"] {
		child_of(verb, cmd) == ["alert", "high"]
		child_of(verb, "c:\\windows\\system32\\mshta.exe") == ["alert", "high"]
		child_of(verb, "d:\\stage\\x.exe") == ["alert", "high"]
		child_of(verb, "c:\\users\\public\\x.exe") == ["alert", "high"]
	}
}

test_verb_of_the_client_above_is_enough if {
	document := fixtures.start(fixtures.process(cmd, "cmd.exe", "descendant"), client_told("administrative"), [fixtures.explorer])
	told(document) == ["alert", "high"]
}

test_property_that_makes_a_repair_of_it_counts if {
	client := fixtures.msiexec("msiexec.exe", "client", {"verb": "install", "properties": {"reinstall": "all"}})
	document := fixtures.start(fixtures.process(cmd, "cmd.exe", "descendant"), client, [fixtures.explorer])
	held := unusual_verb.held with input as document
	[held.disposition, held.evidence.verb] == ["alert", "install, repair"]
}

test_install_that_needs_to_run_nothing_is_told_whatever_it_runs if {
	every verb in ["administrative", "advertise"] {
		child_of(verb, "c:\\windows\\system32\\net.exe") == ["alert", "high"]
		child_of(verb, "c:\\program files\\orrery\\agent.exe") == ["review", "medium"]
		told(in_session(fixtures.start(fixtures.extracted, fixtures.service, []), verb)) == ["alert", "high"]
		managed := fixtures.process("c:\\windows\\system32\\rundll32.exe", "x", "managed_custom_action")
		told(in_session(fixtures.start(managed, fixtures.server, []), verb)) == ["review", "medium"]
	}
}

test_repair_and_patch_run_programs_of_the_product if {
	every verb in ["repair", "patch"] {
		every image in ["c:\\program files\\orrery\\agent.exe", "c:\\windows\\system32\\net.exe"] {
			not child_of(verb, image)
		}
		not told(in_session(fixtures.start(fixtures.extracted, fixtures.service, []), verb))
		not told(in_session(fixtures.start(fixtures.client, fixtures.server, []), verb))
	}
}

test_shell_further_down_a_repair_is_a_review if {
	told(in_session(fixtures.grandchild(cmd, "cmd.exe /c ver"), "repair")) == ["review", "medium"]
	not told(in_session(fixtures.grandchild(cmd, "cmd.exe /c ver"), "patch"))
}

test_installshields_helper_in_its_exact_form_is_a_review if {
	image := "c:\\users\\alice\\appdata\\local\\temp\\{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}\\_is4a1f.exe"
	document := object.union(fixtures.child(image, "x"), {"process": {"original_file_name": "isbew64.exe", "company": "flexera"}})
	told(in_session(document, "patch")) == ["review", "medium"]
}

test_shell_without_a_command_line_is_a_review_that_says_what_is_missing if {
	held := unusual_verb.held with input as in_session(fixtures.without(fixtures.child(cmd, "x"), "process", "command_line"), "repair")
	[held.disposition, held.severity, held.missing] == ["review", "high", {"process.command_line"}]
}

test_one_of_several_candidates_makes_a_review if {
	candidates := [{"client": client_told("repair")}, {"client": client_told("install")}]
	held := unusual_verb.held with input as fixtures.among(fixtures.child(cmd, "cmd.exe"), candidates, ["clients"])
	[held.disposition, held.severity, held.evidence.verb] == ["review", "medium", "install, repair"]
}

test_installs_machinery_and_other_events_are_not_told if {
	every verb in ["install", "uninstall"] {
		not child_of(verb, cmd)
	}
	not told(fixtures.child(cmd, "cmd.exe"))
	not told(in_session(fixtures.start(fixtures.server, fixtures.service, []), "administrative"))
	not told(in_session(object.union(fixtures.child(cmd, "x"), {"event": {"kind": "process_end"}}), "repair"))
}

test_program_of_the_product_lacks_no_command_line if {
	document := in_session(fixtures.without(fixtures.child("d:\\stage\\x.exe", "x"), "process", "command_line"), "repair")
	held := unusual_verb.held with input as document
	[held.disposition, held.missing] == ["alert", set()]
}

test_program_further_down_an_unusual_install_is_not_told if {
	every verb in ["administrative", "advertise", "patch", "repair"] {
		not told(in_session(fixtures.grandchild("d:\\stage\\x.exe", "x"), verb))
		not told(in_session(fixtures.start(fixtures.process(cmd, "cmd.exe", ""), fixtures.explorer, []), verb))
	}
}

test_msiexec_and_extracted_programs_of_a_repair_have_signals_of_their_own if {
	every role in ["extracted", "descendant", ""] {
		not told(in_session(fixtures.start(object.union(fixtures.extracted, {"role": role}), fixtures.server, []), "repair"))
	}
	not told(in_session(fixtures.start(object.union(fixtures.client, {"image": "d:\\stage\\msiexec.exe"}), fixtures.server, []), "repair"))
}
