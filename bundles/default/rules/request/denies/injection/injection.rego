# METADATA
# title: Calls that inject instructions are refused
# description: |
#   A call whose content looks like an attempt to inject instructions, with a score of at least what the data says
#   for its labels, its model or every call, is refused; the least of these scores holds.
#   While the data says any, a call whose content was not judged is refused.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: injection
#   reasons: [injection.malformed, injection.suspected, injection.unknown]
#   severity: high
#   enforcement: enforce
#   controls: [EU-AI-ACT-15, ISO-27001-A.8.26]
package rules.request.denies.injection

import data.facts.labels
import data.facts.models
import data.facts.quantities

# METADATA
# description: Reasons to refuse.
# scope: document
deny contains reason if {
	some limit in _limits
	input.context.content.injection >= limit
	reason := {
		"id": "injection.suspected",
		"user": "The call looks like an attempt to inject instructions.",
		"admin": "context.content.injection reaches the least score that regent.injection has for the call.",
		"controls": ["EU-AI-ACT-15", "ISO-27001-A.8.26"],
	}
}

deny contains reason if {
	_switched_on
	not _known
	reason := {
		"id": "injection.unknown",
		"user": "It is not known whether this call injects instructions.",
		"admin": "context.content.injection is no score, or labels or model aren't known, and regent.injection has scores.",
		"controls": ["EU-AI-ACT-15", "ISO-27001-A.8.26"],
	}
}

deny contains reason if {
	_switched_on
	not _sound
	reason := {
		"id": "injection.malformed",
		"user": "What this policy says about injected instructions cannot be applied.",
		"admin": "What stands under regent.injection is no score from 0 to 1, or has an unknown name.",
		"controls": ["EU-AI-ACT-15", "ISO-27001-A.8.26"],
	}
}

_switched_on if data.regent.injection != {}

_limits contains data.regent.injection["default"]

_limits contains limit if {
	some label, limit in data.regent.injection.labels
	label in labels.known
}

_limits contains limit if {
	some pattern, limit in data.regent.injection.models
	glob.match(pattern, null, models.asked)
}

_known if {
	quantities.fraction(input.context.content.injection)
	is_set(labels.known)
	is_string(models.asked)
}

_sound if {
	table := data.regent.injection
	object.keys(table) - {"default", "labels", "models"} == set()
	quantities.fraction(object.get(table, "default", 1))
	_scores(object.get(table, "labels", {}))
	_scores(object.get(table, "models", {}))
}

_scores(limits) if {
	is_object(limits)
	every limit in limits { quantities.fraction(limit) }
}
