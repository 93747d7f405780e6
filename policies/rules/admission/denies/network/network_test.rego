package rules.admission.denies.network_test

import data.rules.admission.denies.network

_house(row) := {"networks": {"office": object.union({"ranges": ["10.0.0.0/8", "2001:db8::/32"]}, row)}}

_asks(address) := {
	"subject": {"properties": {"team": "HR"}},
	"resource": {"type": "model", "id": "GPT-5.1"},
	"context": {"network": {"client_ip": address}},
}

_outside := {
	"id": "network.outside",
	"user": "Calls like this are not permitted from your network.",
	"admin": "No range of a row of regent.networks that is about this call holds the caller's address.",
	"controls": ["ISO-27001-A.8.20"],
}

test_allows_from_a_range[address] if {
	some address in ["10.0.0.0", "10.255.255.255", "2001:db8::1", "2001:DB8:ffff::"]
	network.deny == set() with input as _asks(address) with data.regent as _house({})
}

test_denies_from_elsewhere[address] if {
	some address in ["9.255.255.255", "11.0.0.0", "2001:db9::", "::1", "::ffff:11.0.0.1"]
	network.deny == {_outside} with input as _asks(address) with data.regent as _house({})
}

test_denies_what_is_no_address[note] if {
	some note, question in {
		"absent": {},
		"no network": {"context": {}},
		"null": _asks(null),
		"number": _asks(10),
		"empty": _asks(""),
		"name": _asks("localhost"),
		"a range": _asks("10.0.0.0/8"),
		"a port": _asks("10.0.0.1:80"),
		"a blank": _asks("10.0.0.1 "),
		"list": _asks(["10.0.0.1"]),
	}
	network.deny == {_outside} with input as question with data.regent as _house({})
}

test_only_calls_that_a_row_is_about[note] if {
	some note, [row, reasons] in {
		"the team": [{"teams": ["hr"]}, {_outside}],
		"another team": [{"teams": ["eng"]}, set()],
		"the model": [{"models": ["gpt-5*"]}, {_outside}],
		"another model": [{"models": ["gpt-4*"]}, set()],
	}
	network.deny == reasons with input as _asks("192.0.2.1") with data.regent as _house(row)
}

test_every_row_must_hold_the_address if {
	house := {"networks": {"wide": {"ranges": ["10.0.0.0/8"]}, "narrow": {"ranges": ["10.1.0.0/16"]}}}
	network.deny == set() with input as _asks("10.1.2.3") with data.regent as house
	network.deny == {_outside} with input as _asks("10.2.2.3") with data.regent as house
}

test_a_range_that_is_none_holds_nothing if {
	network.deny == {_outside} with input as _asks("10.0.0.1") with data.regent as _house({"ranges": ["10.0.0.0/99", "x"]})
	network.deny == {_outside} with input as _asks("10.0.0.1") with data.regent as _house({"ranges": "10.0.0.0/8"})
	network.deny == set() with input as _asks("10.0.0.1") with data.regent as _house({"ranges": ["x/8", "10.0.0.0/8"]})
}

test_does_nothing_without_data[note] if {
	some note, table in {"absent": {}, "empty": {"networks": {}}, "text": {"networks": "office"}}
	network.deny == set() with input as _asks("192.0.2.1") with data.regent as table
}
