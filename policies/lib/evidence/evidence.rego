# METADATA
# title: Evidence
# description: |
#   Named as the facts stand in the input, so that the gateway can copy each back in
#   the case the sensor gave it. A fact that nobody reported is left out.
package lib.evidence

# METADATA
# title: Facts that a signal may quote
facts := {
	"event.install.package.name": ["event", "install", "package", "name"],
	"module.path": ["module", "path"],
	"module.sha256": ["module", "sha256"],
	"module.signer.status": ["module", "signer", "status"],
	"module.signer.subject": ["module", "signer", "subject"],
	"parent.command_line": ["parent", "command_line"],
	"parent.company": ["parent", "company"],
	"parent.image": ["parent", "image"],
	"process.command_line": ["process", "command_line"],
	"process.company": ["process", "company"],
	"process.current_directory": ["process", "current_directory"],
	"process.image": ["process", "image"],
	"process.msiexec.package.name": ["process", "msiexec", "package", "name"],
	"process.original_file_name": ["process", "original_file_name"],
	"process.product": ["process", "product"],
	"process.sha256": ["process", "sha256"],
	"process.user": ["process", "user"],
}

# METADATA
# title: The named facts, those that are known
of(names) := {name: value |
	some name in names
	value := object.get(input, facts[name], "")
	value != ""
}

# METADATA
# title: What was started, and by whom
process := of(["process.image", "process.command_line", "process.user", "parent.image", "parent.command_line"])

# METADATA
# title: What was started, and what its file says of itself
metadata := object.union(process, of(["process.company", "process.product", "process.original_file_name", "process.sha256"]))
