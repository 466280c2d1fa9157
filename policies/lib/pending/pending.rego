# METADATA
# title: Facts that may still come
# description: |
#   A signer is told by the load of a program's own image, a moment after its start; the
#   Application log and records out of order tell of an install some minutes later. While
#   such a fact may still come, and an entry of the governance data would then explain
#   the event, what would alert waits. On a host that never sends such records nothing
#   is waited for. Every event is decided again, whatever it was, when a record changes
#   what is known of it: only alerts are held back meanwhile.
package lib.pending

import data.lib.approvals

# METADATA
# title: Facts that an entry waits for, and when each is due in ns since 1970
# scope: document
awaited[fact] := at if {
	due != {}
	some id in approvals.candidates
	would_excuse(id)
	some fact, at in due
	some brought in brings[fact]
	wanted(id, brought)
}

# METADATA
# title: When the signer of a process is due, which may still come
due["process.signer"] := at if {
	input.event.kind == "process_start"
	"process.signer" in input.missing
	"image_load" in input.host.sends
	at := after(data.an0940.tuning.pending.image_load_seconds)
}

# METADATA
# title: When the signer of a module is due, which may still come
due["module.signer"] := at if {
	input.event.kind == "image_load"
	not input.module.signer
	"image_load" in input.host.sends
	at := after(data.an0940.tuning.pending.image_load_seconds)
}

# METADATA
# title: When the session or its package is due, which may still come
due[fact] := at if {
	some fact in ["session", "session.package"]
	fact in input.missing
	not beyond_knowing
	"install" in input.host.sends
	at := after(data.an0940.tuning.pending.session_seconds)
}

# METADATA
# title: So long after the event arrived, where that is still to come
# description: From its arrival, so that deciding it again waits no longer.
after(seconds) := at if {
	at := input.event.received + (seconds * 1000000000)
	input.now < at
}

# METADATA
# title: The session cannot be known, whatever comes
# description: The gateway forgot one that it could be, or has more than it shows.
beyond_knowing if {
	some doubt in input.session.doubts
	doubt in {"candidates", "evictions"}
}

# METADATA
# title: Facts of an entry that each can bring
brings := {
	"process.signer": {"signer"},
	"module.signer": {"signer"},
	"session": {"change_window", "deployment_tool", "file_name", "package_sha256", "product_code", "source", "user"},
	"session.package": {"change_window", "file_name", "package_sha256", "product_code", "source"},
}

# METADATA
# title: Lists of an entry that hold those facts
lists := {
	"change_window": ["change_window"],
	"deployment_tool": ["deployment_tools"],
	"file_name": ["narrow", "file_names"],
	"package_sha256": ["sha256"],
	"product_code": ["narrow", "product_codes"],
	"signer": ["signers"],
	"source": ["sources"],
	"user": ["users"],
}

# METADATA
# title: A fact that the entry lists and the event does not have
wanted(id, fact) if {
	count(object.get(data.governance.installers[id], lists[fact], {})) > 0
	not fact in approvals.matched[id]
}

# METADATA
# title: Facts of an entry that fit, and those that may yet
hoped(id) := approvals.fitting_facts(id) | {brought |
	some fact, _ in due
	some brought in brings[fact]
	wanted(id, brought)
}

# METADATA
# title: The entry has a fact of the event, and explains it if what may come fits
would_excuse(id) if {
	approvals.matched[id]
	facts := hoped(id)
	approvals.carries(id, facts)
	object.get(approvals.barred, id, set()) - facts == set()
	not lacks_arguments(facts)
}

# METADATA
# title: The facts would do only with the exact command line, which is another
lacks_arguments(facts) if {
	approvals.exact(facts)
	not "command_line" in facts
}
