# METADATA
# title: Budgets
# description: |
#   So much money in a day, a week, a month, a quarter or a year of a time zone, or in any window of a length,
#   for everybody, an organisation, a team, a user or a model, with warnings on the way and a hard or a soft end.
#   Every row that fits the call holds, with a count of its own.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: budgets
#   reasons: [budgets.malformed_budget, budgets.unknown_caller]
#   severity: medium
#   enforcement: enforce
#   controls: [ISO-27001-A.8.6]
package rules.request.obligations.budgets

import data.facts.accounts
import data.facts.quantities
import data.facts.scope

# METADATA
# description: One budget for each row that fits.
obligation contains object.union_n([{"hard": true}, object.filter(row, _said), budget]) if {
	some name, row in _readable
	scope.covers(row)
	budget := {"kind": "budget", "key": accounts.key(name, row.per)}
}

# METADATA
# description: Reasons to refuse.
# scope: document
deny contains reason if {
	_malformed
	reason := {
		"id": "budgets.malformed_budget",
		"user": "A budget of this policy cannot be applied.",
		"admin": "A row under regent.budgets lacks a level, a period or a sum, or holds something else than the schema says.",
		"controls": ["ISO-27001-A.8.6"],
	}
}

deny contains reason if {
	data.regent.budgets != {}
	not scope.known
	reason := {
		"id": "budgets.unknown_caller",
		"user": "It is not known whose budget this call is paid from.",
		"admin": "The subject's id, issuer or roles, or the model, is absent or malformed, and regent.budgets has rows.",
		"controls": ["ISO-27001-A.8.6"],
	}
}

_said := ["hard", "period", "share", "time_zone", "unpriced", "usd_micros", "warn_at", "window_s"]

_malformed if {
	budgets := data.regent.budgets
	not is_object(budgets)
}

_malformed if count(_readable) < count(data.regent.budgets)

_readable[name] := row if {
	some name, row in data.regent.budgets
	_sound(row)
}

_sound(row) if {
	scope.sound(row)
	row.per in accounts.levels
	_sound_time(object.filter(row, ["period", "time_zone", "window_s"]))
	quantities.positive(row.usd_micros)
	is_boolean(object.get(row, "hard", true))
	object.get(row, "unpriced", "refuse") in {"free", "refuse"}
	quantities.part(object.get(row, "share", 1))
	warnings := object.get(row, "warn_at", [])
	is_array(warnings)
	every part in warnings { quantities.fraction(part) }
}

_sound_time(said) if {
	object.keys(said) - {"time_zone"} == {"period"}
	said.period in {"day", "month", "quarter", "week", "year"}
	_zone(object.get(said, "time_zone", "UTC"))
}

# Periods begin somewhere; a window begins nowhere.
_sound_time(said) if {
	object.keys(said) == {"window_s"}
	quantities.positive(said.window_s)
	said.window_s <= quantities.longest_s
}

# Whether there is a zone of that name, the gateway knows; here only that no other thing than a name is one.
_zone(name) if regex.match(`^[A-Za-z0-9_+/-]{1,64}$`, name)
