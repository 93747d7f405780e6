package rules.request.obligations.pii_test

import data.rules.request.obligations.pii

_house := {"pii": {
	"EMAIL_ADDRESS": {"action": "mask", "score": 0.6},
	"PHONE_NUMBER": {"action": "mask", "score": 0.6},
	"US_SSN": {"action": "hash", "zones": ["onprem"]},
	"PERSON": {"action": "redact"},
	"LOCATION": {"action": "allow"},
	"IBAN_CODE": {"action": "block"},
}}

_found(findings) := {"context": {"content": {"labels": [], "findings": findings}}}

_masked(entities) := {"kind": "mask", "entities": entities, "operator": "token", "restore": true}

_hashed := {"kind": "mask", "entities": ["US_SSN"], "operator": "hash", "restore": false}

_redacted := {"kind": "mask", "entities": ["PERSON"], "operator": "redact", "restore": false}

_ids := {reason.id | some reason in pii.deny}

test_masks_what_was_found[note] if {
	some note, [names, expected] in {
		"one": [["EMAIL_ADDRESS"], {_masked(["EMAIL_ADDRESS"])}],
		"two, sorted": [["PHONE_NUMBER", "EMAIL_ADDRESS"], {_masked(["EMAIL_ADDRESS", "PHONE_NUMBER"])}],
		"one twice": [["EMAIL_ADDRESS", "email_address"], {_masked(["EMAIL_ADDRESS"])}],
		"each way": [["US_SSN", "PERSON", "EMAIL_ADDRESS"], {_masked(["EMAIL_ADDRESS"]), _hashed, _redacted}],
		"nothing": [[], set()],
		"what is allowed, blocked or has no row": [["LOCATION", "IBAN_CODE", "NRP"], set()],
	}
	question := _found([{"entity": name, "count": 1, "score": 0.9} | some name in names])
	pii.obligation == expected with input as question with data.regent as _house
	pii.deny == set() with input as question with data.regent as _house
}

test_masks_nothing_below_the_score if {
	question := _found([{"entity": "EMAIL_ADDRESS", "count": 1, "score": 0.5}])
	pii.obligation == set() with input as question with data.regent as _house
}

test_masks_the_others_by_the_row_for_them if {
	question := _found([{"entity": "NRP", "count": 1}])
	pii.obligation == {_masked(["NRP"])} with input as question with data.regent as {"pii": {"*": {"action": "mask"}}}
}

test_switched_off_says_nothing[note] if {
	some note, house in {"absent": {}, "empty": {"pii": {}}}
	pii.obligation == set() with input as _found([{"entity": "US_SSN", "count": 1}]) with data.regent as house
	pii.deny == set() with input as {} with data.regent as house
}

test_denies_what_cannot_be_stated[note] if {
	some note, question in {
		"absent": {},
		"no findings": {"context": {"content": {"labels": []}}},
		"null": _found(null),
		"no entity": _found([{"count": 1}]),
		"a hostile score": _found([{"entity": "US_SSN", "score": -1}]),
	}
	_ids == {"pii.unknown"} with input as question with data.regent as _house
}

test_denies_a_table_that_cannot_be_applied[note] if {
	some note, table in {"null": null, "list": [], "row": {"PERSON": {"action": "MASK"}}}
	_ids == {"pii.malformed"} with input as _found([]) with data.regent as {"pii": table}
	pii.obligation == set() with input as _found([{"entity": "PERSON"}]) with data.regent as {"pii": table}
}
