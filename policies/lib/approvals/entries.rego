package lib.approvals

# METADATA
# title: Entries that any fact of the event leads to
# scope: document
candidates contains id if some id, _ in data.governance.index.installers.sha256[subject.sha256]

candidates contains id if some id, _ in data.governance.index.installers.sha1[subject.sha1]

candidates contains id if {
	some way in ways
	some id, _ in data.governance.index.installers.sha256[package_hash(way.session)]
}

candidates contains id if {
	some signer, _ in signers
	some tool, _ in tools[_]
	some id, _ in data.governance.index.installers.signer_tool[concat("|", [signer, tool])]
}

candidates contains id if {
	some signer, _ in signers
	some source, _ in sources[_]
	some id, _ in data.governance.index.installers.signer_source[concat("|", [signer, source])]
}

candidates contains id if {
	some at, found in tools
	some tool, _ in found
	some source, _ in sources[at]
	some id, _ in data.governance.index.installers.tool_source[concat("|", [tool, source])]
}

# METADATA
# title: Entries that one fact leads to and that nothing else need fit
# description: For near misses. The build step keeps few of them for each fact.
candidates contains id if {
	some signer, _ in signers
	some id, _ in data.governance.index.installers.signer[signer]
}

candidates contains id if {
	some tool, _ in tools[_]
	some id, _ in data.governance.index.installers.tool[tool]
}

candidates contains id if {
	some source, _ in sources[_]
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

matched[id] contains "package_sha256" if {
	some id in candidates
	count(ways) > 0
	every way in ways {
		data.governance.installers[id].sha256[package_hash(way.session)]
	}
	not unlisted[id]
}

matched[id] contains "deployment_tool" if {
	some id in candidates
	count(ways) > 0
	every at, _ in ways {
		some tool, states in tools[at]
		data.governance.installers[id].deployment_tools[tool]
		"current" in states
	}
}

matched[id] contains "source" if {
	some id in candidates
	count(ways) > 0
	every at, _ in ways {
		some source, states in sources[at]
		data.governance.installers[id].sources[source]
		"current" in states
	}
	not marked
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
