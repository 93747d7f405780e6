# METADATA
# title: Catalogue
# description: |
#   May this model be shown to this caller? Asked for each model like a chat with it that has no content yet.
#   Rules are found by where they live: data.rules.catalogue.grants, .denies and .routes.
#   A rule that is suspended doesn't count; what it would have said is advice.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package gateway.catalogue

import data.facts.answers
import data.facts.enforcement
import data.facts.exceptions

# METADATA
# title: The decision on a model of the catalogue
# description: Shows on a grant, no reason against it, a permitted deployment and every required rule present.
# entrypoint: true
decision := {
	"allow": true,
	"reasons": [],
	"obligations": [{"kind": "route", "deployments": _deployments, "strategy": "ordered"}],
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

# The candidates, in the catalogue's order, that every route rule permits.
_deployments := [candidate.id |
	some candidate in input.resource.properties.deployments
	every ids in _permitted { candidate.id in ids }
]

# What each route rule permits, one set of ids a rule.
_permitted[name] := ids if {
	some name
	ids := data.rules.catalogue.routes[name].permitted
	not _suspended[name]
}

_objections contains reason if {
	some name
	some reason in data.rules.catalogue.denies[name].deny
	not _suspended[name]
}

_objections contains reason if {
	some name
	some reason in data.rules.catalogue.routes[name].deny
	not _suspended[name]
}

_reasons contains reason if some reason in _objections

_reasons contains reason if {
	count(_deployments) == 0
	count(_objections) == 0
	reason := {
		"id": "route.none_permitted",
		"user": "No deployment that may process your calls serves the model.",
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
	data.rules.catalogue.grants[name].allow == true
	not _suspended[name]
}

_complete if {
	every name in data.regent.required.catalogue.grants { is_boolean(data.rules.catalogue.grants[name].allow) }
	every name in data.regent.required.catalogue.denies { is_set(data.rules.catalogue.denies[name].deny) }
	every name in data.regent.required.catalogue.routes { is_set(data.rules.catalogue.routes[name].permitted) }
	not _weakened
}

# A required rule that only advises protects nobody.
_weakened if {
	some name, _ in _loosened
	name in data.regent.required.catalogue[_]
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

_said_excusable[name] := data.rules.catalogue[_][name].excusable

_required(name) if name in data.regent.required.catalogue[_]

_loosened[name] := mode if some name, mode in enforcement.overridden

_loosened[name] := mode if {
	mode := data.rules.catalogue[_][name].enforcement
	enforcement.advises(name, mode)
}

_advice := [] if {
	count(_suspended) == 0
} else := answers.advice(_advised | exceptions.notices(_advised))

_advised contains {"rule": name, "enforcement": mode, "reason": reason} if {
	some name, mode in _suspended
	mode != "off"
	some reason in data.rules.catalogue.denies[name].deny
}

_advised contains {"rule": name, "enforcement": mode, "reason": reason} if {
	some name, mode in _suspended
	mode != "off"
	some reason in data.rules.catalogue.routes[name].deny
}
