# METADATA
# title: The subject's position in an installer's tree
# description: |
#   From the roles that correlation gave. Where a parent's role is not known (a
#   4688 names its parent's path alone), a parent called msiexec.exe counts as the
#   installer: that may raise, and excuses nothing.
package lib.installer

# METADATA
# title: Roles of the installer's own processes
own_roles := {"client", "service", "custom_action_server", "managed_custom_action", "extracted"}

# METADATA
# title: The subject was started by the installer itself
# scope: document
child if input.parent.role in own_roles

child if {
	input.parent.role == ""
	input.parent.name == "msiexec.exe"
}

# METADATA
# title: The subject runs somewhere below an installer
# scope: document
below if child

below if input.process.role == "descendant"

below if input.parent.role in {"descendant", "wrapper"}

# METADATA
# title: The subject is msiexec, or correlation takes it for a part of the installer
# scope: document
own if input.process.role in own_roles

own if data.lib.programs.msiexec

# METADATA
# title: Windows Installer itself acts for the package
# description: |
#   Its service or a custom-action server writes or connects: its command line says
#   nothing of what for. That such a process started is judged as any other start.
of_its_own if {
	input.event.kind in {"registry", "network", "dns"}
	input.process.role in {"service", "custom_action_server"}
	genuine(input.process)
}

# METADATA
# title: The two places msiexec runs from
msiexec_images := {"c:\\windows\\system32\\msiexec.exe", "c:\\windows\\syswow64\\msiexec.exe"}

# METADATA
# title: A process runs the msiexec that Windows ships
# description: By full path, and by OriginalFileName where the sensor gives it.
genuine(process) if {
	process.image in msiexec_images
	object.get(process, "original_file_name", "msiexec.exe") in {"msiexec.exe", "msiexec.exe.mui"}
}

# METADATA
# title: A file extracted from a package's Binary table
# description: |
#   MSIxxxx.tmp. The name alone proves nothing and excuses nothing: anybody can
#   use it.
temporary(name) if {
	startswith(name, "msi")
	endswith(name, ".tmp")
}

# METADATA
# title: The subject is a program extracted from a package
# scope: document
extracted if input.process.role == "extracted"

extracted if temporary(input.process.name)
