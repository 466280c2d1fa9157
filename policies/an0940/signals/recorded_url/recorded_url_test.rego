package an0940.signals.recorded_url_test

import data.an0940.signals.recorded_url
import data.lib.fixtures_test as fixtures

wmi := fixtures.process("c:\\windows\\system32\\wbem\\wmiprvse.exe", "wmiprvse.exe -secured -embedding", "")

by(process) := object.union(fixtures.record(fixtures.url_package), {"process": process})

test_url_with_no_msiexec_for_a_client_is_a_critical_alert_in_either_context if {
	every user in ["nt authority\\network service", "corp\\alice"] {
		held := recorded_url.held with input as by(object.union(wmi, {"user": user}))
		held == {
			"id": "recorded_url",
			"title": "Package from a URL by MsiInstaller's own record",
			"severity": "critical",
			"disposition": "alert",
			"excusable": true,
			"missing": [],
			"evidence": {
				"process.image": wmi.image,
				"process.command_line": wmi.command_line,
				"process.user": user,
				"event.install.package.name": fixtures.url_package.name,
				"package": fixtures.url_package.name,
			},
		}
	}
}

test_ending_of_the_name_does_not_matter if {
	every ending in ["", ".msi", ".png", "?x=1"] {
		url := concat("", ["http://203.0.113.9/tool", ending])
		recorded_url.held with input as fixtures.record({"kind": "url", "name": url, "file": "tool", "folders": []})
	}
}

test_url_that_a_msiexec_client_asked_for_is_an_alert_at_high_severity if {
	held := recorded_url.held with input as by(fixtures.client)
	[held.severity, held.disposition] == ["high", "alert"]
	recorded_url.held.severity == "critical" with input as by(object.union(fixtures.client, {"image": "c:\\users\\public\\msiexec.exe"}))
}

test_unknown_client_is_named_as_missing if {
	held := recorded_url.held with input as fixtures.record(fixtures.url_package)
	[held.severity, held.disposition, held.missing] == ["high", "alert", ["process.image"]]
}

test_other_packages_and_other_events_are_not_told if {
	not recorded_url.held with input as fixtures.record(fixtures.path_package("c:\\windows\\ccmcache\\1\\orrery.msi"))
	not recorded_url.held with input as fixtures.record({"kind": "product_code", "name": "{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}"})
	not recorded_url.held with input as fixtures.start(fixtures.client_of(fixtures.url_package), fixtures.explorer, [])
}
