package an0940.signals.register_dll_test

import data.an0940.signals.register_dll
import data.lib.fixtures_test as fixtures

registering(path, verb) := fixtures.start(
	object.union(fixtures.client_of(fixtures.path_package(path)), {"command_line": "msiexec.exe /y x.dll", "msiexec": {"verb": verb}}),
	fixtures.explorer,
	[],
)

test_dll_in_a_temporary_folder_is_a_review_at_high_severity if {
	every verb in ["register", "unregister"] {
		held := register_dll.held with input as registering("c:\\users\\alice\\appdata\\local\\temp\\x.dll", verb)
		held == {
			"id": "register_dll",
			"title": "msiexec registers a DLL that is not in a protected folder",
			"severity": "high",
			"disposition": "review",
			"excusable": false,
			"missing": [],
			"evidence": {
				"process.image": fixtures.client.image,
				"process.command_line": "msiexec.exe /y x.dll",
				"process.user": "nt authority\\system",
				"parent.image": fixtures.explorer.image,
				"parent.command_line": fixtures.explorer.command_line,
			},
		}
	}
}

test_dll_that_is_not_named_or_remote_is_told if {
	register_dll.held with input as fixtures.start(fixtures.msiexec("msiexec /y", "client", {"verb": "register"}), fixtures.explorer, [])
	register_dll.held with input as object.union(registering("c:\\windows\\x.dll", "register"), {"process": {"msiexec": {"package": {"kind": "unc"}}}})
}

test_dll_in_an_alternate_stream_is_told if {
	register_dll.held with input as registering("c:\\windows\\temp:x.dll", "register")
}

test_dll_in_a_protected_folder_and_other_verbs_are_not_told if {
	not register_dll.held with input as registering("c:\\program files\\orrery\\x.dll", "register")
	not register_dll.held with input as registering("c:\\users\\public\\x.msi", "install")
}

test_client_is_told_once_when_it_starts if {
	every kind in ["process_end", "image_load", "registry"] {
		not register_dll.held with input as object.union(registering("c:\\users\\public\\x.dll", "register"), {"event": {"kind": kind}})
	}
}
