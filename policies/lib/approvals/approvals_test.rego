package lib.approvals_test

import data.lib.approvals
import data.lib.fixtures_test as fixtures

tool_and_source := {"orrery": {"deployment_tools": {"deploy": true}, "sources": {"cache": true}}}

hash_and_tool := {"orrery": {"sha256": {"aa02": true}, "deployment_tools": {"deploy": true}}}

governance(installers) := fixtures.governed({
	"installers": installers,
	"deployment_tools": fixtures.tools,
	"sources": fixtures.sources,
	"signers": fixtures.signers,
})

with_part(installers, part, entries) := fixtures.governed(object.union(
	{"installers": installers, "deployment_tools": fixtures.tools, "sources": fixtures.sources, "signers": fixtures.signers},
	{part: entries},
))

approval(document, governed) := entry if {
	entry := approvals.approval with input as document with data.governance as governed
}

near(document, governed) := misses if {
	misses := approvals.near_misses with input as document with data.governance as governed
}

entry_of(matched) := {"entry": "orrery", "owner": "endpoint-engineering", "ticket": "", "matched": matched}

miss_of(matched, failed) := [{"entry": "orrery", "matched": matched, "failed": failed}]

test_client_that_a_tool_started_on_a_package_of_a_source_is_approved if {
	approval(fixtures.deployed, governance(tool_and_source)) == entry_of(["deployment_tool", "source"])
	near(fixtures.deployed, governance(tool_and_source)) == []
}

test_ticket_is_told if {
	governed := governance(object.union(tool_and_source, {"orrery": {"ticket": "chg-7"}}))
	approval(fixtures.deployed, governed).ticket == "chg-7"
}

test_without_governance_data_nothing_is_approved_and_nothing_fails if {
	not approval(fixtures.deployed, {})
	near(fixtures.deployed, {}) == []
	not approvals.approval with input as fixtures.deployed
}

test_tool_that_its_service_did_not_start_is_no_tool if {
	document := fixtures.start(fixtures.client, fixtures.tool, [fixtures.explorer])
	not approval(document, governance(tool_and_source))
	near(document, governance(tool_and_source)) == miss_of(["source"], ["deployment_tool"])
}

test_tool_that_no_service_starts_need_not_be if {
	governed := with_part(tool_and_source, "deployment_tools", {"deploy": {"images": {fixtures.tool_image: true}, "started_by_service": false}})
	approval(fixtures.start(fixtures.client, fixtures.tool, [fixtures.explorer]), governed) == entry_of(["deployment_tool", "source"])
}

test_tool_further_up_counts_and_one_below_the_client_does_not if {
	shell := fixtures.process("c:\\windows\\system32\\cmd.exe", "cmd /c install.cmd", "")
	approval(fixtures.start(fixtures.client, shell, [fixtures.tool, fixtures.services]), governance(tool_and_source))
	below := fixtures.start(fixtures.process("d:\\x.exe", "x", "descendant"), fixtures.tool, [fixtures.services, fixtures.client, fixtures.explorer])
	not approval(below, governance(tool_and_source))
}

test_tool_of_the_same_name_elsewhere_is_no_tool if {
	document := fixtures.start(fixtures.client, fixtures.process("c:\\users\\public\\agent.exe", "agent.exe", ""), [fixtures.services])
	not approval(document, governance(tool_and_source))
}

test_package_outside_the_source_or_climbing_out_of_it_is_no_source if {
	every path in ["c:\\windows\\temp\\o.msi", "c:\\windows\\ccmcache\\..\\temp\\o.msi"] {
		document := fixtures.start(fixtures.client_of(fixtures.path_package(path)), fixtures.tool, [fixtures.services])
		near(document, governance(tool_and_source)) == miss_of(["deployment_tool"], ["source"])
	}
}

test_client_that_is_not_windows_own_msiexec_has_no_approving_fact if {
	document := fixtures.start(object.union(fixtures.client, {"image": "c:\\users\\public\\msiexec.exe"}), fixtures.tool, [fixtures.services])
	not approval(document, governance(tool_and_source))
}

test_hash_with_a_tool_is_approved_and_a_hash_alone_is_a_near_miss if {
	approval(fixtures.deployed_child, governance(hash_and_tool)) == entry_of(["deployment_tool", "sha256"])
	alone := object.union(fixtures.child("d:\\stage\\loader.exe", "x"), {"process": {"sha256": "aa02"}})
	not approval(alone, governance(hash_and_tool))
	near(alone, governance(hash_and_tool)) == miss_of(["sha256"], ["deployment_tool"])
}

