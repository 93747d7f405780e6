# METADATA
# title: Only granted models are shown
# description: A model is shown to whoever could use it by role, team, organisation or own row.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: model_access
#   reasons: [access.not_granted]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-32, EU-AI-ACT-26]
package rules.catalogue.grants.model_access

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
