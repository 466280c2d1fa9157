package lib.managed_test

import data.lib.fixtures_test as fixtures
import data.lib.managed

test_export_is_found_however_it_is_quoted if {
	every line in [
		"rundll32.exe \"c:\\x\\msi1.tmp\",zzzzinvokemanagedcustomactionoutofproc sfxca_1 2 a!b.c",
		"rundll32.exe x.dll,zzzz\"invoke\"managedcustomactionoutofproc",
		"cmd /c rundll32 x.dll,zzzz^invokemanagedcustomactionoutofproc",
	] {
		managed.named({"command_line": line})
	}
	not managed.named({"command_line": "rundll32.exe x.dll,dllmain"})
	not managed.named({})
}

test_role_counts_for_rundll32_alone if {
	managed.exact({"role": "managed_custom_action"})
	managed.exact({"role": "managed_custom_action", "original_file_name": "rundll32.exe"})
	not managed.exact({"role": "managed_custom_action", "original_file_name": "loader.exe"})
	not managed.exact({"role": "descendant"})
}

module := "c:\\windows\\installer\\msi90c3.tmp"

line(wanted) := sprintf("rundll32.exe \"%s\",zzzzinvokemanagedcustomactionoutofproc sfxca_5959750 2 orrery!orrery.actions.setup", [wanted])

action_at(image, command_line, parent) := fixtures.start(
	fixtures.process(image, command_line, "managed_custom_action"),
	parent,
	[fixtures.service, fixtures.services],
)

test_start_below_windows_own_server_is_an_action if {
	every image in ["c:\\windows\\system32\\rundll32.exe", "c:\\windows\\syswow64\\rundll32.exe"] {
		managed.action with input as action_at(image, line(module), fixtures.server)
	}
	full := replace(line(module), "rundll32.exe", "\"c:\\windows\\system32\\rundll32.exe\"")
	managed.action with input as action_at("c:\\windows\\system32\\rundll32.exe", full, fixtures.server)
}

test_start_elsewhere_from_afar_or_below_another_is_none if {
	every document in [
		action_at("d:\\stage\\rundll32.exe", line(module), fixtures.server),
		action_at("c:\\windows\\system32\\rundll32.exe", line("\\\\files.orrery.example\\s\\msi1.tmp"), fixtures.server),
		action_at("c:\\windows\\system32\\rundll32.exe", line("\\\\files.orrery.example\\rundll32 c:\\msi1.tmp"), fixtures.server),
		action_at("c:\\windows\\system32\\rundll32.exe", line(module), fixtures.service),
		action_at("c:\\windows\\system32\\rundll32.exe", line(module), object.union(fixtures.server, {"image": "d:\\stage\\msiexec.exe"})),
		fixtures.child("c:\\windows\\system32\\rundll32.exe", line(module)),
		object.union(action_at("c:\\windows\\system32\\rundll32.exe", line(module), fixtures.server), {"process": {"original_file_name": "loader.exe"}}),
		object.union(action_at("c:\\windows\\system32\\rundll32.exe", line(module), fixtures.server), {"event": {"kind": "image_load"}}),
	] {
		not managed.action with input as document
	}
}
