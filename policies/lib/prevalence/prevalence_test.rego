package lib.prevalence_test

import data.an0940
import data.lib.approvals
import data.lib.fixtures_test as fixtures
import data.lib.prevalence

days := (24 * 3600) * 1000000000

seen := {"hosts": 400, "first_seen": fixtures.received - (90 * days), "last_seen": fixtures.received - days}

baseline(children) := {"packages": {"orrery.msi": {"children": children}}}

known := {"sha256:aa02": seen}

decision(document, governed, known_children) := answer if {
	answer := an0940.decision with input as document with data.governance as governed with data.baseline as baseline(known_children)
}

test_record_is_found_by_package_and_hash if {
	record := prevalence.record with input as fixtures.deployed_child with data.baseline as baseline(known)
	record == object.union(seen, {"package": "orrery.msi", "child": "sha256:aa02"})
	by_sha1 := object.union(object.remove(fixtures.deployed_child, ["process"]), {"process": object.remove(fixtures.deployed_child.process, ["sha256"])})
	other := prevalence.record with input as by_sha1 with data.baseline as baseline({"sha1:bb02": seen})
	other.child == "sha1:bb02"
}

test_nothing_is_found_without_a_baseline_a_client_or_a_hash if {
	not prevalence.record with input as fixtures.deployed_child
	alone := object.union(fixtures.child("d:\\stage\\loader.exe", "x"), {"process": {"sha256": "aa02"}})
	not prevalence.record with input as alone with data.baseline as baseline(known)
	another := object.union(fixtures.deployed_child, {"process": {"sha256": "aa99"}})
	not prevalence.record with input as another with data.baseline as baseline(known)
	unhashed := object.union(object.remove(fixtures.deployed_child, ["process"]), {"process": object.remove(fixtures.deployed_child.process, ["sha256", "sha1"])})
	not prevalence.record with input as unhashed with data.baseline as baseline(known)
}

test_package_is_called_by_its_url_without_the_query_or_its_product_code if {
	prevalence.called({"kind": "url", "name": "https://files.orrery.example/tool?x=1", "file": "tool?x=1"}) == "https://files.orrery.example/tool"
	prevalence.called({"kind": "product_code", "name": "{c0de}"}) == "{c0de}"
}

test_what_is_common_is_a_step_less_severe_and_otherwise_the_same if {
	plain := decision(fixtures.deployed_child, {}, {})
	common := decision(fixtures.deployed_child, {}, known)
	plain.severity == "high"
	common.severity == "medium"
	common.disposition == plain.disposition
	common.baseline.hosts == 400
	not plain.baseline
	object.remove(common, ["baseline", "severity", "signals"]) == object.remove(plain, ["severity", "signals"])
	[[signal.id, signal.severity] | some signal in common.signals] == [[signal.id, lowered[signal.severity]] | some signal in plain.signals]
}

lowered := {"high": "medium", "medium": "low", "low": "low"}

test_what_is_new_or_rare_is_as_severe_as_ever if {
	every changed in [{"hosts": 3}, {"first_seen": fixtures.received - days}] {
		answer := decision(fixtures.deployed_child, {}, {"sha256:aa02": object.union(seen, changed)})
		answer.severity == "high"
		answer.baseline.hosts > 0
	}
}

test_interpreters_have_no_prevalence if {
	shell := fixtures.start(object.union(fixtures.process("c:\\windows\\system32\\cmd.exe", "cmd.exe /c x", "descendant"), {"sha256": "aa02"}), fixtures.client, [fixtures.tool, fixtures.services])
	answer := decision(shell, {}, known)
	not answer.baseline
	answer.severity == decision(shell, {}, {}).severity
}

test_modules_are_known_by_their_hash if {
	load := object.union(fixtures.load("c:\\windows\\installer\\msi90c3.tmp", {}), {"lineage": [fixtures.client, fixtures.explorer]})
	record := prevalence.record with input as load with data.baseline as baseline({"sha256:aa01": seen})
	record.child == "sha256:aa01"
}

test_what_nothing_excuses_and_what_is_critical_is_not_lowered if {
	every held in [{"excusable": false, "severity": "high"}, {"excusable": true, "severity": "critical"}, {"excusable": true, "severity": "low"}] {
		told := prevalence.told(held) with input as fixtures.deployed_child with data.baseline as baseline(known)
		told == held
	}
}

# However common it is, whatever the entry: the same is approved, and the same is told.
test_prevalence_never_approves if {
	documents := [
		fixtures.deployed, fixtures.deployed_child, fixtures.grandchild("d:\\x.exe", "x"), fixtures.child("c:\\windows\\temp\\x.exe", "x"),
		object.union(fixtures.deployed_child, {"lineage": [fixtures.client, fixtures.explorer]}),
		object.union(fixtures.load("c:\\windows\\installer\\msi90c3.tmp", {}), {"lineage": [fixtures.client, fixtures.tool, fixtures.services]}),
	]
	entries := [{}, {"sha256": {"aa02": true}, "deployment_tools": {"deploy": true}}, {"sha256": {"aa99": true}, "deployment_tools": {"deploy": true}}, {"sha256": {"aa02": true}}]
	every document in documents {
		every entry in entries {
			governed := fixtures.governed({"installers": {"orrery": entry}, "deployment_tools": fixtures.tools, "sources": fixtures.sources, "signers": fixtures.signers})
			everywhere := {hash: object.union(seen, {"hosts": 1000000}) | some hash in ["sha256:aa01", "sha256:aa02", "sha1:bb02"]}
			with_it := decision(document, governed, everywhere)
			without := decision(document, governed, {})
			with_it.disposition == without.disposition
			object.get(with_it, "approval", {}) == object.get(without, "approval", {})
			with_it.near_misses == without.near_misses
		}
	}
	not approvals.approval with input as fixtures.child("d:\\x.exe", "x") with data.baseline as baseline(known)
}

test_as_many_hosts_and_days_as_the_parameters_say_are_enough if {
	least := {
		"hosts": data.an0940.tuning.baseline.hosts,
		"first_seen": fixtures.received - (data.an0940.tuning.baseline.days * days),
	}
	prevalence.common with prevalence.record as least with input as fixtures.deployed_child
	not prevalence.common with prevalence.record as object.union(least, {"hosts": least.hosts - 1}) with input as fixtures.deployed_child
	not prevalence.common with prevalence.record as object.union(least, {"first_seen": least.first_seen + 1}) with input as fixtures.deployed_child
}
