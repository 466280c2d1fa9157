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
import data.lib.prevalence

# METADATA
# title: The decision for one event
# description: |
#   expected: the installer's own machinery. approved: an entry explains it. review:
#   not explained and not alarming, or not decidable on these facts. alert: AN0940.
# entrypoint: true
# scope: document
decision := object.union(outcome, explanation)

# METADATA
# title: The decision without its explanation
# description: |
#   What has to be known where many scopes are tried against the canaries. It is part of
#   the decision, so that the two cannot differ.
# entrypoint: true
# scope: document
outcome := object.union(judged, {"approval": approvals.approval}) if disposition == "approved"

else := judged

# METADATA
# title: The outcome, without the entry that it rests on
judged := {
	"disposition": disposition,
	"severity": severity,
	"pending": awaited,
}

# METADATA
# title: Why it was decided so, with how common it is where the baseline knows
# scope: document
explanation := object.union(reasons, {"baseline": prevalence.record}) if told != []

else := reasons

# METADATA
# title: What was told, what nearly fitted and what is not known
reasons := {
	"signals": [object.remove(held, ["disposition", "excusable", "missing"]) | some held in told],
	"near_misses": near_misses,
	"missing": missing,
}

# METADATA
# title: Every signal that holds, excused or not
told := [prevalence.told(context.told(held)) | some held in found] if found != []

else := [prevalence.told(context.told(unexplained.held))] if unexplained.held

else := []

# METADATA
# title: Signals that hold, by their id, but for the one that speaks where no other does
found := [held | some id; held := data.an0940.signals[id].held]

# METADATA
# title: What correlation does not know, and what the signals lack besides
missing := sort(lacking | {fact | some fact in input.missing})

# METADATA
# title: Facts that the signals would have told more by
lacking contains told[_].missing[_]

# METADATA
# title: Signals that no entry excuses
# scope: document
standing := [] if told == []

else := told if not approvals.approval

else := [held | some held in told; not held.excusable]

# METADATA
# title: The disposition
# scope: document
disposition := "alert" if {
	alarming
	awaited == []
}

else := "review" if standing != []

else := "approved" if in_effect

else := "expected"

# METADATA
# title: What stands is an alert
alarming if standing[_].disposition == "alert"

# METADATA
# title: Facts that may still come, and with them an entry that explains what would alert
# description: What is never excusable waits for nothing.
# scope: document
awaited := [] if not alarming

else := [] if unexcusable

else := [] if pending.awaited == {}

else := [{"fact": fact, "due": due} | some fact, due in pending.awaited]

# METADATA
# title: What would alert is never excusable
unexcusable if {
	some held in standing
	held.disposition == "alert"
	not held.excusable
}

# METADATA
# title: Where nothing stands, an entry excuses what is told, or an install that a tool began
# scope: document
in_effect if told != []

in_effect if {
	input.event.kind == "process_start"
	input.process.role == "client"
	approvals.approval
}

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
	standing != []
}

else := approvals.near_misses if standing != []

else := approvals.near_misses if {
	disposition == "expected"
	input.event.kind == "process_start"
	input.process.role == "client"
}

else := []

# METADATA
# title: The worst severity of the signals that stand
# scope: document
severity := "critical" if {
	standing[_].severity == "critical"
}

else := "high" if {
	standing[_].severity == "high"
}

else := "medium" if {
	standing[_].severity == "medium"
}

else := "low" if {
	standing[_].severity == "low"
}

else := "informational"
