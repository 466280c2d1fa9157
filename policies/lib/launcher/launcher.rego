# METADATA
# title: What a launcher is told to start
# description: |
#   MSIxxxx.tmp OPTIONS [/dir FOLDER] PROGRAM [ARGUMENTS], as Advanced Installer's
#   launcher takes it. The package's author writes the line, so it is read however it is
#   quoted, and what cannot be read is not taken for harmless.
package lib.launcher

import data.lib.arguments
import data.lib.paths
import data.lib.programs

# METADATA
# title: Options that start a program out of sight or with more rights
options := {"dontwait", "hidewindow", "runasadmin", "enforcedrunasadmin"}

# METADATA
# title: One of them is somewhere in the command line
# description: What is not need not be taken apart, which costs more than all else here.
named if {
	said := input.process.command_line
	some name in options
	contains(said, name)
}

# METADATA
# title: The words of the command line, a quoted part one word
# description: |
#   What stands between two quotes is one word, as no quote is left in it to split it by;
#   where it is empty it becomes a blank, since what is empty outside them is no word.
tokens := [word |
	some at, segment in split(replace(replace(input.process.command_line, "\t", " "), "\"\"", "\" \""), "\"")
	some word in split(segment, [" ", "\""][at % 2])
	word != ""
]

# METADATA
# title: The options by their places, without their marks
switches := {at: option |
	some at, token in tokens
	option := trim_left(token, "/-")
	option != token
	at > 0
}

# METADATA
# title: Places of what follows /dir
values := {after |
	some at, "dir" in switches
	after := at + 1
}

# METADATA
# title: The place of the payload
# description: The first word after an option that is none itself and no folder of /dir.
begin := min({after | some at in taken; after := at + 1} - taken) if taken := object.keys(switches) | values

# METADATA
# title: The command line is a launcher's
# scope: document
launches if {
	some at, option in switches
	option in options
	not at > begin # it belongs to the payload
}

# METADATA
# title: The payload, as the word that it is
said := tokens[begin]

# METADATA
# title: The payload with its arguments
text := concat(" ", array.slice(tokens, begin, count(tokens)))

# METADATA
# title: The payload's path
# description: |
#   The word; one that has no extension is the beginning of a path with blanks that
#   nobody quoted, or of a name that Windows completes. A name without a folder is
#   looked for in the folder of /dir.
# scope: document
path := concat("\\", [trim_right(tokens[min(values)], "\\"), said]) if not contains(said, "\\")

else := said if contains(last(said), ".")

else := substring(text, 0, indexof(text, ".exe") + 4) if contains(text, ".exe")

else := said

# METADATA
# title: The last part of a path
last(name) := parts[count(parts) - 1] if parts := split(name, "\\")

# METADATA
# title: Folders above the payload
folders := [concat("\\", array.slice(parts, 0, to)) |
	parts := split(path, "\\")
	some to in numbers.range(1, count(parts) - 1)
]

# METADATA
# title: A program of the product, where ordinary users cannot write
# description: Nothing that runs what its arguments say, no script, nothing remote, nothing of Windows' own.
ordinary if {
	not tool
	not strings.any_suffix_match(path, [".bat", ".cmd", ".hta", ".js", ".jse", ".ps1", ".vbe", ".vbs", ".wsf"])
	not contains(last(path), ":")
	not contains(path, "..")
	not arguments.remote
	paths.protected(folders)
	not folders[count(folders) - 1] in paths.system_folders
}

# METADATA
# title: The payload is a program that runs what its arguments say
# description: |
#   Windows takes the first part of a path with blanks that nobody quoted for a program,
#   where it is one.
# scope: document
tool if programs.generic(completed(last(path)))

tool if programs.generic(completed(last(said)))

# METADATA
# title: A name with the extension that Windows gives it
# description: One without an extension is completed by ".exe" (Microsoft, "CreateProcessW").
# scope: document
completed(name) := name if contains(name, ".")

else := concat("", [name, ".exe"])
