package lib.requests_test

import data.lib.fixtures_test as fixtures
import data.lib.requests

patch := fixtures.path_package("c:\\program files\\o.msp")

asked := fixtures.start(object.union(fixtures.client, {"msiexec": {"patches": [patch], "others": [fixtures.url_package]}}), fixtures.explorer, [])

test_client_asks_for_its_package_its_patches_and_what_else_it_names if {
	requests.packages == {fixtures.client.msiexec["package"], patch, fixtures.url_package} with input as asked
}

test_client_asks_once_when_it_starts if {
	every kind in ["process_end", "image_load", "network"] {
		requests.packages == set() with input as object.union(asked, {"event": {"kind": kind}})
	}
}
