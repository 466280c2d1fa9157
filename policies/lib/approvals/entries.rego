package lib.approvals

import data.lib.programs

# METADATA
# title: Entries that any fact of the event leads to
# scope: document
candidates contains id if some id, _ in data.governance.index.installers.sha256[subject.sha256]

candidates contains id if some id, _ in data.governance.index.installers.sha1[subject.sha1]

candidates contains id if {
	some signer, _ in signers
	some id, _ in data.governance.index.installers.signer[signer]
}

candidates contains id if {
	some tool, _ in tools
	some source, _ in sources
	some id, _ in data.governance.index.installers.tool_source[concat("|", [tool, source])]
}

candidates contains id if {
	some tool, _ in tools
	some id, _ in data.governance.index.installers.tool[tool]
}

candidates contains id if {
	some source, _ in sources
	some id, _ in data.governance.index.installers.source[source]
}

# METADATA
# title: Facts that an entry and the event share
# scope: document
matched[id] contains "sha256" if {
	some id in candidates
	data.governance.installers[id].sha256[subject.sha256]
}

matched[id] contains "sha1" if {
	some id in candidates
	data.governance.installers[id].sha1[subject.sha1]
}

matched[id] contains "signer" if {
	some id in candidates
	some signer, states in signers
	data.governance.installers[id].signers[signer]
	"current" in states
}

matched[id] contains "deployment_tool" if {
	some id in candidates
	some tool, states in tools
	data.governance.installers[id].deployment_tools[tool]
	"current" in states
}

matched[id] contains "source" if {
	some id in candidates
	some source, states in sources
	data.governance.installers[id].sources[source]
	"current" in states
	not unlisted[id]
}

matched[id] contains fact if {
	some id in candidates
	some fact, wanted in narrowing(data.governance.installers[id])
	narrowed(id, fact, wanted)
}

matched[id] contains "command_line" if {
	some id in candidates
	data.governance.installers[id].command_lines[input.process.command_line]
}

# METADATA
# title: Facts that keep an entry from explaining the event
# scope: document
failed[id] contains fact if {
	some id in candidates
	not carried(id)
	some fact, list in carrying
	count(object.get(data.governance.installers[id], list, {})) > 0
	not fact in matched[id]
	not over(id, fact)
}

failed[id] contains fact if {
	some id in candidates
	some fact, _ in narrowing(data.governance.installers[id])
	not fact in matched[id]
}

failed[id] contains "command_line" if {
	some id in candidates
	exact(id)
	not "command_line" in matched[id]
}

failed[id] contains fact if {
	some id in candidates
	not carried(id)
	some fact in unlisted[id]
}

failed[id] contains "expired" if {
	some id in candidates
	state_of(data.governance.installers[id]) == "expired"
}

failed[id] contains "expired" if {
	some id in candidates
	not carried(id)
	some fact, _ in carrying
	not fact in matched[id]
	over(id, fact)
}

failed[id] contains "denied" if {
	some id in candidates
	count(denials) > 0
}

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
#   One strong and one situational fact, or tool and source together. A module, and
#   a program for which the entry lists hashes or signers, needs a strong fact of its
#   own: what is approved is that file, not whatever came with it.
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

own_strong_fact(id) if {
	input.event.kind == "process_start"
	input.process.role != "client"
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
	not matched[id] & {"deployment_tool", "source"} == {"deployment_tool", "source"}
}

# METADATA
# title: What the client's command line adds to the package and the entry does not list
# description: It voids the package's facts, for the package is no longer what was approved.
# scope: document
unlisted[id] contains "transform" if {
	some id in candidates
	some transform in tree.client.msiexec.transforms
	not data.governance.installers[id].transforms[transform]
}

unlisted[id] contains "patch" if {
	some id in candidates
	some patch in tree.client.msiexec.patches
	not data.governance.installers[id].patches[patch.name]
}

unlisted[id] contains "property" if {
	some id in candidates
	some name, value in tree.client.msiexec.properties
	not data.an0940.tuning.standard_properties[name]
	not judged_apart(name)
	not allowed(data.governance.installers[id], name, value)
}

# METADATA
# title: Properties that the command line's own lists hold
# scope: document
judged_apart("transforms") if count(tree.client.msiexec.transforms) > 0

judged_apart("patch") if count(tree.client.msiexec.patches) > 0

# METADATA
# title: The entry allows a property this value
# scope: document
allowed(entry, name, value) if entry.properties[name][value]

allowed(entry, name, _) if entry.properties[name]["*"]
