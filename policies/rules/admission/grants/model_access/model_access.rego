# METADATA
# title: Models are granted by role, team or subject
# description: At the door, a caller needs a grant for the model asked for; to list models, any grant will do.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: model_access
#   reasons: [access.not_granted]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-32, EU-AI-ACT-26]
package rules.admission.grants.model_access

import data.facts.models

# METADATA
# description: Whether the caller may come in with this question.
# scope: document
default allow := false

allow if {
	input.action.name == "chat.completions"
	input.resource.type == "model"
	models.granted
}

allow if {
	input.action.name == "models.list"
	input.resource.type == "catalogue"
	count(models.globs) > 0
}
