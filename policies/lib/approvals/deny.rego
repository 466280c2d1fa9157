package lib.approvals

# METADATA
# title: Entries of the deny list that fit the event
# description: Found by lookup; one without an end counts until it is taken away.
denials contains id if {
	count(data.governance.deny) > 0
	some id, _ in denied
	data.governance.deny[id].created <= input.now
	not ended(data.governance.deny[id])
}

# METADATA
# title: An entry of the deny list is over
ended(entry) if entry.expires <= input.now

# METADATA
# title: Entries of the deny list that a fact of the event leads to
# scope: document
denied[id] := true if some id, _ in data.governance.index.deny.sha256[subject.sha256]

denied[id] := true if {
	some session in sessions
	some id, _ in data.governance.index.deny.sha256[session.package_file.sha256]
}

denied[id] := true if some id, _ in data.governance.index.deny.sha1[subject.sha1]

denied[id] := true if {
	some session in sessions
	some id, _ in data.governance.index.deny.sha1[session.package_file.sha1]
}

denied[id] := true if some id, _ in data.governance.index.deny.signer_subject[subject.signer.subject]

denied[id] := true if some id, _ in data.governance.index.deny.thumbprint[subject.signer.thumbprint]

denied[id] := true if some id, _ in data.governance.index.deny.image[subject.image]

denied[id] := true if some id, _ in data.governance.index.deny.image[subject.path]

denied[id] := true if {
	some folder in subject.folders
	some id, _ in data.governance.index.deny.folder[folder]
}

denied[id] := true if {
	some fact, named in {
		"company": "company",
		"file_name": "name",
		"original_file_name": "original_file_name",
		"product": "product",
	}
	some id, _ in data.governance.index.deny[fact][subject[named]]
}

denied[id] := true if {
	some image in above
	some tool, _ in data.governance.index.deployment_tools.image[image]
	some id, _ in data.governance.index.deny.deployment_tool[tool]
}

denied[id] := true if {
	some name in packages
	some folder in name.folders
	some source, _ in data.governance.index.sources.folder[folder]
	some id, _ in data.governance.index.deny.source[source]
}

denied[id] := true if {
	some name in packages
	some id, _ in data.governance.index.deny.package_name[name.file]
}

denied[id] := true if {
	some session in sessions
	some product in session.products
	some id, _ in data.governance.index.deny.product_code[product.code]
}

denied[id] := true if some id, _ in data.governance.index.deny.product_code[input.event.install.product_code]

denied[id] := true if {
	some name in packages
	some folder in name.folders
	some id, _ in data.governance.index.deny.folder[folder]
}

denied[id] := true if {
	some name in packages
	some id, _ in data.governance.index.deny.product_code[name.name]
}

denied[id] := true if {
	some name in packages
	some id, _ in data.governance.index.deny.url_host[url_host(name)]
}

# METADATA
# title: Packages that the event speaks of, or that a session it can belong to installs
# description: Also by the word of MsiInstaller alone, which may raise.
# scope: document
packages contains ways[_].client.msiexec["package"]

packages contains patch if some patch in ways[_].client.msiexec.patches

packages contains other if some other in ways[_].client.msiexec.others

packages contains input.event.install["package"]

packages contains session["package"] if some session in sessions

packages contains named if {
	some session in sessions
	some named in session.named
}

packages contains patch if {
	some session in sessions
	some patch in session.client.msiexec.patches
}

# METADATA
# title: Sessions that the event can belong to
# scope: document
sessions contains input.session

sessions contains candidate if some candidate in input.session.candidates

# METADATA
# title: The host of a package's URL, without user and port
url_host(name) := split(split(authority, "@")[count(split(authority, "@")) - 1], ":")[0] if {
	name.kind == "url"
	authority := split(replace(name.name, "\\", "/"), "/")[2]
}

# METADATA
# title: Images of what asked for the install, or stands above the event
# description: To deny, the path of the tool is enough, whoever started it.
# scope: document
above contains process.image if some process in input.lineage

above contains process.image if {
	some session in sessions
	some process in session.launcher
}

above contains session.client.image if some session in sessions
