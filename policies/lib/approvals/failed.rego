package lib.approvals

# METADATA
# title: Facts that keep an entry from explaining the event
# scope: document
failed[id] contains fact if some fact in barred[id]

failed[id] contains fact if {
	some id in candidates
	not carried(id)
	some fact, list in carrying
	count(object.get(data.governance.installers[id], list, {})) > 0
	not has(id, fact)
	not over(id, fact)
}

failed[id] contains "strong_fact" if {
	some id in candidates
	not carried(id)
	suffices_elsewhere(id)
	own_strong_fact(id, fitting_facts(id))
	strong_fact_needed(id)
}

failed[id] contains fact if {
	some id in candidates
	not carried(id)
	some fact in unlisted[id]
}

failed[id] contains "mark_of_the_web" if {
	some id in candidates
	not carried(id)
	marked
	count(object.get(data.governance.installers[id], "sources", {})) > 0
}

failed[id] contains state if {
	some id in candidates
	not carried(id)
	some fact, states in dates[id]
	not fact in matched[id]
	not "current" in states
	some state in states
}

# METADATA
# title: Facts that keep an entry from explaining the event whatever else fits
# scope: document
barred[id] contains fact if {
	some id in candidates
	some fact, _ in narrowing(data.governance.installers[id])
	not fact in matched[id]
}

barred[id] contains "command_line" if {
	some id in candidates
	exact(fitting_facts(id))
	not "command_line" in matched[id]
}

barred[id] contains state if {
	some id in candidates
	state := state_of(data.governance.installers[id])
	state != "current"
}

barred[id] contains "denied" if {
	some id in candidates
	count(denials) > 0
}

# METADATA
# title: Facts of an entry that fit, none where none does
# scope: document
fitting_facts(id) := {fact | some fact in matched[id]}

# METADATA
# title: A fact of the entry fits, be it by the package
# description: A hash that the entry lists may be that of the package.
# scope: document
has(id, fact) if fact in matched[id]

has(id, "sha256") if "package_sha256" in matched[id]

# METADATA
# title: What fits would do for a program that the installer started for certain
# scope: document
suffices_elsewhere(id) if together - matched[id] == set()

suffices_elsewhere(id) if {
	"package_sha256" in matched[id]
	count(situational & matched[id]) > 0
}

# METADATA
# title: The strong fact that is wanted is not told by its own name
# scope: document
strong_fact_needed(id) if not lists_strong_fact(id)

strong_fact_needed(id) if "package_sha256" in matched[id]
