package an0940.signals.nested_package_test

import data.an0940.signals.nested_package
import data.lib.fixtures_test as fixtures

below(client) := fixtures.start(client, fixtures.server, [fixtures.service, fixtures.services])

nested(named) := below(fixtures.client_of(named))

told(document) := [held.disposition, held.severity] if {
	held := nested_package.held with input as document
}

test_nested_package_from_the_web_is_an_alert if {
	held := nested_package.held with input as nested(fixtures.url_package)
	held == {
		"id": "nested_package",
		"title": "Package installed by another package",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.image": fixtures.client.image,
			"process.command_line": "msiexec.exe /i https://files.orrery.example/tool /qn",
			"process.user": "nt authority\\system",
			"parent.image": fixtures.server.image,
			"parent.command_line": fixtures.server.command_line,
			"package": fixtures.url_package.name,
		},
	}
	told(nested({"kind": "unc", "name": "\\\\files.orrery.example@ssl\\x\\o.msi", "folders": []})) == ["alert", "high"]
}

test_nested_package_that_users_or_the_tree_wrote_is_a_review if {
	told(nested(fixtures.path_package("c:\\users\\alice\\appdata\\local\\temp\\part.msi"))) == ["review", "medium"]
	document := object.union(nested(fixtures.path_package("d:\\stage\\part.msi")), {"session": {"package_file": {"writer": {"role": "descendant", "image": "d:\\stage\\x.exe"}}}})
	told(document) == ["review", "medium"]
	held := nested_package.held with input as document
	held.evidence["written.by"] == "d:\\stage\\x.exe"
}

test_any_other_nested_package_is_a_review_at_low_severity if {
	told(nested(fixtures.path_package("c:\\program files\\orrery\\part.msi"))) == ["review", "low"]
}

test_products_by_code_wrappers_and_ordinary_clients_are_not_told if {
	not nested_package.held with input as nested({"kind": "product_code", "name": "{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}"})
	wrapper := object.union(fixtures.process("d:\\stage\\setup.exe", "setup.exe", "wrapper"), {})
	not nested_package.held with input as fixtures.start(fixtures.client, wrapper, [fixtures.explorer])
	not nested_package.held with input as fixtures.start(fixtures.client, fixtures.explorer, [])
}

test_package_that_somebody_outside_the_tree_wrote_is_a_review_at_low_severity if {
	document := object.union(nested(fixtures.path_package("d:\\stage\\part.msi")), {"session": {"package_file": {"writer": {"role": "", "image": "d:\\stage\\x.exe"}}}})
	told(document) == ["review", "low"]
}

test_only_the_start_of_a_client_installs if {
	document := nested(fixtures.url_package)
	not told(object.union(document, {"event": {"kind": "process_end"}}))
	not told(object.union(document, {"process": {"role": "descendant"}}))
}
