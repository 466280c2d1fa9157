package lib.approvals

import data.lib.installer
import data.lib.programs

# METADATA
# title: Facts that carry an approval, by the list of an entry that holds them
carrying := {
	"deployment_tool": "deployment_tools",
	"sha1": "sha1",
	"sha256": "sha256",
	"signer": "signers",
	"source": "sources",
}

# METADATA
# title: The facts suffice
# description: |
#   One strong and one situational fact, or tool and source together. A module,
#   a program for which the entry lists hashes or signers, and one that the installer
#   did not start itself need a strong fact of their own: what is approved is that
#   file, not whatever came with it or whatever it goes on to start, perhaps hours later.
# scope: document
carried(id) if {
	count(matched[id] & {"sha256", "sha1", "signer"}) > 0
	count(matched[id] & {"deployment_tool", "source"}) > 0
}

carried(id) if {
	matched[id] & {"deployment_tool", "source"} == {"deployment_tool", "source"}
	not own_strong_fact(id)
}

# METADATA
# title: The event needs a strong fact of its own
# scope: document
own_strong_fact(_) if input.event.kind == "image_load"

own_strong_fact(_) if {
	input.event.kind == "process_start"
	input.process.role != "client"
	not installer.child
}

own_strong_fact(id) if {
	input.event.kind == "process_start"
	input.process.role != "client"
	lists_strong_fact(id)
}

# METADATA
# title: The entry lists hashes or signers
lists_strong_fact(id) if {
	some list in ["sha256", "sha1", "signers"]
	count(object.get(data.governance.installers[id], list, {})) > 0
}

# METADATA
# title: The only fact of its kind that fits belongs to a record that is over
# scope: document
over(id, "deployment_tool") if {
	some tool, states in tools
	data.governance.installers[id].deployment_tools[tool]
	not "current" in states
}

over(id, "source") if {
	some source, states in sources
	data.governance.installers[id].sources[source]
	not "current" in states
}

over(id, "signer") if {
	some signer, states in signers
	data.governance.installers[id].signers[signer]
	not "current" in states
}

# METADATA
# title: The entry must hold the exact command line
# description: |
#   For a program driven by its arguments, whatever its hash or signer. The client's
#   own arguments are judged as package, transforms, patches and properties, unless it
#   is the client's hash or signer that is to carry the approval.
# scope: document
exact(_) if {
	input.event.kind == "process_start"
	input.process.role != "client"
	programs.driven_by_arguments
}

exact(id) if {
	input.event.kind == "process_start"
	input.process.role == "client"
	count(matched[id] & {"sha256", "sha1", "signer"}) > 0
	not matched[id] & {"deployment_tool", "source"} == {"deployment_tool", "source"}
}
