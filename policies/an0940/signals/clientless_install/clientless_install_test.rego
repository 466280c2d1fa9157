package an0940.signals.clientless_install_test

import data.an0940.signals.clientless_install
import data.lib.fixtures_test as fixtures

share := {"kind": "unc", "name": "\\\\files.orrery.example\\s\\orrery.msi", "file": "orrery.msi", "folders": ["\\\\files.orrery.example\\s"]}

local := fixtures.path_package("c:\\programdata\\orrery\\orrery.msi")

wmi := fixtures.process("c:\\windows\\system32\\wbem\\wmiprvse.exe", "wmiprvse.exe -secured -embedding", "")

program(image) := fixtures.process(image, "x", "")

by(process, wanted) := object.union(fixtures.record(wanted), {"process": process})

told(document) := [held.disposition, held.severity] if held := clientless_install.held with input as document

test_package_on_a_share_through_wmi_is_an_alert_in_either_context if {
	every user in ["nt authority\\network service", "corp\\alice"] {
		held := clientless_install.held with input as by(object.union(wmi, {"user": user}), share)
		held == {
			"id": "clientless_install",
			"title": "Install asked for through WMI or COM, with no command line",
			"severity": "high",
			"disposition": "alert",
			"excusable": false,
			"missing": [],
			"evidence": {
				"process.image": wmi.image,
				"process.command_line": wmi.command_line,
				"process.user": user,
				"event.install.package.name": share.name,
				"package": share.name,
			},
		}
	}
}

test_script_that_installs_from_afar_is_an_alert_whatever_it_is_called if {
	every wanted in [share, fixtures.url_package] {
		every image in ["c:\\windows\\system32\\wscript.exe", "c:\\windows\\syswow64\\windowspowershell\\v1.0\\powershell.exe", "d:\\stage\\wmiprvse.exe"] {
			told(by(program(image), wanted)) == ["alert", "high"]
		}
		told(by(object.union(program("d:\\stage\\x.exe"), {"original_file_name": "cscript.exe"}), wanted)) == ["alert", "high"]
	}
}

test_package_on_a_drive_through_wmi_or_a_script_is_a_review if {
	told(by(wmi, local)) == ["review", "medium"]
	told(by(program("c:\\windows\\system32\\mshta.exe"), local)) == ["review", "medium"]
}

test_package_on_a_share_through_another_program_is_a_review if {
	told(by(program("c:\\program files\\orrery\\agent.exe"), share)) == ["review", "medium"]
	told(by(program("d:\\stage\\svchost.exe"), share)) == ["review", "medium"]
}

test_unknown_client_is_a_review_that_says_what_is_missing if {
	held := clientless_install.held with input as fixtures.record(share)
	[held.disposition, held.severity, held.missing] == ["review", "low", ["process.image"]]
	not told(fixtures.record(local))
}

test_group_policy_and_programs_that_install_from_a_drive_are_not_told if {
	every image in ["c:\\windows\\system32\\svchost.exe", "c:\\windows\\system32\\winlogon.exe"] {
		not told(by(program(image), share))
		told(by(program(image), fixtures.url_package)) == ["review", "medium"]
	}
	not told(by(program("c:\\windows\\ccm\\ccmexec.exe"), local))
}

test_installed_products_inventories_and_clients_are_not_told if {
	not told(by(wmi, {"kind": "product_code", "name": "{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}"}))
	not told(object.union(by(wmi, local), {"session": {"inventory": true}}))
	not told(by(fixtures.client, share))
	not told(fixtures.start(wmi, fixtures.services, []))
}
