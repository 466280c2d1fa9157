# METADATA
# title: How common it is that a package starts or loads this file
# description: |
#   From data.baseline, a bundle of its own: under packages, by the package's identity, and
#   below it under children, by the file's, {"hosts", "first_seen", "last_seen"}: on how many
#   hosts it was seen, and from when until when in ns since 1970. A package is called by its
#   file name, by its URL without the query or by its ProductCode; a file by "sha256:" or
#   "sha1:" and its hash, as a path is anybody's to copy.
#
#   What is common may be wrong everywhere, so prevalence approves nothing and changes no
#   disposition. It is shown, and it lowers the severity of what may be excused by one step.
package lib.prevalence

import data.lib.approvals
import data.lib.programs

# METADATA
# title: What the baseline knows of the package and the file
# description: |
#   Looked up by both, and only where the sensor saw who asked for the package. Not for
#   programs driven by their arguments, which are the same file whatever they do.
record := object.union(found, {"package": named, "child": child}) if {
	data.baseline.packages
	count(approvals.ways) == 1
	named := called(approvals.ways[0].client.msiexec["package"])
	not driven_by_arguments
	child := identity
	found := object.filter(data.baseline.packages[named].children[child], ["first_seen", "hosts", "last_seen"])
}

# METADATA
# title: The subject does what its arguments say
driven_by_arguments if {
	input.event.kind != "image_load"
	programs.driven_by_arguments
}

# METADATA
# title: What a package is called wherever it lies
# scope: document
called(wanted) := split(wanted.name, "?")[0] if wanted.kind == "url"

else := wanted.file if wanted.file

else := wanted.name

# METADATA
# title: The file by its hash
# scope: document
identity := concat(":", ["sha256", approvals.subject.sha256]) if approvals.subject.sha256

else := concat(":", ["sha1", approvals.subject.sha1])

# METADATA
# title: It was seen on many hosts, long before
# description: |
#   An attack that reaches many hosts at once is common too, but not for long.
common if {
	record.hosts >= data.an0940.tuning.baseline.hosts
	input.event.time - record.first_seen >= ((data.an0940.tuning.baseline.days * 24) * 3600) * 1000000000
}

# METADATA
# title: A signal as it is told, a step less severe where it is common
# description: Not what nothing excuses, and not what its context made critical.
# scope: document
told(held) := object.union(held, {"severity": lower[held.severity]}) if {
	held.excusable
	lower[held.severity]
	common
}

else := held

# METADATA
# title: The step below a severity
lower := {"high": "medium", "medium": "low"}
