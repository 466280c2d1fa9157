package lib.verbs_test

import data.lib.fixtures_test as fixtures
import data.lib.verbs

told(verb, properties) := fixtures.msiexec("msiexec", "client", {"verb": verb, "properties": properties})

below(clients) := {"lineage": array.concat([fixtures.server], clients)}

test_nearest_client_above_tells_the_verb if {
	verbs.asked == {"repair"} with input as below([fixtures.service, told("repair", {}), told("install", {})])
	verbs.asked == set() with input as below([fixtures.service])
	verbs.asked == set() with input as below([object.remove(told("repair", {}), ["msiexec"])])
}

test_client_of_the_session_tells_the_verb if {
	verbs.asked == {"administrative"} with input as {"lineage": [], "session": {"client": told("administrative", {})}}
	verbs.asked == set() with input as {"lineage": [], "session": {"client": fixtures.explorer}}
}

test_properties_make_another_verb_of_it if {
	verbs.asked == {"install", "repair"} with input as below([told("install", {"reinstall": "all"})])
	verbs.asked == {"install", "administrative"} with input as below([told("install", {"action": "admin"})])
	verbs.asked == {"patch", "repair", "advertise"} with input as below([told("patch", {"action": "advertise", "reinstall": "all"})])
	verbs.asked == {"install"} with input as below([told("install", {"action": "install", "reboot": "r"})])
}

test_candidates_of_a_session_that_cannot_be_known_are_possible if {
	candidates := [{"client": told("repair", {})}, {"client": told("install", {})}, {}]
	verbs.possible == {"repair", "install"} with input as {"lineage": [], "session": {"ambiguous": true, "candidates": candidates}}
	verbs.possible == set() with input as {"lineage": [], "session": {"ambiguous": false, "candidates": candidates}}
}
