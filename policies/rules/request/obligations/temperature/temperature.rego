# METADATA
# title: The highest temperature
# description: |
#   The least of the temperatures that the rows which fit the call allow; how far an answer may stray.
#   A call that names no temperature counts as 1, so that a lower limit holds for it too.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: temperature
#   reasons: [parameters.malformed, temperature.unknown_caller]
#   severity: low
#   enforcement: enforce
#   controls: [EU-AI-ACT-15]
package rules.request.obligations.temperature

import data.facts.parameters
import data.facts.scope

# METADATA
# description: At most one clamp; none where no row that fits the call says a temperature.
obligation contains {"kind": "clamp", "temperature": min(_limits)} if count(_limits) > 0

# METADATA
# description: Reasons to refuse.
# scope: document
deny contains reason if {
	parameters.malformed
	reason := {
		"id": "parameters.malformed",
		"user": "What this policy says about the parameters of calls cannot be applied.",
		"admin": "A row under regent.parameters has an unknown name, or holds something else than the schema says.",
		"controls": ["EU-AI-ACT-15"],
	}
}

deny contains reason if {
	data.regent.parameters != {}
	not scope.known
	reason := {
		"id": "temperature.unknown_caller",
		"user": "It is not known which temperature this call may have.",
		"admin": "The subject's id, issuer or roles, or the model, is absent or malformed, and regent.parameters has rows.",
		"controls": ["EU-AI-ACT-15"],
	}
}

_limits contains row.max_temperature if some row in parameters.holding
