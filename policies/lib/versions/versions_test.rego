package lib.versions_test

import data.lib.versions

test_versions_are_compared_by_number_and_not_as_text if {
	every text in ["7.9", "7.10", "7.10.0.0", "7, 10, 0, 0", "7,10,0,0", "07.010", "7.10.0.0 (winbuild.160101.0800)", " 7.10 "] {
		versions.within(text, {"min": [7, 9, 0, 0], "max": [7, 10, 0, 0]}, 4)
	}
	every text in ["7.8.9.9", "7.10.0.1", "71", "8", "0", "0.0.0.0"] {
		not versions.within(text, {"min": [7, 9, 0, 0], "max": [7, 10, 0, 0]}, 4)
	}
}

test_one_end_alone_is_enough if {
	versions.within("9.1", {"min": [7, 9, 0, 0]}, 4)
	not versions.within("7.8", {"min": [7, 9, 0, 0]}, 4)
	versions.within("0.1", {"max": [7, 9, 0, 0]}, 4)
	not versions.within("7.9.0.1", {"max": [7, 9, 0, 0]}, 4)
}

test_of_a_product_version_the_fourth_number_is_ignored if {
	versions.within("7.10.2.9999", {"max": [7, 10, 2]}, 3)
	not versions.within("7.10.3", {"max": [7, 10, 2]}, 3)
}

test_what_is_no_version_lies_in_no_range if {
	every text in ["", "-", "seven", "7.x", "7..1", "7.1.2.3.4", "-7", "7.1e3", "1234567890"] {
		not versions.within(text, {"min": [0, 0, 0, 0]}, 4)
	}
}

test_every_product_that_a_session_installed_counts_but_what_it_removed if {
	range := {"min": [7, 1, 0], "max": [7, 9, 0]}
	new := {"version": "7.2.0", "action": "installed"}
	versions.installed({"products": [new, {"version": "6.0.0", "action": "removed"}]}, range)
	every products in [[], [{"version": "6.0.0", "action": "removed"}], [new, {"version": "8.0.0", "action": "installed"}], [{"action": "installed"}]] {
		not versions.installed({"products": products}, range)
	}
	not versions.installed({}, range)
}
