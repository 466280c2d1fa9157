# METADATA
# title: What a system tool is told to do
# description: |
#   Judged by the arguments: the same tool stops a service for an honest package
#   and adds an administrator for another. "alarming" has no place in an
#   installation that nobody vouches for; "doubtful" has, now and then. Each rule
#   stands under the tool it speaks of, so that one tool costs its own rules only.
package lib.behaviour

import data.lib.programs

# METADATA
# title: What the subject does that has no place in an installation
alarms contains what if {
	some tool in programs.tools
	some what in alarming[tool]
}

# METADATA
# title: What the subject does that an honest installation does now and then
doubts contains what if {
	some tool in programs.tools
	some what in doubtful[tool]
}
