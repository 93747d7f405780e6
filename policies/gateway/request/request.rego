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
# description: Allows on a positive grant, no reason against it, a permitted deployment and every required rule present.
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

_grants := data.rules.request.grants

_denies := data.rules.request.denies

_routes := data.rules.request.routes

_obligations := data.rules.request.obligations

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
	every rule in _routes { candidate.id in rule.permitted }
]

_duties contains duty if {
	some rule in _obligations
	some duty in rule.obligation
}

_objections contains reason if {
	some rule in _denies
	some reason in rule.deny
}

_objections contains reason if {
	some rule in _routes
	some reason in rule.deny
}

_objections contains reason if {
	some rule in _obligations
	some reason in rule.deny
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

_reasons contains reason if {
	not _complete
	reason := {
		"id": "policy.incomplete",
		"user": "The policy is incomplete, so nothing is permitted.",
		"admin": "A rule named under regent.required.request is missing from the bundle, or the list is.",
		"controls": ["GDPR-32"],
	}
}

_granted if {
	some rule in _grants
	rule.allow == true
}

_complete if {
	every name in data.regent.required.request.grants { is_boolean(_grants[name].allow) }
	every name in data.regent.required.request.denies { is_set(_denies[name].deny) }
	every name in data.regent.required.request.routes { is_set(_routes[name].permitted) }
	every name in data.regent.required.request.obligations { is_set(_obligations[name].obligation) }
}
