package rules.request.denies.pii_test

import data.rules.request.denies.pii

_house := {"pii": {
	"EMAIL_ADDRESS": {"action": "mask", "score": 0.6},
	"IBAN_CODE": {"action": "block", "score": 0.5},
}}

_found(findings) := {"context": {"content": {"labels": [], "findings": findings}}}

_ids := {reason.id | some reason in pii.deny}

_blocked := {
	"id": "pii.blocked",
	"user": "The call contains personal data that may not be sent.",
	"admin": "An entity that regent.pii blocks was found in the call, with the score that its row asks for.",
	"controls": ["GDPR-25", "GDPR-5"],
}

test_denies_what_is_blocked[note] if {
	some note, findings in {
		"at the score": [{"entity": "IBAN_CODE", "count": 1, "score": 0.5, "in": ["user"]}],
		"without a score": [{"entity": "IBAN_CODE", "count": 1}],
		"in any case": [{"entity": "iban_code", "count": 1}],
		"among others": [{"entity": "PERSON", "count": 9}, {"entity": "IBAN_CODE", "count": 1, "score": 1}],
	}
	pii.deny == {_blocked} with input as _found(findings) with data.regent as _house
}

test_allows_the_rest[note] if {
	some note, findings in {
		"nothing": [],
		"below the score": [{"entity": "IBAN_CODE", "count": 1, "score": 0.49}],
		"what is masked": [{"entity": "EMAIL_ADDRESS", "count": 1, "score": 1}],
		"what has no row": [{"entity": "PERSON", "count": 1}],
	}
	pii.deny == set() with input as _found(findings) with data.regent as _house
}

test_switched_off_says_nothing[note] if {
	some note, house in {"absent": {}, "empty": {"pii": {}}}
	pii.deny == set() with input as {} with data.regent as house
	pii.deny == set() with input as _found([{"entity": "IBAN_CODE", "count": 1}]) with data.regent as house
}

test_denies_what_is_absent[path] if {
	some path in ["context", "context/content", "context/content/findings"]
	_ids == {"pii.unknown"} with input as json.remove(_found([]), [path]) with data.regent as _house
}

test_denies_wrong_types_and_hostile_values[note] if {
	some note, findings in {
		"null": null,
		"text": "none",
		"object": {},
		"no entity": [{"count": 1}],
		"a score beyond all": [{"entity": "PERSON", "count": 1, "score": 9}],
		"a score that is text": [{"entity": "PERSON", "count": 1, "score": "0.1"}],
	}
	_ids == {"pii.unknown"} with input as _found(findings) with data.regent as _house
}

test_denies_a_table_that_cannot_be_applied[note] if {
	some note, table in {"null": null, "text": "off", "row": {"PERSON": {"action": "encrypt"}}, "zones": {"PERSON": {
		"action": "allow",
		"zones": "onprem",
	}}}
	_ids == {"pii.malformed"} with input as _found([]) with data.regent as {"pii": table}
}
