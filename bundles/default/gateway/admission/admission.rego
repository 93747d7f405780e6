# METADATA
# title: Admission
# description: |
#   May this caller come in with this call at all? Asked before the content is looked at.
#   Rules are found by where they live: data.rules.admission.grants and .denies.
#   A rule that is suspended doesn't count; what it would have said is advice.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package gateway.admission

import data.facts.answers
import data.facts.enforcement
import data.facts.exceptions

# METADATA
# title: The decision at admission
# description: Allows on a positive grant, no reason against it and every required rule present.
# entrypoint: true
decision := {
	"allow": _allowed,
	"reasons": [ranked[1] | some ranked in sort([[reason.id, reason] | some reason in _reasons])],
	"obligations": [],
	"advice": _advice,
}

default _allowed := false

_allowed if {
	_granted
	_complete
	count(_reasons) == 0
}

_reasons contains reason if {
	some name
	some reason in data.rules.admission.denies[name].deny
	not _suspended[name]
}

_reasons contains reason if {
	not _granted
	reason := {
		"id": "access.not_granted",
		"user": "Neither your roles nor your team may do this.",
		"admin": "No grant covers the subject, the action and the resource.",
		"controls": ["GDPR-32"],
	}
}

_reasons contains answers.incomplete if not _complete

_granted if {
	some name
	data.rules.admission.grants[name].allow == true
	not _suspended[name]
}

_complete if {
	every name in data.regent.required.admission.grants { is_boolean(data.rules.admission.grants[name].allow) }
	every name in data.regent.required.admission.denies { is_set(data.rules.admission.denies[name].deny) }
	not _weakened
}

# A required rule that only advises protects nobody.
_weakened if {
	some name, _ in _loosened
	name in data.regent.required.admission[_]
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

_said_excusable[name] := data.rules.admission[_][name].excusable

_required(name) if name in data.regent.required.admission[_]

_loosened[name] := mode if some name, mode in enforcement.overridden

_loosened[name] := mode if {
	mode := data.rules.admission[_][name].enforcement
	enforcement.advises(name, mode)
}

_advice := [] if {
	count(_suspended) == 0
} else := answers.advice(_advised | exceptions.notices(_advised))

_advised contains {"rule": name, "enforcement": mode, "reason": reason} if {
	some name, mode in _suspended
	mode != "off"
	some reason in data.rules.admission.denies[name].deny
}
