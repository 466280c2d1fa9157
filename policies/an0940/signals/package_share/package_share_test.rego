package an0940.signals.package_share_test

import data.an0940.signals.package_share
import data.lib.fixtures_test as fixtures

unc(name) := {"kind": "unc", "name": name, "file": fixtures.name(name), "folders": fixtures.folders(name)}

share := unc("\\\\files.corp.example\\pub\\o.msi")

dav := unc("\\\\files.orrery.example@ssl\\davwwwroot\\o.msi")

local := unc("\\\\localhost\\c$\\stage\\o.msi")

governed := fixtures.governed({"sources": {"packages": {"folders": {"\\\\files.corp.example\\pub": true}}}})

asked(named) := fixtures.start(fixtures.client_of(named), fixtures.explorer, [])

test_package_from_a_share_is_a_review if {
	held := package_share.held with input as asked(share)
	held == {
		"id": "package_share",
		"title": "Package or patch from a share",
		"severity": "low",
		"disposition": "review",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.command_line": "msiexec.exe /i \\\\files.corp.example\\pub\\o.msi /qn",
			"process.user": "nt authority\\system",
			"parent.image": fixtures.explorer.image,
			"package": share.name,
		},
	}
}

test_package_from_a_web_server_shown_as_a_share_is_an_alert if {
	held := package_share.held with input as asked(dav)
	[held.disposition, held.severity] == ["alert", "high"]
}

test_share_of_the_host_itself_hides_a_local_folder if {
	held := package_share.held with input as asked(local)
	[held.disposition, held.severity] == ["review", "medium"]
}

test_worst_of_several_is_told if {
	client := object.union(fixtures.client_of(share), {"msiexec": {"patches": [local], "others": [dav]}})
	held := package_share.held with input as fixtures.start(client, fixtures.explorer, [])
	[held.severity, held.evidence["package"]] == ["high", dav.name]
}

test_record_of_msiinstaller_raises_it_without_a_client if {
	held := package_share.held with input as fixtures.record(dav)
	held.evidence == {"event.install.package.name": dav.name, "package": dav.name}
}

test_approved_source_is_not_told_while_it_counts_and_unless_left_by_dots if {
	not package_share.held with input as asked(share) with data.governance as governed
	expired := fixtures.governed({"sources": {"packages": object.union(fixtures.over, {"folders": {"\\\\files.corp.example\\pub": true}})}})
	package_share.held with input as asked(share) with data.governance as expired
	package_share.held with input as asked(object.union(share, {"name": "\\\\files.corp.example\\pub\\..\\o.msi"})) with data.governance as governed
}

test_patch_elsewhere_is_told_beside_an_approved_package if {
	client := object.union(fixtures.client_of(share), {"msiexec": {"patches": [local]}})
	held := package_share.held with input as fixtures.start(client, fixtures.explorer, []) with data.governance as governed
	held.evidence["package"] == local.name
}

test_local_packages_and_registrations_are_not_told if {
	not package_share.held with input as fixtures.start(fixtures.client, fixtures.explorer, [])
	not package_share.held with input as fixtures.record(fixtures.path_package("c:\\windows\\ccmcache\\1\\o.msi"))
	every verb in ["register", "unregister"] {
		client := object.union(fixtures.client_of(share), {"msiexec": {"verb": verb}})
		not package_share.held with input as fixtures.start(client, fixtures.explorer, [])
	}
}
