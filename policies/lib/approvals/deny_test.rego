package lib.approvals_test

import data.lib.approvals
import data.lib.fixtures_test as fixtures

denials(document, entry) := ids if {
	ids := approvals.denials with input as document with data.governance as fixtures.governed({"deny": {"bad": entry}})
}

test_every_fact_of_the_deny_list_is_looked_up if {
	child := object.union(fixtures.deployed_child, {"process": {"signer": {"signed": true, "subject": "orrery ltd", "thumbprint": "ab12"}}})
	every entry in [
		{"sha256": {"aa02": true}},
		{"sha1": {"bb02": true}},
		{"signer_subject": {"orrery ltd": true}},
		{"thumbprint": {"ab12": true}},
		{"image": {"d:\\stage\\loader.exe": true}},
		{"folder": {"d:\\stage": true}},
		{"folder": {"c:\\windows\\ccmcache\\1": true}},
	] {
		denials(child, entry) == {"bad"}
		denials(fixtures.child("c:\\program files\\orrery\\o.exe", "x"), entry) == set()
	}
}

test_modules_are_looked_up_by_path if {
	document := fixtures.load("c:\\windows\\installer\\msi90c3.tmp", {})
	denials(document, {"image": {"c:\\windows\\installer\\msi90c3.tmp": true}}) == {"bad"}
}

test_packages_are_looked_up_by_product_code_and_host if {
	code := {"kind": "product_code", "name": "{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}"}
	denials(fixtures.record(code), {"product_code": {code.name: true}}) == {"bad"}
	host := {"url_host": {"files.orrery.example": true}}
	every url in [
		"https://files.orrery.example/tool",
		"http://files.orrery.example:8080/tool",
		"https://alice:x@files.orrery.example/tool",
		"https:\\\\files.orrery.example\\tool",
	] {
		denials(fixtures.record(object.union(fixtures.url_package, {"name": url})), host) == {"bad"}
	}
	denials(fixtures.record(object.union(fixtures.url_package, {"name": "https://files.orrery.example.org/tool"})), host) == set()
	patched := object.union(fixtures.client, {"msiexec": {"patches": [fixtures.url_package]}})
	denials(fixtures.start(patched, fixtures.explorer, []), host) == {"bad"}
}

test_denial_counts_from_created_until_it_expires_if_ever if {
	entry := {"sha256": {"aa02": true}}
	denials(fixtures.deployed_child, object.union(entry, fixtures.over)) == set()
	denials(fixtures.deployed_child, object.union(entry, {"created": 1850000000000000000})) == set()
	lasting := object.remove(object.union(fixtures.term, entry), ["expires"])
	governed := object.union(fixtures.governed({"deny": {"bad": entry}}), {"deny": null})
	ids := approvals.denials with input as fixtures.deployed_child with data.governance as object.union(object.remove(governed, ["deny"]), {"deny": {"bad": lasting}})
	ids == {"bad"}
}

test_patches_and_second_packages_are_looked_up_too if {
	ours := fixtures.path_package("c:\\windows\\ccmcache\\1\\orrery.msi")
	bad := fixtures.path_package("d:\\stage\\other.msi")
	every more in [{"patches": [bad]}, {"others": [bad]}] {
		asked := fixtures.msiexec("msiexec /i", "client", object.union({"verb": "install", "package": ours}, more))
		denials(fixtures.start(asked, fixtures.explorer, []), {"folder": {"d:\\stage": true}}) == {"bad"}
	}
}

test_what_the_author_chose_may_deny if {
	document := object.union(fixtures.deployed_child, {"process": fixtures.vendor})
	every entry in [
		{"file_name": {"loader.exe": true}},
		{"original_file_name": {"orrerysetup.exe": true}},
		{"product": {"orrery suite": true}},
		{"company": {"orrery ltd": true}},
		{"package_name": {"orrery.msi": true}},
	] {
		denials(document, entry) == {"bad"}
		denials(fixtures.child("c:\\program files\\orrery\\o.exe", "x"), entry) == set()
	}
	product := {"products": [{"code": "{c0de}", "action": "installed"}]}
	told := fixtures.attributed(fixtures.deployed_child, object.union(fixtures.deployed_session, product), "lineage")
	denials(told, {"product_code": {"{c0de}": true}}) == {"bad"}
	record := object.union(fixtures.record(fixtures.path_package("d:\\o.msi")), {"event": {"install": {"product_code": "{c0de}"}}})
	denials(record, {"product_code": {"{c0de}": true}}) == {"bad"}
}

# Deny entries that name a tool or a source of the governance data.
referring(entry) := fixtures.governed({"deny": {"bad": entry}, "deployment_tools": fixtures.tools, "sources": fixtures.sources})

test_tool_is_denied_by_its_path_whoever_started_it if {
	denied := referring({"deployment_tool": {"deploy": true}})
	served := fixtures.attributed(fixtures.child("d:\\stage\\x.exe", "x"), fixtures.deployed_session, "sole")
	own := fixtures.attributed(fixtures.record(fixtures.url_package), object.union(fixtures.session_of(fixtures.client, []), {"client": fixtures.tool}), "record")
	every document in [fixtures.deployed, fixtures.start(fixtures.client, fixtures.tool, [fixtures.explorer]), served, own] {
		ids := approvals.denials with input as document with data.governance as denied
		ids == {"bad"}
	}
	ids := approvals.denials with input as fixtures.start(fixtures.client, fixtures.explorer, []) with data.governance as denied
	ids == set()
}

test_source_is_denied_by_the_packages_that_lie_there if {
	denied := referring({"source": {"cache": true}})
	ids := approvals.denials with input as fixtures.deployed with data.governance as denied
	ids == {"bad"}
	elsewhere_ids := approvals.denials with input as fixtures.start(elsewhere, fixtures.tool, []) with data.governance as denied
	elsewhere_ids == set()
}

test_denial_counts_from_created_until_before_it_expires if {
	every now, count_of in {4: 0, 5: 1, 6: 0} {
		found := approvals.denials with approvals.denied as {"bad": true} with data.governance.deny as {"bad": {"created": 5, "expires": 6}} with input as {"now": now}
		count(found) == count_of
	}
}
