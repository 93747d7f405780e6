package rules.request.obligations.temperature_test

import data.rules.request.obligations.temperature

_house := {"parameters": {
	"all": {"max_temperature": 1.2},
	"hr": {"teams": ["hr"], "max_temperature": 0.7},
	"exact": {"models": ["gpt-5*"], "max_temperature": 0},
	"tools": {"tools": []},
}}

_asks(team, model) := {
	"subject": {"id": "alice", "properties": {"issuer": "https://idp.example", "team": team, "roles": []}},
	"resource": {"id": model},
}

_ids := {reason.id | some reason in temperature.deny}

test_clamps_to_the_least[note] if {
	some note, [question, limit] in {
		"everybody": [_asks("eng", "gpt-4o"), 1.2],
		"a team": [_asks("HR", "gpt-4o"), 0.7],
		"a model": [_asks("eng", "gpt-5.1"), 0],
		"both": [_asks("hr", "GPT-5"), 0],
	}
	temperature.obligation == {{"kind": "clamp", "temperature": limit}} with input as question with data.regent as _house
	temperature.deny == set() with input as question with data.regent as _house
}

test_no_limit_no_clamp[note] if {
	some note, house in {
		"absent": {},
		"empty": {"parameters": {}},
		"other limits": {"parameters": {"row": {"streams": false}}},
	}
	temperature.obligation == set() with input as _asks("hr", "gpt-4o") with data.regent as house
	temperature.deny == set() with input as _asks("hr", "gpt-4o") with data.regent as house
}

test_switched_off_needs_no_facts if {
	temperature.deny == set() with input as {} with data.regent as {"parameters": {}}
}

test_denies_what_is_absent[path] if {
	some path in ["subject", "subject/id", "subject/properties/issuer", "subject/properties/roles", "resource/id"]
	question := json.remove(_asks("hr", "gpt-4o"), [path])
	_ids == {"temperature.unknown_caller"} with input as question with data.regent as _house
}

test_denies_wrong_types[note] if {
	some note, question in {"team": _asks(["hr"], "gpt-4o"), "model": _asks("hr", 7), "null": null}
	_ids == {"temperature.unknown_caller"} with input as question with data.regent as _house
}

test_no_hostile_name_takes_the_limit_of_another if {
	expected := {{"kind": "clamp", "temperature": 1.2}}
	temperature.obligation == expected with input as _asks("*", "*") with data.regent as _house
}

test_denies_a_limit_that_is_none[note] if {
	some note, limit in {"negative": -0.1, "above all": 2.1, "text": "0.7", "null": null, "list": [0.7], "true": true}
	_ids == {"parameters.malformed"} with input as _asks("eng", "gpt-4o")
		with data.regent as {"parameters": {"row": {"max_temperature": limit}}}
}

test_denies_a_row_or_a_table_that_is_none[note] if {
	some note, table in {
		"table of text": "0.7",
		"null": null,
		"row": {"row": 0.7},
		"teams of text": {"row": {"teams": "hr", "max_temperature": 0.7}},
	}
	_ids == {"parameters.malformed"} with input as _asks("eng", "gpt-4o") with data.regent as {"parameters": table}
}
