# METADATA
# title: Limits of requests and tokens
# description: |
#   So many requests or tokens in a window of time, and so many requests at once, for everybody, an organisation,
#   a team, a user or a model. Every row that fits the call holds, with a count of its own.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: limits
#   reasons: [limits.malformed_limit, limits.unknown_caller]
#   severity: medium
#   enforcement: enforce
#   controls: [EU-AI-ACT-15, ISO-27001-A.8.6]
package rules.request.obligations.limits

import data.facts.accounts
import data.facts.quantities
import data.facts.scope

# METADATA
# description: One limit for each window of each row that fits, and one for what may run at once.
# scope: document
obligation contains object.union_n([window, object.filter(row, ["share"]), limit]) if {
	some name, row in _holding
	some window in row.windows
	limit := {"kind": "limit", "key": accounts.key(name, row.per)}
}

obligation contains object.union(object.filter(row, ["concurrent", "share"]), limit) if {
	some name, row in _holding
	_ = row.concurrent
	limit := {"kind": "limit", "key": accounts.key(name, row.per)}
}

# METADATA
# description: Reasons to refuse.
# scope: document
deny contains reason if {
	_malformed
	reason := {
		"id": "limits.malformed_limit",
		"user": "A limit of this policy cannot be applied.",
		"admin": "A row under regent.limits lacks a level or a limit, or holds something else than whole numbers and lists.",
		"controls": ["EU-AI-ACT-15", "ISO-27001-A.8.6"],
	}
}

deny contains reason if {
	data.regent.limits != {}
	not scope.known
	reason := {
		"id": "limits.unknown_caller",
		"user": "It is not known whose limits this call counts against.",
		"admin": "The subject's id, issuer or roles, or the model, is absent or malformed, and regent.limits has rows.",
		"controls": ["EU-AI-ACT-15", "ISO-27001-A.8.6"],
	}
}

# The rows that fit the call.
_holding[name] := row if {
	some name, row in _readable
	scope.covers(row)
}

_readable[name] := row if {
	some name, row in data.regent.limits
	_sound(row)
}

_malformed if {
	limits := data.regent.limits
	not is_object(limits)
}

_malformed if count(_readable) < count(data.regent.limits)

_sound(row) if {
	scope.sound(row)
	row.per in accounts.levels
	_limiting(row)
	quantities.positive(object.get(row, "concurrent", 1))
	quantities.part(object.get(row, "share", 1))
	windows := object.get(row, "windows", [])
	is_array(windows)
	every window in windows { _sound_window(window) }
}

_limiting(row) if count(row.windows) > 0

_limiting(row) if _ = row.concurrent

_sound_window(window) if {
	object.keys(window) - {"requests", "tokens"} == {"window_s"}
	count(window) > 1
	every quantity in window { quantities.positive(quantity) }
	window.window_s <= quantities.longest_s
}
