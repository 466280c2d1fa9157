package lib.approvals

import data.lib.drops
import data.lib.installer
import data.lib.managed
import data.lib.programs

# METADATA
# title: Facts that carry an approval, by the list of an entry that holds them
carrying := {
	"change_window": "change_window",
	"deployment_tool": "deployment_tools",
	"sha1": "sha1",
	"sha256": "sha256",
	"signer": "signers",
	"source": "sources",
}

# METADATA
# title: Strong facts of the file that runs or is loaded
own_facts := {"sha1", "sha256", "signer"}

# METADATA
# title: Situational facts
situational := {"change_window", "deployment_tool", "source"}

# METADATA
# title: Situational facts that together need no strong one
# description: A change window says when and not what, so it stands beside a strong fact only.
together := {"deployment_tool", "source"}

# METADATA
# title: The facts that fit suffice
carried(id) if carries(id, matched[id])

# METADATA
# title: Facts suffice
# description: |
#   One strong and one situational fact, or tool and source together. The hash of the
#   package stands for what the installer does with it, and so do tool and source; what
#   has to have a strong fact of its own is said below.
# scope: document
carries(_, facts) if {
	count(facts & own_facts) > 0
	count(facts & situational) > 0
}

carries(id, facts) if {
	"package_sha256" in facts
	count(facts & situational) > 0
	not own_strong_fact(id, facts)
}

carries(id, facts) if {
	together - facts == set()
	not own_strong_fact(id, facts)
}

# METADATA
# title: The event needs a strong fact of its own
# description: |
#   A module, and what the installer did not start itself: what is approved is that file,
#   not whatever came with it or whatever it goes on to start, perhaps hours later. A
#   program for which the entry lists hashes or signers, unless it is the package that
#   one of them fits. One that bears the name of an extracted program and that something
#   else than the installer wrote: it need not be of the package. And one that cannot be told for certain to come from that package,
#   unless the entry names it; of a managed custom action only the start itself, which is
#   Windows' own program in a fixed form, can be explained without that.
# scope: document
own_strong_fact(_, _) if input.event.kind == "image_load"

own_strong_fact(_, _) if {
	started_by_it
	not installer.child
	not installer.of_its_own
}

own_strong_fact(id, facts) if {
	started_by_it
	lists_strong_fact(id)
	not "package_sha256" in facts
}

own_strong_fact(_, _) if {
	started_by_it
	installer.extracted
	input.process.written
	not drops.by_installer(input.process.written)
}

own_strong_fact(_, facts) if {
	started_by_it
	doubtful
	not managed.action
	count(facts & {"command_line", "image"}) == 0
}

# METADATA
# title: A process that is no client was started, or acts
# scope: document
started_by_it if {
	input.event.kind == "process_start"
	input.process.role != "client"
}

started_by_it if {
	acted
	input.process.role != "client"
}

# METADATA
# title: The entry lists hashes or signers
lists_strong_fact(id) if {
	some list in ["sha256", "sha1", "signers"]
	count(object.get(data.governance.installers[id], list, {})) > 0
}

# METADATA
# title: Every fact of its kind that would fit belongs to a record that does not count now
over(id, fact) if {
	states := dates[id][fact]
	not "current" in states
}

# METADATA
# title: Whether the tools, sources, signers and windows that an entry lists and the event has count
# scope: document
dates[id].deployment_tool contains state if {
	some id in candidates
	some tool, states in tools[_]
	data.governance.installers[id].deployment_tools[tool]
	some state in states
}

dates[id].source contains state if {
	some id in candidates
	some source, states in sources[_]
	data.governance.installers[id].sources[source]
	some state in states
}

dates[id].change_window contains state if {
	some id in candidates
	data.governance.installers[id].change_window
	some state in changes
}

dates[id].signer contains state if {
	some id in candidates
	some signer, states in signers
	data.governance.installers[id].signers[signer]
	some state in states
}

# METADATA
# title: The entry must hold the exact command line
# description: |
#   For a program driven by its arguments, whatever its hash or signer, but for the start
#   of a managed custom action that the package's facts explain. The client's own
#   arguments are judged as package, transforms, patches and properties, unless it is the
#   client's hash or signer that is to carry the approval.
# scope: document
exact(facts) if {
	started_by_it
	programs.driven_by_arguments
	not action_of_package(facts)
	not installer.of_its_own
}

exact(facts) if {
	input.event.kind == "process_start"
	input.process.role == "client"
	count(facts & own_facts) > 0
	count(facts & {"package_sha256"}) == 0
	together - facts != set()
}

# METADATA
# title: The start of a managed custom action, and the package's facts that explain it
# description: |
#   The numbers and the handle in its command line differ on every run, and hash and
#   signer are rundll32's, which says nothing about the package.
# scope: document
action_of_package(facts) if {
	managed.action
	count(facts & own_facts) == 0
	together - facts == set()
}

action_of_package(facts) if {
	managed.action
	count(facts & own_facts) == 0
	"package_sha256" in facts
	count(facts & situational) > 0
}
