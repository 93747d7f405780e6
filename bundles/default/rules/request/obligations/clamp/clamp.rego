# METADATA
# title: The longest answer
# description: The smallest limit in tokens that the data sets for the caller's roles, the team or the model.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: clamp
#   reasons: [limits.malformed_clamp]
#   severity: medium
#   enforcement: enforce
#   controls: [EU-AI-ACT-15]
package rules.request.obligations.clamp

import data.facts.caller
import data.facts.models
import data.facts.quantities

# METADATA
# description: At most one clamp; none where the data sets no limit.
obligation contains {"kind": "clamp", "max_tokens": min(_limits)} if count(_limits) > 0

# METADATA
# description: Reasons to refuse.
deny contains reason if {
	some limit in _limits
	not quantities.positive(limit)
	reason := {
		"id": "limits.malformed_clamp",
		"user": "A limit of this policy cannot be applied.",
		"admin": "A max_tokens under regent.roles, regent.teams or regent.models is not a positive whole number.",
		"controls": ["EU-AI-ACT-15"],
	}
}

_limits contains data.regent.roles[role].max_tokens if some role in caller.roles

_limits contains caller.team.max_tokens

_limits contains data.regent.models[models.asked].max_tokens
