package rules.request.obligations.budgets_test

import data.rules.request.obligations.budgets

_house := {"budgets": {
	"hr": {"teams": ["hr"], "per": "team", "period": "month", "usd_micros": 500000000, "warn_at": [0.8, 1]},
	"soft": {"models": ["gpt-5*"], "per": "everybody", "period": "day", "usd_micros": 1, "hard": false},
}}

_asks(team, model) := {
	"subject": {"id": "alice", "properties": {"issuer": "https://idp.example", "team": team, "roles": []}},
	"resource": {"id": model},
}

_hr := {
	"kind": "budget",
	"key": "hr/team:hr",
	"period": "month",
	"usd_micros": 500000000,
	"warn_at": [0.8, 1],
	"hard": true,
}

_soft := {"kind": "budget", "key": "soft/everybody", "period": "day", "usd_micros": 1, "hard": false}

_ids := {reason.id | some reason in budgets.deny}

_with(row) := {"budgets": {"row": row}}

test_budgets[note] if {
	some note, [question, expected] in {
		"a team, hard unless it is said": [_asks("HR", "gpt-4o"), {_hr}],
		"a model, soft": [_asks("eng", "GPT-5.1"), {_soft}],
		"both": [_asks("hr", "gpt-5"), {_hr, _soft}],
		"neither": [_asks("eng", "gpt-4o"), set()],
	}
	budgets.obligation == expected with input as question with data.regent as _house
	budgets.deny == set() with input as question with data.regent as _house
}

test_every_period_and_level[note] if {
	some period in ["day", "week", "month", "quarter", "year"]
	some level in ["everybody", "model", "organization", "team", "user"]
	note := concat(" by ", [period, level])
	house := _with({"per": level, "period": period, "usd_micros": 7})
	[budget] := [duty | some duty in budgets.obligation] with input as _asks("hr", "gpt-4o") with data.regent as house
	budget == {"kind": "budget", "key": budget.key, "period": period, "usd_micros": 7, "hard": true}
	budgets.deny == set() with input as _asks("hr", "gpt-4o") with data.regent as house
}

test_a_rolling_window_a_zone_and_what_has_no_price if {
	rolling := {"per": "everybody", "window_s": 2592000, "usd_micros": 7, "unpriced": "free", "share": 0.5}
	budgets.obligation == {object.union(
		object.remove(rolling, ["per"]),
		{"kind": "budget", "key": "row/everybody", "hard": true},
	)} with input as _asks("hr", "gpt-4o") with data.regent as _with(rolling)
	zoned := {"per": "everybody", "period": "day", "time_zone": "Europe/Berlin", "usd_micros": 7}
	budgets.obligation == {object.union(
		object.remove(zoned, ["per"]),
		{"kind": "budget", "key": "row/everybody", "hard": true},
	)} with input as _asks("hr", "gpt-4o") with data.regent as _with(zoned)
}

test_switched_off_says_nothing[note] if {
	some note, house in {"absent": {}, "empty": {"budgets": {}}}
	budgets.obligation == set() with input as _asks("hr", "gpt-4o") with data.regent as house
	budgets.deny == set() with input as _asks("hr", "gpt-4o") with data.regent as house
	budgets.deny == set() with input as {} with data.regent as house
}

test_denies_what_is_absent[path] if {
	some path in ["subject", "subject/id", "subject/properties/issuer", "subject/properties/roles", "resource/id"]
	_ids == {"budgets.unknown_caller"} with input as json.remove(_asks("hr", "gpt-4o"), [path]) with data.regent as _house
}

test_denies_wrong_types_and_hostile_values[note] if {
	some note, question in {
		"team": _asks({"hr": 1}, "gpt-4o"),
		"model": _asks("hr", ["gpt-4o"]),
		"null": null,
	}
	_ids == {"budgets.unknown_caller"} with input as question with data.regent as _house
}

test_no_hostile_name_takes_the_budget_of_another if {
	budgets.obligation == set() with input as _asks("*", "*") with data.regent as _house
	budgets.obligation == set() with input as _asks("hr ", "xgpt-5") with data.regent as _house
}

test_denies_a_budget_that_is_none[note] if {
	some note, change in {
		"no level": [{"op": "remove", "path": "per"}],
		"unknown level": [{"op": "replace", "path": "per", "value": "role"}],
		"no period": [{"op": "remove", "path": "period"}],
		"unknown period": [{"op": "replace", "path": "period", "value": "decade"}],
		"no sum": [{"op": "remove", "path": "usd_micros"}],
		"zero": [{"op": "replace", "path": "usd_micros", "value": 0}],
		"text": [{"op": "replace", "path": "usd_micros", "value": "500"}],
		"fraction": [{"op": "replace", "path": "usd_micros", "value": 0.5}],
		"hard is no boolean": [{"op": "add", "path": "hard", "value": "yes"}],
		"hard is null": [{"op": "add", "path": "hard", "value": null}],
		"warnings are no list": [{"op": "add", "path": "warn_at", "value": 0.8}],
		"a warning beyond the sum": [{"op": "add", "path": "warn_at", "value": [0.8, 80]}],
		"a list that is none": [{"op": "add", "path": "teams", "value": "hr"}],
		"a period and a window": [{"op": "add", "path": "window_s", "value": 60}],
		"a zone of a window": [
			{"op": "remove", "path": "period"},
			{"op": "add", "path": "window_s", "value": 60},
			{"op": "add", "path": "time_zone", "value": "UTC"},
		],
		"a window of more than a year": [
			{"op": "remove", "path": "period"},
			{"op": "add", "path": "window_s", "value": 31622401},
		],
		"a zone that is none": [{"op": "add", "path": "time_zone", "value": "Europe Berlin"}],
		"a zone of another type": [{"op": "add", "path": "time_zone", "value": 1}],
		"unpriced of another kind": [{"op": "add", "path": "unpriced", "value": true}],
		"no share": [{"op": "add", "path": "share", "value": 0}],
	}
	house := _with(json.patch({"per": "team", "period": "month", "usd_micros": 7}, change))
	_ids == {"budgets.malformed_budget"} with input as _asks("eng", "gpt-4o") with data.regent as house
	budgets.obligation == set() with input as _asks("eng", "gpt-4o") with data.regent as house
}

test_denies_a_table_that_is_none[note] if {
	some note, table in {"text": "500", "null": null, "list": [], "row": [{"per": "team"}]}
	_ids == {"budgets.malformed_budget"} with input as _asks("eng", "gpt-4o") with data.regent as {"budgets": table}
}
