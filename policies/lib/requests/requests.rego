# METADATA
# title: What the event asks to have installed
# description: |
#   By a client's command line, or by a record of MsiInstaller, which anybody can write:
#   it may raise, and excuses nothing.
package lib.requests

# METADATA
# title: Packages, patches, and what else the command line names
# description: A DLL that is registered (/y, /z) is no package.
# scope: document
packages contains input.process.msiexec["package"] if {
	input.event.kind == "process_start"
	input.process.msiexec.verb != "register"
	input.process.msiexec.verb != "unregister"
}

packages contains patch if {
	input.event.kind == "process_start"
	some patch in input.process.msiexec.patches
}

packages contains other if {
	input.event.kind == "process_start"
	some other in input.process.msiexec.others
}

packages contains input.event.install["package"] if input.event.kind == "install"
