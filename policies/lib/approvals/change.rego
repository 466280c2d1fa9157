package lib.approvals

import data.lib.installer

# METADATA
# title: Change windows that cover the host and the package, and whether each counts
# description: |
#   A window is held against when the event arrived, not when it is decided again: a late
#   record after its end takes nothing back, and a host that ships late falls outside.
changes contains state if {
	some change in input.change
	covers(change)
	state := change_state(change)
}

# METADATA
# title: A window speaks of this host and of the package of every way
covers(change) if {
	change.host_group in input.host.groups
	change.host_group != "all"
	count(ways) > 0
	every way in ways {
		installer.genuine(way.client)
		speaks_of(change, way)
	}
}

# METADATA
# title: A window names the package of a way
# description: |
#   By what the client's command line names: whole, its file name or the ProductCode. Or
#   by the hash of the file that is installed from. A name is the author's choice, and
#   does no harm: the window only stands beside a strong fact.
# scope: document
speaks_of(change, way) if {
	not climbs(way.client.msiexec.package.name)
	some named in ["file", "name"]
	way.client.msiexec.package[named] in change.packages
}

speaks_of(change, way) if package_hash(way.session) in change.packages

# METADATA
# title: Whether a window counts
# description: |
#   It is open for at most 14 days, another than its opener approved it, and it was opened
#   before the event arrived: one that was written afterwards explains in hindsight.
change_state(change) := "current" if {
	change.opened <= input.event.received
	change.begin <= input.event.received
	input.event.received < change.end
	change.end - change.begin <= longest_change
	change.opener != ""
	change.approver != ""
	change.opener != change.approver
}

else := "change_retroactive" if change.opened > input.event.received

else := "change_not_begun" if change.begin > input.event.received

else := "change_over" if change.end <= input.event.received

else := "change_not_valid"

# METADATA
# title: 14 days in nanoseconds
longest_change := ((14 * 24) * 3600) * 1000000000

# METADATA
# title: Tickets of the windows that count
change_tickets contains change.ticket if {
	some change in input.change
	covers(change)
	change_state(change) == "current"
}
