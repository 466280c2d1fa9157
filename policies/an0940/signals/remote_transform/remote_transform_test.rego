package an0940.signals.remote_transform_test

import data.an0940.signals.remote_transform
import data.lib.fixtures_test as fixtures

file(kind, name) := {"kind": kind, "name": name, "file": fixtures.name(name), "folders": fixtures.folders(name)}

applied(files) := fixtures.start(object.union(fixtures.client, {"msiexec": {"transform_files": files}}), fixtures.explorer, [])

url := {"kind": "url", "name": "https://files.orrery.example/o.mst", "file": "o.mst", "folders": ["https://files.orrery.example"]}

dav := file("unc", "\\\\files.orrery.example@ssl\\pub\\o.mst")

share := file("unc", "\\\\files.corp.example\\pub\\o.mst")

download := file("path", "c:\\users\\alice\\downloads\\o.mst")

relative := {"kind": "path", "name": "o.mst", "file": "o.mst", "folders": []}

test_transform_from_a_url_is_an_alert if {
	held := remote_transform.held with input as applied([relative, url])
	held == {
		"id": "remote_transform",
		"title": "Transform from somewhere else",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.command_line": fixtures.client.command_line,
			"process.user": "nt authority\\system",
			"parent.image": fixtures.explorer.image,
			"transform": url.name,
		},
	}
}

test_transform_from_a_web_server_shown_as_a_share_is_an_alert if {
	held := remote_transform.held with input as applied([dav])
	[held.disposition, held.evidence.transform] == ["alert", dav.name]
}

test_transform_from_a_share_is_a_review if {
	held := remote_transform.held with input as applied([share])
	[held.disposition, held.severity] == ["review", "medium"]
}

test_transform_that_users_write_for_a_package_elsewhere_is_a_review if {
	held := remote_transform.held with input as applied([download])
	[held.disposition, held.severity] == ["review", "low"]
}

test_transform_beside_its_package_is_not_told if {
	every named in [share, download] {
		folder := named.folders[0]
		client := fixtures.client_of(object.union(named, {"name": sprintf("%s\\o.msi", [folder]), "file": "o.msi"}))
		document := fixtures.start(object.union(client, {"msiexec": {"transform_files": [named]}}), fixtures.explorer, [])
		not remote_transform.held with input as document
	}
}

test_transform_of_an_approved_source_is_not_told if {
	governed := fixtures.governed({"sources": {"packages": {"folders": {
		"\\\\files.corp.example\\pub": true,
		"https://files.orrery.example": true,
		"\\\\files.orrery.example@ssl\\pub": true,
	}}}})
	every named in [share, url, dav] {
		not remote_transform.held with input as applied([named]) with data.governance as governed
	}
}

test_without_transforms_nothing_is_told if {
	not remote_transform.held with input as fixtures.start(fixtures.client, fixtures.explorer, [])
	not remote_transform.held with input as applied([relative])
}
