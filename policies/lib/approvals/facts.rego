# METADATA
# title: What explains behaviour
# description: |
#   Entries of the governance data, by facts of three classes. Strong: the hash of the
#   file that runs or is loaded, its signer as the sensor verified it. Situational: a
#   deployment tool above the client, the package inside an approved source. Claimed:
#   what the package's author chooses, which only narrows an entry.
#
#   Everything is found by lookup in data.governance.index; no rule walks over the
#   entries, so that 100,000 of them cost what ten do.
package lib.approvals

import data.lib.installer

# METADATA
# title: The file that runs or is loaded, whose hash and signer count
# scope: document
subject := input.process if input.event.kind == "process_start"

else := input.module if input.event.kind == "image_load"

# METADATA
# title: The client and what is above it
# description: |
#   The client is the subject itself, or the nearest client among its ancestors. For a
#   record of MsiInstaller, which anybody can write, it is the client that the sensor
#   saw, and only where its own command line names the same package.
# scope: document
tree := {"client": input.process, "above": input.lineage} if client_acts

else := {"client": input.lineage[at], "above": array.slice(input.lineage, at + 1, count(input.lineage))} if {
	input.event.kind in {"process_start", "image_load"}
	at := min({i | some i, process in input.lineage; process.role == "client"})
}

# METADATA
# title: The event is the client's own
# scope: document
client_acts if {
	input.event.kind in {"process_start", "image_load"}
	input.process.role == "client"
}

client_acts if {
	input.event.kind == "install"
	input.process.role == "client"
	input.process.pid == input.event.install.client_pid
	input.process.msiexec.package.name == input.event.install.package.name
}

# METADATA
# title: Deployment tools above the client, and whether each counts
# description: |
#   By full path as the sensor saw it, started by the service manager where its record
#   asks for that. Only the msiexec that Windows ships is a client here.
tools[id] contains state if {
	installer.genuine(tree.client)
	some at, process in tree.above
	some id, _ in data.governance.index.deployment_tools.image[process.image]
	started(data.governance.deployment_tools[id], at)
	state := state_of(data.governance.deployment_tools[id])
}

# METADATA
# title: A deployment tool was started as its record asks for
# scope: document
started(tool, _) if not tool.started_by_service

started(_, at) if tree.above[at + 1].image == "c:\\windows\\system32\\services.exe"

# METADATA
# title: Approved sources that the client's package lies in, and whether each counts
# description: A name that climbs with two dots, plain or escaped, lies in nothing.
sources[id] contains state if {
	installer.genuine(tree.client)
	some folder in tree.client.msiexec.package.folders
	some id, _ in data.governance.index.sources.folder[folder]
	not climbs(tree.client.msiexec.package.name)
	state := state_of(data.governance.sources[id])
}

# METADATA
# title: A name that leaves the folder it begins with
climbs(name) if {
	some part in ["..", "%2e", "%5c", "%2f"]
	contains(name, part)
}

# METADATA
# title: Signers of the subject, as the sensor verified it, and whether each counts
signers[id] contains state if {
	subject.signer.signed
	subject.signer.status in {"valid", "trusted"}
	some id in known_signers
	vouched(data.governance.signers[id])
	state := state_of(data.governance.signers[id])
}

# METADATA
# title: Signers of the governance data by the subject's name and thumbprint
# scope: document
known_signers contains id if some id, _ in data.governance.index.signers.subject[subject.signer.subject]

known_signers contains id if some id, _ in data.governance.index.signers.thumbprint[subject.signer.thumbprint]

# METADATA
# title: Thumbprint or issuer fit, where the sensor gives one and the record lists any
# description: A record that lists names alone is content with the name.
vouched(signer) if {
	fits(signer, "subjects", "subject")
	fits(signer, "thumbprints", "thumbprint")
	fits(signer, "issuers", "issuer")
}

# METADATA
# title: A fact of the signature fits, or is not to be compared
# scope: document
fits(signer, list, fact) if signer[list][subject.signer[fact]]

fits(signer, list, _) if count(object.get(signer, list, {})) == 0

fits(_, _, fact) if not subject.signer[fact]

# METADATA
# title: Whether an entry counts now
# description: An entry counts from created until before expires; else it is told as expired.
# scope: document
state_of(entry) := "current" if {
	entry.created <= input.now
	input.now < entry.expires
}

else := "expired"
