package rules.request.denies.injection_test

import data.rules.request.denies.injection

_table := {"default": 0.9, "labels": {"hr": 0.5, "eu": 0.6}, "models": {"gpt-5*": 0.7}}

_house(table) := {"teams": {"hr": {"labels": ["hr"]}, "eng": {"labels": []}}, "injection": table}

_asks(team, labels, model, score) := {
	"subject": {"properties": {"team": team}},
	"resource": {"id": model},
	"context": {"content": {"labels": labels, "injection": score}},
}

_ids := {reason.id | some reason in injection.deny}

_suspected := {
	"id": "injection.suspected",
	"user": "The call looks like an attempt to inject instructions.",
	"admin": "context.content.injection reaches the least score that regent.injection has for the call.",
	"controls": ["EU-AI-ACT-15", "ISO-27001-A.8.26"],
}

test_denies_what_reaches_the_least_score[note] if {
	some note, question in {
		"every call": _asks("eng", [], "gpt-4o", 0.9),
		"the most": _asks("eng", [], "gpt-4o", 1),
		"a label of the team": _asks("hr", [], "gpt-4o", 0.5),
		"a declared label": _asks("eng", ["EU"], "gpt-4o", 0.6),
		"the least of two labels": _asks("hr", ["eu"], "gpt-4o", 0.55),
		"a model": _asks("eng", [], "GPT-5.1", 0.7),
		"the least of label and model": _asks("eng", ["eu"], "gpt-5", 0.65),
	}
	injection.deny == {_suspected} with input as question with data.regent as _house(_table)
}

test_allows_what_stays_below[note] if {
	some note, question in {
		"every call": _asks("eng", [], "gpt-4o", 0.89),
		"nothing": _asks("hr", ["eu"], "gpt-5", 0),
		"a label": _asks("hr", [], "gpt-4o", 0.49),
		"a label that isn't listed": _asks("eng", ["legal"], "gpt-4o", 0.8),
		"a model": _asks("eng", [], "gpt-5", 0.69),
		"a model that looks alike": _asks("eng", [], "xgpt-5", 0.8),
	}
	injection.deny == set() with input as question with data.regent as _house(_table)
}

test_without_a_default_only_what_is_named_counts if {
	house := _house({"labels": {"hr": 0}})
	injection.deny == {_suspected} with input as _asks("hr", [], "gpt-4o", 0) with data.regent as house
	injection.deny == set() with input as _asks("eng", [], "gpt-4o", 1) with data.regent as house
}

test_switched_off_says_nothing[note] if {
	some note, house in {"absent": {}, "empty": {"injection": {}}}
	injection.deny == set() with input as _asks("hr", [], "gpt-5", 1) with data.regent as house
	injection.deny == set() with input as {} with data.regent as house
}

test_denies_what_is_absent[path] if {
	some path in ["context", "context/content/injection", "context/content/labels", "resource", "subject"]
	question := json.remove(_asks("hr", [], "gpt-4o", 0), [path])
	_ids == {"injection.unknown"} with input as question with data.regent as _house(_table)
}

test_denies_wrong_types_and_hostile_values[note] if {
	some note, question in {
		"score of text": _asks("eng", [], "gpt-4o", "0"),
		"score that is null": _asks("eng", [], "gpt-4o", null),
		"score that is false": _asks("eng", [], "gpt-4o", false),
		"score below all": _asks("eng", [], "gpt-4o", -1),
		"labels that are no list": _asks("eng", "hr", "gpt-4o", 0),
		"model that is none": _asks("eng", [], ["gpt-5"], 0),
		"team that isn't known": _asks("h-r", [], "gpt-4o", 0),
	}
	"injection.unknown" in _ids with input as question with data.regent as _house(_table)
}

test_denies_a_score_above_all if {
	_ids == {"injection.suspected", "injection.unknown"} with input as _asks("eng", [], "gpt-4o", 2)
		with data.regent as _house(_table)
}

test_denies_a_table_that_cannot_be_applied[note] if {
	some note, table in {
		"null": null,
		"text": "0.9",
		"an unknown name": {"defaults": 0.9},
		"default of text": {"default": "0.9"},
		"default in percent": {"default": 90},
		"labels that are a list": {"labels": ["hr"]},
		"a label's score of text": {"labels": {"hr": "low"}},
		"a model's score below all": {"models": {"*": -0.1}},
		"models that are null": {"models": null},
	}
	"injection.malformed" in _ids with input as _asks("eng", [], "gpt-4o", 0) with data.regent as _house(table)
}
