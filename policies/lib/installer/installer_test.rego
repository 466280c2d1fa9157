package lib.installer_test

import data.lib.fixtures_test as fixtures
import data.lib.installer

test_child_of_a_wrapper_is_below_and_no_child_of_the_installer if {
	wrapper := fixtures.process("c:\\stage\\setup.exe", "setup.exe", "wrapper")
	document := fixtures.start(fixtures.process("c:\\stage\\x.exe", "x", ""), wrapper, [])
	installer.below with input as document
	not installer.child with input as document
}

test_child_of_an_unknown_program_is_neither if {
	document := fixtures.start(fixtures.process("c:\\stage\\x.exe", "x", ""), fixtures.explorer, [])
	not installer.below with input as document
	not installer.child with input as document
}

test_temporary_names_are_those_that_windows_installer_gives if {
	every name in ["msi4a1f.tmp", "msi1.tmp"] {
		installer.temporary(name)
	}
	every name in ["msi4a1f.exe", "xmsi1.tmp", "setup.tmp"] {
		not installer.temporary(name)
	}
}

test_installer_acts_for_the_package_only_where_its_service_or_server_writes_or_connects if {
	every actor in [fixtures.service, fixtures.server] {
		installer.of_its_own with input as fixtures.wrote(actor, "k", "v")
		not installer.of_its_own with input as fixtures.start(actor, fixtures.services, [])
	}
	every role in ["client", "descendant", ""] {
		not installer.of_its_own with input as fixtures.wrote(object.union(fixtures.service, {"role": role}), "k", "v")
	}
}
