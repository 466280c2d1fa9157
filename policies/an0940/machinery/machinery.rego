# METADATA
# title: The installer's own machinery
# description: |
#   What Windows Installer starts of itself for every package, told by role and full
#   path, never by a name. What only resembles it is not here, and is reviewed.
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
#   Nor is a transform from elsewhere than the package: it can change all of it.
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
	named
	not share
	not foreign_transform
}

ordinary if input.process.msiexec.verb == "help"

# METADATA
# title: The client names what it installs
# scope: document
named if input.process.msiexec.package

named if count(input.process.msiexec.patches) > 0

# METADATA
# title: The client installs from a share
# scope: document
share if input.process.msiexec.package.kind == "unc"

share if {
	some patch in input.process.msiexec.patches
	patch.kind == "unc"
}

# METADATA
# title: A transform that does not come with the package
foreign_transform if {
	some transform in input.process.msiexec.transforms
	not comes_along(transform)
}

# METADATA
# title: A transform embedded in the package, or beside it under a plain name
# description: |
#   ":name" is embedded, "@name" and "|name" are secured ones; a full path comes along
#   where it lies in the package's own folder.
# scope: document
comes_along(transform) if {
	every mark in ["\\", "/", ":"] {
		not contains(trim_left(transform, ":@|"), mark)
	}
}

comes_along(transform) if {
	folder := input.process.msiexec.package.folders[0]
	startswith(transform, concat("", [folder, "\\"]))
	not contains(transform, "..")
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
	startswith(handle, "0x")
	rest in {"", "-forcev1"}
}

# METADATA
# title: Its command line in three words, the third empty where there is none
console_words := array.slice(array.concat(parts, [""]), 0, 3) if {
	parts := split(input.process.command_line, " ")
	count(parts) in {2, 3}
}
