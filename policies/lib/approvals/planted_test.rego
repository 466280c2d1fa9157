package lib.approvals_test

import data.lib.fixtures_test as fixtures

# A program called as if it were extracted, which the approved client starts.
run_by_client(writer) := fixtures.attributed(
	fixtures.written_by(
		fixtures.start(object.union(fixtures.extracted, {"sha256": "aa02"}), fixtures.client, [fixtures.tool, fixtures.services]),
		"process",
		writer,
	),
	fixtures.deployed_session,
	"lineage",
)

test_extracted_program_that_the_installer_wrote_is_the_packages if {
	approval(run_by_client(fixtures.service), governance(tool_and_source)) == entry_of(["deployment_tool", "source"])
}

test_extracted_program_that_something_else_wrote_needs_a_strong_fact_of_its_own if {
	every writer in [fixtures.explorer, object.union(fixtures.extracted, {"role": "descendant"}), {"role": "wrapper"}] {
		document := run_by_client(writer)
		near(document, governance(tool_and_source)) == miss_of(["deployment_tool", "source"], ["strong_fact"])
		approval(document, governance(hash_and_tool)) == entry_of(["deployment_tool", "sha256"])
	}
}
