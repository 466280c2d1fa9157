package lib.drops_test

import data.lib.drops
import data.lib.fixtures_test as fixtures

now := fixtures.base.now

document := {"event": {"time": now}}

ago(seconds, process) := {"by": process, "at": now - (seconds * 1000000000)}

test_tree_wrote_it_within_the_window if {
	every seconds in [-1, 0, 599, 600] {
		drops.by_tree(ago(seconds, fixtures.service)) with input as document
	}
	not drops.by_tree(ago(601, fixtures.service)) with input as document
	drops.by_tree(ago(601, fixtures.service)) with input as document with data.an0940.parameters.ExecutionTimeWindow as 601
}

test_wrapper_and_descendant_are_of_the_tree_and_a_stranger_is_not if {
	every role in ["wrapper", "descendant"] {
		drops.by_tree(ago(1, {"role": role})) with input as document
	}
	not drops.by_tree(ago(1, {"role": ""})) with input as document
	not drops.by_tree({"at": now}) with input as document
}

test_installer_is_told_by_role_and_path if {
	every process in [fixtures.service, fixtures.server, fixtures.client] {
		drops.by_installer({"by": process})
	}
	every process in [
		object.union(fixtures.service, {"image": "c:\\users\\public\\msiexec.exe"}),
		object.union(fixtures.service, {"role": ""}),
		fixtures.extracted,
		fixtures.explorer,
	] {
		not drops.by_installer({"by": process})
	}
	not drops.by_installer({"at": now})
}

test_evidence_names_the_writer_and_the_time if {
	drops.evidence(ago(90, fixtures.service)) == {"written.by": fixtures.service.image, "written.before": "90 s"} with input as document
	drops.evidence(ago(-1, {})) == {"written.by": "not known", "written.before": "0 s"} with input as document
}
