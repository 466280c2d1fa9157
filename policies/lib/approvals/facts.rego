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
# title: The file that runs, acts or is loaded, whose hash and signer count
# description: Not msiexec where it acts for a package, of which that says nothing.
# scope: document
subject := input.process if input.event.kind == "process_start"

else := input.module if input.event.kind == "image_load"

else := input.process if {
	acted
	not installer.of_its_own
}

# METADATA
# title: A process wrote to the registry or to the network
acted if input.event.kind in {"registry", "network", "dns"}

# METADATA
# title: Ways in which the event can have come about
# description: |
#   Each is a client with what is above it, and the session that it opened. The client is
#   the subject itself, or the nearest among its ancestors; for what the installer's
#   service did, it is that of the event's session. Where several sessions remain, or
#   only records of MsiInstaller single one out, each is a way, and a fact of the entry
#   holds where it holds for every one of them. For a record of MsiInstaller, which
#   anybody can write, it is the client that the sensor saw, and only where its own
#   command line names the same package.
# scope: document
ways := [] if more_than_shown

else := [{"client": input.process, "above": input.lineage, "session": own_session, "sure": true}] if client_acts

else := [way] if {
	started_or_loaded
	at := min({i | some i; input.lineage[i].role == "client"})
	way := {
		"client": input.lineage[at],
		"above": array.slice(input.lineage, at + 1, count(input.lineage)),
		"session": own_session,
		"sure": true,
	}
}

else := [way_of(input.session, input.session.attribution in {"file", "lineage"})] if {
	started_or_loaded
	input.session.attribution in {"file", "lineage", "sole", "wrapper"}
	count(input.session.candidates) == 0
}

else := [way_of(candidate, false) | some candidate in input.session.candidates] if started_or_loaded

else := []

# METADATA
# title: It is not known whether there are further ways
# description: |
#   The gateway forgot sessions, has more than it shows, or saw a msiexec that may be the
#   service as well as a client.
more_than_shown if {
	some doubt in input.session.doubts
	doubt in {"candidates", "evictions", "msiexec"}
}

# METADATA
# title: Something started, acted or was loaded
# scope: document
started_or_loaded if input.event.kind in {"process_start", "image_load"}

started_or_loaded if acted

# METADATA
# title: The session of the client that stands in the subject's own line
# scope: document
own_session := input.session if input.session.attribution in {"lineage", "record"}

else := {}

# METADATA
# title: A session as a way
# description: |
#   With its client only where the sensor saw it as a msiexec with a command line: what
#   rests on records of MsiInstaller alone explains nothing.
# scope: document
way_of(session, sure) := {"client": session.client, "above": session.launcher, "session": session, "sure": sure} if {
	session.opened_by == "client"
	{"client", "launcher"} & {fact | some fact in session.claimed} == set()
}

else := {"client": {}, "above": [], "session": {}, "sure": false}

# METADATA
# title: Which session it was is not certain
# description: |
#   The service did it while that client was the only one that anybody saw, or while each
#   of those that were seen would explain it. One that nobody saw remains possible. Or a
#   wrapper did it, beside the install that it had started.
doubtful if {
	some way in ways
	not way.sure
}

# METADATA
# title: The event is the client's own
# scope: document
client_acts if {
	started_or_loaded
	input.process.role == "client"
}

client_acts if {
	input.event.kind == "install"
	input.process.role == "client"
	input.process.pid == input.event.install.client_pid
	input.process.msiexec.package.name == input.event.install.package.name
}

# METADATA
# title: Deployment tools above the client of each way, and whether each counts
# description: |
#   By full path as the sensor saw it, started by the service manager where its record
#   asks for that. Only the msiexec that Windows ships is a client here.
tools[at][id] contains state if {
	some at, way in ways
	installer.genuine(way.client)
	some place, process in way.above
	some id, _ in data.governance.index.deployment_tools.image[process.image]
	started(data.governance.deployment_tools[id], way.above, place)
	state := state_of(data.governance.deployment_tools[id])
}

# METADATA
# title: A deployment tool was started as its record asks for
# scope: document
started(tool, _, _) if not tool.started_by_service

started(_, above, place) if above[place + 1].image == "c:\\windows\\system32\\services.exe"

# METADATA
# title: Approved sources that the package of each way lies in, and whether each counts
# description: |
#   A name that climbs with two dots, plain or escaped, lies in nothing. Where records of
#   MsiInstaller name further packages for the client, each must lie there too.
sources[at][id] contains state if {
	some at, way in ways
	installer.genuine(way.client)
	some folder in way.client.msiexec.package.folders
	some id, _ in data.governance.index.sources.folder[folder]
	not climbs(way.client.msiexec.package.name)
	every named in object.get(way.session, "named", []) {
		inside(data.governance.sources[id], named)
	}
	state := state_of(data.governance.sources[id])
}

# METADATA
# title: A package lies in the source
inside(source, named) if {
	not climbs(named.name)
	some folder in named.folders
	source.folders[folder]
}

# METADATA
# title: What is named lies in a source that counts now
# description: Says where something lies, not who asked for it; it carries no approval.
in_source(named) if {
	not climbs(named.name)
	some folder in named.folders
	some id, _ in data.governance.index.sources.folder[folder]
	state_of(data.governance.sources[id]) == "current"
}

# METADATA
# title: A name that leaves the folder it begins with
climbs(name) if {
	some part in ["..", "%2e", "%5c", "%2f"]
	contains(name, part)
}

# METADATA
# title: The package bears the mark of the web
# description: It was brought into the source from outside, whoever can write there.
marked if {
	some way in ways
	way.session.mark_of_the_web
}

# METADATA
# title: SHA-256 of the file that a session installs from
# description: |
#   As it was when the session began: hashed before that and not long ago, not written
#   since, on a host that tells of files written, and of the package that the client's
#   own command line names.
package_hash(session) := file.sha256 if {
	not "package_file" in session.claimed
	not session.named
	"file_create" in input.host.sends
	file := session.package_file
	object.get(file, "written", 0) <= file.hashed
	file.hashed <= session.begin
	session.begin - file.hashed <= data.an0940.tuning.package_hash_seconds * 1000000000
}

# METADATA
# title: Signers of the subject, as the sensor verified it, and whether each counts
signers[id] contains state if {
	subject.signer.signed
	subject.signer.status in {"valid", "trusted"}
	not untrusted_roots
	some id in known_signers
	vouched(data.governance.signers[id])
	state := state_of(data.governance.signers[id])
}

# METADATA
# title: An installer's tree added a root certificate to the host, not long before
# description: Whoever holds its key can sign in anybody's name.
untrusted_roots if {
	since := input.event.time - input.host.root_certificate
	since >= 0
	since < data.an0940.tuning.root_certificate_seconds * 1000000000
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
# description: An entry counts from created until before expires.
# scope: document
state_of(entry) := "current" if {
	entry.created <= input.now
	input.now < entry.expires
}

else := "not_yet_valid" if input.now < entry.created

else := "expired"
