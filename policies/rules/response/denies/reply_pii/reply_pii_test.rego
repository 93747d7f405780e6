package rules.response.denies.reply_pii_test

import data.rules.response.denies.reply_pii

_house := {"reply_pii": {"IBAN_CODE": {"action": "mask"}, "US_SSN": {"action": "block", "score": 0.5}}}

_found(findings) := {"context": {"reply": {"finish": "stop", "tokens": {"completion": 7}, "findings": findings}}}

_ids := {reason.id | some reason in reply_pii.deny}

_blocked := {
	"id": "reply.blocked",
	"user": "The reply contains personal data that may not be released.",
	"admin": "An entity that regent.reply_pii blocks was found in the reply, with the score that its row asks for.",
	"controls": ["GDPR-25", "GDPR-5"],
}

test_denies_what_is_blocked[note] if {
	some note, findings in {
		"at the score": [{"entity": "US_SSN", "count": 1, "score": 0.5}],
		"without a score": [{"entity": "US_SSN", "count": 1}],
		"in any case": [{"entity": "us_ssn", "count": 1}],
	}
	reply_pii.deny == {_blocked} with input as _found(findings) with data.regent as _house
}

test_allows_the_rest[note] if {
	some note, findings in {
		"nothing": [],
		"below the score": [{"entity": "US_SSN", "count": 1, "score": 0.4}],
		"what is masked": [{"entity": "IBAN_CODE", "count": 1}],
		"what has no row": [{"entity": "PERSON", "count": 1}],
	}
	reply_pii.deny == set() with input as _found(findings) with data.regent as _house
}

test_switched_off_says_nothing[note] if {
	some note, house in {"absent": {}, "empty": {"reply_pii": {}}}
	reply_pii.deny == set() with input as _found([{"entity": "US_SSN", "count": 1}]) with data.regent as house
	reply_pii.deny == set() with input as {} with data.regent as house
}

test_denies_what_is_absent[path] if {
	some path in ["context", "context/reply", "context/reply/findings"]
	_ids == {"reply.unknown_pii"} with input as json.remove(_found([]), [path]) with data.regent as _house
}

test_denies_wrong_types_and_hostile_values[note] if {
	some note, findings in {
		"null": null,
		"text": "none",
		"object": {},
		"an entity that is none": [{"entity": 7}],
		"a score below all": [{"entity": "PERSON", "score": -9}],
	}
	_ids == {"reply.unknown_pii"} with input as _found(findings) with data.regent as _house
}

test_denies_a_table_that_cannot_be_applied[note] if {
	some note, table in {"null": null, "list": [], "row": {"PERSON": {"action": "redact"}}}
	_ids == {"reply.malformed_pii"} with input as _found([]) with data.regent as {"reply_pii": table}
}
