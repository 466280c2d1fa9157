package lib.programs_test

import data.lib.fixtures_test as fixtures
import data.lib.programs

test_debugger_is_driven_by_arguments_whatever_it_is_called if {
	every name in ["cdb.exe", "ntsd.exe", "windbg.exe", "procdump", "csi.exe", "msdeploy.exe", "tracker.exe"] {
		renamed := object.union(fixtures.process("c:\\program files\\orrery\\o.exe", "o.exe -x", "descendant"), {"original_file_name": name})
		programs.driven_by_arguments with input as {"process": renamed}
		programs.generic(name)
	}
	not programs.driven_by_arguments with input as {"process": fixtures.helper}
}
