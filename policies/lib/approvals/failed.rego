package lib.approvals

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

failed[id] contains "strong_fact" if {
	some id in candidates
	not carried(id)
	{"deployment_tool", "source"} - matched[id] == set()
	own_strong_fact(id)
	not lists_strong_fact(id)
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
