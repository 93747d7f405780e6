package facts.exceptions_test

import data.facts.exceptions

_row := {
	"rule": "time_window",
	"teams": ["hr"],
	"until": "2026-12-31T18:00:00Z",
	"owner": "jane@acme",
	"ticket": "HR-1234",
	"reason": "The payroll runs at night.",
}

_house(row) := {"exceptions": {"payroll-run": row}}

_at(time) := {
	"subject": {"id": "a@acme", "properties": {"issuer": "i", "team": "HR", "roles": ["analyst"], "organization": "acme"}},
	"resource": {"type": "model", "id": "GPT-5.1"},
	"context": {"time": time},
}

_now := _at("2026-11-20T12:00:00Z")

test_lifts_for_whom_it_is[note] if {
	some note, who in {
		"a team": {"teams": ["hr"]},
		"a role": {"roles": ["analyst"]},
		"an organisation": {"organizations": ["acme"]},
		"a subject": {"subjects": ["a@acme"], "issuer": "i"},
		"a model": {"models": ["gpt-5*"]},
		"a team and a model": {"teams": ["hr"], "models": ["gpt-5*"]},
	}
	row := object.union(json.remove(_row, ["teams"]), who)
	exceptions.lifted == {"time_window"} with input as _now with data.regent as _house(row)
}

test_lifts_for_nobody_else[note] if {
	some note, who in {
		"nobody named": {},
		"another team": {"teams": ["eng"]},
		"another model": {"models": ["gpt-4*"]},
		"half": {"teams": ["hr"], "models": ["gpt-4*"]},
		"a subject of another issuer": {"subjects": ["a@acme"], "issuer": "j"},
		"a subject of no issuer": {"subjects": ["a@acme"]},
		"an empty list": {"teams": []},
		"a list that is none": {"teams": "hr"},
	}
	row := object.union(json.remove(_row, ["teams"]), who)
	exceptions.lifted == set() with input as _now with data.regent as _house(row)
}

test_ends_to_the_second if {
	exceptions.lifted == {"time_window"} with input as _at("2026-12-31T17:59:59Z") with data.regent as _house(_row)
	exceptions.lifted == set() with input as _at("2026-12-31T18:00:00Z") with data.regent as _house(_row)
	exceptions.lifted == set() with input as _at("2026-12-31T18:00:01Z") with data.regent as _house(_row)
}

test_begins_to_the_second if {
	row := object.union(_row, {"from": "2026-11-20T12:00:00Z"})
	exceptions.lifted == set() with input as _at("2026-11-20T11:59:59Z") with data.regent as _house(row)
	exceptions.lifted == {"time_window"} with input as _at("2026-11-20T12:00:00Z") with data.regent as _house(row)
}

test_a_row_that_lacks_something_lifts_nothing[field] if {
	some field in ["rule", "until", "owner", "ticket", "teams"]
	exceptions.lifted == set() with input as _now with data.regent as _house(json.remove(_row, [field]))
}

test_a_row_with_something_malformed_lifts_nothing[note] if {
	some note, change in {
		"an end that is no moment": {"until": "next year"},
		"an end that is null": {"until": null},
		"a beginning that is no moment": {"from": "now"},
		"an owner without a name": {"owner": ""},
		"a ticket without a number": {"ticket": ""},
		"no rule": {"rule": ""},
		"an owner that is null": {"owner": null},
		"a ticket of another type": {"ticket": 1234},
	}
	exceptions.lifted == set() with input as _now with data.regent as _house(object.union(_row, change))
}

test_lifts_nothing_where_facts_are_absent[path] if {
	some path in ["context", "context/time", "subject", "subject/properties/team"]
	exceptions.lifted == set() with input as json.remove(_now, [path]) with data.regent as _house(_row)
}

test_lifts_nothing_for_a_model_that_is_unknown[note] if {
	some note, question in {
		"absent": json.remove(_now, ["resource/id"]),
		"another type": object.union(_now, {"resource": {"id": ["gpt-5"]}}),
	}
	row := object.union(_row, {"models": ["*"]})
	exceptions.lifted == set() with input as question with data.regent as _house(row)
}

test_lifts_nothing_for_wrong_types[note] if {
	some note, question in {"list": [], "time": _at(7), "null": null}
	exceptions.lifted == set() with input as question with data.regent as _house(_row)
}

test_without_data_nothing_is_lifted[note] if {
	some note, table in {"absent": {}, "empty": {"exceptions": {}}, "text": {"exceptions": "x"}}
	exceptions.lifted == set() with input as _now with data.regent as table
	exceptions.notices({{"rule": "time_window"}}) == set() with input as _now with data.regent as table
}

test_a_notice_names_owner_ticket_and_end if {
	notice := {"rule": "time_window", "enforcement": "warn", "reason": {
		"id": "exception.applied",
		"user": "An exception that will end applies to this call.",
		"admin": "payroll-run: jane@acme lifts time_window until 2026-12-31T18:00:00Z (HR-1234).",
		"controls": [],
	}}
	exceptions.notices({{"rule": "time_window"}, {"rule": "network"}}) == {notice} with input as _now
		with data.regent as _house(_row)
}

test_a_rule_that_said_nothing_needs_no_notice if {
	exceptions.notices(set()) == set() with input as _now with data.regent as _house(_row)
	exceptions.notices({{"rule": "network"}}) == set() with input as _now with data.regent as _house(_row)
}
