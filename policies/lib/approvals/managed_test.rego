package lib.approvals_test

import data.lib.fixtures_test as fixtures

rundll32 := "c:\\windows\\system32\\rundll32.exe"

action_line := "rundll32.exe \"c:\\windows\\installer\\msi90c3.tmp\",zzzzinvokemanagedcustomactionoutofproc sfxca_5959750 2 orrery!orrery.actions.setup"

# The start of a managed custom action; microsoft signed rundll32, and "aa02" is its hash.
managed_action := fixtures.start(
	object.union(
		fixtures.process(rundll32, action_line, "managed_custom_action"),
		{"sha256": "aa02", "signer": {"signed": true, "status": "valid", "subject": "orrery ltd"}},
	),
	fixtures.server,
	[fixtures.service, fixtures.services],
)

of_the_deployed(document) := fixtures.attributed(document, fixtures.deployed_session, "sole")

test_managed_action_is_approved_by_the_sessions_tool_and_source if {
	every attribution in ["lineage", "file", "sole"] {
		document := fixtures.attributed(managed_action, fixtures.deployed_session, attribution)
		approval(document, governance(tool_and_source)) == entry_of(["deployment_tool", "source"])
	}
	both := fixtures.among(managed_action, [fixtures.deployed_session, second_session], ["clients"])
	approval(both, governance(tool_and_source)) == entry_of(["deployment_tool", "source"])
}

test_managed_action_is_approved_by_the_packages_hash_and_the_tool if {
	hashed := object.union(fixtures.deployed_session, {"package_file": {"sha256": "cc03", "hashed": 1779999980000000000}})
	document := object.union(fixtures.attributed(managed_action, hashed, "sole"), {"host": {"sends": ["file_create"]}})
	installers := {"orrery": {"sha256": {"cc03": true}, "deployment_tools": {"deploy": true}}}
	approval(document, governance(installers)) == entry_of(["deployment_tool", "package_sha256"])
}

test_rundll32s_own_hash_or_signer_never_approves_a_managed_action if {
	document := of_the_deployed(managed_action)
	near(document, governance(hash_and_tool)) == miss_of(["deployment_tool", "sha256"], ["command_line"])
	all := {"orrery": object.union(tool_and_source.orrery, hash_and_tool.orrery)}
	near(document, governance(all)) == miss_of(["deployment_tool", "sha256", "source"], ["command_line"])
	by_signer := {"orrery": object.union(tool_and_source.orrery, {"signers": {"orrery": true}})}
	near(document, governance(by_signer)) == miss_of(["deployment_tool", "signer", "source"], ["command_line"])
	elsewhere := {"orrery": object.union(tool_and_source.orrery, {"sha256": {"dd04": true}})}
	near(document, governance(elsewhere)) == miss_of(["deployment_tool", "source"], ["sha256"])
}

test_managed_action_is_not_approved_by_the_tool_or_the_source_alone if {
	document := of_the_deployed(managed_action)
	tool_alone := {"orrery": {"sha256": {"dd04": true}, "deployment_tools": {"deploy": true}}}
	near(document, governance(tool_alone)) == miss_of(["deployment_tool"], ["command_line", "sha256"])
	near(fixtures.attributed(managed_action, fixtures.own_session, "sole"), governance(tool_and_source)) == []
	mixed := fixtures.among(managed_action, [fixtures.deployed_session, fixtures.own_session], ["clients"])
	not approval(mixed, governance(tool_and_source))
	not approval(fixtures.among(managed_action, [fixtures.deployed_session], ["evictions"]), governance(tool_and_source))
	marked := object.union(fixtures.deployed_session, {"mark_of_the_web": true})
	not approval(fixtures.attributed(managed_action, marked, "sole"), governance(tool_and_source))
}

test_what_only_resembles_a_managed_action_needs_its_exact_command_line if {
	renamed := replace(action_line, "outofproc", "inproc")
	every document in [
		fixtures.child(rundll32, renamed),
		fixtures.child(rundll32, concat(" ", [action_line, "extra"])),
		fixtures.child("d:\\stage\\rundll32.exe", action_line),
		object.union(managed_action, {"process": {"image": "d:\\stage\\rundll32.exe", "folders": ["d:\\stage", "d:"]}}),
		object.union(managed_action, {"process": {"original_file_name": "loader.exe"}}),
		object.union(managed_action, {"parent": {"image": "d:\\stage\\msiexec.exe"}}),
		object.union(managed_action, {"parent": {"role": "descendant"}}),
	] {
		not approval(of_the_deployed(document), governance(tool_and_source))
	}
}

test_what_a_managed_action_starts_or_loads_is_not_approved_with_it if {
	started := fixtures.start(
		fixtures.process("d:\\stage\\loader.exe", "loader.exe", "descendant"),
		managed_action.process,
		array.concat([fixtures.server], [fixtures.service, fixtures.services]),
	)
	near(of_the_deployed(started), governance(tool_and_source)) == miss_of(["deployment_tool", "source"], ["strong_fact"])
	shell := object.union(started, {"process": fixtures.process("c:\\windows\\system32\\cmd.exe", "cmd /c x", "descendant")})
	near(of_the_deployed(shell), governance(tool_and_source)) == miss_of(["deployment_tool", "source"], ["command_line", "strong_fact"])
	loads := object.union(
		fixtures.load("c:\\windows\\installer\\msi90c3.tmp", {}),
		{"process": managed_action.process, "parent": fixtures.server, "lineage": managed_action.lineage},
	)
	near(of_the_deployed(loads), governance(tool_and_source)) == miss_of(["deployment_tool", "source"], ["strong_fact"])
}
