# METADATA
# title: MsiInstaller names another package than the client's command line
# description: |
#   The sensor saw a msiexec start with the package it is to install, and a record of
#   Windows Installer says that this very client had another one processed. Either the
#   client did something else than its command line says (a process that somebody wrote
#   into, a chainer inside the package), or the record is forged: any interactive user
#   can write one, to make an install look like an approved one or to spoil its approval.
#   Both are worth a look, and neither is proof of harm: a review, on the client's start
#   and on the record.
#
#   No entry excuses it, for what an entry vouches for is the package that is in doubt.
#
#   What an installed product is called in its maintenance is not told: its ProductCode,
#   and the copy that Windows Installer keeps in Windows\Installer, which ordinary users
#   cannot write. Nor is the same path on a share, for which a drive letter may stand.
#   A set-up program that has one package after another installed is no msiexec client,
#   and has no command line to contradict.
# custom:
#   id: contradicted_package
#   severity: medium
#   disposition: review
#   attack: AN0940
#   sources:
#     - {name: MsiInstaller 1040, official: false}
#     - {name: Sysmon 1, official: true}
#     - {name: Security 4688, official: false}
#   needs:
#     - [process_start]
#     - [install:1040, install:1042]
#     - [event.install.package]
#     - [event.install.client_pid]
#   weaker_without: [process.command_line]
#   trigger:
#     - {kind: process_start}
#     - {kind: install, event_ids: [1040]}
#   excusable: false
#   excused_by: []
package an0940.signals.contradicted_package

import data.lib.evidence

# METADATA
# title: The signal, where it holds
held := {
	"id": "contradicted_package",
	"title": "MsiInstaller names another package than the client's command line",
	"severity": "medium",
	"disposition": "review",
	"excusable": false,
	"evidence": object.union(evidence.request, {"session.package.name": asked.name, "session.named": min(told)}),
	"missing": [],
} if {
	told != set()
}

# METADATA
# title: The package on the command line of the client that the sensor saw
asked := input.session["package"] if {
	input.session.opened_by == "client"
	not "package" in input.session.claimed
}

# METADATA
# title: Other packages that records name, by the client's start or by the record itself
# scope: document
told contains named.name if {
	input.event.kind == "process_start"
	input.process.role == "client"
	some named in input.session.named
	contradicts(named)
}

told contains named.name if {
	input.event.kind == "install"
	input.session.attribution == "record"
	named := input.event.install["package"]
	named in input.session.named
	contradicts(named)
}

# METADATA
# title: The name cannot be another one of the package that was asked for
contradicts(named) if {
	named.kind in {"path", "unc", "url"}
	not kept(named)
	not mapped(asked, named)
	not mapped(named, asked)
}

# METADATA
# title: The copy of an installed product's package that Windows Installer keeps
kept(named) if regex.match(`^[a-z]:\\windows\\installer\\[^\\]+$`, named.name)

# METADATA
# title: The same path on a drive and on a share, which the drive may stand for
mapped(drive, share) if {
	share.kind == "unc"
	regex.match(`^[a-z]:\\`, drive.name)
	endswith(share.name, substring(drive.name, 2, -1))
}
