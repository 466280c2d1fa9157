package an0940.signals.security_tooling_test

import data.an0940.signals.security_tooling
import data.lib.fixtures_test as fixtures

defender := "hklm\\software\\policies\\microsoft\\windows defender"

zero := "dword (0x00000000)"

one := "dword (0x00000001)"

wrote(key, value) := fixtures.wrote(fixtures.helper, key, value)

told(document) := [held.disposition, held.severity, held.excusable, held.evidence.behaviour] if {
	held := security_tooling.held with input as document
}

test_defender_switched_off_is_critical_and_never_excused if {
	key := concat("", [defender, "\\real-time protection\\disablerealtimemonitoring"])
	held := security_tooling.held with input as wrote(key, one)
	held == {
		"id": "security_tooling",
		"title": "Security tooling weakened by an installer's tree",
		"severity": "critical",
		"disposition": "alert",
		"excusable": false,
		"missing": [],
		"evidence": {
			"process.image": fixtures.helper.image,
			"process.command_line": fixtures.helper.command_line,
			"process.user": fixtures.helper.user,
			"event.registry.key": key,
			"event.registry.value": one,
			"behaviour": "switches Windows Defender off",
		},
	}
	unknown := object.union(object.remove(wrote(key, one), ["event"]), {"event": object.union(fixtures.event("registry", 13), {"registry": {"operation": "setvalue", "key": key}})})
	told(unknown)[0] == "alert"
	not security_tooling.held with input as wrote(key, zero)
}

test_what_else_is_switched_off if {
	every key, what in {
		"hklm\\software\\microsoft\\windows defender\\features\\tamperprotection": "switches tamper protection off",
		"hklm\\software\\policies\\microsoft\\windows\\powershell\\scriptblocklogging\\enablescriptblocklogging": "switches the logging of PowerShell off",
		"hklm\\software\\microsoft\\windows\\currentversion\\winevt\\channels\\microsoft-windows-sysmon/operational\\enabled": "switches an event log off",
	} {
		told(wrote(key, zero)) == ["alert", "critical", false, what]
		not security_tooling.held with input as wrote(key, one)
	}
	told(wrote("hklm\\system\\currentcontrolset\\services\\sysmon64\\start", "dword (0x00000004)"))[3] == "disables what watches over the host"
	not security_tooling.held with input as wrote("hklm\\system\\currentcontrolset\\services\\orrery\\start", "dword (0x00000004)")
	gone := object.union(wrote("hklm\\software\\microsoft\\amsi\\providers\\{1}", ""), {"event": {"registry": {"operation": "deletekey"}}})
	told(gone)[3] == "takes a scanner of scripts away"
}

test_exclusion_is_an_alert_and_of_a_protected_folder_a_review if {
	exclusions := "hklm\\software\\microsoft\\windows defender\\exclusions"
	told(wrote(concat("", [exclusions, "\\paths\\c:\\users\\public"]), zero)) == ["alert", "high", true, "takes something out of the scan"]
	told(wrote(concat("", [exclusions, "\\extensions\\exe"]), zero))[0] == "alert"
	told(wrote(concat("", [exclusions, "\\paths\\c:\\program files\\orrery"]), zero)) == ["review", "medium", true, "takes a protected folder out of the scan"]
	every path in ["c:\\", "c:\\windows", "c:\\windows\\temp", "c:\\program files\\..\\users"] {
		told(wrote(concat("\\", [exclusions, "paths", path]), zero))[0] == "alert"
	}
	removed := object.union(wrote(concat("", [exclusions, "\\paths\\c:\\x"]), zero), {"event": {"registry": {"operation": "deletevalue"}}})
	not security_tooling.held with input as removed
	made := object.union(removed, {"event": {"registry": {"operation": "createkey"}}})
	not security_tooling.held with input as made
}

test_strangers_are_not_told if {
	document := object.union(wrote(concat("", [defender, "\\disableantispyware"]), one), {"process": {"role": ""}})
	not security_tooling.held with input as document
}

test_values_of_the_same_name_elsewhere_and_neighbours_switch_nothing_off if {
	every key, value in {
		"hklm\\software\\orrery\\disableantispyware": one,
		"hklm\\software\\microsoft\\amsi\\providers\\{1}": "orrery",
		"hklm\\software\\orrery\\enablescriptblocklogging": zero,
		"hklm\\software\\policies\\microsoft\\windows\\powershell\\scriptblocklogging\\enablescriptblockinvocationlogging": zero,
		"hklm\\software\\microsoft\\windows\\currentversion\\winevt\\channels\\orrery/operational\\enabled": zero,
		"hklm\\software\\microsoft\\windows\\currentversion\\winevt\\channels\\microsoft-windows-sysmon/operational\\maxsize": zero,
		"hklm\\system\\currentcontrolset\\services\\sysmon64\\errorcontrol": "dword (0x00000004)",
		"hklm\\system\\currentcontrolset\\services\\sysmon64\\start": "dword (0x00000002)",
	} {
		not security_tooling.held with input as wrote(key, value)
	}
}

test_exclusion_of_which_nobody_says_whether_it_was_set_is_an_alert if {
	document := wrote("hklm\\software\\microsoft\\windows defender\\exclusions\\paths\\c:\\users\\public", zero)
	told(json.remove(document, ["/event/registry/operation"]))[0] == "alert"
}

test_exclusion_of_a_protected_folder_that_is_taken_back_is_not_told if {
	document := wrote("hklm\\software\\microsoft\\windows defender\\exclusions\\paths\\c:\\program files\\orrery", zero)
	every operation in ["deletevalue", "deletekey"] {
		not security_tooling.held with input as object.union(document, {"event": {"registry": {"operation": operation}}})
	}
}
