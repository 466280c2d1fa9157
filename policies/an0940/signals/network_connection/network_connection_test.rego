package an0940.signals.network_connection_test

import data.an0940.signals.network_connection
import data.lib.fixtures_test as fixtures

connected(actor, ip) := object.union(fixtures.base, {
	"event": object.union(fixtures.event("network", 3), {"network": {"protocol": "tcp", "destination_ip": ip, "destination_port": 443}}),
	"process": actor,
	"lineage": [fixtures.server, fixtures.service, fixtures.services],
})

powershell := fixtures.process("c:\\windows\\system32\\windowspowershell\\v1.0\\powershell.exe", "powershell -nop", "descendant")

told(document) := [held.disposition, held.severity] if {
	held := network_connection.held with input as document
}

test_shell_that_calls_out_is_an_alert if {
	held := network_connection.held with input as connected(powershell, "203.0.113.7")
	held == {
		"id": "network_connection",
		"title": "Connection to the internet from below an installer",
		"severity": "high",
		"disposition": "alert",
		"excusable": true,
		"missing": [],
		"evidence": {
			"process.image": powershell.image,
			"process.command_line": "powershell -nop",
			"process.user": "nt authority\\system",
			"event.network.destination_ip": "203.0.113.7",
			"event.network.destination_port": "443",
		},
	}
	renamed := object.union(fixtures.process("c:\\program files\\orrery\\o.exe", "o", "descendant"), {"original_file_name": "powershell.exe"})
	told(connected(renamed, "2001:db8::7")) == ["alert", "high"]
}

test_custom_actions_that_connect_are_reviews if {
	told(connected(fixtures.server, "203.0.113.7")) == ["review", "low"]
	every role in ["extracted", "managed_custom_action"] {
		told(connected(object.union(fixtures.helper, {"role": role}), "203.0.113.7")) == ["review", "medium"]
	}
}

test_program_from_where_payloads_run_from_is_a_review if {
	payload := fixtures.process("c:\\users\\public\\o.exe", "o", "descendant")
	told(connected(payload, "203.0.113.7")) == ["review", "medium"]
}

test_programs_of_the_product_are_not_told if {
	not network_connection.held with input as connected(fixtures.helper, "203.0.113.7")
}

test_addresses_that_are_not_on_the_internet_are_not_told if {
	every ip in [
		"0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.0.1", "127.0.0.1", "169.254.1.1", "172.16.0.1", "172.31.9.9",
		"192.168.1.1", "224.0.0.1", "239.1.1.1", "255.255.255.255", "::1", "0:0:0:0:0:0:0:1", "fe80::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1",
	] {
		not network_connection.held with input as connected(powershell, ip)
	}
	every ip in ["11.0.0.1", "100.128.0.1", "172.32.0.1", "192.169.0.1", "::ffff:8.8.8.8", "2001:db8::1"] {
		network_connection.held with input as connected(powershell, ip)
	}
}
