package an0940.signals.wrapper_dropped_package_test

import data.an0940.signals.wrapper_dropped_package
import data.lib.fixtures_test as fixtures

invoice := with_id(fixtures.process("c:\\users\\alice\\downloads\\invoice.exe", "invoice.exe", ""), "a1")

with_id(process, guid) := object.union(process, {"guid": guid, "pid": 4100})

dropped := fixtures.path_package("c:\\users\\alice\\appdata\\local\\temp\\7zs1\\orrery.msi")

# A quiet client below the wrapper, the package written by the writer.
installs(wrapper, writer) := object.union(
	fixtures.start(fixtures.client_of(dropped), wrapper, [fixtures.explorer]),
	{"session": object.union(fixtures.session_of(fixtures.client_of(dropped), [wrapper]), {
		"attribution": "lineage", "candidates": [],
		"package_file": {"writer": writer},
	})},
)

quiet(document, level) := object.union(document, {"process": {"msiexec": {"quiet": level}}})

told(document) := [held.severity, held.missing] if held := wrapper_dropped_package.held with input as document

test_package_that_a_doubtful_wrapper_wrote_is_a_review_in_either_context if {
	document := installs(invoice, invoice)
	every one in [document, fixtures.json_user(document)] {
		held := wrapper_dropped_package.held with input as one
		held == {
			"id": "wrapper_dropped_package",
			"title": "Quiet install of a package that its starter dropped",
			"severity": "medium",
			"disposition": "review",
			"excusable": true,
			"missing": [],
			"evidence": {
				"process.image": fixtures.client.image,
				"process.command_line": one.process.command_line,
				"process.user": one.process.user,
				"parent.image": invoice.image,
				"parent.command_line": "invoice.exe",
				"wrapper": invoice.image,
			},
		}
	}
}

test_wrapper_is_told_by_what_it_did_and_not_by_its_name if {
	every role in ["", "wrapper", "descendant"] {
		told(installs(object.union(invoice, {"role": role}), invoice)) == ["medium", []]
	}
}

test_wrapper_further_up_is_found if {
	cmd := with_id(fixtures.process("c:\\windows\\system32\\cmd.exe", "cmd /c", ""), "b2")
	document := installs(cmd, invoice)
	told(object.union(document, {"lineage": [cmd, invoice, fixtures.explorer]})) == ["medium", []]
}

test_unsigned_wrapper_and_script_host_are_doubtful_wherever_they_lie if {
	elsewhere := with_id(fixtures.process("d:\\stage\\setup.exe", "setup.exe", "wrapper"), "a1")
	every signer in [{"signed": false, "status": "unsigned"}, {"signed": true, "status": "revoked"}] {
		told(installs(object.union(elsewhere, {"signer": signer}), elsewhere)) == ["medium", []]
	}
	every image in ["c:\\windows\\system32\\windowspowershell\\v1.0\\powershell.exe", "c:\\windows\\system32\\mshta.exe"] {
		host := with_id(fixtures.process(image, "x", ""), "a1")
		told(installs(host, host)) == ["medium", []]
	}
}

test_without_a_guid_the_pid_and_the_path_tell if {
	bare := object.remove(invoice, ["guid"])
	told(installs(bare, bare)) == ["medium", []]
	not told(installs(bare, object.union(bare, {"pid": 8})))
	not told(installs(bare, object.union(bare, {"image": "d:\\x.exe"})))
}

test_every_level_that_asks_nothing_is_quiet if {
	every level in ["none", "basic", "passive"] {
		told(quiet(installs(invoice, invoice), level)) == ["medium", []]
	}
	not told(quiet(installs(invoice, invoice), ""))
	not told(quiet(installs(invoice, invoice), "reduced"))
}

test_unknown_writer_is_a_review_at_low_severity_that_says_what_is_missing if {
	wrapper := object.union(invoice, {"role": "wrapper"})
	told(object.remove(installs(wrapper, invoice), ["session"])) == ["low", ["session.package_file"]]
	not told(object.remove(installs(invoice, invoice), ["session"]))
	document := object.remove(installs(wrapper, invoice), ["session"])
	not told(object.union(document, {"process": {"msiexec": {"package": fixtures.path_package("c:\\windows\\ccmcache\\1\\orrery.msi")}}}))
	host := with_id(fixtures.process("c:\\windows\\system32\\cmd.exe", "x", "wrapper"), "a1")
	not told(object.remove(installs(host, host), ["session"]))
}

test_other_writers_and_vendors_wrappers_are_not_told if {
	vendor := with_id(fixtures.process("c:\\program files\\orrery\\update.exe", "update.exe", "wrapper"), "a1")
	not told(installs(vendor, vendor))
	not told(installs(object.union(invoice, {"role": "wrapper"}), fixtures.explorer))
	not told(fixtures.start(fixtures.client, fixtures.explorer, []))
	not told(object.union(installs(invoice, invoice), {"process": {"role": "descendant"}}))
	not told(object.union(installs(invoice, invoice), {"event": {"kind": "process_end"}}))
}
