# METADATA
# title: Facts that the package's author chooses
# description: |
#   Anybody can copy them, so they never approve. Where they all fit together they
#   lower an alert to a review: that somebody looks, and nobody is paged.
package lib.claims

import data.lib.arguments
import data.lib.installer
import data.lib.paths
import data.lib.programs

# METADATA
# title: A file claims a vendor, a product and a name of its own
# description: |
#   As Chrome's enterprise package does. Void where the name is that of a tool
#   anybody uses, or where the sensor says that the file is not signed.
vendor(process) if {
	stated(process.company)
	stated(process.product)
	stated(process.original_file_name)
	not programs.generic(programs.original_name(process))
	not unsigned(process)
}

# METADATA
# title: The sensor says that a file is not signed
unsigned(process) if process.signer.signed == false

# METADATA
# title: A version string that says something
stated(text) if not text in {"", "-", "--", "?", "n/a", "none", "unknown", "todo: <company name>", "todo: <product name>"}

# METADATA
# title: The 64-bit helper that InstallShield unpacks
# description: "%TEMP%\\{GUID}\\_isXXXX.exe, OriginalFileName ISBEW64.exe."
installshield if {
	input.process.original_file_name == "isbew64.exe"
	input.process.company in {"acresso software inc.", "flexera", "flexera software", "flexera software llc", "installshield", "macrovision corporation", "revenera"}
	startswith(input.process.name, "_is")
	endswith(input.process.name, ".exe")
	regex.match(`^[a-z]:\\.*\\temp\\\{[0-9a-f-]{36}\}\\_is[0-9a-z]+\.exe$`, input.process.image)
}

# METADATA
# title: Microsoft's own update components
# description: |
#   rempl and RUXIM are packages whose actions start schtasks and cmd from the
#   service. Folder, task name and arguments are the package's own words: an
#   attacker can use the same, so each is held to its exact form.
windows_update if {
	input.parent.role == "service"
	installer.genuine(input.parent)
	system_account
	trim_suffix(input.process.current_directory, "\\") in {"c:\\program files\\rempl", "c:\\program files\\ruxim"}
	paths.process_in_system_folder
	update_arguments
}

# METADATA
# title: The subject runs as the system account
# scope: document
system_account if input.process.integrity_level == "system"

system_account if input.process.user == "nt authority\\system"

# METADATA
# title: Arguments as Microsoft's update components give them
# scope: document
update_arguments if {
	programs.tools.schtasks
	some task in values_of("tn")
	some definition in values_of("xml")
	startswith(trim_left(task, "\\"), "microsoft\\windows\\")
	endswith(definition, ".xml")
	not mentions_any(definition, ["\\", "/", ":"])
	not contains(task, "..")
	arguments.words - {arguments.tokens[0], trim_left(task, "\\"), task, definition} == {"create", "tn", "xml", "f"}
}

update_arguments if {
	input.process.name == "cmd.exe"
	arguments.tokens[1] == "/c"
	arguments.tokens[2] in {"rd", "rmdir"}
	not mentions_any(input.process.command_line, ["&", "|", "<", ">", "%", "(", "!", "..", "\n", "\r"])
}

# METADATA
# title: The words that follow an option
values_of(option) := {arguments.tokens[at + 1] |
	some at, token in arguments.tokens
	token in {concat("", ["-", option]), concat("", ["/", option])}
}

# METADATA
# title: A text holds a part of the list
mentions_any(text, parts) if {
	some part in parts
	contains(text, part)
}
