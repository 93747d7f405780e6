# METADATA
# title: Models are granted by role, team or subject
# description: A request is granted when a glob of the caller's roles, team or own row covers the model asked for.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: model_access
#   reasons: [access.not_granted]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-32, EU-AI-ACT-26]
package rules.request.grants.model_access

import data.facts.models

# METADATA
# description: Whether the caller may use the model asked for.
# scope: document
default allow := false

allow if {
	input.action.name == "chat.completions"
	input.resource.type == "model"
	models.granted
}
