package lib.approvals

# METADATA
# title: What a client's command line adds to the package and the entry does not list
# description: It voids the package's facts, for the package is no longer what was approved.
# scope: document
unlisted[id] contains "transform" if {
	some id in candidates
	some transform in ways[_].client.msiexec.transforms
	not data.governance.installers[id].transforms[transform]
}

unlisted[id] contains "patch" if {
	some id in candidates
	some patch in ways[_].client.msiexec.patches
	not data.governance.installers[id].patches[patch.name]
}

unlisted[id] contains "package" if {
	some id in candidates
	some _ in ways[_].client.msiexec.others
}

unlisted[id] contains "property" if {
	some id in candidates
	some way in ways
	some name, value in way.client.msiexec.properties
	not data.an0940.tuning.standard_properties[name]
	not judged_apart(way.client, name)
	not allowed(data.governance.installers[id], name, value)
}

# METADATA
# title: Properties that the command line's own lists hold
# scope: document
judged_apart(client, "transforms") if count(client.msiexec.transforms) > 0

judged_apart(client, "patch") if count(client.msiexec.patches) > 0

# METADATA
# title: The entry allows a property this value
# scope: document
allowed(entry, name, value) if entry.properties[name][value]

allowed(entry, name, _) if entry.properties[name]["*"]
