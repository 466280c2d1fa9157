package an0940.signals.package_url_test

import data.an0940.signals.package_url
import data.lib.fixtures_test as fixtures

url := fixtures.url_package.name

test_client_told_to_install_from_a_url_is_an_alert if {
	held := package_url.held with input as fixtures.start(fixtures.client_of(fixtures.url_package), fixtures.explorer, [])
	held == {
		"id": "package_url",
		"title": "Package or patch from a URL",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.command_line": "msiexec.exe /i https://files.orrery.example/tool /qn",
			"process.user": "nt authority\\system",
			"parent.image": fixtures.explorer.image,
			"package": url,
		},
	}
}

test_patch_from_a_url_is_an_alert if {
	client := object.union(fixtures.client, {"msiexec": {"patches": [fixtures.url_package]}})
	held := package_url.held with input as fixtures.start(client, fixtures.explorer, [])
	[held.disposition, held.evidence["package"]] == ["alert", url]
}

test_url_beside_the_package_is_an_alert if {
	client := object.union(fixtures.client, {"msiexec": {"others": [fixtures.url_package]}})
	held := package_url.held with input as fixtures.start(client, fixtures.explorer, [])
	[held.disposition, held.evidence["package"]] == ["alert", url]
}

test_record_of_msiinstaller_that_names_a_url_is_an_alert if {
	held := package_url.held with input as fixtures.record(fixtures.url_package)
	[held.disposition, held.evidence] == ["alert", {"package": url, "event.install.package.name": url}]
}

test_several_urls_are_one_signal_that_names_the_first if {
	client := object.union(fixtures.client_of(fixtures.url_package), {"msiexec": {"patches": [{"kind": "url", "name": "http://a.example/p", "file": "p", "folders": []}]}})
	package_url.held.evidence["package"] == "http://a.example/p" with input as fixtures.start(client, fixtures.explorer, [])
}

test_packages_on_disk_are_not_told if {
	not package_url.held with input as fixtures.start(fixtures.client, fixtures.explorer, [])
	not package_url.held with input as fixtures.record(fixtures.path_package("c:\\windows\\ccmcache\\1\\orrery.msi"))
}

test_dll_from_a_url_that_is_to_be_registered_is_an_alert if {
	every verb in ["register", "unregister"] {
		client := object.union(fixtures.client_of(fixtures.url_package), {"msiexec": {"verb": verb}})
		package_url.held.evidence["package"] == url with input as fixtures.start(client, fixtures.explorer, [])
	}
}

test_client_is_told_once_when_it_starts if {
	every kind in ["process_end", "network", "image_load"] {
		document := object.union(fixtures.start(fixtures.client_of(fixtures.url_package), fixtures.explorer, []), {"event": {"kind": kind}})
		not package_url.held with input as document
	}
}
