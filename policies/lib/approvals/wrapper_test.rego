package lib.approvals_test

import data.lib.fixtures_test as fixtures

wrapper := fixtures.process("c:\\windows\\ccmcache\\1\\setup.exe", "setup.exe /s", "wrapper")

# A program that a wrapper started beside the install that it had started.
beside(image, command_line) := fixtures.attributed(
	fixtures.start(object.union(fixtures.process(image, command_line, "descendant"), {"sha256": "aa02"}), wrapper, [fixtures.tool, fixtures.services]),
	fixtures.deployed_session,
	"wrapper",
)

test_what_a_wrapper_starts_is_approved_by_its_own_hash_and_the_installs_tool if {
	document := beside("d:\\stage\\loader.exe", "loader.exe")
	approval(document, governance(hash_and_tool)) == entry_of(["deployment_tool", "sha256"])
	near(document, governance(tool_and_source)) == miss_of(["deployment_tool", "source"], ["strong_fact"])
	named := {"orrery": object.union(tool_and_source.orrery, {"narrow": {"images": {"d:\\stage\\loader.exe": true}}})}
	near(document, governance(named)) == miss_of(["deployment_tool", "image", "source"], ["strong_fact"])
}

test_system_tool_that_a_wrapper_starts_needs_its_exact_command_line_besides if {
	document := beside("c:\\windows\\system32\\reg.exe", "reg.exe add x")
	near(document, governance(hash_and_tool)) == miss_of(["deployment_tool", "sha256"], ["command_line"])
	exact := {"orrery": object.union(hash_and_tool.orrery, {"command_lines": {"reg.exe add x": true}})}
	approval(document, governance(exact)) == entry_of(["command_line", "deployment_tool", "sha256"])
}
