# METADATA
# title: Evidence
# description: |
#   Named as the facts stand in the input, so that the gateway can copy each back in
#   the case the sensor gave it. A fact that nobody reported is left out.
package lib.evidence

# METADATA
# title: What was started, and by whom
process := {
	"process.image": input.process.image,
	"process.command_line": input.process.command_line,
	"process.user": input.process.user,
	"parent.image": input.parent.image,
	"parent.command_line": input.parent.command_line,
} if {
	input.process
	input.parent
}

else := known({
	"process.image": object.get(input, ["process", "image"], ""),
	"process.command_line": object.get(input, ["process", "command_line"], ""),
	"process.user": object.get(input, ["process", "user"], ""),
	"parent.image": object.get(input, ["parent", "image"], ""),
	"parent.command_line": object.get(input, ["parent", "command_line"], ""),
})

# METADATA
# title: What was started, by whom, and what its file says of itself
metadata := object.union(process, {
	"process.company": input.process.company,
	"process.product": input.process.product,
	"process.original_file_name": input.process.original_file_name,
	"process.sha256": input.process.sha256,
}) if {
	input.process
}

else := object.union(process, {fact: input.process[name] |
	some name, fact in {
		"company": "process.company",
		"original_file_name": "process.original_file_name",
		"product": "process.product",
		"sha256": "process.sha256",
	}
})

# METADATA
# title: What was loaded, and by whom
module := known({
	"module.path": object.get(input, ["module", "path"], ""),
	"module.sha256": object.get(input, ["module", "sha256"], ""),
	"module.signer.status": object.get(input, ["module", "signer", "status"], ""),
	"module.signer.subject": object.get(input, ["module", "signer", "subject"], ""),
	"process.image": object.get(input, ["process", "image"], ""),
	"process.command_line": object.get(input, ["process", "command_line"], ""),
})

# METADATA
# title: Who asked for a package, and what the record of MsiInstaller names
request := {
	"process.command_line": input.process.command_line,
	"process.user": input.process.user,
	"parent.image": input.parent.image,
} if {
	not input.event.install
}

else := known({
	"process.command_line": object.get(input, ["process", "command_line"], ""),
	"process.user": object.get(input, ["process", "user"], ""),
	"parent.image": object.get(input, ["parent", "image"], ""),
	"event.install.package.name": object.get(input, ["event", "install", "package", "name"], ""),
})

# METADATA
# title: What was written to the registry
registry := known({
	"event.registry.key": object.get(input, ["event", "registry", "key"], ""),
	"event.registry.value": object.get(input, ["event", "registry", "value"], ""),
})

# METADATA
# title: Where a process connected to
network := known({
	"event.network.destination_ip": object.get(input, ["event", "network", "destination_ip"], ""),
	"event.network.destination_host": object.get(input, ["event", "network", "destination_host"], ""),
	"event.network.destination_port": format_int(object.get(input, ["event", "network", "destination_port"], 0), 10),
})

# METADATA
# title: Those facts that somebody reported
known(facts) := object.remove(facts, {name | facts[name] == ""})
