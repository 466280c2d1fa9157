package an0940.signals.contradicted_package_test

import data.an0940.signals.contradicted_package
import data.lib.fixtures_test as fixtures

public := fixtures.path_package("c:\\users\\public\\orrery.msi")

product := {"kind": "product_code", "name": "{0d7a3c51-90aa-4f3e-8a44-1c2d3e4f5a6b}"}

# A session whose client's command line names one package, and records others.
naming(asked, others) := object.union(
	fixtures.session_of(fixtures.client_of(asked), [fixtures.tool, fixtures.services]),
	{"named": others, "claimed": ["named"], "ambiguous": true, "doubts": ["package"]},
)

started(session) := fixtures.attributed(fixtures.start(session.client, fixtures.tool, [fixtures.services]), session, "lineage")

recorded(session, named) := object.union(
	fixtures.attributed(fixtures.record(named), session, "record"),
	{"process": object.union(session.client, {"pid": 4016})},
)

cached := fixtures.client.msiexec["package"]

test_other_package_is_a_review_on_the_clients_start if {
	session := naming(cached, [public])
	held := contradicted_package.held with input as started(session)
	held == {
		"id": "contradicted_package",
		"title": "MsiInstaller names another package than the client's command line",
		"severity": "medium",
		"disposition": "review",
		"excusable": false,
		"missing": [],
		"evidence": {
			"process.command_line": session.client.command_line,
			"process.user": session.client.user,
			"parent.image": fixtures.tool_image,
			"session.package.name": cached.name,
			"session.named": public.name,
		},
	}
}

test_record_that_names_the_other_package_is_a_review_and_one_that_agrees_is_none if {
	session := naming(cached, [public])
	held := contradicted_package.held with input as recorded(session, public)
	held.evidence["event.install.package.name"] == public.name
	not contradicted_package.held with input as recorded(session, cached)
}

test_record_that_may_be_of_several_clients_contradicts_none if {
	session := naming(cached, [public])
	not contradicted_package.held with input as object.union(recorded(session, public), {"session": {"attribution": "transaction"}})
}

test_anything_but_an_installed_product_contradicts if {
	unc := {"kind": "unc", "name": "\\\\files.orrery.example\\s\\other.msi", "file": "other.msi", "folders": ["\\\\files.orrery.example\\s"]}
	every named in [public, unc, fixtures.url_package, fixtures.path_package("c:\\windows\\installer\\x\\1a2b.msi")] {
		contradicted_package.held with input as started(naming(cached, [product, named]))
	}
	contradicted_package.held with input as started(naming(product, [public]))
	contradicted_package.held with input as started(naming(unc, [fixtures.path_package("z:\\orrery.msi")]))
}

test_maintenance_of_an_installed_product_contradicts_nothing if {
	every asked in [cached, product] {
		every named in [product, fixtures.path_package("c:\\windows\\installer\\1a2b3c.msi")] {
			not contradicted_package.held with input as started(naming(asked, [named]))
			not contradicted_package.held with input as recorded(naming(asked, [named]), named)
		}
	}
}

test_drive_that_stands_for_the_share_contradicts_nothing if {
	share := {"kind": "unc", "name": "\\\\files.orrery.example\\s\\apps\\orrery.msi", "file": "orrery.msi", "folders": ["\\\\files.orrery.example\\s\\apps"]}
	drive := fixtures.path_package("z:\\apps\\orrery.msi")
	not contradicted_package.held with input as started(naming(drive, [share]))
	not contradicted_package.held with input as started(naming(share, [drive]))
}

test_client_without_a_package_of_its_own_and_other_processes_are_not_told if {
	not contradicted_package.held with input as started(fixtures.deployed_session)
	by_record := object.union(naming(cached, [public]), {"opened_by": "msiinstaller"})
	not contradicted_package.held with input as started(by_record)
	claimed := object.union(naming(cached, [public]), {"claimed": ["named", "package"]})
	not contradicted_package.held with input as started(claimed)
	below := fixtures.attributed(fixtures.deployed_child, naming(cached, [public]), "lineage")
	not contradicted_package.held with input as below
	not contradicted_package.held with input as fixtures.deployed
}

test_same_path_on_another_drive_or_beside_a_name_without_a_drive_contradicts if {
	contradicted_package.held with input as started(naming(fixtures.path_package("c:\\apps\\orrery.msi"), [fixtures.path_package("d:\\apps\\orrery.msi")]))
	share := {"kind": "unc", "name": "\\\\files.orrery.example\\s\\orrery.msi", "file": "orrery.msi", "folders": ["\\\\files.orrery.example\\s"]}
	contradicted_package.held with input as started(naming(fixtures.path_package("..\\orrery.msi"), [share]))
}
