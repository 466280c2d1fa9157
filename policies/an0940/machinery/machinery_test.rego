package an0940.machinery_test

import data.an0940.machinery
import data.lib.fixtures_test as fixtures

console(command_line) := fixtures.child("c:\\windows\\system32\\conhost.exe", command_line)

test_service_of_the_service_manager_is_machinery if {
	machinery.own with input as fixtures.start(fixtures.service, fixtures.services, [])
}

test_service_of_anyone_else_or_from_elsewhere_is_not if {
	not machinery.own with input as fixtures.start(fixtures.service, fixtures.explorer, [])
	not machinery.own with input as fixtures.start(object.union(fixtures.service, {"image": "c:\\windows\\msiexec.exe"}), fixtures.services, [])
	not machinery.own with input as fixtures.start(object.union(fixtures.service, {"original_file_name": "cmd.exe"}), fixtures.services, [])
}

test_custom_action_server_of_service_or_client_is_machinery if {
	every parent in [fixtures.service, fixtures.client] {
		machinery.own with input as fixtures.start(fixtures.server, parent, [])
	}
}

test_custom_action_server_of_anyone_else_is_not if {
	not machinery.own with input as fixtures.start(fixtures.server, fixtures.explorer, [])
	not machinery.own with input as fixtures.start(fixtures.server, object.union(fixtures.service, {"image": "c:\\users\\public\\msiexec.exe"}), [])
}

test_client_of_the_service_is_no_custom_action_server if {
	every parent in [fixtures.service, fixtures.client] {
		not machinery.own with input as fixtures.start(fixtures.client, parent, [])
	}
}

test_client_with_a_package_is_machinery if {
	machinery.own with input as fixtures.start(fixtures.client, fixtures.explorer, [])
	machinery.own with input as fixtures.start(fixtures.msiexec("msiexec /p", "client", {"verb": "patch", "patches": [fixtures.path_package("c:\\program files\\o.msp")]}), fixtures.explorer, [])
	machinery.own with input as fixtures.start(fixtures.msiexec("msiexec /?", "client", {"verb": "help"}), fixtures.explorer, [])
}

test_client_without_a_package_or_from_a_share_or_below_an_installer_is_not if {
	share := {"kind": "unc", "name": "\\\\files\\o.msi", "file": "o.msi", "folders": ["\\\\files"]}
	not machinery.own with input as fixtures.start(fixtures.msiexec("msiexec", "client", {"verb": ""}), fixtures.explorer, [])
	not machinery.own with input as fixtures.start(fixtures.msiexec("msiexec /i", "client", {"verb": "install"}), fixtures.explorer, [])
	not machinery.own with input as fixtures.start(fixtures.client_of(share), fixtures.explorer, [])
	not machinery.own with input as fixtures.start(object.union(fixtures.client, {"msiexec": {"patches": [share]}}), fixtures.explorer, [])
	not machinery.own with input as fixtures.start(fixtures.client, fixtures.server, [])
}

test_client_that_removes_an_installed_product_is_machinery if {
	code := {"kind": "product_code", "name": "{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}"}
	machinery.own with input as fixtures.start(fixtures.msiexec("msiexec /x", "client", {"verb": "uninstall", "package": code}), fixtures.explorer, [])
}

test_client_with_a_transform_of_the_package_is_machinery if {
	every transform in [":1033", "site.mst", "@site.mst", "|site.mst", "c:\\program files\\o\\site.mst"] {
		machinery.own with input as fixtures.start(transformed(transform), fixtures.explorer, [])
	}
}

test_client_with_a_transform_from_elsewhere_is_not if {
	every transform in ["c:\\users\\eve\\x.mst", "\\\\files\\x.mst", "https://files.example/x.mst", "..\\x.mst", "c:\\program files\\o\\..\\x.mst", "@\\\\files\\x.mst"] {
		not machinery.own with input as fixtures.start(transformed(transform), fixtures.explorer, [])
	}
}

test_client_with_a_plain_transform_from_another_working_folder_is_not if {
	not machinery.own with input as fixtures.start(object.union(transformed("x.mst"), {"current_directory": "c:\\users\\eve\\"}), fixtures.explorer, [])
	not machinery.own with input as fixtures.start(object.remove(transformed("x.mst"), ["current_directory"]), fixtures.explorer, [])
}

transformed(transform) := object.union(
	fixtures.msiexec("msiexec /i", "client", {
		"verb": "install",
		"package": fixtures.path_package("c:\\program files\\o\\o.msi"),
		"transforms": [":site.mst", transform],
	}),
	{"current_directory": "c:\\program files\\o\\"},
)

