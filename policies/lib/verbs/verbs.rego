# METADATA
# title: What the install was asked to do
# description: |
#   By the client's command line: that of the nearest client above the subject, and of
#   the client that the session names. REINSTALL makes a repair of an install or a
#   patch, and ACTION an administrative or advertised install of anything. Where the
#   session cannot be known, what any candidate was asked counts as possible.
package lib.verbs

# METADATA
# title: Verbs that the subject's own install was told
# scope: document
asked contains verb if some verb in of(input.lineage[nearest])

asked contains verb if some verb in of(input.session.client)

# METADATA
# title: The nearest client above the subject
nearest := min({at | some at; input.lineage[at].role == "client"})

# METADATA
# title: Verbs of the sessions that the subject could belong to
possible contains verb if {
	input.session.ambiguous
	some candidate in input.session.candidates
	some verb in of(candidate.client)
}

# METADATA
# title: What one client was told, by its options and its properties
of(client) := verbs if {
	client.msiexec
	verbs := {verb |
		some verb in array.concat([client.msiexec.verb], said(client.msiexec.properties))
	}
}

# METADATA
# title: What properties make of an install
said(properties) := array.concat(
	["repair" | properties.reinstall != ""],
	[verb],
) if {
	verb := {"admin": "administrative", "advertise": "advertise"}[properties.action]
}

else := ["repair" | properties.reinstall != ""]