test_sha1_counts_beside_a_situational_fact_only if {
	installers := {"orrery": {"sha1": {"bb02": true}, "deployment_tools": {"deploy": true}}}
	approval(fixtures.deployed_child, governance(installers)) == entry_of(["deployment_tool", "sha1"])
	not approval(object.union(fixtures.child("d:\\x.exe", "x"), {"process": {"sha1": "bb02"}}), governance(installers))
}

test_verified_signer_with_a_tool_is_approved if {
	installers := {"orrery": {"signers": {"orrery": true}, "deployment_tools": {"deploy": true}}}
	every signer in [
		{},
		{"issuer": "orrery ca"},
		{"thumbprint": "ab12"},
		{"status": "trusted"},
	] {
		document := object.union(fixtures.deployed_child, {"process": object.union(fixtures.signed, {"signer": signer})})
		approval(document, governance(installers)) == entry_of(["deployment_tool", "signer"])
	}
	every signer in [
		{"issuer": "another ca"},
		{"thumbprint": "cd34"},
		{"status": "expired"},
		{"signed": false},
		{"subject": "another ltd"},
		{"subject": "another ltd", "thumbprint": "ab12"},
	] {
		document := object.union(fixtures.deployed_child, {"process": object.union(fixtures.signed, {"signer": signer})})
		not approval(document, governance(installers))
	}
}

test_verified_signer_with_a_source_is_approved if {
	document := object.union(fixtures.deployed_child, {"process": fixtures.signed})
	installers := {"orrery": {"signers": {"orrery": true}, "sources": {"cache": true}}}
	approval(document, governance(installers)) == entry_of(["signer", "source"])
	few := object.union(governance(installers), {"index": {"installers": {"source": {"cache": {}}, "signer": {"orrery": {}}}}})
	without := object.remove(few.index.installers, ["source", "signer"])
	found := object.union(object.remove(few, ["index"]), {"index": object.union(object.remove(few.index, ["installers"]), {"installers": without})})
	approval(document, found) == entry_of(["signer", "source"])
}

test_signer_that_lists_names_alone_is_content_with_the_name if {
	governed := with_part(
		{"orrery": {"signers": {"orrery": true}, "deployment_tools": {"deploy": true}}},
		"signers", {"orrery": {"subjects": {"orrery ltd": true}, "thumbprints": {}, "issuers": {}}},
	)
	document := object.union(fixtures.deployed_child, {"process": {"signer": {"signed": true, "status": "valid", "subject": "orrery ltd", "thumbprint": "cd34"}}})
	governed.signers.orrery.thumbprints == {"ab12": true}
	not approval(document, governed)
	named := object.union(governed, {"signers": {"orrery": {"title": "x"}}})
	bare := object.union(object.remove(named, ["signers"]), {"signers": {"orrery": object.remove(named.signers.orrery, ["thumbprints", "issuers"])}})
	approval(document, bare) == entry_of(["deployment_tool", "signer"])
}

test_tool_and_source_do_not_stand_for_the_hashes_that_an_entry_lists if {
	installers := {"orrery": object.union(tool_and_source.orrery, {"sha256": {"aa99": true}})}
	not approval(fixtures.deployed_child, governance(installers))
	near(fixtures.deployed_child, governance(installers)) == miss_of(["deployment_tool", "source"], ["sha256"])
	approval(fixtures.deployed, governance(installers)) == entry_of(["deployment_tool", "source"])
	approval(fixtures.deployed_child, governance(tool_and_source)) == entry_of(["deployment_tool", "source"])
}

test_tool_and_source_do_not_stand_for_what_the_installers_children_start if {
	app := fixtures.process("c:\\program files\\orrery\\orrery.exe", "orrery.exe", "descendant")
	deeper := fixtures.start(
		fixtures.process("c:\\users\\alice\\appdata\\local\\temp\\x.exe", "x.exe", "descendant"), app,
		array.concat([fixtures.deployed.process], fixtures.deployed.lineage),
	)
	not approval(deeper, governance(tool_and_source))
	near(deeper, governance(tool_and_source)) == miss_of(["deployment_tool", "source"], ["strong_fact"])
	direct := fixtures.start(app, fixtures.deployed.process, fixtures.deployed.lineage)
	approval(direct, governance(tool_and_source))
}

