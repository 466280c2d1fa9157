package lib.shares_test

import data.lib.fixtures_test as fixtures
import data.lib.shares

named(name) := {"kind": "unc", "name": name}

test_webdav_is_known_by_port_tls_and_root if {
	every name in [
		"\\\\files.orrery.example@ssl\\davwwwroot\\o.msi",
		"\\\\files.orrery.example@8080\\pub\\o.msi",
		"\\\\files.orrery.example\\davwwwroot\\o.msi",
	] {
		shares.webdav(named(name))
	}
	not shares.webdav(named("\\\\files.corp.example\\pub\\o@2.msi"))
	not shares.webdav({"kind": "path", "name": "c:\\davwwwroot\\o.msi"})
}

test_own_shares_are_known_by_loopback_and_by_the_hosts_name if {
	every name in ["\\\\localhost\\c$\\o.msi", "\\\\127.0.0.1\\c$\\o.msi", "\\\\ws01\\c$\\o.msi", "\\\\ws01.corp.example\\c$\\o.msi"] {
		shares.own(named(name)) with input.host.name as "ws01"
	}
	not shares.own(named("\\\\ws011\\c$\\o.msi")) with input.host.name as "ws01"
	not shares.own(fixtures.url_package) with input.host.name as "ws01"
}

test_folder_on_a_drive_that_is_called_like_a_server_is_no_share if {
	every name in ["c:\\apps\\files@ssl\\o.msi", "c:\\apps\\files\\davwwwroot\\o.msi", "c:\\apps\\localhost\\o.msi", "c:\\apps\\ws01\\o.msi"] {
		not shares.webdav(fixtures.path_package(name))
		not shares.own(fixtures.path_package(name)) with input as fixtures.base
	}
}
