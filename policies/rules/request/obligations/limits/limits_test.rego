package rules.request.obligations.limits_test

import data.rules.request.obligations.limits

_house := {"limits": {
	"all": {"per": "everybody", "windows": [{"window_s": 1, "requests": 50}]},
	"hr": {
		"teams": ["hr"],
		"per": "team",
		"windows": [{"window_s": 1, "requests": 10}, {"window_s": 60, "requests": 100, "tokens": 100000}],
		"concurrent": 20,
	},
	"interns": {"roles": ["intern"], "models": ["gpt-5*"], "per": "model", "windows": [{"window_s": 86400, "tokens": 9}]},
}}

_asks(team, roles, model) := {
	"subject": {"id": "alice", "properties": {"issuer": "https://idp.example", "team": team, "roles": roles}},
	"resource": {"id": model},
}

_all := {"kind": "limit", "key": "all/everybody", "window_s": 1, "requests": 50}

_hr := {
	{"kind": "limit", "key": "hr/team:hr", "window_s": 1, "requests": 10},
	{"kind": "limit", "key": "hr/team:hr", "window_s": 60, "requests": 100, "tokens": 100000},
	{"kind": "limit", "key": "hr/team:hr", "concurrent": 20},
}

_interns := {"kind": "limit", "key": "interns/model:gpt-5.1", "window_s": 86400, "tokens": 9}

_ids := {reason.id | some reason in limits.deny}

_with(row) := {"limits": {"row": row}}

test_limits[note] if {
	some note, [question, expected] in {
		"everybody": [_asks("eng", [], "gpt-4o"), {_all}],
		"a team, burst, sustained and at once": [_asks("hr", [], "gpt-4o"), ({_all} | _hr)],
		"a team in any case": [_asks("HR", [], "gpt-4o"), ({_all} | _hr)],
		"a role and a model": [_asks("eng", ["Intern"], "GPT-5.1"), {_all, _interns}],
		"a role and another model": [_asks("eng", ["intern"], "gpt-4o"), {_all}],
	}
	limits.obligation == expected with input as question with data.regent as _house
	limits.deny == set() with input as question with data.regent as _house
}

test_a_user_is_limited_by_issuer_and_id if {
	row := {"per": "user", "concurrent": 2}
	key := concat("#", ["row/user", crypto.sha256(`["https://idp.example","alice"]`)])
	limits.obligation == {{"kind": "limit", "key": key, "concurrent": 2}} with input as _asks("hr", [], "gpt-4o")
		with data.regent as _with(row)
}

test_a_share_goes_with_each_limit_of_its_row if {
	row := {"per": "everybody", "windows": [{"window_s": 60, "requests": 8}], "concurrent": 2, "share": 0.25}
	limits.obligation == {
		{"kind": "limit", "key": "row/everybody", "window_s": 60, "requests": 8, "share": 0.25},
		{"kind": "limit", "key": "row/everybody", "concurrent": 2, "share": 0.25},
	} with input as _asks("hr", [], "gpt-4o") with data.regent as _with(row)
}

test_switched_off_says_nothing[note] if {
	some note, house in {"absent": {}, "empty": {"limits": {}}}
	limits.obligation == set() with input as _asks("hr", [], "gpt-4o") with data.regent as house
	limits.deny == set() with input as _asks("hr", [], "gpt-4o") with data.regent as house
	limits.deny == set() with input as {} with data.regent as house
}

test_callers_without_a_team_share_a_count if {
	question := json.remove(_asks("hr", [], "gpt-4o"), ["subject/properties/team"])
	limits.obligation == {{"kind": "limit", "key": "row/team", "concurrent": 1}} with input as question
		with data.regent as _with({"per": "team", "concurrent": 1})
}

test_denies_what_is_absent[path] if {
	some path in ["subject", "subject/id", "subject/properties/issuer", "subject/properties/roles", "resource/id"]
	question := json.remove(_asks("hr", [], "gpt-4o"), [path])
	_ids == {"limits.unknown_caller"} with input as question with data.regent as _house
}

test_denies_wrong_types[note] if {
	some note, question in {
		"team": _asks(["hr"], [], "gpt-4o"),
		"roles": _asks("hr", "intern", "gpt-5"),
		"model": _asks("hr", [], 7),
		"question": [],
	}
	_ids == {"limits.unknown_caller"} with input as question with data.regent as _house
}

test_no_hostile_name_leaves_its_limit_or_takes_that_of_another if {
	limits.obligation == {_all} with input as _asks("*", ["*", "intern "], "*") with data.regent as _house
	limits.obligation == {{"kind": "limit", "key": "row/team:eng/team:hr", "concurrent": 1}}
		with input as _asks("eng/team:hr", [], "gpt-4o")
		with data.regent as _with({"per": "team", "concurrent": 1})
}

test_denies_a_limit_that_is_none[note] if {
	some note, row in {
		"no level": {"concurrent": 1},
		"unknown level": {"per": "role", "concurrent": 1},
		"nothing": {"per": "team"},
		"no windows": {"per": "team", "windows": []},
		"windows of another type": {"per": "team", "windows": {"window_s": 1, "requests": 1}},
		"a window that is none": {"per": "team", "windows": ["60s"]},
		"a window without a length": {"per": "team", "windows": [{"requests": 1, "tokens": 1}]},
		"a window without a limit": {"per": "team", "windows": [{"window_s": 60}]},
		"an unknown field": {"per": "team", "windows": [{"window_s": 60, "requests": 1, "cost": 1}]},
		"zero": {"per": "team", "windows": [{"window_s": 60, "requests": 0}]},
		"negative": {"per": "team", "concurrent": -1},
		"text": {"per": "team", "windows": [{"window_s": 60, "tokens": "9"}]},
		"fraction": {"per": "team", "windows": [{"window_s": 0.5, "requests": 1}]},
		"null": {"per": "team", "concurrent": null},
		"a window of more than a year": {"per": "team", "windows": [{"window_s": 31622401, "requests": 1}]},
		"no share": {"per": "team", "concurrent": 1, "share": 0},
		"more than all": {"per": "team", "concurrent": 1, "share": 1.5},
		"second of two": {"per": "team", "windows": [{"window_s": 60, "requests": 1}, {}]},
		"a list that is none": {"teams": "hr", "per": "team", "concurrent": 1},
		"subjects of any issuer": {"subjects": ["alice"], "per": "team", "concurrent": 1},
		"no row": null,
	}
	_ids == {"limits.malformed_limit"} with input as _asks("eng", [], "gpt-4o") with data.regent as _with(row)
	limits.obligation == set() with input as _asks("eng", [], "gpt-4o") with data.regent as _with(row)
}

test_denies_a_table_that_is_none[note] if {
	some note, table in {"text": "100", "null": null, "list": [], "false": false}
	_ids == {"limits.malformed_limit"} with input as _asks("eng", [], "gpt-4o") with data.regent as {"limits": table}
}
