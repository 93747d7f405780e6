# METADATA
# title: Replies are released to whoever may use the model
# description: A reply is released when the caller is still granted the model that was asked for.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: model_access
#   reasons: [access.not_granted]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-32, EU-AI-ACT-26]
package rules.response.grants.model_access

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
