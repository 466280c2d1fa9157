# METADATA
# title: AN0940
# description: |
#   msiexec.exe running installer packages that result in anomalous process creation.
#   This package holds the answer; each signal has a folder of its own below signals/.
package an0940

import data.an0940.unexplained
import data.lib.approvals
import data.lib.context
import data.lib.pending

# METADATA
# title: The decision for one event
# description: |
#   expected: the installer's own machinery. approved: an entry explains it. review:
#   not explained and not alarming, or not decidable on these facts. alert: AN0940.
# entrypoint: true
decision := object.union(answer, explained)

# METADATA
# title: The answer without its explanation
answer := {
	"disposition": disposition,
	"severity": severity,
	"signals": [{"id": held.id, "severity": held.severity, "title": held.title, "evidence": held.evidence} | some held in told],
	"near_misses": near_misses,
	"pending": awaited,
	"missing": sort({fact | some fact in input.missing} | {fact | some held in told; some fact in held.missing}),
}

# METADATA
# title: Every signal that holds, excused or not
told := [context.told(held) | some held in found] if count(found) > 0

else := [context.told(unexplained.held)] if unexplained.held

else := []

# METADATA
# title: Signals that hold by their id, but for the one that speaks where no other does
found := {id: held | held := data.an0940.signals[id].held}

# METADATA
# title: Signals that no entry excuses
# scope: document
standing := [] if count(told) == 0

else := told if not approvals.approval

else := [held | some held in told; not held.excusable]

# METADATA
# title: The disposition
# scope: document
disposition := "alert" if {
	alarming
	count(awaited) == 0
}

else := "review" if count(standing) > 0

else := "approved" if in_effect

else := "expected"

# METADATA
# title: What stands is an alert
alarming if {
	some held in standing
	held.disposition == "alert"
}

# METADATA
# title: Facts that may still come, and with them an entry that explains what would alert
# description: What is never excusable waits for nothing.
# scope: document
awaited := [] if not alarming

else := [] if unexcusable

else := [{"fact": fact, "due": pending.awaited[fact]} | some fact in sort(object.keys(pending.awaited))]

# METADATA
# title: What would alert is never excusable
unexcusable if {
	some held in standing
	held.disposition == "alert"
	not held.excusable
}

# METADATA
# title: An entry explains what would else stand, or an install that a tool began
# scope: document
in_effect if {
	count(told) > 0
	count(standing) == 0
}

in_effect if {
	count(told) == 0
	input.event.kind == "process_start"
	input.process.role == "client"
	approvals.approval
}

# METADATA
# title: The entry that explains the event, where one does
# scope: document
explained := {"approval": approvals.approval} if disposition == "approved"

else := {}

# METADATA
# title: Entries that fit in part
# description: |
#   One that fits whole but may not excuse what stands comes first. A client's install
#   that needs no excuse has them too, so that an entry that ran out is seen.
# scope: document
near_misses := array.slice(
	array.concat(
		[{"entry": approvals.approval.entry, "matched": approvals.approval.matched, "failed": ["not_excusable"]}],
		approvals.near_misses,
	),
	0, 3,
) if {
	count(standing) > 0
	approvals.approval
}

else := approvals.near_misses if count(standing) > 0

else := approvals.near_misses if {
	disposition == "expected"
	input.event.kind == "process_start"
	input.process.role == "client"
}

else := []

# METADATA
# title: Severities from harmless to worst
severities := ["informational", "low", "medium", "high", "critical"]

# METADATA
# title: The worst severity of the signals that stand
# scope: document
severity := severities[max({rank | some held in standing; held.severity == severities[rank]})] if count(standing) > 0

else := "informational"
