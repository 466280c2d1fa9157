package lib.managed_test

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
