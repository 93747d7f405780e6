package rules.request.obligations.clamp_test

import data.rules.request.obligations.clamp

_house := {
	"roles": {"analyst": {"max_tokens": 4096}, "intern": {"max_tokens": 512}, "engineer": {}},
	"teams": {"hr": {"max_tokens": 2048}, "eng": {}},
	"teamless": {"max_tokens": 100},
	"models": {"demo-small": {"max_tokens": 1024}},
}

_asks(roles, team, model) := {"subject": {"properties": {"roles": roles, "team": team}}, "resource": {"id": model}}

_ids := {reason.id | some reason in clamp.deny}

test_clamps_to_the_least[note] if {
	some note, [question, limit] in {
		"role": [_asks(["analyst"], "eng", "gpt-4o"), 4096],
		"two roles": [_asks(["analyst", "intern"], "eng", "gpt-4o"), 512],
		"team": [_asks(["analyst"], "hr", "gpt-4o"), 2048],
		"model": [_asks(["analyst"], "hr", "demo-small"), 1024],
		"any case": [_asks(["Analyst", "ENGINEER"], "ENG", "Demo-Small"), 1024],
		"no team": [{"subject": {"properties": {"issuer": "i", "roles": []}}}, 100],
	}
	clamp.obligation == {{"kind": "clamp", "max_tokens": limit}} with input as question with data.regent as _house
	clamp.deny == set() with input as question with data.regent as _house
}

test_no_limit_no_clamp if {
	clamp.obligation == set() with input as _asks(["engineer"], "eng", "gpt-4o") with data.regent as _house
}

test_absent_fields_loosen_nothing if {
	question := {"subject": {"properties": {"roles": ["analyst"], "team": "unknown"}}}
	clamp.obligation == {{"kind": "clamp", "max_tokens": 4096}} with input as question with data.regent as _house
	clamp.obligation == set() with input as {} with data.regent as _house
}

test_wrong_types_loosen_nothing if {
	clamp.obligation == {{"kind": "clamp", "max_tokens": 2048}} with input as _asks(7, "hr", 7) with data.regent as _house
}

test_denies_a_limit_that_is_none[note] if {
	some note, limit in {"zero": 0, "negative": -1, "text": "4096", "fraction": 1.5, "null": null}
	_ids == {"limits.malformed_clamp"} with input as _asks(["analyst"], "eng", "gpt-4o")
		with data.regent as {"roles": {"analyst": {"max_tokens": limit}}, "teams": {"eng": {}}}
}
