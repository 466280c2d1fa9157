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

denied[id] := true if some id, _ in data.governance.index.deny.sha1[subject.sha1]

denied[id] := true if some id, _ in data.governance.index.deny.signer_subject[subject.signer.subject]

denied[id] := true if some id, _ in data.governance.index.deny.thumbprint[subject.signer.thumbprint]

denied[id] := true if some id, _ in data.governance.index.deny.image[subject.image]

denied[id] := true if some id, _ in data.governance.index.deny.image[subject.path]

denied[id] := true if {
	some folder in subject.folders
	some id, _ in data.governance.index.deny.folder[folder]
}

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
# title: Packages that the event speaks of
# scope: document
packages contains tree.client.msiexec["package"]

packages contains patch if some patch in tree.client.msiexec.patches

packages contains other if some other in tree.client.msiexec.others

packages contains input.event.install["package"]

# METADATA
# title: The host of a package's URL, without user and port
url_host(name) := split(split(authority, "@")[count(split(authority, "@")) - 1], ":")[0] if {
	name.kind == "url"
	authority := split(replace(name.name, "\\", "/"), "/")[2]
}
