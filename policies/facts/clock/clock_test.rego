package facts.clock_test

import data.facts.clock

_at(time) := {"context": {"time": time}}

_noon := _at("2026-11-20T12:00:00Z")

test_now_is_the_time_of_the_question if {
	clock.now == "2026-11-20T12:00:00Z" with input as _noon
}

test_now_is_undefined_for_what_is_no_time_in_utc[note] if {
	some note, question in {
		"absent": {},
		"null": _at(null),
		"number": _at(1790000000),
		"text": _at("noon"),
		"a date": _at("2026-11-20"),
		"another zone": _at("2026-11-20T12:00:00+01:00"),
		"a fraction": _at("2026-11-20T12:00:00.5Z"),
		"lower case": _at("2026-11-20t12:00:00z"),
		"month 13": _at("2026-13-20T12:00:00Z"),
		"a line more": _at("2026-11-20T12:00:00Z\n"),
	}
	not clock.now with input as question
}

test_holds[note] if {
	some note, row in {
		"no moment": {"models": ["*"]},
		"from before": {"from": "2026-11-20T11:59:59Z"},
		"from this very second": {"from": "2026-11-20T12:00:00Z"},
		"from a date": {"from": "2026-11-20"},
		"until the next second": {"until": "2026-11-20T12:00:01Z"},
		"until a date": {"until": "2026-11-21"},
		"both": {"from": "2026-11-20", "until": "2026-11-21"},
	}
	clock.holds(row) with input as _noon
}

test_does_not_hold[note] if {
	some note, row in {
		"from the next second": {"from": "2026-11-20T12:00:01Z"},
		"until this very second": {"until": "2026-11-20T12:00:00Z"},
		"until a date that has begun": {"until": "2026-11-20"},
		"begun and over": {"from": "2026-01-01", "until": "2026-02-01"},
		"neither order": {"from": "2026-11-21", "until": "2026-11-20"},
		"from is text": {"from": "yesterday"},
		"until is text": {"until": "later"},
		"until is a day of month 13": {"until": "2026-13-01"},
		"until in another zone": {"until": "2026-12-01T00:00:00+01:00"},
		"until is null": {"until": null},
		"until is false": {"until": false},
		"until is a number": {"until": 2027},
		"from is a list": {"from": ["2026-01-01"]},
	}
	not clock.holds(row) with input as _noon
}

test_without_a_time_only_what_names_no_moment_holds if {
	clock.holds({}) with input as {}
	not clock.holds({"from": "2026-01-01"}) with input as {}
	not clock.holds({"until": "2099-01-01"}) with input as {}
	not clock.holds({"until": "2099-01-01"}) with input as _at(7)
}

test_the_first_moment_of_a_date if {
	clock.holds({"from": "2026-12-31"}) with input as _at("2026-12-31T00:00:00Z")
	not clock.holds({"from": "2026-12-31"}) with input as _at("2026-12-30T23:59:59Z")
	clock.holds({"until": "2026-12-31"}) with input as _at("2026-12-30T23:59:59Z")
	not clock.holds({"until": "2026-12-31"}) with input as _at("2026-12-31T00:00:00Z")
}
