package lib.approvals

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

unlisted[id] contains "package" if {
	some id in candidates
	some _ in tree.client.msiexec.others
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
