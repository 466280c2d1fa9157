package lib.signing_test

import data.lib.signing

test_signature_that_holds_is_trusted if {
	every status in ["valid", "trusted"] {
		signing.trusted({"signer": {"signed": true, "status": status}})
		not signing.untrusted({"signer": {"signed": true, "status": status}})
	}
}

test_no_signature_or_one_that_does_not_hold_is_untrusted if {
	every signer in [{"signed": false, "status": "unsigned"}, {"signed": true, "status": "revoked"}, {"signed": true}] {
		signing.untrusted({"signer": signer})
		not signing.trusted({"signer": signer})
	}
}

test_unknown_signature_is_neither if {
	not signing.trusted({})
	not signing.untrusted({})
}

test_status_of_a_file_that_is_not_signed_is_not_trusted if {
	not signing.trusted({"signer": {"signed": false, "status": "valid"}})
}
