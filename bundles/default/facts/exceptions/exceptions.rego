# METADATA
# title: Exceptions
# description: |
#   For a time and for certain calls a rule doesn't count, because somebody answers for it and a ticket says so.
#   A row must name people or models, an end, an owner and a ticket; one that doesn't is none.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.exceptions

import data.facts.clock
import data.facts.models
import data.facts.rows
import data.facts.who

# METADATA
# description: The rules that an exception lifts for this call.
lifted contains row.rule if some row in _applying

# METADATA
# description: Which exceptions lift a rule that would else have said something, as advice.
notices(said) := {notice |
	some id, row in _applying
	some entry in said
	entry.rule == row.rule
	notice := {"rule": row.rule, "enforcement": "warn", "reason": {
		"id": "exception.applied",
		"user": "An exception that will end applies to this call.",
		"admin": sprintf("%s: %s lifts %s until %s (%s).", [id, row.owner, row.rule, row.until, row.ticket]),
		"controls": [],
	}}
}

_applying[id] := row if {
	some id, row in data.regent.exceptions
	rows.gives(row, "until")
	clock.holds(row)
	_answered_for(row)
	_about_something(row)
	who.fits(row)
	_asked_for(row)
}

_answered_for(row) if {
	every name in ["owner", "rule", "ticket"] {
		is_string(row[name])
		row[name] != ""
	}
}

# An exception for everybody and everything is no exception: it is another policy.
_about_something(row) if who.lists(row)

_about_something(row) if rows.gives(row, "models")

# Unlike a restriction, an exception is for no model that isn't known.
_asked_for(row) if not rows.gives(row, "models")

_asked_for(row) if {
	some pattern in row.models
	glob.match(pattern, null, models.asked)
}
