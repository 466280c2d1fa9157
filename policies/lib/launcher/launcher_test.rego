package lib.launcher_test

import data.lib.fixtures_test as fixtures
import data.lib.launcher

told(line) := {"process": object.union(fixtures.extracted, {"command_line": line})}

test_payload_is_found_however_it_is_quoted if {
	every line, path in {
		"\"c:\\windows\\installer\\msi1.tmp\" /dontwait /hidewindow \"c:\\program files\\orrery\\agent.exe\" -x": "c:\\program files\\orrery\\agent.exe",
		"c:\\windows\\installer\\msi1.tmp /dontwait c:\\program files\\orrery\\agent.exe -x": "c:\\program files\\orrery\\agent.exe",
		"c:\\users\\a b\\msi1.tmp\t-hidewindow\t\"c:\\program files\\orrery\\\" agent": "c:\\program files\\orrery\\",
		"\"msi1.tmp\" \"/runasadmin\" \"/dir\" \"c:\\program files\\orrery\\\" \"agent.exe\"": "c:\\program files\\orrery\\agent.exe",
		"\"msi1.tmp\" /enforcedrunasadmin /dir c:\\windows\\temp powershell -nop": "c:\\windows\\temp\\powershell",
		"\"msi1.tmp\" /dontwait powershell -nop": "powershell",
	} {
		launcher.launches with input as told(line)
		launcher.path == path with input as told(line)
	}
}

test_line_without_a_launchers_option_is_none if {
	every line in ["\"msi1.tmp\" -install", "\"msi1.tmp\"", "\"msi1.tmp\" /dir x agent.exe /hidewindow", ""] {
		not launcher.launches with input as told(line)
	}
}

test_launcher_without_a_payload_still_is_one if {
	launcher.launches with input as told("\"msi1.tmp\" /hidewindow")
	not launcher.ordinary with input as told("\"msi1.tmp\" /hidewindow")
}

test_program_of_the_product_is_ordinary if {
	every line in [
		"\"msi1.tmp\" /dontwait /hidewindow /dir \"c:\\program files\\orrery\\\" \"c:\\program files\\orrery\\agent.exe\" -x",
		"\"msi1.tmp\" /runasadmin /dir \"c:\\program files (x86)\\orrery\" agent.exe",
		"msi1.tmp /hidewindow c:\\program files\\orrery\\agent.exe -x",
	] {
		launcher.ordinary with input as told(line)
	}
}

test_nothing_else_is_ordinary if {
	every payload in [
		"powershell -nop",
		"\"c:\\windows\\system32\\cmd\" /c x",
		"\"c:\\program files\\powershell\\7\\pwsh.exe\" -file x",
		"\"c:\\program files\\orrery\\run.bat\"",
		"\"c:\\program files\\orrery\\..\\..\\users\\public\\x.exe\"",
		"\"c:\\program files\\orrery:x.exe\"",
		"\"c:\\program files\\orrery\\get.exe\" https://files.orrery.example/x",
		"c:\\windows\\system32\\notepad.exe",
		"c:\\windows\\temp\\agent.exe",
		"\"c:\\users\\alice\\appdata\\roaming\\agent.exe\"",
		"\\\\files.orrery.example\\share\\agent.exe",
		"%comspec% /c x",
		"agent.exe",
		"agent",
	] {
		not launcher.ordinary with input as told(concat(" ", ["msi1.tmp /dontwait /hidewindow", payload]))
	}
}

# Windows starts the first part of a path with blanks where it is a program.
test_each_part_that_windows_may_start_is_looked_at if {
	launcher.tool with input as told("msi1.tmp /dontwait c:\\orrery\\cmd tools\\agent.exe")
	not launcher.tool with input as told("msi1.tmp /dontwait \"c:\\orrery\\cmd tools\\agent.exe\"")
}

test_empty_word_between_quotes_is_a_word if {
	line := "\"msi1.tmp\" /dontwait /dir \"\" cmd /c x"
	launcher.said == "cmd" with input as told(line)
	launcher.tool with input as told(line)
}
