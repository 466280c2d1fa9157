package an0940.signals.root_certificate_test

import data.an0940.signals.root_certificate
import data.lib.fixtures_test as fixtures

key(store) := sprintf("hklm\\software\\microsoft\\systemcertificates\\%s\\certificates\\0563b8630d62d75abbc8ab1e4bdfb5a899b24d43\\blob", [store])

added(store) := fixtures.wrote(fixtures.helper, key(store), "binary data")

test_root_certificate_of_a_tree_is_an_alert if {
	held := root_certificate.held with input as added("root")
	held == {
		"id": "root_certificate",
		"title": "Root certificate added by an installer's tree",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.image": fixtures.helper.image,
			"process.command_line": fixtures.helper.command_line,
			"process.user": fixtures.helper.user,
			"event.registry.key": key("root"),
			"event.registry.value": "binary data",
		},
	}
	every store in ["authroot", "trustedpublisher"] {
		root_certificate.held with input as added(store)
	}
}

test_other_stores_removals_and_strangers_are_not_told if {
	not root_certificate.held with input as added("my")
	not root_certificate.held with input as object.union(added("root"), {"event": {"registry": {"operation": "deletekey"}}})
	not root_certificate.held with input as object.union(added("root"), {"process": {"role": ""}})
}
