# METADATA
# title: The installer's own machinery
# description: |
#   What Windows Installer starts of itself for every package, told by role and full
#   path, never by a name. What only resembles it is not here, and is reviewed. Where the
#   sensor reports no command line, the role rests on the parent.
package an0940.machinery

import data.lib.installer

# METADATA
# title: The event is the installer's own doing
# scope: document
own if service

own if custom_action_server

own if client

own if console

# METADATA
# title: The installer service, started by the service manager
service if {
	input.process.role == "service"
	installer.genuine(input.process)
	input.parent.image == "c:\\windows\\system32\\services.exe"
}

# METADATA
# title: A custom-action server, started by the service or by a client
# description: The suffix of its command line is documented nowhere, so it is not looked at.
custom_action_server if {
	input.process.role == "custom_action_server"
	installer.genuine(input.process)
	input.parent.role in {"service", "client"}
	installer.genuine(input.parent)
}

# METADATA
# title: A client with a package it names, not itself started by an installer
# description: |
#   An ordinary install is nothing to look at. A package on a share is not here:
#   whether the share is trusted is for the sources of the governance data to say.
#   Nor is one whose place its name does not tell (relative to a working folder that
#   nobody reported, a device, a variable, an alternate stream), a second package,
#   or a transform from elsewhere than the package: it can change all of it.
client if {
	input.process.role == "client"
	installer.genuine(input.process)
	not installer.below
	ordinary
}

# METADATA
# title: The client's command line asks for an ordinary installation
# scope: document
ordinary if {
	input.process.msiexec.verb in {"install", "uninstall", "patch", "administrative", "advertise", "repair"}
	count(wanted) > 0
	every named in wanted {
		plain(named)
	}
	not several
	not foreign_transform
}

ordinary if {
	input.process.msiexec.verb == "help"
	count(wanted) == 0
}

# METADATA
# title: What the client installs
# scope: document
wanted contains input.process.msiexec["package"]

wanted contains patch if some patch in input.process.msiexec.patches

# METADATA
# title: The command line names more than the client can install
several if input.process.msiexec.others[_]

# METADATA
# title: An installed product, or a file on a drive whose name tells where it lies
# description: |
#   Windows drops dots and blanks at the end of a folder's name, so a folder that
#   ends in one is another than it says.
# scope: document
plain(named) if named.kind == "product_code"

plain(named) if {
	regex.match(`^[a-z]:(?:\\(?:[^\x00-\x1f\\/:*?"<>|%]*[^\x00-\x1f\\/:*?"<>|%. ]))+$`, named.name)
}

# METADATA
# title: A transform that does not come with the package
foreign_transform if {
	some transform in input.process.msiexec.transforms
	not comes_along(transform)
}

# METADATA
# title: A transform embedded in the package, or from the package's own folder
# description: |
#   ":name" is embedded, "@name" is taken from beside the package, a plain name from
#   the working folder, and a full path from where it says.
# scope: document
comes_along(transform) if {
	substring(transform, 0, 1) in {":", "@"}
	bare(substring(transform, 1, -1))
}

comes_along(transform) if {
	bare(trim_left(transform, "|"))
	trim_suffix(input.process.current_directory, "\\") == input.process.msiexec.package.folders[0]
}

comes_along(transform) if {
	folder := input.process.msiexec.package.folders[0]
	startswith(transform, concat("", [folder, "\\"]))
	not contains(transform, "..")
}

# METADATA
# title: A name without a folder
bare(name) if {
	every mark in ["\\", "/", ":"] {
		not contains(name, mark)
	}
}

# METADATA
# title: The console host that Windows gives a console program
# description: |
#   In the form the kernel starts it, with a handle and no command: conhost.exe
#   also starts programs for whoever asks.
console if {
	input.process.image == "c:\\windows\\system32\\conhost.exe"
	object.get(input.process, "original_file_name", "conhost.exe") == "conhost.exe"
	installer.below
	[program, handle, rest] := console_words
	program in {"\\??\\c:\\windows\\system32\\conhost.exe", "c:\\windows\\system32\\conhost.exe"}
	regex.match(`^0x[0-9a-f]+$`, handle)
	rest in {"", "-forcev1"}
}

# METADATA
# title: Its command line in three words, the third empty where there is none
console_words := array.slice(array.concat(parts, [""]), 0, 3) if {
	parts := split(input.process.command_line, " ")
	count(parts) in {2, 3}
}
