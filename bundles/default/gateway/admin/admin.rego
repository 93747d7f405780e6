# METADATA
# title: Administration
# description: |
#   May this caller administer or audit the gateway in this way? Asked before anything is shown or done.
#   Rules are found by where they live: data.rules.admin.grants and .denies.
#   A rule that is suspended doesn't count; what it would have said is advice.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package gateway.admin

import data.facts.answers
import data.facts.enforcement
import data.facts.exceptions

# METADATA
# title: The decision on administration
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
	some reason in data.rules.admin.denies[name].deny
	not _suspended[name]
}

_reasons contains reason if {
	not _granted
	reason := {
		"id": "access.not_granted",
		"user": "You may not administer or audit the gateway in this way.",
		"admin": "No row of regent.administration covers the subject and the action.",
		"controls": ["GDPR-32"],
	}
}

_reasons contains answers.incomplete if not _complete

_granted if {
	some name
	data.rules.admin.grants[name].allow == true
	not _suspended[name]
}

_complete if {
	every name in data.regent.required.admin.grants { is_boolean(data.rules.admin.grants[name].allow) }
	every name in data.regent.required.admin.denies { is_set(data.rules.admin.denies[name].deny) }
	not _weakened
}

# A required rule that only advises protects nobody.
_weakened if {
	some name, _ in _loosened
	name in data.regent.required.admin[_]
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

_said_excusable[name] := data.rules.admin[_][name].excusable

_required(name) if name in data.regent.required.admin[_]

_loosened[name] := mode if some name, mode in enforcement.overridden

_loosened[name] := mode if {
	mode := data.rules.admin[_][name].enforcement
	enforcement.advises(name, mode)
}

_advice := [] if {
	count(_suspended) == 0
} else := answers.advice(_advised | exceptions.notices(_advised))

_advised contains {"rule": name, "enforcement": mode, "reason": reason} if {
	some name, mode in _suspended
	mode != "off"
	some reason in data.rules.admin.denies[name].deny
}