test_client_whose_package_lies_where_its_name_does_not_tell_is_not if {
	every name in [
		"o.msi",
		"globalroot\\device\\mup\\files\\o.msi",
		"c:\\??\\unc\\files\\o.msi",
		"c:\\x\\%temp%\\o.msi",
		"c:\\users.\\eve\\o.msi",
		"c:\\users \\eve\\o.msi",
		"c:\\temp::$index_allocation\\o.msi",
		"c:\\program files\\o.msi:x.msi",
		"c:\\x\\url:https:\\\\files.example\\o.msi",
		"c:\\x\\\u0001https:\\\\files.example\\o.msi",
		"d:o.msi",
	] {
		not machinery.own with input as fixtures.start(fixtures.client_of(fixtures.path_package(name)), fixtures.explorer, [])
		not machinery.own with input as fixtures.start(object.union(fixtures.client, {"msiexec": {"patches": [fixtures.path_package(name)]}}), fixtures.explorer, [])
	}
}

test_client_with_a_second_package_is_not if {
	second := object.union(fixtures.client, {"msiexec": {"others": [fixtures.path_package("c:\\x\\o.msi")]}})
	not machinery.own with input as fixtures.start(second, fixtures.explorer, [])
}

test_console_host_in_the_kernels_form_is_machinery if {
	every command_line in ["\\??\\c:\\windows\\system32\\conhost.exe 0xffffffff -forcev1", "\\??\\c:\\windows\\system32\\conhost.exe 0x4", "c:\\windows\\system32\\conhost.exe 0xffffffff"] {
		machinery.own with input as console(command_line)
	}
}

test_console_host_that_runs_a_command_is_not if {
	every command_line in [
		"conhost.exe --headless cmd /c x",
		"c:\\windows\\system32\\conhost.exe cmd",
		"\\??\\c:\\windows\\system32\\conhost.exe 0x4 cmd.exe",
		"\\??\\c:\\windows\\system32\\conhost.exe 0xffffffff -forcev1 x",
		"conhost.exe",
		"\\??\\c:\\windows\\system32\\conhost.exe 0x4;cmd",
	] {
		not machinery.own with input as console(command_line)
	}
	form := "\\??\\c:\\windows\\system32\\conhost.exe 0x4"
	not machinery.own with input as fixtures.child("c:\\users\\public\\conhost.exe", form)
	not machinery.own with input as object.union(console(form), {"process": {"original_file_name": "cmd.exe"}})
	not machinery.own with input as fixtures.start(fixtures.process("c:\\windows\\system32\\conhost.exe", form, ""), fixtures.explorer, [])
}

test_msiexec_that_the_service_manager_starts_for_a_package_is_judged_as_a_client if {
	share := {"kind": "unc", "name": "\\\\files\\o.msi", "file": "o.msi", "folders": ["\\\\files"]}
	not machinery.own with input as fixtures.start(fixtures.client_of(share), fixtures.services, [])
}

test_role_is_not_enough_where_the_program_is_not_windows_own if {
	every changed in [{"image": "c:\\users\\public\\msiexec.exe"}, {"original_file_name": "cmd.exe"}] {
		not machinery.own with input as fixtures.start(object.union(fixtures.server, changed), fixtures.service, [])
		not machinery.own with input as fixtures.start(object.union(fixtures.client, changed), fixtures.explorer, [])
	}
}

test_windows_own_msiexec_in_another_role_is_no_client if {
	every role in ["", "service", "custom_action_server", "wrapper"] {
		not machinery.own with input as fixtures.start(object.union(fixtures.client, {"role": role}), fixtures.explorer, [])
	}
}

test_custom_action_server_below_another_part_of_the_installer_is_not if {
	every role in ["custom_action_server", "managed_custom_action", "extracted", "descendant", ""] {
		not machinery.own with input as fixtures.start(fixtures.server, object.union(fixtures.service, {"role": role}), [])
	}
}

test_client_that_does_anything_else_with_a_file_is_not if {
	every verb in ["register", "unregister", "embedding", ""] {
		not machinery.own with input as fixtures.start(object.union(fixtures.client, {"msiexec": {"verb": verb}}), fixtures.explorer, [])
	}
}

test_help_beside_a_package_is_not if {
	not machinery.own with input as fixtures.start(object.union(fixtures.client, {"msiexec": {"verb": "help"}}), fixtures.explorer, [])
}

test_package_on_the_web_is_not if {
	not machinery.own with input as fixtures.start(fixtures.client_of(fixtures.url_package), fixtures.explorer, [])
}

test_console_host_named_by_another_path_is_not if {
	every program in ["conhost.exe", "c:\\users\\eve\\conhost.exe", "cmd.exe"] {
		not machinery.own with input as console(concat(" ", [program, "0x4"]))
	}
}
