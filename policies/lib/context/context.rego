# METADATA
# title: Around the signal
# description: |
#   What a signal says is how bad its behaviour is by itself. Here, in one place, is what
#   makes it worse: an alert about a program that the installer started is critical where
#   one of the reasons below holds. A review is never raised: what made it one is a doubt
#   or a lowering fact, and those still hold. Nothing here lowers anything.
package lib.context

import data.lib.approvals
import data.lib.arguments
import data.lib.behaviour
import data.lib.drops
import data.lib.programs
import data.lib.shares
import data.lib.signing

# METADATA
# title: A signal as it is told, with what is around it
# scope: document
told(held) := object.union(held, {
	"severity": "critical",
	"evidence": object.union_n([held.evidence, quiet, {"context": concat("; ", reasons)}]),
}) if {
	raisable(held)
	reasons != set()
}

else := object.union(held, {"evidence": object.union(held.evidence, quiet)}) if quiet != {}

else := held

# METADATA
# title: The signal can be raised
raisable(held) if {
	held.disposition == "alert"
	held.severity == "high"
	started
}

# METADATA
# title: The event is the start of a program, and not of a client's own install
started if {
	input.event.kind == "process_start"
	not client
}

# METADATA
# title: The subject is a client
client if input.process.role == "client"

# METADATA
# title: How quiet the install is that the program belongs to
# description: |
#   Shown, and no more: nearly every deployment is quiet. A client's own command line says
#   it already.
# scope: document
quiet := {"session.quiet": input.session.quiet} if {
	started
	input.session.quiet != ""
}

else := {}

# METADATA
# title: What makes it worse
# scope: document
reasons contains "the package came from the web" if {
	some named in packages
	shares.from_web(named)
	not approvals.in_source(named)
}

reasons contains "the script is fetched or encoded" if {
	interpreter
	arguments.code(arguments.text)
}

reasons contains "the script is fetched or encoded" if {
	interpreter
	arguments.remote
}

reasons contains "the script is fetched or encoded" if {
	programs.shell
	arguments.encoded
}

reasons contains "it touches what watches over the host" if behaviour.disarms

reasons contains "it starts again by itself, from where payloads run from" if {
	behaviour.lasts
	arguments.payload
}

reasons contains "it starts again by itself, from the web" if {
	behaviour.lasts
	arguments.remote
}

reasons contains "the installer's tree wrote the program, and its signature does not hold" if {
	drops.by_tree(input.process.written)
	signing.untrusted(input.process)
}

# METADATA
# title: The subject runs scripts
# scope: document
interpreter if programs.shell

interpreter if programs.script_host

# METADATA
# title: Packages that the program belongs to
# scope: document
packages contains input.session["package"]

packages contains process.msiexec["package"] if {
	some process in input.lineage
	process.role == "client"
}
