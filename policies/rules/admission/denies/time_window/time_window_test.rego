package rules.admission.denies.time_window_test

import data.rules.admission.denies.time_window

_workdays := ["monday", "tuesday", "wednesday", "thursday", "friday"]

_hours := [
	{"days": _workdays, "from": "08:00", "until": "18:00"},
	{"days": ["saturday"], "from": "20:30", "until": "24:00"},
]

_house(row) := {"time_windows": {"office": object.union({"zone": "Europe/Berlin", "windows": _hours}, row)}}

# In November Berlin is an hour ahead of UTC, in July two.
_asks(time) := {
	"subject": {"properties": {"team": "HR", "roles": ["analyst"]}},
	"resource": {"type": "model", "id": "GPT-5.1"},
	"context": {"time": time},
}

_closed := {
	"id": "time_window.closed",
	"user": "Calls like this are not permitted at this time.",
	"admin": "No window of a row of regent.time_windows that is about this call is open now.",
	"controls": ["ISO-27001-A.5.15"],
}

test_allows_in_a_window[time] if {
	some time in [
		"2026-11-20T07:00:00Z", # a Friday, 08:00
		"2026-11-20T16:59:59Z", # 17:59:59
		"2026-07-17T06:00:00Z", # a Friday in summer, 08:00
		"2026-11-21T19:30:00Z", # a Saturday, 20:30
		"2026-11-21T22:59:59Z", # 23:59:59
	]
	time_window.deny == set() with input as _asks(time) with data.regent as _house({})
}

test_denies_outside[time] if {
	some time in [
		"2026-11-20T06:59:59Z", # a Friday, 07:59:59
		"2026-11-20T17:00:00Z", # 18:00
		"2026-07-17T16:00:00Z", # a Friday in summer, 18:00
		"2026-11-21T12:00:00Z", # a Saturday, 13:00
		"2026-11-21T23:00:00Z", # already Sunday, 00:00
		"2026-11-22T12:00:00Z", # a Sunday
	]
	time_window.deny == {_closed} with input as _asks(time) with data.regent as _house({})
}

test_only_calls_that_a_row_is_about[note] if {
	some note, [row, reasons] in {
		"the team": [{"teams": ["hr"]}, {_closed}],
		"another team": [{"teams": ["eng"]}, set()],
		"a role": [{"roles": ["analyst"]}, {_closed}],
		"the model": [{"models": ["gpt-5*"]}, {_closed}],
		"another model": [{"models": ["gpt-4*"]}, set()],
	}
	time_window.deny == reasons with input as _asks("2026-11-22T12:00:00Z") with data.regent as _house(row)
}

test_every_row_must_be_open if {
	house := {"time_windows": {
		"office": {"zone": "UTC", "windows": [{"days": ["friday"], "from": "08:00", "until": "18:00"}]},
		"lunch": {"zone": "UTC", "windows": [{"days": ["friday"], "from": "12:00", "until": "13:00"}]},
	}}
	time_window.deny == set() with input as _asks("2026-11-20T12:30:00Z") with data.regent as house
	time_window.deny == {_closed} with input as _asks("2026-11-20T14:00:00Z") with data.regent as house
}

test_denies_where_the_time_is_absent_or_none[note] if {
	some note, question in {
		"absent": {},
		"null": _asks(null),
		"number": _asks(1790000000),
		"text": _asks("now"),
		"another zone": _asks("2026-11-20T12:00:00+01:00"),
	}
	time_window.deny == {_closed} with input as question with data.regent as _house({})
}

test_denies_by_a_row_that_cannot_be_read[note] if {
	some note, row in {
		"no window": {"windows": []},
		"windows that are no list": {"windows": "always"},
		"no day": {"windows": [{"from": "00:00", "until": "24:00"}]},
		"a zone that is none": {"zone": "Mars/Base"},
		"the zone of the machine": {"zone": "Local"},
	}
	time_window.deny == {_closed} with input as _asks("2026-11-20T12:00:00Z") with data.regent as _house(row)
}

test_does_nothing_without_data[note] if {
	some note, table in {"absent": {}, "empty": {"time_windows": {}}, "text": {"time_windows": "office"}}
	time_window.deny == set() with input as _asks("2026-11-22T12:00:00Z") with data.regent as table
}
