package lib.approvals

# METADATA
# title: The entry that explains the event
# description: The one that more facts lead to, then the first by name.
approval := {
	"entry": id,
	"owner": data.governance.installers[id].owner,
	"ticket": ticket(id),
	"matched": sort(matched[id]),
} if {
	id := sort(fitting)[0][1]
}

# METADATA
# title: What an approval refers to
# description: The change that it rests on, else the ticket of the entry itself.
# scope: document
ticket(id) := sort(change_tickets)[0] if "change_window" in matched[id]

else := object.get(data.governance.installers[id], "ticket", "")

# METADATA
# title: Entries without a failed fact, by how few facts lead to them
fitting contains [0 - count(matched[id]), id] if {
	some id in leading
	carried(id)
	not failed[id]
}

# METADATA
# title: Entries that fit in part, best first, at most three
near_misses := [] if candidates == set()

else := [{"entry": miss[2], "matched": sort(fitting_facts(miss[2])), "failed": sort(failed[miss[2]])} |
	some miss in array.slice(sort(missing_little), 0, 3)
]

# METADATA
# title: Entries that fit in part, by how far they are off
# description: |
#   One that fails for nothing but its dates is among them, also where its tool and its
#   source ran out with it and nothing fits any more.
missing_little contains [0 - count(fitting_facts(id)), count(failed[id]), id] if {
	some id in candidates
	failed[id]
	nearly(id)
}

# METADATA
# title: An entry that is worth naming
# scope: document
nearly(id) if matched[id]

nearly(id) if failed[id] - untimely == set()

# METADATA
# title: Why an entry, or what it lists, does not count at this time
untimely := {"change_not_begun", "change_over", "change_retroactive", "expired", "not_yet_valid"}
