# Row 29: a burst of 1035 is an inventory by Win32_Product. Its records are the
# installer's own doing; what belongs to it is judged as anywhere else.
package an0940.inventory_test

import data.an0940
import data.lib.fixtures_test as fixtures

inventory := {
	"opened_by": "msiinstaller",
	"inventory": true,
	"products": [{"name": "orrery suite", "action": "reconfigured"}, {"name": "quill editor", "action": "reconfigured"}],
	"outcome": "success",
	"claimed": ["begin", "end", "outcome", "products"],
	"ambiguous": false,
	"doubts": [],
}

within(document, attribution) := fixtures.attributed(document, inventory, attribution)

reconfigured := object.union(fixtures.base, {"event": {
	"kind": "install",
	"id": 1035,
	"provider": "msiinstaller",
	"time": fixtures.base.now,
	"mangled": [],
	"install": {"product": "orrery suite", "status": "0", "manufacturer": "orrery ltd"},
}})

test_record_of_an_inventory_is_expected if {
	decision := an0940.decision with input as within(reconfigured, "record")
	[decision.disposition, decision.severity, decision.signals] == ["expected", "informational", []]
}

test_transaction_on_an_installed_product_within_it_is_expected if {
	document := within(fixtures.record({"kind": "product_code", "name": "{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}"}), "record")
	an0940.decision.disposition == "expected" with input as document
}

test_child_within_it_is_judged_as_anywhere_else_in_either_context if {
	cmd := "c:\\windows\\system32\\cmd.exe"
	every document in [fixtures.child(cmd, "cmd /c dir"), fixtures.user_child(cmd, "cmd /c dir")] {
		decision := an0940.decision with input as within(document, "sole")
		decision.disposition == "alert"
		[signal.id | some signal in decision.signals] == ["shell_child"]
	}
}

test_package_from_a_url_within_it_is_an_alert if {
	an0940.decision.disposition == "alert" with input as within(fixtures.record(fixtures.url_package), "record")
}
