# METADATA
# title: Who wrote the file that runs or is loaded
# description: |
#   As file records told it: a process of an installer's tree, within
#   ExecutionTimeWindow; or anybody, where the file is called MSIxxxx.tmp. Where no
#   record told of it the fact is absent, and absent says nothing.
package lib.drops

import data.lib.installer

# METADATA
# title: Roles of the processes of an installer's tree
tree_roles := installer.own_roles | {"descendant", "wrapper"}

# METADATA
# title: A process of an installer's tree wrote the file, within ExecutionTimeWindow
by_tree(written) if {
	written.by.role in tree_roles
	input.event.time - written.at <= data.an0940.parameters.ExecutionTimeWindow * 1000000000
}

# METADATA
# title: Windows Installer itself wrote the file
by_installer(written) if extracts(written.by)

# METADATA
# title: A process extracts files from packages
# description: |
#   The service, a custom-action server, a msiexec client. Another program that calls
#   the installer's functions does so too, in its own temporary folder, and cannot be
#   told from one that only plants a file.
extracts(process) if {
	process.role in {"client", "custom_action_server", "service"}
	installer.genuine(process)
}

# METADATA
# title: What there is to show of who wrote the file, and how long before
evidence(written) := {
	"written.by": object.get(written, ["by", "image"], "not known"),
	"written.before": sprintf("%d s", [max([0, round((input.event.time - written.at) / 1000000000)])]),
}
