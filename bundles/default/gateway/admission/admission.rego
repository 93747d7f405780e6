# METADATA
# title: Admission
# description: |
#   May this caller come in with this call at all? Asked before the content is looked at.
#   Rules are found by where they live: data.rules.admission.grants and .denies.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package gateway.admission

# METADATA
# title: The decision at admission
# description: Allows on a positive grant, no reason against it and every required rule present.
# entrypoint: true
decision := {
	"allow": _allowed,
	"reasons": [ranked[1] | some ranked in sort([[reason.id, reason] | some reason in _reasons])],
	"obligations": [],
	"advice": [],
}

default _allowed := false

_allowed if {
	_granted
	_complete
	count(_reasons) == 0
}

_reasons contains data.rules.admission.denies[_].deny[_]

_reasons contains reason if {
	not _granted
	reason := {
		"id": "access.not_granted",
		"user": "Neither your roles nor your team may do this.",
		"admin": "No grant covers the subject, the action and the resource.",
		"controls": ["GDPR-32"],
	}
}

_reasons contains reason if {
	not _complete
	reason := {
		"id": "policy.incomplete",
		"user": "The policy is incomplete, so nothing is permitted.",
		"admin": "A rule named under regent.required.admission is missing from the bundle, or the list is.",
		"controls": ["GDPR-32"],
	}
}

_granted if data.rules.admission.grants[_].allow == true

_complete if {
	every name in data.regent.required.admission.grants { is_boolean(data.rules.admission.grants[name].allow) }
	every name in data.regent.required.admission.denies { is_set(data.rules.admission.denies[name].deny) }
}
