package lib.approvals

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