test_process_approval_does_not_cover_modules if {
	document := object.union(fixtures.load("c:\\windows\\installer\\msi90c3.tmp", {}), {"lineage": [fixtures.client, fixtures.tool, fixtures.services]})
	not approval(document, governance(tool_and_source))
	near(document, governance(tool_and_source)) == miss_of(["deployment_tool", "source"], ["strong_fact"])
	installers := {"orrery": {"sha256": {"aa01": true}, "deployment_tools": {"deploy": true}}}
	approval(document, governance(installers)) == entry_of(["deployment_tool", "sha256"])
}

test_claimed_facts_narrow if {
	narrow := {"narrow": {
		"companies": {"orrery ltd": true},
		"products": {"orrery suite": true},
		"original_file_names": {"orrerysetup.exe": true},
		"images": {"d:\\stage\\loader.exe": true},
		"file_names": {"loader.exe": true},
	}}
	installers := {"orrery": object.union(hash_and_tool.orrery, narrow)}
	fitting := object.union(fixtures.deployed_child, {"process": fixtures.vendor})
	approval(fitting, governance(installers)) == entry_of(["company", "deployment_tool", "file_name", "image", "original_file_name", "product", "sha256"])
	every fact, value in {"company": "another ltd", "product": "x", "original_file_name": "x.exe"} {
		document := object.union(fitting, {"process": {fact: value}})
		not approval(document, governance(installers))
		near(document, governance(installers))[0].failed == [fact]
	}
}

test_claimed_facts_never_carry if {
	installers := {"orrery": {"sha256": {"aa99": true}, "deployment_tools": {"deploy": true}, "narrow": {"companies": {"orrery ltd": true}}}}
	document := object.union(fixtures.child("d:\\stage\\loader.exe", "x"), {"process": fixtures.vendor})
	not approval(document, governance(installers))
	near(document, governance(installers)) == []
}

test_package_names_narrow_by_file_and_product_code if {
	by_file := {"orrery": object.union(tool_and_source.orrery, {"narrow": {"file_names": {"orrery.msi": true}}})}
	approval(fixtures.deployed, governance(by_file)) == entry_of(["deployment_tool", "file_name", "source"])
	code := {"kind": "product_code", "name": "{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}"}
	by_code := {"orrery": {"signers": {"orrery": true}, "deployment_tools": {"deploy": true}, "narrow": {"product_codes": {code.name: true}}}}
	document := fixtures.start(
		object.union(fixtures.process("d:\\stage\\loader.exe", "x", "descendant"), fixtures.signed),
		fixtures.client_of(code),
		[fixtures.tool, fixtures.services],
	)
	approval(document, governance(by_code)) == entry_of(["deployment_tool", "product_code", "signer"])
	near(fixtures.deployed, governance(by_code)) == miss_of(["deployment_tool"], ["product_code", "signer"])
}

test_module_narrows_by_its_path if {
	path := "c:\\windows\\installer\\msi90c3.tmp"
	installers := {"orrery": {"sha256": {"aa01": true}, "deployment_tools": {"deploy": true}, "narrow": {"images": {path: true}}}}
	document := object.union(fixtures.load(path, {}), {"lineage": [fixtures.client, fixtures.tool, fixtures.services]})
	approval(document, governance(installers)) == entry_of(["deployment_tool", "image", "sha256"])
}

test_interpreters_and_system_tools_need_their_exact_command_line if {
	every image in ["c:\\windows\\system32\\cmd.exe", "c:\\windows\\system32\\mshta.exe", "c:\\windows\\system32\\net.exe", "c:\\program files\\python\\python.exe", "c:\\windows\\system32\\other.exe"] {
		document := fixtures.start(object.union(fixtures.process(image, "x /exact", "descendant"), {"sha256": "aa02"}), fixtures.client, [fixtures.tool, fixtures.services])
		near(document, governance(hash_and_tool)) == miss_of(["deployment_tool", "sha256"], ["command_line"])
		exact := {"orrery": object.union(hash_and_tool.orrery, {"command_lines": {"x /exact": true}})}
		approval(document, governance(exact)) == entry_of(["command_line", "deployment_tool", "sha256"])
	}
}

test_hash_of_msiexec_needs_the_clients_exact_command_line if {
	installers := {"orrery": {"sha256": {"aa03": true}, "deployment_tools": {"deploy": true}}}
	document := object.union(fixtures.deployed, {"process": {"sha256": "aa03"}})
	near(document, governance(installers)) == miss_of(["deployment_tool", "sha256"], ["command_line"])
}

