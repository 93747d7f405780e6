# METADATA
# title: Request
# description: |
#   May this call leave the house, where to and under which obligations? Asked once its content has been looked at.
#   Rules are found by where they live: data.rules.request.grants, .denies, .routes and .obligations.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package gateway.request

# METADATA
# title: The decision on a request
# description: Allows on a grant, no reason against it, a permitted deployment and every required rule present.
# entrypoint: true
decision := {
	"allow": true,
	"reasons": [],
	"obligations": array.concat(
		[{"kind": "route", "deployments": _deployments, "strategy": "ordered"}],
		sort(_duties),
	),
	"advice": [],
} if {
	_allowed
} else := {
	"allow": false,
	"reasons": [ranked[1] | some ranked in sort([[reason.id, reason] | some reason in _reasons])],
	"obligations": [],
	"advice": [],
}

default _allowed := false

_allowed if {
	_granted
	_complete
	count(_reasons) == 0
	count(_deployments) > 0
}

# What each route rule permits, one set of ids a rule.
_permitted[name] := ids if {
	some name
	ids := data.rules.request.routes[name].permitted
}

# The candidates, in the catalogue's order, that every route rule permits.
_deployments := [candidate.id |
	some candidate in input.resource.properties.deployments
	every ids in _permitted { candidate.id in ids }
]

_duties contains data.rules.request.obligations[_].obligation[_]

_objections contains data.rules.request.denies[_].deny[_]

_objections contains data.rules.request.routes[_].deny[_]

_objections contains data.rules.request.obligations[_].deny[_]

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

_reasons contains reason if {
	not _complete
	reason := {
		"id": "policy.incomplete",
		"user": "The policy is incomplete, so nothing is permitted.",
		"admin": "A rule named under regent.required.request is missing from the bundle, or the list is.",
		"controls": ["GDPR-32"],
	}
}

_granted if data.rules.request.grants[_].allow == true

_complete if {
	every name in data.regent.required.request.grants { is_boolean(data.rules.request.grants[name].allow) }
	every name in data.regent.required.request.denies { is_set(data.rules.request.denies[name].deny) }
	every name in data.regent.required.request.routes { is_set(data.rules.request.routes[name].permitted) }
	every name in data.regent.required.request.obligations { is_set(data.rules.request.obligations[name].obligation) }
}
