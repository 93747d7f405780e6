package rules.response.obligations.reply_pii_test

import data.rules.response.obligations.reply_pii

_house := {"reply_pii": {
	"IBAN_CODE": {"action": "mask", "score": 0.5},
	"PERSON": {"action": "mask"},
	"US_SSN": {"action": "block"},
}}

_found(findings) := {"context": {"reply": {"finish": "stop", "tokens": {"completion": 7}, "findings": findings}}}

_masked(entities) := {"kind": "inspect_reply", "entities": entities, "action": "mask"}

_ids := {reason.id | some reason in reply_pii.deny}

test_masks_what_was_found[note] if {
	some note, [names, expected] in {
		"one": [["IBAN_CODE"], {_masked(["IBAN_CODE"])}],
		"two, sorted, in any case": [["person", "IBAN_CODE", "PERSON"], {_masked(["IBAN_CODE", "PERSON"])}],
		"nothing": [[], set()],
		"what is blocked or has no row": [["US_SSN", "NRP"], set()],
	}
	question := _found([{"entity": name, "count": 1, "score": 0.9} | some name in names])
	reply_pii.obligation == expected with input as question with data.regent as _house
	reply_pii.deny == set() with input as question with data.regent as _house
}

test_masks_nothing_below_the_score if {
	question := _found([{"entity": "IBAN_CODE", "count": 1, "score": 0.4}])
	reply_pii.obligation == set() with input as question with data.regent as _house
}

test_switched_off_says_nothing[note] if {
	some note, house in {"absent": {}, "empty": {"reply_pii": {}}}
	reply_pii.obligation == set() with input as _found([{"entity": "PERSON", "count": 1}]) with data.regent as house
	reply_pii.deny == set() with input as {} with data.regent as house
}

test_denies_what_cannot_be_stated[note] if {
	some note, question in {
		"absent": {},
		"no findings": {"context": {"reply": {"finish": "stop"}}},
		"null": _found(null),
		"an entity that is none": _found([{"entity": null}]),
		"a hostile score": _found([{"entity": "PERSON", "score": 9}]),
	}
	_ids == {"reply.unknown_pii"} with input as question with data.regent as _house
}

test_denies_a_table_that_cannot_be_applied[note] if {
	some note, table in {"null": null, "text": "x", "row": {"PERSON": {"action": "MASK"}}}
	_ids == {"reply.malformed_pii"} with input as _found([]) with data.regent as {"reply_pii": table}
	reply_pii.obligation == set() with input as _found([{"entity": "PERSON"}]) with data.regent as {"reply_pii": table}
}
