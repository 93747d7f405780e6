# METADATA
# title: What is out of use gets no call
# description: |
#   A model, a team or a provider is taken out of use by one line of data, whatever else is granted.
#   Of a provider only its deployments are lost; the call is refused if none is left.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: kill_switch
#   reasons: [kill_switch.model, kill_switch.provider, kill_switch.team]
#   severity: critical
#   enforcement: enforce
#   excusable: false
#   controls: [EU-AI-ACT-14, ISO-27001-A.5.24]
package rules.request.routes.kill_switch

import data.facts.kill_switch

# METADATA
# description: No exception lifts this rule.
excusable := rego.metadata.chain()[1].annotations.custom.excusable

# METADATA
# description: Ids of the deployments whose provider is in use.
permitted contains id if some id in kill_switch.permitted

# METADATA
# description: Reasons to refuse.
# scope: document
deny contains reason if {
	kill_switch.model
	reason := {
		"id": "kill_switch.model",
		"user": "This model is out of use.",
		"admin": "A glob under regent.kill_switch.models covers the model.",
		"controls": ["EU-AI-ACT-14"],
	}
}

deny contains reason if {
	kill_switch.team
	reason := {
		"id": "kill_switch.team",
		"user": "Your team may use no model at present.",
		"admin": "A glob under regent.kill_switch.teams covers the caller's team.",
		"controls": ["EU-AI-ACT-14"],
	}
}

deny contains reason if {
	kill_switch.provider
	count(kill_switch.permitted) == 0
	reason := {
		"id": "kill_switch.provider",
		"user": "Whoever serves this model is out of use.",
		"admin": "Globs under regent.kill_switch.providers cover the provider of every candidate.",
		"controls": ["EU-AI-ACT-14"],
	}
}
