package lib.approvals_test

import data.lib.fixtures_test as fixtures

# What a process of the tree writes to the registry, below a client that a tool started.
act_of(actor) := object.union(fixtures.wrote(actor, "hklm\\x", "y"), {"lineage": [fixtures.client, fixtures.tool, fixtures.services]})

test_act_is_approved_by_the_strong_facts_of_who_acts_and_a_tool if {
	actor := object.union(fixtures.helper, {"sha256": "aa02"})
	approval(act_of(actor), governance(hash_and_tool)) == entry_of(["deployment_tool", "sha256"])
	not approval(act_of(actor), governance(tool_and_source))
	near(act_of(actor), governance(tool_and_source)) == miss_of(["deployment_tool", "source"], ["strong_fact"])
}

test_act_of_a_shell_needs_its_exact_command_line if {
	shell := object.union(fixtures.process("c:\\windows\\system32\\cmd.exe", "cmd /c x", "descendant"), {"sha256": "aa02"})
	near(act_of(shell), governance(hash_and_tool)) == miss_of(["deployment_tool", "sha256"], ["command_line"])
}

test_act_of_the_service_is_the_packages_and_not_approved_by_msiexecs_own_facts if {
	approval(act_of(fixtures.service), governance(tool_and_source)) == entry_of(["deployment_tool", "source"])
	msiexec := object.union(fixtures.service, {"sha256": "aa02"})
	not approval(act_of(msiexec), governance(hash_and_tool))
	elsewhere := object.union(msiexec, {"image": "c:\\users\\public\\msiexec.exe"})
	not approval(act_of(elsewhere), governance(tool_and_source))
}

test_act_of_the_client_is_approved_like_its_start if {
	document := object.union(act_of(fixtures.client), {"lineage": [fixtures.tool, fixtures.services]})
	approval(document, governance(tool_and_source)) == entry_of(["deployment_tool", "source"])
}

test_root_certificate_of_a_tree_voids_signers_for_a_while if {
	installers := {"orrery": {"signers": {"orrery": true}, "deployment_tools": {"deploy": true}}}
	document := object.union(fixtures.deployed_child, {"process": fixtures.signed})
	day := 86400000000000
	every before, approved in {0: false, day: false, 31 * day: true, 0 - day: true} {
		host := {"host": {"root_certificate": document.event.time - before}}
		count([1 | approval(object.union(document, host), governance(installers))]) == count([1 | approved])
	}
}
