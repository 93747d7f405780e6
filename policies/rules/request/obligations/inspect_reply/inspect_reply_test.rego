package rules.request.obligations.inspect_reply_test

import data.rules.request.obligations.inspect_reply

_house := {"reply_pii": {
	"US_SSN": {"action": "mask", "score": 0.5},
	"IBAN_CODE": {"action": "mask"},
	"CREDIT_CARD": {"action": "block"},
}}

_rows := {"replies": {"hr": {"teams": ["hr"], "max_tokens": 9}}}

_asks(team) := {
	"subject": {"id": "alice", "properties": {"issuer": "https://idp.example", "team": team, "roles": []}},
	"resource": {"id": "gpt-4o"},
}

_judge := {"kind": "inspect_reply", "entities": [], "action": "block"}

_ids := {reason.id | some reason in inspect_reply.deny}

test_names_every_entity_sorted if {
	inspect_reply.obligation == {
		{"kind": "inspect_reply", "entities": ["IBAN_CODE", "US_SSN"], "action": "mask"},
		{"kind": "inspect_reply", "entities": ["CREDIT_CARD"], "action": "block"},
	} with data.regent as _house
	inspect_reply.deny == set() with data.regent as _house
}

test_names_what_there_is if {
	house := {"reply_pii": {"PERSON": {"action": "block"}}}
	expected := {{"kind": "inspect_reply", "entities": ["PERSON"], "action": "block"}}
	inspect_reply.obligation == expected with data.regent as house
}

test_a_row_of_replies_has_the_reply_judged if {
	inspect_reply.obligation == {_judge} with input as _asks("HR") with data.regent as _rows
	inspect_reply.obligation == set() with input as _asks("eng") with data.regent as _rows
}

test_switched_off_says_nothing[note] if {
	some note, house in {"absent": {}, "empty": {"reply_pii": {}, "replies": {}}}
	inspect_reply.obligation == set() with input as _asks("hr") with data.regent as house
	inspect_reply.obligation == set() with input as {} with data.regent as house
	inspect_reply.deny == set() with input as {} with data.regent as house
}

test_whoever_asks_has_the_reply_judged_where_rows_cannot_be_told[path] if {
	some path in ["subject", "subject/id", "subject/properties/issuer", "subject/properties/roles", "resource/id"]
	inspect_reply.obligation == {_judge} with input as json.remove(_asks("eng"), [path]) with data.regent as _rows
}

test_wrong_types_and_hostile_values_have_the_reply_judged[note] if {
	some note, [question, table] in {
		"team of another type": [_asks(["hr"]), _rows.replies],
		"no question": [[], _rows.replies],
		"table of text": [_asks("eng"), "none"],
		"table that is null": [_asks("eng"), null],
		"teams of text": [_asks("eng"), {"row": {"teams": "hr", "max_tokens": 9}}],
		"no row": [_asks("eng"), {"row": null}],
	}
	inspect_reply.obligation == {_judge} with input as question with data.regent as {"replies": table}
}

test_a_hostile_name_takes_no_row if {
	inspect_reply.obligation == set() with input as _asks("*") with data.regent as _rows
}

test_denies_a_table_that_cannot_be_applied[note] if {
	some note, table in {"null": null, "text": "off", "row": {"PERSON": {"action": "hash"}}, "score": {"PERSON": {
		"action": "mask",
		"score": "high",
	}}}
	_ids == {"reply.malformed_pii"} with data.regent as {"reply_pii": table}
}