test_what_the_command_line_adds_voids_the_packages_facts if {
	patch := fixtures.path_package("c:\\windows\\ccmcache\\1\\o.msp")
	every added, fact in {
		{"transforms": ["c:\\windows\\ccmcache\\1\\o.mst"]}: "transform",
		{"patches": [patch], "properties": {"patch": patch.name}}: "patch",
		{"others": [patch]}: "package",
		{"properties": {"installdir": "c:\\users\\public"}}: "property",
	} {
		document := object.union(fixtures.deployed, {"process": {"msiexec": added}})
		not approval(document, governance(tool_and_source))
		near(document, governance(tool_and_source)) == miss_of(["deployment_tool"], sort(["source", fact]))
	}
}

test_listed_transforms_patches_and_properties_are_part_of_the_package if {
	patch := fixtures.path_package("c:\\windows\\ccmcache\\1\\o.msp")
	listed := {"orrery": object.union(tool_and_source.orrery, {
		"transforms": {"o.mst": true},
		"patches": {patch.name: true},
		"properties": {"installdir": {"c:\\orrery": true}, "licence": {"*": true}},
	})}
	added := {"transforms": ["o.mst"], "patches": [patch], "properties": {"installdir": "c:\\orrery", "licence": "x", "transforms": "o.mst", "reboot": "reallysuppress", "allusers": "1"}}
	document := object.union(fixtures.deployed, {"process": {"msiexec": added}})
	approval(document, governance(listed)) == entry_of(["deployment_tool", "source"])
}

test_what_is_over_or_not_yet_begun_excuses_nothing_and_is_a_near_miss if {
	begins := {"created": 1850000000000000000}
	every term, word in {fixtures.over: "expired", begins: "not_yet_valid"} {
		entry := {"orrery": object.union(tool_and_source.orrery, term)}
		near(fixtures.deployed, governance(entry)) == miss_of(["deployment_tool", "source"], [word])
		not approval(fixtures.deployed, governance(entry))
		every part, id in {"deployment_tools": "deploy", "sources": "cache"} {
			governed := with_part(tool_and_source, part, {id: term})
			near(fixtures.deployed, governed)[0].failed == [word]
			not approval(fixtures.deployed, governed)
		}
	}
	signed := object.union(fixtures.deployed_child, {"process": fixtures.signed})
	by_signer := {"orrery": {"signers": {"orrery": true}, "deployment_tools": {"deploy": true}}}
	near(signed, with_part(by_signer, "signers", {"orrery": fixtures.over})) == miss_of(["deployment_tool"], ["expired"])
}

test_near_misses_are_the_best_three if {
	several := {id: object.union(hash_and_tool.orrery, more) |
		some id, more in {
			"a": {"narrow": {"companies": {"x": true}, "products": {"x": true}}},
			"b": {"narrow": {"companies": {"x": true}}},
			"c": {"sha256": {"aa99": true}, "narrow": {"companies": {"x": true}}},
			"d": {"narrow": {"companies": {"x": true}}, "command_lines": {"loader.exe /s": true}},
		}
	}
	misses := near(fixtures.deployed_child, governance(several))
	[miss.entry | some miss in misses] == ["d", "b", "c"]
}

test_entry_that_more_facts_lead_to_is_the_one_told if {
	several := {
		"a": hash_and_tool.orrery,
		"b": object.union(hash_and_tool.orrery, {"sources": {"cache": true}}),
	}
	approval(fixtures.deployed_child, governance(several)).entry == "b"
}

test_record_of_msiinstaller_is_approved_only_by_the_client_that_the_sensor_saw if {
	package_of_cache := fixtures.client.msiexec["package"]
	seen := object.union(fixtures.record(package_of_cache), {
		"process": object.union(fixtures.client, {"pid": 4016}),
		"lineage": [fixtures.tool, fixtures.services],
	})
	approval(seen, governance(tool_and_source)) == entry_of(["deployment_tool", "source"])
	not approval(fixtures.record(package_of_cache), governance(tool_and_source))
	not approval(object.union(seen, {"process": {"pid": 4020}}), governance(tool_and_source))
	not approval(object.union(seen, {"event": {"install": {"package": fixtures.url_package}}}), governance(tool_and_source))
}

test_deny_list_beats_every_approval if {
	denying := with_part(tool_and_source, "deny", {"bad": {"folder": {"c:\\windows\\ccmcache\\1": true}}})
	not approval(fixtures.deployed, denying)
	near(fixtures.deployed, denying) == miss_of(["deployment_tool", "source"], ["denied"])
}
