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
tokens := array.flatten([pieces(at % 2, segment) |
	some at, segment in split(input.process.command_line, "\"")
])

# METADATA
# title: What stands between two quotes is one word, what stands outside is several
pieces(quoted, segment) := [segment] if quoted == 1

else := [] if segment in {"", " "}

else := [word |
	some word in split(replace(segment, "\t", " "), " ")
	word != ""
]

# METADATA
# title: The options by their places, without their marks
switches[at] := trim_left(token, "/-") if {
	some at, token in tokens
	strings.any_prefix_match(token, ["/", "-"])
	at > 0
}

# METADATA
# title: The place of the payload
# description: The first word after an option that is none itself and no folder of /dir.
begin := min({at |
	first := min(object.keys(switches))
	some at, _ in tokens
	at > first
} - (object.keys(switches) | values))

# METADATA
# title: Places of what follows /dir
values contains at + 1 if {
	some at, "dir" in switches
}

# METADATA
# title: The command line is a launcher's
# scope: document
launches if {
	some at, option in switches
	option in options
	not argument(at)
}

# METADATA
# title: What stands at a place belongs to the payload
argument(at) if at > begin

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
path := concat("\\", [trim_right(folder, "\\"), tokens[begin]]) if {
	not contains(tokens[begin], "\\")
	folder := tokens[min(values)]
}

else := tokens[begin] if contains(last(tokens[begin]), ".")

else := substring(text, 0, indexof(text, ".exe") + 4) if contains(text, ".exe")

else := tokens[begin]

# METADATA
# title: The last part of a path
last(name) := parts[count(parts) - 1] if parts := split(name, "\\")

# METADATA
# title: Names that the payload goes by
names := given | {concat("", [name, ".exe"]) | some name in given} if {
	given := {last(path), last(tokens[begin])}
}

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
tool if {
	some name in names
	programs.generic(name)
}
