# METADATA
# title: Request
# description: |
#   May this call leave the house, where to and under which obligations? Asked once its content has been looked at.
#   Rules are found by where they live: data.rules.request.grants, .denies, .routes and .obligations.
#   A rule that is suspended (facts.enforcement) doesn't count; what it would have said is advice.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package gateway.request

import data.facts.answers
import data.facts.enforcement
import data.facts.exceptions

# METADATA
# title: The decision on a request
# description: Allows on a grant, no reason against it, a permitted deployment and every required rule present.
# entrypoint: true
decision := {
	"allow": true,
	"reasons": [],
	"obligations": array.concat([_route], sort(_duties)),
	"advice": _advice,
} if {
	_allowed
} else := {
	"allow": false,
	"reasons": [ranked[1] | some ranked in sort([[reason.id, reason] | some reason in _reasons])],
	"obligations": [],
	"advice": _advice,
}

default _allowed := false

_allowed if {
	_granted
	_complete
	count(_reasons) == 0
	count(_deployments) > 0
}

_route := {"kind": "route", "deployments": _deployments, "strategy": "ordered"}

# The candidates, in the catalogue's order, that every route rule permits.
_deployments := [candidate.id |
	some candidate in input.resource.properties.deployments
	every ids in _permitted { candidate.id in ids }
]

# What each route rule permits, one set of ids a rule.
_permitted[name] := ids if {
	some name
	ids := data.rules.request.routes[name].permitted
	not _suspended[name]
}

_duties contains duty if {
	some name
	some duty in data.rules.request.obligations[name].obligation
	not _suspended[name]
}

_objections contains reason if {
	some name
	some reason in data.rules.request.denies[name].deny
	not _suspended[name]
}

_objections contains reason if {
	some name
	some reason in data.rules.request.routes[name].deny
	not _suspended[name]
}

_objections contains reason if {
	some name
	some reason in data.rules.request.obligations[name].deny
	not _suspended[name]
}

_reasons contains reason if some reason in _objections

_reasons contains reason if {
	count(_deployments) == 0
	count(_objections) == 0
	reason := {
		"id": "route.none_permitted",
		"user": "No deployment that may process this call serves the model.",
		"admin": "The deployments that the route rules permit have no candidate in common.",
		"controls": ["GDPR-44"],
	}
}

_reasons contains reason if {
	not _granted
	reason := {
		"id": "access.not_granted",
		"user": "Neither your roles nor your team may use this model.",
		"admin": "No grant covers the subject, the action and the model.",
		"controls": ["GDPR-32"],
	}
}

_reasons contains answers.incomplete if not _complete

_granted if {
	some name
	data.rules.request.grants[name].allow == true
	not _suspended[name]
}

_complete if {
	every name in data.regent.required.request.grants { is_boolean(data.rules.request.grants[name].allow) }
	every name in data.regent.required.request.denies { is_set(data.rules.request.denies[name].deny) }
	every name in data.regent.required.request.routes { is_set(data.rules.request.routes[name].permitted) }
	every name in data.regent.required.request.obligations { is_set(data.rules.request.obligations[name].obligation) }
	not _weakened
}

# A required rule that only advises protects nobody.
_weakened if {
	some name, _ in _loosened
	name in data.regent.required.request[_]
}

# The rules that don't count, and how: those that only advise, and those that an exception lifts for this call.
_suspended[name] := mode if some name, mode in _loosened

_suspended[name] := "warn" if {
	some name in exceptions.lifted
	not _loosened[name]
	_excusable(name)
}

# A required rule only if its METADATA says so, any other unless its METADATA says that it isn't.
_excusable(name) if _said_excusable[name] == true

_excusable(name) if {
	not _required(name)
	not name in _inexcusable
}

_inexcusable contains name if some name, false in _said_excusable

_said_excusable[name] := data.rules.request[_][name].excusable

_required(name) if name in data.regent.required.request[_]

_loosened[name] := mode if some name, mode in enforcement.overridden

_loosened[name] := mode if {
	mode := data.rules.request[_][name].enforcement
	enforcement.advises(name, mode)
}

_advice := [] if {
	count(_suspended) == 0
} else := answers.advice(_advised | exceptions.notices(_advised))

_advised contains {"rule": name, "enforcement": mode, "reason": reason} if {
	some name, mode in _suspended
	mode != "off"
	some reason in data.rules.request.denies[name].deny
}

_advised contains {"rule": name, "enforcement": mode, "reason": reason} if {
	some name, mode in _suspended
	mode != "off"
	some reason in data.rules.request.routes[name].deny
}

_advised contains {"rule": name, "enforcement": mode, "reason": reason} if {
	some name, mode in _suspended
	mode != "off"
	some reason in data.rules.request.obligations[name].deny
}

_advised contains {"rule": name, "enforcement": mode, "obligation": duty} if {
	some name, mode in _suspended
	mode != "off"
	some duty in data.rules.request.obligations[name].obligation
}

# A route rule that would have left fewer places says which.
_advised contains {"rule": name, "enforcement": mode, "obligation": route} if {
	some name, mode in _suspended
	mode != "off"
	left := [id | some id in _deployments; id in data.rules.request.routes[name].permitted]
	count(left) > 0
	count(left) < count(_deployments)
	route := {"kind": "route", "deployments": left, "strategy": "ordered"}
}
