package lib.approvals

# METADATA
# title: Entries that as many facts lead to as an approval takes
# description: One that is not among them does not fit; the build step files it so (gateway/governance/filing.go).
# scope: document
leading contains id if some id, _ in data.governance.index.installers.sha256[subject.sha256]

leading contains id if some id, _ in data.governance.index.installers.sha1[subject.sha1]

leading contains id if {
	some way in ways
	some id, _ in data.governance.index.installers.sha256[package_hash(way.session)]
}

leading contains id if {
	some signer, _ in signers
	some tool, _ in tools[_]
	some narrowing in filed_under
	some id, _ in data.governance.index.installers.signer_tool[concat("", [signer, "|", tool, narrowing])]
}

leading contains id if {
	some signer, _ in signers
	some source, _ in sources[_]
	some narrowing in filed_under
	some id, _ in data.governance.index.installers.signer_source[concat("", [signer, "|", source, narrowing])]
}

leading contains id if {
	some at, found in tools
	some tool, _ in found
	some source, _ in sources[at]
	some narrowing in filed_under
	some id, _ in data.governance.index.installers.tool_source[concat("", [tool, "|", source, narrowing])]
}

leading contains id if {
	count(changes) > 0
	some signer, _ in signers
	some narrowing in filed_under
	some id, _ in data.governance.index.installers.signer_change[concat("", [signer, narrowing])]
}

# METADATA
# title: Narrowing facts of the event, as keys of the index hold them
# description: |
#   An entry is filed under its pair of facts and one fact by which it narrows itself,
#   or none where it has none; the build step says which (gateway/governance/filing.go).
# scope: document
filed_under contains ""

filed_under contains concat("|", ["", fact, subject[named]]) if {
	some fact, named in {
		"company": "company",
		"file_name": "name",
		"image": "image",
		"original_file_name": "original_file_name",
		"product": "product",
	}
}

filed_under contains concat("|", ["", "image", subject.path])

filed_under contains concat("|", ["", "file_name", ways[_].client.msiexec.package.file])

filed_under contains concat("|", ["", "product_code", ways[_].client.msiexec.package.name])

filed_under contains concat("|", ["", "user", ways[_].client.user])

filed_under contains concat("|", ["", "host_group", group]) if some group in input.host.groups

# METADATA
# title: Entries that any fact of the event leads to
# description: |
#   Those that one fact leads to, and that nothing else need fit, are for near misses. The
#   build step keeps few of them for each fact.
# scope: document
candidates contains id if some id in leading

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

matched[id] contains "change_window" if {
	some id in candidates
	data.governance.installers[id].change_window
	"current" in changes
	not unlisted[id]
}
